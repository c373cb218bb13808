"""When plans change and when they clash: rescheduling, legal other slots, explanations."""

import json
from collections.abc import Callable
from dataclasses import replace

from bench.figures import Figure, Target, of_runs
from bench.scheduler.processes import Judged, RunFailedError, judge, solve_judged
from bench.scheduler.rounds import Bench, cost_figures
from bench.scheduler.runs import lose_expert_day, publish
from scheduler.generate import generate_instance
from scheduler.generate_infeasible import infeasible_kinds
from scheduler.instance import SchedulingInstance

CANDIDATES = 1_000
LIMIT_S = 60.0
ASKED = 20
"""Candidates whose legal other slots are listed."""


def _instance(seed: int) -> SchedulingInstance:
    """Return a round in which every panel needs all of its five members, so that a lost one is felt."""
    return replace(generate_instance(CANDIDATES, seed), min_panel_size=5)


def measure_lost_day(bench: Bench) -> list[Figure]:
    """Publish a schedule, take a day from the expert who has most candidates on it, and repair."""
    runs = bench.repeat(lambda seed: _repair(bench, seed))
    work = f"{CANDIDATES:,} candidates, one expert-day lost"
    return [
        of_runs(work, "fewest moves proven after, s", [run.goal_s for run in runs], Target("≤", 5, "s")),
        of_runs(work, "candidates moved", [run.objective["moved"] for run in runs]),
        of_runs(work, "placed", [run.placed for run in runs]),
        *cost_figures(work, runs),
    ]


def _repair(bench: Bench, seed: int) -> Judged:
    instance = _instance(seed)
    before = solve_judged(bench.workshop, instance, LIMIT_S, seed, until="sittings")
    published, out = bench.workshop.place("published"), bench.workshop.place("repaired")
    published.write_text(_as_text(before), encoding="utf-8")
    answer = bench.workshop.run(
        "reschedule",
        LIMIT_S,
        instance=str(bench.workshop.save(instance)),
        published=str(published),
        out=str(out),
        time_limit_s=LIMIT_S,
        seed=seed,
    )
    changed = publish(lose_expert_day(instance, before.schedule), before.schedule)
    repaired = judge(changed, answer, out)
    if answer.values["moves"] != repaired.objective["moved"]:
        raise RunFailedError(
            f"lists {answer.values['moves']} moves, but {repaired.objective['moved']} are moved"
        )
    return repaired


def measure_slots(bench: Bench) -> list[Figure]:
    """List the legal other slots of some candidates, one after the other."""
    instance = generate_instance(CANDIDATES, 1)
    run = solve_judged(bench.workshop, instance, LIMIT_S, until="sittings")
    schedule = bench.workshop.place("schedule")
    schedule.write_text(_as_text(run), encoding="utf-8")
    answer = bench.workshop.run(
        "slots", LIMIT_S, instance=str(bench.workshop.save(instance)), schedule=str(schedule), count=ASKED
    )
    times_ms = [1000 * time_s for time_s in answer.values["times_s"]]
    return [
        of_runs(
            f"{CANDIDATES:,} candidates",
            "legal other slots of one candidate after, ms",
            times_ms,
            Target("<", 300, "ms"),
        )
    ]


def measure_explanations(bench: Bench) -> list[Figure]:
    """Explain each infeasible kind in a process of its own."""
    kinds = list(infeasible_kinds())
    chosen = kinds[::6] if bench.is_quick else kinds
    limit_s = 15.0
    answers = [bench.workshop.run("explain", limit_s, kind=kind, time_limit_s=limit_s) for kind in chosen]
    work, count = f"{len(chosen)} infeasible kinds", len(chosen)
    explained = [sum(answer.values[name] for answer in answers) for name in ("is_explained", "is_minimal")]
    return [
        of_runs(work, "explained", explained[:1], Target("=", count)),
        of_runs(work, "minimal", explained[1:], Target("=", count)),
        of_runs(
            work,
            "explained after, each, s",
            [answer.values["wall_time_s"] for answer in answers],
            Target("≤", 15, "s"),
        ),
        of_runs(work, "all of them, s", [sum(answer.values["wall_time_s"] for answer in answers)]),
    ]


def _as_text(run: Judged) -> str:
    return json.dumps(run.schedule.to_json())


WORKS: dict[str, Callable[[Bench], list[Figure]]] = {
    "lost-day": measure_lost_day,
    "slots": measure_slots,
    "explain": measure_explanations,
}

"""Ours against each peer: the same instance, the same time, the same checker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bench.figures import Figure, Target, of_runs
from bench.scheduler.peers import PEERS, find_obstacle
from bench.scheduler.processes import Judged, RunFailedError, solve_judged
from bench.scheduler.rounds import Bench, cost_figures
from bench.scheduler.runs import to_schedule
from scheduler.checker import find_violations, recompute_objective
from scheduler.generate import generate_instance
from scheduler.instance import SchedulingInstance
from scheduler.objective import PLACED_PREFIX

TIME_LIMIT_S, QUICK_LIMIT_S = 60.0, 5.0
FASTER = Target("≥", 10, "×")

Quality = tuple[int, ...]
"""The terms in their order, each turned so that less is better."""

Trajectory = list[tuple[float, Quality]]
"""Seconds and the quality reached then."""


def quality_of(objective: dict[str, int]) -> Quality:
    """Return recomputed terms, or those of a progress report, as a tuple that compares lexicographically."""
    return tuple(-value if name.startswith(PLACED_PREFIX) else value for name, value in objective.items())


def reached_s(trajectory: Trajectory, quality: Quality) -> float | None:
    """Return when the trajectory was at least as good for the first time."""
    return min((elapsed_s for elapsed_s, value in trajectory if value <= quality), default=None)


@dataclass(frozen=True)
class Rival:
    """A peer's run; an empty trajectory when it had no legal schedule within the time."""

    name: str
    trajectory: Trajectory
    note: str = ""

    @property
    def best(self) -> Quality | None:
        """The best quality of a schedule without fault."""
        return min((quality for _, quality in self.trajectory), default=None)


def measure_duel(bench: Bench, candidates: int) -> list[Figure]:
    """Run ours and each peer, and compare."""
    instance = generate_instance(candidates, 1)
    limit_s = QUICK_LIMIT_S if bench.is_quick else TIME_LIMIT_S
    runs = bench.repeat(lambda seed: solve_judged(bench.workshop, instance, limit_s, seed))
    ours = [_trajectory_of(run) for run in runs]
    terms = "/".join(name.removesuffix("_priority_0") for name in runs[0].objective)
    work = f"{candidates:,} candidates, {limit_s:g} s each"
    figures = [
        Figure(work, f"ours: {terms}", _to_text(quality_of(runs[0].objective))),
        of_runs(
            work,
            "ours: objectives proven",
            [sum(term["value"] == term["best_bound"] for term in run.terms) for run in runs],
        ),
        *cost_figures(f"{work}: ours", runs),
    ]
    rivals = [_run_peer(bench, instance, name, limit_s) for name in PEERS]
    for rival in rivals:
        figures += _compare(work, rival, ours)
    return figures + against_best(work, rivals, ours)


def _trajectory_of(run: Judged) -> Trajectory:
    """Return the reports of our own run, and the checked end of it."""
    steps = [
        (row["elapsed_s"], quality_of({term["name"]: term["value"] for term in row["terms"]}))
        for row in run.answer.values["reports"]
        if row["terms"]
    ]
    final = quality_of(run.objective)
    # A report may name a value that no order within a sitting could hold: better than the end it never was.
    return [(elapsed_s, quality) for elapsed_s, quality in steps if quality >= final] + [
        (run.wall_time_s, final)
    ]


def _run_peer(bench: Bench, instance: SchedulingInstance, name: str, limit_s: float) -> Rival:
    obstacle = find_obstacle(name)
    if obstacle:
        return Rival(name, [], obstacle)
    path = bench.workshop.save(instance)
    try:
        answer = bench.workshop.run("peer", limit_s, instance=str(path), peer=name, time_limit_s=limit_s)
    except RunFailedError as error:
        return Rival(name, [], str(error))
    trajectory, faults = [], 0
    for row in answer.values["schedules"]:
        schedule = to_schedule(instance, row["assignments"])
        if find_violations(instance, schedule):
            faults += 1
        elif row["elapsed_s"] <= limit_s:
            trajectory.append((row["elapsed_s"], quality_of(recompute_objective(instance, schedule))))
    note = f"{faults} schedules faulted by the checker" if faults else ""
    return Rival(name, trajectory, note or ("" if trajectory else "no schedule within the time"))


def _compare(work: str, rival: Rival, ours: Sequence[Trajectory]) -> list[Figure]:
    best = rival.best
    if best is None:
        return [Figure(work, rival.name, rival.note)]
    figures = [Figure(work, rival.name, f"{_to_text(best)} {rival.note}".rstrip())]
    figures.append(of_runs(work, f"{rival.name}: reached after, s", [reached_s(rival.trajectory, best)]))
    figures.append(
        of_runs(work, f"{rival.name}: ours at least as good after, s", [reached_s(own, best) for own in ours])
    )
    return figures


def against_best(work: str, rivals: Sequence[Rival], ours: Sequence[Trajectory]) -> list[Figure]:
    """Return the targets: against the peer whose schedule is best, of equals the first."""
    known = [
        (best, reached_s(rival.trajectory, best) or 0.0, rival)
        for rival in rivals
        if (best := rival.best) is not None
    ]
    if not known:
        return [Figure(work, "best peer", "no peer had a schedule")]
    best, peer_s, rival = min(known, key=lambda item: item[:2])
    finals = [own[-1][1] for own in ours]
    verdicts = {
        final: "better" if final < best else "equal" if final == best else "worse" for final in finals
    }
    verdict = verdicts[max(finals)]
    ratios = [peer_s / own_s if (own_s := reached_s(own, best)) else None for own in ours]
    return [
        Figure(
            work,
            f"ours against the best peer, {rival.name}",
            verdict,
            target="never worse",
            met=verdict != "worse",
        ),
        of_runs(work, "faster than the best peer to its quality, ×", ratios, FASTER),
    ]


def _to_text(quality: Quality) -> str:
    return "/".join(str(abs(value)) for value in quality)


WORKS: dict[str, Callable[[Bench], list[Figure]]] = {
    f"peers-{candidates}": partial(measure_duel, candidates=candidates) for candidates in (200, 1_000)
}

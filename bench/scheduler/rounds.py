"""Ours alone: generated rounds up to the size of a country, the contest, and thesis defences."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from bench.figures import Figure, Target, of_runs
from bench.scheduler.contest import CANDIDATE_COUNT, generate_contest
from bench.scheduler.processes import Judged, RunFailedError, Workshop, solve_judged
from scheduler.generate import generate_instance
from scheduler.generate_thesis import generate_thesis_instance

REPEATS = 3
LONG_S = 20.0
"""A run that takes this long is not repeated."""

GIGABYTE = 1e9


@dataclass(frozen=True)
class Round:
    """One line of the plan: what shall be proven for so many candidates, and how fast."""

    candidates: int
    until: str
    goal: str
    within: Target
    time_limit_s: float = 60.0
    gap: float = 0.0
    memory: Target | None = None


ROUNDS = {
    round_.candidates: round_
    for round_ in (
        Round(200, "all", "every objective proven", Target("≤", 1, "s")),
        Round(1_000, "sittings", "placed and sittings proven", Target("≤", 3, "s")),
        Round(
            10_000,
            "sittings",
            "placed and sittings proven",
            Target("≤", 10, "s"),
            memory=Target("<", 2, "GB"),
        ),
        Round(
            100_000,
            "sittings",
            "placed proven, sittings within 0.5 %",
            Target("≤", 120, "s"),
            time_limit_s=120.0,
            gap=0.005,
            memory=Target("<", 8, "GB"),
        ),
    )
}
GROWTH_SIZES = (1_000, 10_000, 100_000)


@dataclass
class Bench:
    """What the works share: the folder, how much is measured, and the rounds measured already."""

    workshop: Workshop
    is_quick: bool = False
    _rounds: dict[int, list[Judged] | RunFailedError] = field(default_factory=dict)

    def repeat(self, run: Callable[[int], Judged]) -> list[Judged]:
        """Run with the seeds 1, 2 and 3, or only once where that takes long."""
        runs = [run(1)]
        if not self.is_quick and runs[0].wall_time_s < LONG_S:
            runs += [run(seed) for seed in range(2, REPEATS + 1)]
        return runs

    def round(self, candidates: int) -> list[Judged]:
        """Return the runs of a generated round, measured once; seeds differ in instance and solve.

        Raises
        ------
        RunFailedError
            Now or when it was measured.
        """
        if candidates not in self._rounds:
            try:
                self._rounds[candidates] = self.repeat(lambda seed: self._solve(ROUNDS[candidates], seed))
            except RunFailedError as error:
                self._rounds[candidates] = error
        known = self._rounds[candidates]
        if isinstance(known, RunFailedError):
            raise known
        return known

    def _solve(self, plan: Round, seed: int) -> Judged:
        instance = generate_instance(plan.candidates, seed)
        return solve_judged(self.workshop, instance, plan.time_limit_s, seed, plan.until, plan.gap)


def cost_figures(work: str, runs: Sequence[Judged], memory: Target | None = None) -> list[Figure]:
    """Return what a run costs besides the time to its goal."""
    return [
        of_runs(work, "solve(), s", [run.wall_time_s for run in runs]),
        of_runs(
            work, "whole process with reading and writing files, s", [run.answer.process_s for run in runs]
        ),
        of_runs(
            work, "peak memory, GB", [run.answer.values["peak_bytes"] / GIGABYTE for run in runs], memory
        ),
    ]


def measure_round(bench: Bench, candidates: int) -> list[Figure]:
    """Measure one line of the plan."""
    plan, runs = ROUNDS[candidates], bench.round(candidates)
    work = f"{candidates:,} candidates"
    figures = [
        of_runs(work, f"{plan.goal} after, s", [run.goal_s for run in runs], plan.within),
        of_runs(work, "placed", [run.placed for run in runs]),
        of_runs(work, "sittings opened", [run.objective["opened"] for run in runs]),
    ]
    if plan.until == "all":
        figures.append(Figure(work, "objectives not proven", _unproven(runs) or "none"))
    if plan.gap:
        figures.append(of_runs(work, "sittings above their bound, %", [_opened_gap(run) for run in runs]))
    return figures + cost_figures(work, runs, plan.memory)


def _unproven(runs: Sequence[Judged]) -> str:
    names = [t["name"] for run in runs for t in run.terms if t["value"] != t["best_bound"]]
    return ", ".join(f"{name} ({names.count(name)} of {len(runs)} runs)" for name in dict.fromkeys(names))


def _opened_gap(run: Judged) -> float:
    term = next(term for term in run.terms if term["name"] == "opened")
    return float(100 * (term["value"] - term["best_bound"]) / term["value"])


def measure_growth(bench: Bench) -> list[Figure]:
    """Fit time = a · N^b through the medians of the rounds."""
    points = []
    for candidates in GROWTH_SIZES:
        times_s = sorted(run.goal_s for run in bench.round(candidates) if run.goal_s)
        if not times_s:
            break
        points.append((candidates, times_s[len(times_s) // 2]))
    exponent = fit_exponent(points) if len(points) == len(GROWTH_SIZES) else None
    work = f"growth from {GROWTH_SIZES[0]:,} to {GROWTH_SIZES[-1]:,}"
    return [of_runs(work, "b of time = a · N^b", [exponent], Target("≤", 1.2))]


def fit_exponent(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the least-squares line through the logarithms of (size, time)."""
    logs = [(math.log(size), math.log(time_s)) for size, time_s in points]
    mean_x = sum(x for x, _ in logs) / len(logs)
    mean_y = sum(y for _, y in logs) / len(logs)
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)


def measure_contest(bench: Bench) -> list[Figure]:
    """Measure the French shape: how many of those who can be placed at all are, and when."""
    size = CANDIDATE_COUNT // 10 if bench.is_quick else CANDIDATE_COUNT
    contests = {seed: generate_contest(seed, size) for seed in range(1, REPEATS + 1)}
    runs = bench.repeat(
        lambda seed: solve_judged(bench.workshop, contests[seed].instance, 60.0, seed, until="placed")
    )
    work = f"{size:,} candidates, French contest"
    at_least = math.ceil(0.999 * size)
    return [
        of_runs(
            work,
            f"placed, {contests[1].place_count:,} can be",
            [run.placed for run in runs],
            Target("≥", at_least),
        ),
        of_runs(
            work,
            f"{at_least:,} of {size:,} placed after, s",
            [first_placed_s(run, at_least) for run in runs],
            Target("≤", 60, "s"),
        ),
        of_runs(work, "proven that no more can be placed after, s", [run.goal_s for run in runs]),
        *cost_figures(work, runs),
    ]


def first_placed_s(run: Judged, at_least: int) -> float | None:
    """Return when so many were placed for the first time, if they are in the end."""
    if run.placed < at_least:
        return None
    times_s = [row["elapsed_s"] for row in run.answer.values["reports"] if row["placed"] >= at_least]
    return min(times_s, default=run.wall_time_s)


def measure_first(bench: Bench) -> list[Figure]:
    """Measure when 3,000 candidates have a first schedule, under a time limit as short as that."""
    size, limit_s = 3_000, 2.0
    runs = bench.repeat(
        lambda seed: solve_judged(bench.workshop, generate_instance(size, seed), limit_s, seed)
    )
    work = f"{size:,} candidates, time limit {limit_s:g} s"
    return [
        of_runs(
            work,
            "99 % placed by a legal schedule after, s",
            [first_placed_s(run, math.ceil(0.99 * size)) for run in runs],
            Target("≤", limit_s, "s"),
        ),
        of_runs(work, "placed", [run.placed for run in runs]),
        of_runs(work, "sittings opened", [run.objective["opened"] for run in runs]),
        *cost_figures(work, runs),
    ]


def measure_thesis(bench: Bench, defences: int) -> list[Figure]:
    """Measure thesis defences: examiners of their own, three rooms and five days, so 120 places."""
    runs = bench.repeat(
        lambda seed: solve_judged(
            bench.workshop, generate_thesis_instance(defences, seed), 60.0, seed, until="placed"
        )
    )
    work = f"{defences} thesis defences"
    return [
        of_runs(work, "placed", [run.placed for run in runs]),
        of_runs(work, "proven that no more can be placed after, s", [run.goal_s for run in runs]),
        *cost_figures(work, runs),
    ]


WORKS: dict[str, Callable[[Bench], list[Figure]]] = {
    **{f"{size}": partial(measure_round, candidates=size) for size in ROUNDS},
    "growth": measure_growth,
    "first": measure_first,
    "contest": measure_contest,
    "thesis-40": partial(measure_thesis, defences=40),
    "thesis-149": partial(measure_thesis, defences=149),
}

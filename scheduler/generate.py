"""Random but repeatable instances in the shape of a real round, for tests and benchmarks."""

import random

from scheduler.instance import Candidate, Expert, Interval, Panel, SchedulingInstance, Sitting

DAY_MIN = 24 * 60
HALF_DAYS_MIN = ((10 * 60, 14 * 60), (16 * 60, 20 * 60))
"""Summer working hours in Beijing time (domain.md, "The day")."""

SERIES = ("engineering", "economics", "human-resources", "cadre-school", "technical-school")
DURATIONS_MIN = {"senior": 15, "associate": 10}
"""Defaults of domain.md, "The day"; five minutes between two defences."""

CANDIDATES_PER_PANEL = 20


def generate_instance(
    candidate_count: int,
    seed: int,
    days: int = 5,
    panel_count: int | None = None,
    max_parallel_sittings: int | None = None,
) -> SchedulingInstance:
    """Return a random instance.

    Parameters
    ----------
    candidate_count : int
        Number of candidates.
    seed : int
        Equal arguments and seed give an equal instance.
    days : int
        Working days of two half-days each.
    panel_count : int, optional
        Number of panels; by default one for twenty candidates, and at least five.
    max_parallel_sittings : int, optional
        Most sittings at once.

    Notes
    -----
    Every fourth panel borrows an expert from another one; a tenth of the candidates recuse somebody, a tenth
    are away for part of a day, and a tenth of the experts miss a half-day.
    """
    rng = random.Random(seed)  # noqa: S311 (test data, nothing secret)
    panel_count = panel_count or max(len(SERIES), candidate_count // CANDIDATES_PER_PANEL)
    experts = [Expert(f"e{i}", _expert_absence(rng, days)) for i in range(panel_count * 5)]
    panels = tuple(_panel(rng, i, panel_count) for i in range(panel_count))
    sittings = tuple(
        Sitting(f"{panel.id}-d{day}-h{half}", panel.id, day * DAY_MIN + start_min, day * DAY_MIN + end_min)
        for panel in panels
        for day in range(days)
        for half, (start_min, end_min) in enumerate(HALF_DAYS_MIN)
    )
    candidates = tuple(_candidate(rng, i, days, len(experts)) for i in range(candidate_count))
    return SchedulingInstance(
        tuple(experts), panels, sittings, candidates, max_parallel_sittings=max_parallel_sittings
    )


def _expert_absence(rng: random.Random, days: int) -> tuple[Interval, ...]:
    if rng.random() >= 0.1:
        return ()
    start_min, end_min = rng.choice(HALF_DAYS_MIN)
    day_min = rng.randrange(days) * DAY_MIN
    return (Interval(day_min + start_min, day_min + end_min),)


def _panel(rng: random.Random, index: int, panel_count: int) -> Panel:
    members = [f"e{index * 5 + i}" for i in range(5)]
    if index % 4 == 3:
        members[4] = f"e{rng.randrange(index) * 5}"
    main = SERIES[index % len(SERIES)]
    series = {main, rng.choice(SERIES)} if panel_count > len(SERIES) else {main}
    accepts = frozenset(f"{name}|{level}" for name in series for level in DURATIONS_MIN)
    return Panel(f"p{index}", f"第{index + 1}答辩组", tuple(members), accepts)


def _candidate(rng: random.Random, index: int, days: int, expert_count: int) -> Candidate:
    level = rng.choice(tuple(DURATIONS_MIN))
    unavailable: tuple[Interval, ...] = ()
    if rng.random() < 0.1:
        start_min = rng.randrange(days) * DAY_MIN + rng.randrange(8, 16) * 60
        unavailable = (Interval(start_min, start_min + rng.randrange(2, 8) * 60),)
    recused = {f"e{rng.randrange(expert_count)}" for _ in range(2)} if rng.random() < 0.1 else set()
    return Candidate(
        id=f"c{index:05d}",
        category=f"{rng.choice(SERIES)}|{level}",
        duration_min=DURATIONS_MIN[level],
        buffer_min=5,
        unit=f"u{rng.randrange(40)}",
        unavailable=unavailable,
        recused_expert_ids=frozenset(recused),
    )

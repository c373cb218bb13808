"""Random but repeatable instances in the shape of a real round, for tests and benchmarks."""

import random

from scheduler.instance import (
    DAY_MIN,
    Candidate,
    Expert,
    Interval,
    Panel,
    SchedulingInstance,
    Sitting,
    Wish,
)

HALF_DAYS_MIN = ((10 * 60, 14 * 60), (16 * 60, 20 * 60))
"""Summer working hours in Beijing time (domain.md, "The day")."""

SERIES = ("engineering", "economics", "human-resources", "cadre-school", "technical-school")
DURATIONS_MIN = {"senior": 15, "associate": 10}
"""Defaults of domain.md, "The day"; five minutes between two defences."""

REGION_COUNT = 15
"""14 prefectures and the units of the autonomous region itself."""

CANDIDATES_PER_PANEL = 143
"""About 70 panels for 10,000 candidates."""

LIMITED_SHARE, RECUSING_SHARE, WISHING_SHARE, MISSING_SHARE = 0.3, 0.1, 0.1, 0.1


def generate_instance(
    candidate_count: int,
    seed: int,
    days: int = 10,
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
        Number of panels; by default one for 143 candidates, and at least five.
    max_parallel_sittings : int, optional
        Most sittings at once; by default four fifths of the panels.

    Notes
    -----
    Every fourth panel borrows an expert from another one, and a tenth of the experts miss a half-day. Of
    the candidates 30 % are away for one to three days or stretches of hours, a tenth recuse two experts, and
    a tenth wish for one day. Two fifths are heard for 15 minutes, the others for 10.
    """
    rng = random.Random(seed)  # noqa: S311 (test data, nothing secret)
    panel_count = panel_count or max(len(SERIES), round(candidate_count / CANDIDATES_PER_PANEL))
    experts = [Expert(f"e{i}", unavailable=_expert_absence(rng, days)) for i in range(panel_count * 5)]
    panels = tuple(_panel(rng, i, panel_count) for i in range(panel_count))
    sittings = tuple(
        Sitting(f"{panel.id}-d{day}-h{half}", panel.id, day * DAY_MIN + start_min, day * DAY_MIN + end_min)
        for panel in panels
        for day in range(days)
        for half, (start_min, end_min) in enumerate(HALF_DAYS_MIN)
    )
    candidates = tuple(_candidate(rng, i, days, len(experts)) for i in range(candidate_count))
    limit = max_parallel_sittings or -(-panel_count * 4 // 5)
    return SchedulingInstance(tuple(experts), panels, sittings, candidates, max_parallel_sittings=limit)


def _expert_absence(rng: random.Random, days: int) -> tuple[Interval, ...]:
    if rng.random() >= MISSING_SHARE:
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
    level = "senior" if rng.random() < 0.4 else "associate"
    recused: set[str] = set()
    if rng.random() < RECUSING_SHARE:
        recused = {f"e{rng.randrange(expert_count)}" for _ in range(2)}
    wishes: tuple[Wish, ...] = ()
    if rng.random() < WISHING_SHARE:
        day_min = rng.randrange(days) * DAY_MIN
        wishes = (Wish(day_min, day_min + DAY_MIN),)
    return Candidate(
        id=f"c{index:05d}",
        category=f"{rng.choice(SERIES)}|{level}",
        duration_min=DURATIONS_MIN[level],
        buffer_min=5,
        unit=f"u{rng.randrange(40)}",
        region=f"r{rng.randrange(REGION_COUNT):02d}",
        unavailable=_candidate_absences(rng, days) if rng.random() < LIMITED_SHARE else (),
        recused_expert_ids=frozenset(recused),
        wishes=wishes,
    )


def _candidate_absences(rng: random.Random, days: int) -> tuple[Interval, ...]:
    absences = set()
    for day in sorted(rng.sample(range(days), min(days, rng.randint(1, 3)))):
        start_min = day * DAY_MIN
        if rng.random() < 0.6:
            absences.add(Interval(start_min, start_min + DAY_MIN))
        else:
            start_min += rng.randrange(8, 16) * 60
            absences.add(Interval(start_min, start_min + rng.randrange(2, 8) * 60))
    return tuple(sorted(absences, key=lambda absence: absence.start_min))

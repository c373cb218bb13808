"""Random but repeatable thesis defences: fixed examiners for each, rooms, and no panels."""

import random

from scheduler.instance import DAY_MIN, Candidate, Expert, Interval, Panel, SchedulingInstance, Sitting

DAY_START_MIN, DAY_END_MIN = 9 * 60, 17 * 60
DEFENCES_PER_EXAMINER = 3
"""Each examiner sits in about three defences, times the examiners of one defence."""


def generate_thesis_instance(
    defences: int,
    seed: int,
    days: int = 5,
    rooms: int = 3,
    examiners_per_defence: int = 3,
    pool: int | None = None,
    duration_min: int = 60,
    buffer_min: int = 0,
    busy_share: float = 0.4,
) -> SchedulingInstance:
    """Return a random instance of thesis defences.

    Parameters
    ----------
    defences : int
        Number of students, one defence each.
    seed : int
        Equal arguments and seed give an equal instance.
    days, rooms : int
        Each room is one sitting a day, from 9 to 17 o'clock.
    examiners_per_defence : int
        Persons who must attend each defence.
    pool : int, optional
        Number of examiners; by default each sits in about three defences per seat.
    duration_min, buffer_min : int
        The same for all defences, in minutes.
    busy_share : float
        Part of the hours at which an examiner cannot come.

    Notes
    -----
    The shape of a public set of thesis defences (scheduling.md, "Peers", KU Leuven): examiners with hours of
    their own who come back in several defences, few rooms, whole hours.
    """
    rng = random.Random(seed)  # noqa: S311 (test data, nothing secret)
    pool = pool or max(examiners_per_defence, defences * examiners_per_defence // DEFENCES_PER_EXAMINER)
    examiners = tuple(
        Expert(f"x{i:03d}", f"Examiner {i}", _busy_hours(rng, days, busy_share)) for i in range(pool)
    )
    panels = tuple(Panel(f"room{i}", f"Room {i + 1}") for i in range(rooms))
    sittings = tuple(
        Sitting(f"{panel.id}-d{day}", panel.id, day * DAY_MIN + DAY_START_MIN, day * DAY_MIN + DAY_END_MIN)
        for day in range(days)
        for panel in panels
    )
    candidates = tuple(
        Candidate(
            f"t{i:03d}",
            duration_min,
            buffer_min,
            attendee_ids=frozenset(x.id for x in rng.sample(examiners, examiners_per_defence)),
        )
        for i in range(defences)
    )
    return SchedulingInstance(examiners, panels, sittings, candidates, min_panel_size=0)


def _busy_hours(rng: random.Random, days: int, busy_share: float) -> tuple[Interval, ...]:
    starts = [
        day * DAY_MIN + minute for day in range(days) for minute in range(DAY_START_MIN, DAY_END_MIN, 60)
    ]
    return tuple(Interval(start, start + 60) for start in starts if rng.random() < busy_share)

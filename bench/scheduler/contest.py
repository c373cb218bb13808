"""Instances in the shape of the oral examinations of a French national contest, tight by construction.

Source: Briand and Belaud 2026 (arXiv 2605.18402). Known of the round of 2025 are 7,804 candidates, four
weeks, 606 prepared schedules that a greedy method filled with 7,759 candidates, absences for other contests,
journeys and visas, and that 7,796 were placed in 20 minutes. The rest is assumed, see docs/performance.md.
"""

import math
import random
from dataclasses import dataclass

from scheduler.instance import DAY_MIN, Candidate, Expert, Interval, Panel, SchedulingInstance, Sitting
from scheduler.objective import Goal, TermName
from scheduler.schedule import Assignment

CANDIDATE_COUNT, SCHEDULE_COUNT = 7_804, 606
WEEKS, DAYS_A_WEEK = 4, 6
DAY_COUNT = WEEKS * DAYS_A_WEEK
PLACEABLE_SHARE = 0.999

DAY_START_MIN, DURATION_MIN = 8 * 60, 30
"""An oral of this contest lasts 30 minutes (decree on the common polytechnic contest)."""

TRACKS = ("MP", "MPI")
MP_SHARE = 0.75
OTHER_TRACK_SHARE = 0.25
OTHER_CONTEST_SHARE, TRAVEL_SHARE, VISA_SHARE, RECUSING_SHARE = 0.5, 0.15, 0.06, 0.1


@dataclass(frozen=True)
class Contest:
    """An instance, the most candidates that can be placed in it, and a schedule that does so."""

    instance: SchedulingInstance
    place_count: int
    planted: tuple[Assignment, ...]


def generate_contest(seed: int, candidate_count: int = CANDIDATE_COUNT) -> Contest:
    """Return a contest in which exactly 99.9 % of the candidates, rounded up, can be placed.

    Parameters
    ----------
    seed : int
        Equal arguments give an equal contest.
    candidate_count : int
        Smaller contests keep the proportions.

    Notes
    -----
    A prepared schedule is a jury on one day with 12 or 13 places of 30 minutes. All places are first filled;
    the candidates' tracks, absences and recusals are then drawn so that this filling stays legal. It leaves
    no place empty: so none is better. Beside a quarter of the schedules there is another with as many places
    for the other track, which shares an examiner with it, so that one of the two can open: which of them
    is to be found out.
    """
    rng = random.Random(seed)  # noqa: S311 (test data, nothing secret)
    place_count = math.ceil(PLACEABLE_SHARE * candidate_count)
    sizes = _sizes(place_count, max(1, round(candidate_count * SCHEDULE_COUNT / CANDIDATE_COUNT)))
    rng.shuffle(sizes)
    room_count = math.ceil(len(sizes) / DAY_COUNT)
    sittings, others = _sittings(rng, sizes)
    panels = tuple(panel for room in range(room_count) for panel in _panels(rng, room))
    accepts = {panel.id: sorted(panel.accepts or TRACKS) for panel in panels}
    experts = tuple(
        Expert(f"examiner-{room}-{seat}") for room in range(room_count) for seat in ("a", "b", "c")
    )
    places = [
        (sitting, position) for sitting, size in zip(sittings, sizes, strict=True) for position in range(size)
    ]
    rng.shuffle(places)
    spare = [rng.choice(places) for _ in range(candidate_count - place_count)]
    candidates = tuple(
        _candidate(rng, i, sitting, accepts[sitting.panel_id], room_count)
        for i, (sitting, _) in enumerate([*places, *spare])
    )
    planted = tuple(
        Assignment(candidate.id, sitting.id, start_min, start_min + DURATION_MIN)
        for candidate, (sitting, position) in zip(candidates, places, strict=False)
        for start_min in [sitting.start_min + position * DURATION_MIN]
    )
    ordered = tuple(sorted(candidates, key=lambda candidate: candidate.id))
    instance = SchedulingInstance(
        experts,
        panels,
        (*sittings, *others),
        ordered,
        min_panel_size=2,
        objective=((Goal(TermName.OPENED),),),
    )
    return Contest(instance, place_count, planted)


def _sizes(place_count: int, schedule_count: int) -> list[int]:
    """Return the places of each prepared schedule, as even as they can be."""
    least, larger = divmod(place_count, schedule_count)
    return [least + (k < larger) for k in range(schedule_count)]


def _sittings(rng: random.Random, sizes: list[int]) -> tuple[list[Sitting], list[Sitting]]:
    sittings, others = [], []
    for k, size in enumerate(sizes):
        room, day = divmod(k, DAY_COUNT)
        start_min = _calendar_day(day) * DAY_MIN + DAY_START_MIN
        end_min = start_min + size * DURATION_MIN
        sittings.append(Sitting(f"jury-{room}-d{day:02d}", f"jury-{room}", start_min, end_min))
        if rng.random() < OTHER_TRACK_SHARE:
            others.append(Sitting(f"other-{room}-d{day:02d}", f"other-{room}", start_min, end_min))
    return sittings, others


def _calendar_day(day: int) -> int:
    """Return the day of the axis: Sundays are free."""
    return day + day // DAYS_A_WEEK


def _panels(rng: random.Random, room: int) -> tuple[Panel, Panel]:
    """Return a jury, and the one for the other track that shares one of its two examiners."""
    tracks = list(TRACKS) if rng.random() < MP_SHARE else list(reversed(TRACKS))
    seats = [f"examiner-{room}-{seat}" for seat in ("a", "b", "c")]
    return (
        Panel(f"jury-{room}", f"Jury {room + 1}", tuple(seats[:2]), frozenset(tracks[:1])),
        Panel(f"other-{room}", f"Jury {room + 1}, other track", tuple(seats[1:]), frozenset(tracks[1:])),
    )


def _candidate(
    rng: random.Random, number: int, sitting: Sitting, tracks: list[str], room_count: int
) -> Candidate:
    """Return a candidate who can come to `sitting`, whatever else they cannot do."""
    day = sitting.start_min // DAY_MIN
    examiners = [f"examiner-{room}-a" for room in range(room_count) if f"jury-{room}" != sitting.panel_id]
    is_recusing = bool(examiners) and rng.random() < RECUSING_SHARE
    return Candidate(
        # The number is scattered so that the order of the list does not tell the filling.
        id=f"k{number * 7_919 % 1_000_003:06d}",
        category=rng.choice(tracks),
        duration_min=DURATION_MIN,
        unavailable=_absences(rng, day),
        recused_expert_ids=frozenset({rng.choice(examiners)}) if is_recusing else frozenset(),
    )


def _absences(rng: random.Random, kept_day: int) -> tuple[Interval, ...]:
    """Return the days of other contests, before a visa and outside a journey; never the kept day."""
    away: set[int] = set()
    kept_week = kept_day // 7
    if rng.random() < OTHER_CONTEST_SHARE:
        others = [week for week in range(WEEKS) if week != kept_week]
        for week in rng.sample(others, rng.choice((1, 1, 2))):
            away.update(range(week * 7, week * 7 + 7))
    if rng.random() < TRAVEL_SHARE:
        first = kept_day - rng.randrange(6)
        away.update(day for day in range(WEEKS * 7) if not first <= day < first + 6)
    if rng.random() < VISA_SHARE and kept_week > 0:
        away.update(range(rng.randint(1, kept_week) * 7))
    return tuple(Interval(first * DAY_MIN, last * DAY_MIN) for first, last in _runs(sorted(away)))


def _runs(days: list[int]) -> list[tuple[int, int]]:
    """Return stretches of neighbouring days as (first, day after the last)."""
    runs: list[tuple[int, int]] = []
    for day in days:
        if runs and runs[-1][1] == day:
            runs[-1] = (runs[-1][0], day + 1)
        else:
            runs.append((day, day + 1))
    return runs

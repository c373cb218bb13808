"""Half-days on which a panel could sit once more."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from scheduler.eligibility import list_openings, may_hear, overlaps, sitting_starts
from scheduler.instance import DAY_MIN, Candidate, Panel, SchedulingInstance, Sitting

USUAL_WINDOWS = 4
"""Times of the day that are tried: the ones most sittings of the round have."""

WEEK_DAYS, DAYS_AHEAD = 7, 14
MOST_KNOWN, MOST_NEW = 3, 2
"""Half-days offered on the days of the round, and on later ones."""


def free_half_days(
    instance: SchedulingInstance, panel: Panel, candidates: Sequence[Candidate]
) -> Iterator[tuple[Sitting, bool]]:
    """Return half-days on which the panel could hear one of the candidates, and whether the day is a new one.

    Days of the round come first, then the days after it; where a round leaves out days of the week, the new
    days do so too.
    """
    days = sorted({instance.day_of(sitting.start_min) for sitting in instance.sittings})
    if not days:
        return
    left = {False: MOST_KNOWN, True: MOST_NEW}
    sittings = [s for day in (*days, *_later_days(days)) for s in _sittings_on(instance, panel, day)]
    for opening in list_openings(replace(instance, sittings=tuple(sittings), candidates=())):
        is_new = instance.day_of(opening.sitting.start_min) > days[-1]
        hears = any(
            may_hear(instance, opening, candidate) and sitting_starts(candidate, opening.sitting)
            for candidate in candidates
        )
        if left[is_new] and hears:
            left[is_new] -= 1
            yield opening.sitting, is_new


def _later_days(days: Sequence[int]) -> list[int]:
    later = range(days[-1] + 1, days[-1] + DAYS_AHEAD)
    if days[-1] - days[0] < WEEK_DAYS:
        return list(later)
    usual = {day % WEEK_DAYS for day in days}
    return [day for day in later if day % WEEK_DAYS in usual]


def _sittings_on(instance: SchedulingInstance, panel: Panel, day: int) -> Iterator[Sitting]:
    """Return the usual half-days of the round on which the panel does not sit yet."""
    own = [sitting for sitting in instance.sittings if sitting.panel_id == panel.id]
    windows = Counter(
        ((s.start_min - instance.midnight_min) % DAY_MIN, s.end_min - s.start_min) for s in instance.sittings
    )
    for (offset_min, length_min), _ in windows.most_common(USUAL_WINDOWS):
        start_min = instance.midnight_min + day * DAY_MIN + offset_min
        end_min = start_min + length_min
        sitting = Sitting(f"{panel.id}+{start_min}-{end_min}", panel.id, start_min, end_min)
        if not any(overlaps(sitting, other) for other in own):
            yield sitting

"""At which minutes a defence needs to be able to start, so that nothing is lost.

Notes
-----
Take any schedule and move its defences to the left, one after the other, each until it touches the start of
its sitting, the end of an absence (its candidate's or an attendee's), the end of another sitting in which an
attendee is a member, or the end of another defence that shares its sitting (with the buffer) or an
attendee (without). Nobody loses a slot, no sitting opens and no order changes. So it is enough to start at
such points, each a base plus a sum of durations and buffers: the normal patterns of cutting stock (Herz 1972;
Christofides and Whitlock 1977). What must not move (pins, published slots that are kept) or not further
(wishes, midnight) gives further bases.

Idle minutes are the exception: they can shrink by moving to the right. For fixed orders they are the value of
a linear program of differences, which has an optimal solution on the grid of the greatest common divisor of
all lengths and limits; on that grid nothing at all is lost.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from math import gcd

Window = tuple[int, int]
"""Start and end minute."""


def merge_windows(windows: Iterable[Window]) -> list[Window]:
    """Return the union of the windows as disjoint ones in order of time."""
    merged: list[Window] = []
    for start_min, end_min in sorted(set(windows)):
        if merged and start_min <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end_min, merged[-1][1]))
        else:
            merged.append((start_min, end_min))
    return merged


def normal_patterns(
    bases: Iterable[int], shapes: Iterable[tuple[int, int]], windows: Sequence[Window]
) -> list[int]:
    """Return all minutes that chains of defences from the bases reach.

    Parameters
    ----------
    bases : iterable of int
        Minutes at which a chain may begin.
    shapes : iterable of (int, int)
        Distinct durations and buffers in minutes; what follows starts after the duration, or after both.
    windows : sequence of (int, int)
        Disjoint stretches in which sittings take place, in order of time.
    """
    starts_min = [start_min for start_min, _ in windows]
    by_length = sorted(
        {(duration, step) for duration, buffer in shapes for step in (duration, duration + buffer)}
    )
    reached: set[int] = set()
    waiting = list(bases)
    while waiting:
        minute = waiting.pop()
        position = bisect_right(starts_min, minute) - 1
        if minute in reached or position < 0 or minute >= windows[position][1]:
            continue
        reached.add(minute)
        room_min = windows[position][1] - minute
        waiting.extend(minute + step for duration, step in by_length if duration <= room_min)
    return sorted(reached)


def full_grid(limits: Iterable[int], lengths: Iterable[int], windows: Sequence[Window]) -> list[int]:
    """Return the grid of the greatest common divisor of `lengths` and of the distances of `limits`."""
    ordered = sorted(set(limits))
    if not ordered:
        return []
    step = gcd(*lengths, *(limit - ordered[0] for limit in ordered))
    return [m for start_min, end_min in windows for m in range(start_min, end_min, step)]


def coarse_grid(step_min: int, windows: Iterable[Window]) -> list[int]:
    """Return every `step_min`-th minute of each window, counted from its own start; this loses schedules."""
    return sorted({m for start_min, end_min in windows for m in range(start_min, end_min, step_min)})

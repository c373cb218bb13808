"""The horizontal axis of a picture: only the time of sittings, nights and lunch breaks folded away."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from scheduler.instance import DAY_MIN, SchedulingInstance

WINDOW_GAP_PX, DAY_GAP_PX = 8.0, 18.0
TARGET_PX, LEAST_PX_PER_MIN, MOST_PX_PER_MIN = 1600.0, 0.12, 3.0


@dataclass(frozen=True)
class Segment:
    """A stretch [start_min, end_min) within one day that is drawn from `x_px` on."""

    day: int
    start_min: int
    end_min: int
    x_px: float


class TimeAxis:
    """Maps minutes to pixels.

    Parameters
    ----------
    instance : SchedulingInstance
        Its sittings say which time is drawn, also those that are not opened.
    left_px : float
        Where the axis begins.
    """

    def __init__(self, instance: SchedulingInstance, left_px: float) -> None:
        spans = _merge((sitting.start_min, sitting.end_min) for sitting in instance.sittings)
        parts = [part for span in spans for part in _cut_at_midnights(instance, *span)]
        total_min = sum(end_min - start_min for _, start_min, end_min in parts)
        scale = TARGET_PX / total_min if parts else 1.0
        self.px_per_min = min(MOST_PX_PER_MIN, max(LEAST_PX_PER_MIN, scale))
        self.segments: list[Segment] = []
        self.end_px = left_px
        for day, start_min, end_min in parts:
            self._append(day, start_min, end_min)
        self._starts_min = [segment.start_min for segment in self.segments]

    def _append(self, day: int, start_min: int, end_min: int) -> None:
        if self.segments:
            last = self.segments[-1]
            is_new_day = last.day != day
            self.end_px += DAY_GAP_PX if is_new_day else WINDOW_GAP_PX
        self.segments.append(Segment(day, start_min, end_min, self.end_px))
        self.end_px += (end_min - start_min) * self.px_per_min

    def x_px(self, minute: int) -> float:
        """Return the place of a minute; one in a fold lies at the end of the segment before it."""
        index = max(0, bisect_right(self._starts_min, minute) - 1)
        segment = self.segments[index]
        within_min = min(max(minute, segment.start_min), segment.end_min) - segment.start_min
        return segment.x_px + within_min * self.px_per_min

    def end_x_px(self, minute: int) -> float:
        """Return where something ends that lasts until `minute`."""
        return self.x_px(minute - 1) + self.px_per_min

    def days(self) -> list[tuple[int, float, float]]:
        """Return each day with the pixels from which and to which it reaches."""
        reach: dict[int, tuple[float, float]] = {}
        for segment in self.segments:
            end_px = segment.x_px + (segment.end_min - segment.start_min) * self.px_per_min
            reach[segment.day] = (reach.get(segment.day, (segment.x_px, 0.0))[0], end_px)
        return [(day, start_px, end_px) for day, (start_px, end_px) in reach.items()]


def _merge(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start_min, end_min in sorted(spans):
        if merged and start_min <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end_min))
        else:
            merged.append((start_min, end_min))
    return merged


def _cut_at_midnights(
    instance: SchedulingInstance, start_min: int, end_min: int
) -> Iterable[tuple[int, int, int]]:
    while start_min < end_min:
        day = instance.day_of(start_min)
        midnight_min = instance.midnight_min + (day + 1) * DAY_MIN
        yield day, start_min, min(end_min, midnight_min)
        start_min = midnight_min

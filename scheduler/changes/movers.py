"""Those who look for a place, taken together where nothing tells them apart, and where they fit."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from scheduler.attendance.starts import normal_patterns
from scheduler.changes.case import ChangeCase, HeldSlot
from scheduler.deadline import Deadline
from scheduler.eligibility import StartRanges
from scheduler.instance import Candidate

MOST_OPTIONS = 400_000
"""Starts of all classes together above which no model is built."""

Places = tuple[tuple[int, StartRanges], ...]
"""Openings with the possible starts in each."""


class TooLargeError(Exception):
    """More starts than a model should hold."""


@dataclass(frozen=True)
class MoverClass:
    """Candidates with the same size, priority, attendees and possible starts (opening and minute)."""

    members: tuple[Candidate, ...]
    starts: tuple[tuple[int, int], ...]

    @property
    def model(self) -> Candidate:
        """Any member."""
        return self.members[0]


def list_classes(
    case: ChangeCase,
    movers: Sequence[Candidate],
    locked: Sequence[HeldSlot],
    loose: Sequence[HeldSlot],
    deadline: Deadline,
) -> list[MoverClass]:
    """Return the movers in classes, with all starts that can matter beside the locked slots.

    Raises
    ------
    TooLargeError
        When the starts are more than `MOST_OPTIONS`.
    OutOfTime

    Notes
    -----
    Take any schedule and move its movers to the left, one after the other in order of time, each until it
    touches the start of the sitting, the end of another slot with its buffer, or the end of an absence; with
    attendees also the end of a slot or sitting elsewhere. Nobody loses a place by that and no sitting opens,
    so it is enough to start at such points (normal patterns, see `scheduler.attendance.starts`).
    """
    grid = _Grid(case, movers, [*locked, *loose])
    busy = _busy(locked)
    classes, count = [], 0
    for members, places in _alike(case, movers, deadline):
        deadline.check()
        starts = tuple(_clear_starts(members[0], places, grid, busy))
        count += len(starts)
        if count > MOST_OPTIONS:
            raise TooLargeError
        if starts:
            classes.append(MoverClass(tuple(members), starts))
    return classes


def _alike(
    case: ChangeCase, movers: Sequence[Candidate], deadline: Deadline
) -> Iterable[tuple[list[Candidate], Places]]:
    """Group by equal input first, as finding places costs most, then by equal places."""
    by_input: dict[tuple[object, ...], list[Candidate]] = defaultdict(list)
    for candidate in movers:
        key = (candidate.category, candidate.unavailable, candidate.recused_expert_ids)
        by_input[*_shape(candidate), *key].append(candidate)
    by_places: dict[tuple[object, ...], tuple[list[Candidate], Places]] = {}
    for alike in by_input.values():
        deadline.check()
        found = ((i, case.starts_of(alike[0], opening)) for i, opening in enumerate(case.openings))
        places = tuple((i, ranges) for i, ranges in found if ranges)
        by_places.setdefault((*_shape(alike[0]), places), ([], places))[0].extend(alike)
    return by_places.values()


def _shape(candidate: Candidate) -> tuple[object, ...]:
    size = (candidate.duration_min, candidate.buffer_min)
    return (*size, candidate.priority, candidate.attendee_ids)


class _Grid:
    """The minutes at which a mover needs to be able to start, for each opening."""

    def __init__(self, case: ChangeCase, movers: Sequence[Candidate], slots: Sequence[HeldSlot]) -> None:
        self._case = case
        self._shapes = {(c.duration_min, c.buffer_min) for c in movers}
        self._shared = {away.end_min for candidate in movers for away in candidate.unavailable}
        self._own: dict[int, set[int]] = defaultdict(set)
        for slot in slots:
            self._own[slot.opening_id].add(slot.release_min)
        attendees = {id_ for c in (*movers, *(s.candidate for s in slots)) for id_ in c.attendee_ids}
        if attendees:
            self._share_across_sittings(attendees, slots)
        self._points: dict[int, list[int]] = {}

    def _share_across_sittings(self, attendees: set[str], slots: Sequence[HeldSlot]) -> None:
        self._shared |= {away.end_min for id_ in attendees for away in self._case.absences[id_]}
        for opening in self._case.openings:
            self._shared |= {opening.sitting.start_min, opening.sitting.end_min}
        for slot in slots:
            self._shared |= {slot.end_min, slot.release_min}

    def points(self, opening_id: int) -> list[int]:
        if opening_id not in self._points:
            sitting = self._case.openings[opening_id].sitting
            window = (sitting.start_min, sitting.end_min)
            bases = {sitting.start_min} | self._own[opening_id] | self._shared
            self._points[opening_id] = normal_patterns(sorted(bases), self._shapes, [window])
        return self._points[opening_id]


def _busy(locked: Sequence[HeldSlot]) -> dict[int, list[tuple[int, int]]]:
    busy: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for slot in locked:
        busy[slot.opening_id].append((slot.start_min, slot.release_min))
    return {opening_id: sorted(stretches) for opening_id, stretches in busy.items()}


def _clear_starts(
    candidate: Candidate, places: Places, grid: _Grid, busy: dict[int, list[tuple[int, int]]]
) -> Iterator[tuple[int, int]]:
    step_min = candidate.duration_min + candidate.buffer_min
    for opening_id, ranges in places:
        points, taken = grid.points(opening_id), busy.get(opening_id, [])
        for low, high in ranges:
            for start_min in points[bisect_left(points, low) : bisect_right(points, high)]:
                after = bisect_left(taken, (start_min + step_min,))
                if after == 0 or taken[after - 1][1] <= start_min:
                    yield opening_id, start_min

"""From an instance to classes of alike candidates and the cells in which they can be counted."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scheduler.deadline import Deadline
from scheduler.eligibility import (
    Opening,
    StartRanges,
    free_starts,
    least_unmet,
    may_hear,
    pin_of,
)
from scheduler.instance import Candidate, SchedulingInstance


@dataclass(frozen=True)
class Gap:
    """A stretch of a sitting between pinned slots, or a pinned slot itself.

    `is_followed` says that a pinned slot comes next, so that the last candidate's buffer must fit too.
    """

    opening_id: int
    start_min: int
    end_min: int
    is_followed: bool = False
    pinned: Candidate | None = None


@dataclass(frozen=True)
class Place:
    """Where a class may be counted: a gap, the possible starts, and what being heard there breaks.

    `is_conflict` says that a recused member attends, `unmet` is the least weight of wishes broken.
    """

    gap_id: int
    starts: StartRanges
    is_conflict: bool
    unmet: int


@dataclass(frozen=True)
class CandidateClass:
    """Candidates that no rule can tell apart."""

    members: tuple[Candidate, ...]
    places: tuple[Place, ...]

    @property
    def model(self) -> Candidate:
        """Any member: category, region, duration, buffer and priority are the same for all."""
        return self.members[0]


@dataclass(frozen=True)
class Cell:
    """One count of the model: how many of a class sit in a gap, at most `limit`."""

    class_id: int
    gap_id: int
    opening_id: int
    place: Place
    candidate: Candidate
    limit: int


@dataclass(frozen=True)
class Problem:
    """The counting form of an instance; ids are positions in the tuples."""

    instance: SchedulingInstance
    openings: tuple[Opening, ...]
    gaps: tuple[Gap, ...]
    classes: tuple[CandidateClass, ...]
    cells: tuple[Cell, ...]

    def cells_by(self, key: str) -> list[list[int]]:
        """Return the cell ids grouped by ``class_id``, ``gap_id`` or ``opening_id``."""
        sizes = {"class_id": self.classes, "gap_id": self.gaps, "opening_id": self.openings}
        groups: list[list[int]] = [[] for _ in sizes[key]]
        for cell_id, cell in enumerate(self.cells):
            groups[getattr(cell, key)].append(cell_id)
        return groups


def build_problem(
    instance: SchedulingInstance,
    openings: tuple[Opening, ...],
    gaps: tuple[Gap, ...],
    deadline: Deadline,
) -> Problem:
    """Count what is alike, person by person where wishes and regions tell them apart.

    Parameters
    ----------
    openings : tuple of Opening
        Those that may open.
    gaps : tuple of Gap
        Stretches of the openings around the pinned slots, see `cut_gaps`.

    Raises
    ------
    OutOfTime
        When the deadline passes on the way.
    """
    movable = [candidate for candidate in instance.candidates if candidate.pin is None]
    classes = _classify(instance, openings, gaps, movable, deadline)
    classes += [
        _pinned_class(gap.pinned, gap_id, gap.start_min, openings[gap.opening_id])
        for gap_id, gap in enumerate(gaps)
        if gap.pinned
    ]
    cells = tuple(cell for class_id, class_ in enumerate(classes) for cell in _cells(class_id, class_, gaps))
    return Problem(instance, openings, gaps, tuple(classes), cells)


def cut_gaps(openings: Sequence[Opening], kept_pins: Sequence[Candidate]) -> tuple[Gap, ...]:
    """Return the stretches of the openings between pinned slots, and the pinned slots themselves.

    Parameters
    ----------
    kept_pins : sequence of Candidate
        Pinned candidates whose slots do not exclude each other; other pinned ones are left out.
    """
    return tuple(_cut_gaps(openings, kept_pins))


def _cut_gaps(openings: Sequence[Opening], kept_pins: Sequence[Candidate]) -> Iterable[Gap]:
    by_sitting = defaultdict(list)
    for candidate in kept_pins:
        pin = pin_of(candidate)
        by_sitting[pin.sitting_id].append((pin.start_min, candidate))
    for opening_id, opening in enumerate(openings):
        start_min = opening.sitting.start_min
        for pin_min, candidate in sorted(by_sitting[opening.sitting.id], key=lambda pair: pair[0]):
            end_min = pin_min + candidate.duration_min
            if pin_min > start_min:
                yield Gap(opening_id, start_min, pin_min, is_followed=True)
            yield Gap(opening_id, pin_min, end_min, pinned=candidate)
            start_min = end_min + candidate.buffer_min
        if start_min < opening.sitting.end_min:
            yield Gap(opening_id, start_min, opening.sitting.end_min)


def _classify(
    instance: SchedulingInstance,
    openings: Sequence[Opening],
    gaps: Sequence[Gap],
    candidates: Sequence[Candidate],
    deadline: Deadline,
) -> list[CandidateClass]:
    """Group twice: by equal input first, as finding places costs most, then by equal places."""
    by_input: dict[tuple[object, ...], list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_input[*_alike(candidate), candidate.unavailable, candidate.recused_expert_ids].append(candidate)
    by_places: dict[tuple[object, ...], tuple[list[Candidate], tuple[Place, ...]]] = {}
    for alike in by_input.values():
        deadline.check()
        places = _find_places(instance, openings, gaps, alike[0])
        if places:
            by_places.setdefault((*_alike(alike[0]), places), ([], places))[0].extend(alike)
    return [CandidateClass(tuple(members), places) for members, places in by_places.values()]


def _alike(candidate: Candidate) -> tuple[object, ...]:
    return (
        *(candidate.category, candidate.duration_min, candidate.buffer_min, candidate.priority),
        *(candidate.region, candidate.wishes),
    )


def _find_places(
    instance: SchedulingInstance, openings: Sequence[Opening], gaps: Sequence[Gap], candidate: Candidate
) -> tuple[Place, ...]:
    hearing = [may_hear(instance, opening, candidate) for opening in openings]
    places = []
    for gap_id, gap in enumerate(gaps):
        if gap.pinned or not hearing[gap.opening_id]:
            continue
        tail_min = candidate.buffer_min if gap.is_followed else 0
        starts = free_starts(candidate, gap.start_min, gap.end_min - candidate.duration_min - tail_min)
        if starts:
            is_conflict = _is_conflict(openings[gap.opening_id], candidate)
            places.append(Place(gap_id, starts, is_conflict, least_unmet(candidate, starts)))
    return tuple(places)


def _is_conflict(opening: Opening, candidate: Candidate) -> bool:
    return not opening.attending.isdisjoint(candidate.recused_expert_ids)


def _pinned_class(candidate: Candidate, gap_id: int, start_min: int, opening: Opening) -> CandidateClass:
    starts = ((start_min, start_min),)
    place = Place(gap_id, starts, _is_conflict(opening, candidate), least_unmet(candidate, starts))
    return CandidateClass((candidate,), (place,))


def _cells(class_id: int, class_: CandidateClass, gaps: Sequence[Gap]) -> Iterable[Cell]:
    candidate = class_.model
    step_min = candidate.duration_min + candidate.buffer_min
    for place in class_.places:
        gap = gaps[place.gap_id]
        room_min = gap.end_min - gap.start_min + (0 if gap.is_followed else candidate.buffer_min)
        limit = min(len(class_.members), room_min // step_min)
        yield Cell(class_id, place.gap_id, gap.opening_id, place, candidate, limit)

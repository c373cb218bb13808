"""From counts to people: who sits in which sitting, at what time, and which counts no order can hold."""

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.instance import Candidate
from scheduler.master import Cut
from scheduler.problem import Problem
from scheduler.schedule import Assignment
from scheduler.sequencing import Fit, Starts, arrange, polish


@dataclass(frozen=True)
class Seating:
    """The candidates of one sitting with the cells that count them, and their start times.

    `starts` holds everyone exactly when `fit` is ``Fit.FITS``.
    """

    opening_id: int
    cell_ids: tuple[int, ...]
    candidates: tuple[Candidate, ...]
    fit: Fit
    starts: Starts


def seat(problem: Problem, counts: Sequence[int]) -> list[Seating]:
    """Hand the counted seats to the members of each class, in order of the instance, and find start times."""
    seats: dict[int, list[tuple[int, Candidate]]] = {}
    taken = [0] * len(problem.classes)
    for cell_id, (cell, count) in enumerate(zip(problem.cells, counts, strict=True)):
        first = taken[cell.class_id]
        taken[cell.class_id] += count
        members = problem.classes[cell.class_id].members[first : first + count]
        seats.setdefault(cell.opening_id, []).extend((cell_id, member) for member in members)
    return [_arrange(problem, opening_id, pairs) for opening_id, pairs in sorted(seats.items()) if pairs]


def _arrange(problem: Problem, opening_id: int, pairs: Sequence[tuple[int, Candidate]]) -> Seating:
    cell_ids, candidates = zip(*pairs, strict=True)
    fit, starts = arrange(problem.openings[opening_id].sitting, candidates)
    return Seating(opening_id, cell_ids, candidates, fit, starts)


def find_cut(problem: Problem, seating: Seating) -> Cut:
    """Return a group of `seating` that no order fits, but would fit without any one of its members."""
    sitting = problem.openings[seating.opening_id].sitting
    core = list(zip(seating.cell_ids, seating.candidates, strict=True))
    for pair in list(core):
        fewer = [other for other in core if other is not pair]
        if arrange(sitting, [candidate for _, candidate in fewer])[0] is Fit.IMPOSSIBLE:
            core = fewer
    counts: dict[int, int] = {}
    for cell_id, _ in core:
        class_id = problem.cells[cell_id].class_id
        counts[class_id] = counts.get(class_id, 0) + 1
    return Cut(seating.opening_id, counts)


def counts_of(problem: Problem, seatings: Sequence[Seating]) -> tuple[int, ...]:
    """Return the counts per cell of those who really have a start time."""
    counts = [0] * len(problem.cells)
    for seating in seatings:
        for cell_id, candidate in zip(seating.cell_ids, seating.candidates, strict=True):
            counts[cell_id] += candidate.id in seating.starts
    return tuple(counts)


def to_assignments(problem: Problem, seating: Seating, may_polish: bool) -> list[Assignment]:
    """Return the slots of one sitting in order of time, tidied up when there is time for it."""
    sitting = problem.openings[seating.opening_id].sitting
    placed = [candidate for candidate in seating.candidates if candidate.id in seating.starts]
    starts = polish(sitting, placed, seating.starts) if may_polish and placed else seating.starts
    slots = [Assignment(c.id, sitting.id, starts[c.id], starts[c.id] + c.duration_min) for c in placed]
    return sorted(slots, key=lambda slot: slot.start_min)

"""The lexicographic objective as linear forms over counts and opened sittings."""

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.problem import Problem
from scheduler.result import Sense


@dataclass(frozen=True)
class Term:
    """One term: weights of cells and of opened sittings, by id."""

    name: str
    sense: Sense
    cell_weights: dict[int, int]
    opening_weights: dict[int, int]
    trivial_bound: int

    def value(self, problem: Problem, counts: Sequence[int]) -> int:
        """Return the term's value for `counts`, one number per cell."""
        opened = {cell.opening_id for cell, count in zip(problem.cells, counts, strict=True) if count}
        heard = sum(weight * counts[cell_id] for cell_id, weight in self.cell_weights.items())
        return heard + sum(self.opening_weights.get(opening_id, 0) for opening_id in opened)

    def is_better(self, value: int, other: int) -> bool:
        """Return whether `value` is strictly better than `other`."""
        return value > other if self.sense is Sense.MAXIMISE else value < other


def list_terms(problem: Problem) -> tuple[Term, ...]:
    """Return the terms in the order in which they count.

    Placed candidates by priority, higher first; opened sittings, which cost money; candidates heard by a
    panel with an attending member recused; and lateness, the sum over opened sittings of how many distinct
    starting times lie before theirs.
    """
    opening_ids = range(len(problem.openings))
    starts_min = sorted({sitting.start_min for sitting in problem.instance.sittings})
    rank = {start_min: position for position, start_min in enumerate(starts_min)}
    lateness = {i: rank[problem.openings[i].sitting.start_min] for i in opening_ids}
    conflicts = {i: 1 for i, cell in enumerate(problem.cells) if cell.place.is_conflict}
    return (
        *_placed_terms(problem),
        Term("opened", Sense.MINIMISE, {}, dict.fromkeys(opening_ids, 1), 0),
        Term("conflicts", Sense.MINIMISE, conflicts, {}, 0),
        Term("lateness", Sense.MINIMISE, {}, lateness, 0),
    )


def _placed_terms(problem: Problem) -> list[Term]:
    terms = []
    for priority in sorted({candidate.priority for candidate in problem.instance.candidates}, reverse=True):
        cells = {i: 1 for i, cell in enumerate(problem.cells) if cell.candidate.priority == priority}
        classes = [class_ for class_ in problem.classes if class_.model.priority == priority]
        bound = sum(len(class_.members) for class_ in classes)
        terms.append(Term(f"placed_priority_{priority}", Sense.MAXIMISE, cells, {}, bound))
    return terms

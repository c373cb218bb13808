"""From counts to people: who sits in which sitting, at what time, and which counts no order can hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scheduler.eligibility import Opening
from scheduler.instance import Candidate
from scheduler.objective import Tier
from scheduler.panels.exact import Cut
from scheduler.panels.problem import Problem
from scheduler.panels.sequencing import Fit, Starts, arrange, polish
from scheduler.roster import Roster, group_seats


@dataclass(frozen=True)
class Seating:
    """The candidates of one sitting with their start times: everyone's exactly when `fit` is ``Fit.FITS``."""

    opening_id: int
    candidates: tuple[Candidate, ...]
    fit: Fit
    starts: Starts


def seat(
    openings: Sequence[Opening], opening_id: int, people: Sequence[Candidate], objective: Sequence[Tier]
) -> Seating:
    """Find start times for the people of one sitting."""
    sitting = openings[opening_id].sitting
    fit, starts = arrange(sitting, people)
    placed = [candidate for candidate in people if candidate.id in starts]
    if placed:
        starts = polish(sitting, placed, starts, objective)
    return Seating(opening_id, tuple(people), fit, starts)


def people_of(problem: Problem, counts: Sequence[int]) -> dict[int, list[Candidate]]:
    """Hand the counted seats to the members of each class, in order of the instance."""
    seats: dict[int, list[Candidate]] = {}
    taken = [0] * len(problem.classes)
    for cell, count in zip(problem.cells, counts, strict=True):
        first = taken[cell.class_id]
        taken[cell.class_id] += count
        if count:
            members = problem.classes[cell.class_id].members[first : first + count]
            seats.setdefault(cell.opening_id, []).extend(members)
    return dict(sorted(seats.items()))


def find_cut(problem: Problem, seating: Seating) -> Cut:
    """Return a group of `seating` that no order fits, but would fit without any one of its members."""
    sitting = problem.openings[seating.opening_id].sitting
    core = list(seating.candidates)
    for candidate in seating.candidates:
        fewer = [other for other in core if other is not candidate]
        if arrange(sitting, fewer)[0] is Fit.IMPOSSIBLE:
            core = fewer
    class_of = {member.id: i for i, class_ in enumerate(problem.classes) for member in class_.members}
    counts: dict[int, int] = {}
    for candidate in core:
        counts[class_of[candidate.id]] = counts.get(class_of[candidate.id], 0) + 1
    return Cut(seating.opening_id, counts)


def to_roster(seatings: Iterable[Seating]) -> Roster:
    """Return the seats of those who have a start time."""
    return group_seats(
        [
            (seating.opening_id, seating.starts[candidate.id], candidate)
            for seating in seatings
            for candidate in seating.candidates
            if candidate.id in seating.starts
        ]
    )


def counts_of(problem: Problem, roster: Roster) -> tuple[int, ...]:
    """Return the counts per cell of those who sit in `roster`."""
    class_of = {member.id: i for i, class_ in enumerate(problem.classes) for member in class_.members}
    cell_at = {(cell.class_id, cell.gap_id): i for i, cell in enumerate(problem.cells)}
    gaps_of: dict[int, list[int]] = {}
    for gap_id, gap in enumerate(problem.gaps):
        gaps_of.setdefault(gap.opening_id, []).append(gap_id)
    counts = [0] * len(problem.cells)
    for opening_id, seats in roster.seats.items():
        for start_min, candidate in seats:
            gap_id = next(
                i
                for i in gaps_of[opening_id]
                if problem.gaps[i].start_min <= start_min < problem.gaps[i].end_min
            )
            counts[cell_at[class_of[candidate.id], gap_id]] += 1
    return tuple(counts)

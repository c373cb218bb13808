"""Everybody in one boolean model: greedy first, then few starts, then all."""

from scheduler.attendance.case import Case, CaseBuilder
from scheduler.attendance.greedy import place_greedily
from scheduler.attendance.improve import CaseSearch, note_pins
from scheduler.attendance.parts import improve_by_parts
from scheduler.deadline import Deadline
from scheduler.result import SolveParameters
from scheduler.roster import Roster
from scheduler.standing import Standing

LARGEST_AT_ONCE, COARSE_SHARE, PARTS_SHARE = 100_000, 0.2, 0.4
"""Entries of the matrix up to which the whole comes at once, and the parts of what is left for the coarse
case and for parts of the whole otherwise."""


def solve_whole(
    standing: Standing, builder: CaseBuilder, params: SolveParameters, deadline: Deadline
) -> None:
    """Optimise with everybody in the boolean model.

    Parameters
    ----------
    builder : CaseBuilder
        Of all candidates.

    Notes
    -----
    Where the model is large, one with few starts comes first, then the whole in parts: they find better
    schedules in a fraction of the time, and the large one, from which the bounds come, begins there. When it
    has given up on the rest, the parts go on until the time is over.

    Raises
    ------
    OutOfTime
    """
    coarse = builder.build_coarse()
    _start(coarse, standing, deadline)
    if not builder.is_lossless_within(LARGEST_AT_ONCE):
        _search(coarse, standing, params, deadline, COARSE_SHARE)
        parts = builder.build_for_parts(_starts_of(standing.roster))
        improve_by_parts(parts, standing, params, deadline, PARTS_SHARE)
    case = builder.build(known=_starts_of(standing.roster))
    _start(case, standing, deadline)
    _search(case, standing, params, deadline, 1.0)
    if not standing.are_all_proven:
        improve_by_parts(case, standing, params, deadline, 1.0)


def _start(case: Case, standing: Standing, deadline: Deadline) -> None:
    """Take over a greedy schedule, and what is known without a search."""
    if case.is_lossless:
        _bound_by_options(case, standing)
    standing.accept(place_greedily(case, deadline))
    note_pins(standing)
    standing.report("greedy")


def _bound_by_options(case: Case, standing: Standing) -> None:
    """Nobody without a single option is placed; holds for a case that lost no start."""
    for position, priority in enumerate(standing.priorities):
        pairs = zip(case.candidates, case.by_candidate, strict=True)
        standing.tighten(position, sum(c.priority == priority and bool(ids) for c, ids in pairs))


def _search(
    case: Case, standing: Standing, params: SolveParameters, deadline: Deadline, share: float
) -> None:
    search = CaseSearch(case, standing, params, deadline, share)
    search.keep_pins()
    search.run()


def _starts_of(roster: Roster) -> dict[str, int]:
    return {candidate.id: start_min for seats in roster.seats.values() for start_min, candidate in seats}

"""Which published slots can be kept together."""

from dataclasses import dataclass, replace

from scheduler.changes.case import ChangeCase, HeldSlot, ids_of
from scheduler.changes.model import MovesModel, Scope
from scheduler.deadline import Deadline, OutOfTime
from scheduler.result import SolveParameters


@dataclass(frozen=True)
class Keepable:
    """A set of held slots that do not exclude each other or a pin.

    Parameters
    ----------
    are_most : bool
        Whether no larger set exists.
    are_unique : bool
        Whether it is also the only one of its size.
    are_pins_possible : bool
        False when the pins exclude each other, and so no set keeps them.
    """

    slots: tuple[HeldSlot, ...]
    are_most: bool
    are_unique: bool
    are_pins_possible: bool = True


def choose_keepable(case: ChangeCase, params: SolveParameters, deadline: Deadline) -> Keepable:
    """Return a largest set of held slots that can be kept together, whoever else is placed or not.

    Raises
    ------
    OutOfTime
        When the deadline passes before any set is found.
    """
    alone = replace(case, free=())
    model = MovesModel(alone, Scope(frozenset(), is_relaxed=True), {}, deadline)
    outcome = model.fewest_moves(params, deadline.remaining_s())
    if outcome.is_infeasible:
        return Keepable((), are_most=False, are_unique=False, are_pins_possible=False)
    if outcome.solver is None:
        raise OutOfTime
    removed = ids_of(model.removed(outcome.solver))
    kept = tuple(slot for slot in case.held if slot.candidate.id not in removed)
    is_unique = outcome.is_settled and model.is_only_choice(outcome.solver, params, deadline.remaining_s())
    return Keepable(kept, outcome.is_settled, is_unique)

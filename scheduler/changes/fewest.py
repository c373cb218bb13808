"""The fewest moves that let as many as possible be placed: bounds from below meet schedules from above.

Notes
-----
`find_fewest_moves` alternates between two models. In the relaxed one everybody with a published slot may
give it up, but only those released so far need another place; whoever else gives up a slot vanishes and
still counts as placed. Every schedule is a solution of it, so its optimum bounds the moves from below. In the
strict one only those who vanished, and everybody in their sittings, may move, and all need a place: its
solutions are schedules. When both agree the moves are proven; otherwise these are released too. That ends, as
in the last round everyone is.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from scheduler.changes.case import ChangeCase, HeldSlot, ids_of
from scheduler.changes.model import MovesModel, Scope
from scheduler.changes.movers import TooLargeError
from scheduler.deadline import Deadline, OutOfTime
from scheduler.result import SolveParameters

SEARCH_SHARE = 0.3
"""Part of the remaining budget that one search may take."""


@dataclass(frozen=True)
class Found:
    """A solution of one model, and what is proven about that model.

    Parameters
    ----------
    placed : mapping of int to int
        By priority; in a relaxed model those who vanished count.
    are_placed_proven : bool
        Whether no more can be placed in this model, priority by priority.
    moves_bound : int
        Fewest moves in this model, given the placed.
    openings_bound : int
        Fewest sittings in this model, given placed and moves; 0 when not known.
    """

    seats: tuple[HeldSlot, ...]
    removed: tuple[HeldSlot, ...]
    placed: Mapping[int, int]
    are_placed_proven: bool
    moves_bound: int
    openings_bound: int

    @property
    def is_proven(self) -> bool:
        """Whether the model has nothing better, sittings aside."""
        return self.are_placed_proven and self.moves_bound == len(self.removed)

    def agrees(self, other: "Found") -> bool:
        """Return whether both place as many and move as many."""
        return self.placed == other.placed and len(self.removed) == len(other.removed)


@dataclass(frozen=True)
class Changes:
    """The best schedule found, None without one, and bounds that hold for every schedule.

    Parameters
    ----------
    most_placed : mapping of int to int
        By priority, each given that those before it are reached.
    fewest_moves : int
        Beyond the forced ones, given that `most_placed` is reached.
    fewest_openings : int
        Given that both are reached.
    """

    seats: tuple[HeldSlot, ...] | None
    most_placed: Mapping[int, int]
    fewest_moves: int
    fewest_openings: int


def find_fewest_moves(
    case: ChangeCase,
    most_placed: Mapping[int, int],
    most_opened: int | None,
    excluded: frozenset[str],
    nearby: frozenset[str],
    params: SolveParameters,
    deadline: Deadline,
) -> Changes:
    """Place as many as possible, then move as few as possible, then open as few sittings as possible.

    Parameters
    ----------
    most_placed : mapping of int to int
        By priority, what no schedule can beat.
    most_opened : int or None
        Most sittings that may open, when their number counts before the moves.
    excluded : frozenset of str
        Candidates without whose slots all others can be kept together.
    nearby : frozenset of str
        Candidates with whose slots as well the others can be placed, if such are known.
    """
    search = _Alternation(case, params, deadline, Changes(None, most_placed, 0, 0))
    with suppress(TooLargeError, OutOfTime):  # what is known by then holds
        search.run(Scope(excluded, is_relaxed=True, most_opened=most_opened), nearby)
    return search.changes


class _Alternation:
    def __init__(
        self, case: ChangeCase, params: SolveParameters, deadline: Deadline, changes: Changes
    ) -> None:
        self._case, self._params, self._deadline = case, params, deadline
        self._best: Found | None = None
        self.changes = changes

    def run(self, scope: Scope, nearby: frozenset[str]) -> None:
        """Alternate until both models agree; raises OutOfTime or TooLargeError."""
        if nearby:
            with suppress(TooLargeError):
                self._accept(self._solve(replace(scope, released=scope.released | nearby, is_relaxed=False)))
        while True:
            relaxed = self._solve(scope)
            self._learn(relaxed)
            if ids_of(relaxed.removed) <= scope.released:
                self._accept(relaxed)
                return
            sittings = {slot.opening_id for slot in relaxed.removed}
            neighbours = [slot for slot in self._case.held if slot.opening_id in sittings]
            scope = replace(scope, released=scope.released | ids_of(neighbours))
            self._accept(self._solve(replace(scope, is_relaxed=False)))
            if self._best is not None and self._best.agrees(relaxed):
                return

    def _solve(self, scope: Scope) -> Found:
        """Try to place as many as is known to be possible; only if that fails find out how many."""
        targets = self.changes.most_placed
        found, is_impossible = self._fewest_moves(scope, targets, are_floors_proven=True)
        if found is None and is_impossible:
            found, _ = self._fewest_moves(scope, *self._most_placed(scope))
        if found is None:
            raise OutOfTime
        return found

    def _most_placed(self, scope: Scope) -> tuple[dict[int, int], bool]:
        """Return how many of each priority this model can place, and whether that is proven."""
        targets = self.changes.most_placed
        floors: dict[int, int] = {}
        are_proven = True
        for priority in sorted(targets, reverse=True):
            model = MovesModel(self._case, scope, floors, self._deadline)
            outcome, placed = model.most_placed(priority, self._params, self._limit())
            if placed is None:
                raise OutOfTime
            # A target only holds when those before it are reached.
            is_bound = all(floors[earlier] == targets[earlier] for earlier in floors)
            floors[priority] = min(placed, targets[priority]) if is_bound else placed
            are_proven = are_proven and (outcome.is_settled or floors[priority] == targets[priority])
        return floors, are_proven

    def _fewest_moves(
        self, scope: Scope, floors: Mapping[int, int], are_floors_proven: bool
    ) -> tuple[Found | None, bool]:
        model = MovesModel(self._case, scope, floors, self._deadline)
        outcome = model.fewest_moves(self._params, self._limit())
        if outcome.solver is None:
            return None, outcome.is_infeasible
        bound = outcome.best_bound or 0
        tidier = model.fewest_openings(outcome.solver, self._params, self._limit())
        solver = tidier.solver or outcome.solver
        removed = tuple(model.removed(solver))
        openings_bound = (tidier.best_bound or 0) if bound == len(removed) else 0
        # Those who vanished count as placed, so that a relaxed model can place more than is possible.
        seats = tuple(model.seats(solver))
        return Found(seats, removed, floors, are_floors_proven, bound, openings_bound), False

    def _limit(self) -> float:
        self._deadline.check()
        return SEARCH_SHARE * self._deadline.remaining_s()

    def _learn(self, relaxed: Found) -> None:
        """Take over bounds of a relaxed model: they hold for every schedule."""
        if not relaxed.are_placed_proven:
            return
        known = self.changes
        is_same = relaxed.placed == known.most_placed
        self.changes = replace(
            known,
            most_placed=relaxed.placed,
            fewest_moves=max(relaxed.moves_bound, known.fewest_moves if is_same else 0),
            fewest_openings=relaxed.openings_bound,
        )

    def _accept(self, found: Found) -> None:
        if self._best is None or _rank(found) > _rank(self._best):
            self._best = found
            self.changes = replace(self.changes, seats=found.seats)


def _rank(found: Found) -> tuple[int, ...]:
    placed = [count for _, count in sorted(found.placed.items(), reverse=True)]
    return (*placed, -len(found.removed))

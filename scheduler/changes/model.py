"""The exact model of moving: who gives up a published slot, so that as many as possible are placed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ortools.sat.python import cp_model

from scheduler.attendance.cliques import Span, maximal_cliques
from scheduler.changes.case import ChangeCase, HeldSlot
from scheduler.changes.movers import MoverClass, list_classes
from scheduler.deadline import Deadline
from scheduler.instance import Candidate
from scheduler.panels.constraints import add_expert_no_overlap, add_panel_no_overlap, add_parallel_limit
from scheduler.result import SolveParameters
from scheduler.search import Outcome, search

SETTINGS: dict[str, Any] = {"num_workers": 1, "linearization_level": 2, "cp_model_probing_level": 0}
"""What proved 28 forced moves of 1,000 candidates in a tight round in a third of the default's time."""

Form = Any  # a linear expression; the unions that OR-Tools declares cannot be added to each other


@dataclass(frozen=True)
class Scope:
    """Who may give up a slot.

    Parameters
    ----------
    released : frozenset of str
        Candidates who may give up their slot for another place.
    is_relaxed : bool
        What the others with a published slot may do: with True give it up and count as placed all the same,
        which relaxes the problem; with False nothing.
    most_opened : int or None
        Most sittings that may open; None is no limit.
    """

    released: frozenset[str]
    is_relaxed: bool
    most_opened: int | None = None


class _Choice(NamedTuple):
    literal: Any
    opening_id: int
    start_min: int
    candidate: Candidate

    @property
    def end_min(self) -> int:
        return self.start_min + self.candidate.duration_min

    @property
    def release_min(self) -> int:
        return self.end_min + self.candidate.buffer_min


class MovesModel:
    """CP-SAT model with one literal for each slot held, and for each class of movers and start.

    Parameters
    ----------
    floors : mapping of int to int
        How many must be placed at least, by priority.

    Raises
    ------
    TooLargeError, OutOfTime
    """

    def __init__(self, case: ChangeCase, scope: Scope, floors: Mapping[int, int], deadline: Deadline) -> None:
        self._case, self._scope, self._deadline = case, scope, deadline
        self._model = cp_model.CpModel()
        self._loose = [s for s in case.held if scope.is_relaxed or s.candidate.id in scope.released]
        fixed = [s for s in case.held if not scope.is_relaxed and s.candidate.id not in scope.released]
        self._locked = [*case.pinned, *fixed]
        released = [s.candidate for s in case.held if s.candidate.id in scope.released]
        self._classes = list_classes(case, [*case.free, *released], self._locked, self._loose, deadline)
        self._keeps = {slot.candidate.id: self._model.new_bool_var("") for slot in self._loose}
        self._starts = [[self._model.new_bool_var("") for _ in each.starts] for each in self._classes]
        self._choices = self._list_choices()
        self._opened = self._add_openings()
        deadline.check()
        self._add_demand()
        self._add_sequences()
        self._add_attendance()
        deadline.check()
        self._placed = self._placed_forms()
        for priority, least in floors.items():
            self._model.add(self._placed.get(priority, 0) >= least)

    def _list_choices(self) -> list[_Choice]:
        always = self._model.new_constant(1)
        choices = [_Choice(always, s.opening_id, s.start_min, s.candidate) for s in self._locked]
        for slot in self._loose:
            keep = self._keeps[slot.candidate.id]
            choices.append(_Choice(keep, slot.opening_id, slot.start_min, slot.candidate))
        for class_, literals in zip(self._classes, self._starts, strict=True):
            for (opening_id, start_min), literal in zip(class_.starts, literals, strict=True):
                choices.append(_Choice(literal, opening_id, start_min, class_.model))
        return choices

    def _add_openings(self) -> dict[int, cp_model.IntVar]:
        locked = {slot.opening_id for slot in self._locked}
        opened = {
            i: self._model.new_constant(1) if i in locked else self._model.new_bool_var("")
            for i in sorted({choice.opening_id for choice in self._choices})
        }
        case = self._case
        add_expert_no_overlap(self._model, case.openings, opened)
        add_panel_no_overlap(self._model, case.openings, opened)
        add_parallel_limit(self._model, case.instance, case.openings, opened)
        if self._scope.most_opened is not None:
            self._model.add(sum(opened.values()) <= self._scope.most_opened)
        return opened

    def _add_demand(self) -> None:
        """Place no more of a class than it has members who hold no slot."""
        for class_, literals in zip(self._classes, self._starts, strict=True):
            keeping = [self._keeps[c.id] for c in class_.members if c.id in self._keeps]
            self._model.add(sum(literals) + sum(keeping) <= len(class_.members))

    def _add_sequences(self) -> None:
        """Hear one at a time in each sitting that is open, buffers included."""
        by_opening: dict[int, list[Span]] = defaultdict(list)
        for choice in self._choices:
            by_opening[choice.opening_id].append(Span(choice.start_min, choice.release_min, choice.literal))
        for opening_id, spans in by_opening.items():
            for clique in maximal_cliques(spans):
                self._model.add_at_most_one([span.item for span in clique] + [~self._opened[opening_id]])

    def _add_attendance(self) -> None:
        """Keep each attendee's slots apart, and away from the other sittings of which he is a member."""
        by_attendee: dict[str, list[_Choice]] = defaultdict(list)
        for choice in self._choices:
            for id_ in sorted(choice.candidate.attendee_ids):
                by_attendee[id_].append(choice)
        for attendee_id, choices in by_attendee.items():
            spans = [Span(choice.start_min, choice.end_min, choice.literal) for choice in choices]
            for clique in maximal_cliques(spans):
                self._model.add_at_most_one(span.item for span in clique)
            for opening_id, opened in self._opened.items():
                if attendee_id in self._case.openings[opening_id].attending:
                    self._keep_apart(opening_id, opened, choices)

    def _keep_apart(self, opening_id: int, opened: cp_model.IntVar, choices: Sequence[_Choice]) -> None:
        sitting = self._case.openings[opening_id].sitting
        for choice in choices:
            is_near = choice.start_min < sitting.end_min and sitting.start_min < choice.end_min
            if is_near and choice.opening_id != opening_id:
                self._model.add_at_most_one(choice.literal, opened)

    def _placed_forms(self) -> dict[int, Form]:
        """Return the placed candidates by priority; released ones count where they are heard."""
        placed: dict[int, Form] = defaultdict(int)
        for slot in self._locked:
            placed[slot.candidate.priority] += 1
        for slot in self._loose:
            is_released = slot.candidate.id in self._scope.released
            placed[slot.candidate.priority] += self._keeps[slot.candidate.id] if is_released else 1
        for class_, literals in zip(self._classes, self._starts, strict=True):
            placed[class_.model.priority] += sum(literals)
        return placed

    def most_placed(self, priority: int, params: SolveParameters, limit: float) -> tuple[Outcome, int | None]:
        """Place as many of one priority as possible."""
        self._model.maximize(self._placed.get(priority, 0))
        outcome = search(self._model, params, self._deadline, limit, **SETTINGS)
        return outcome, round(outcome.solver.objective_value) if outcome.solver else None

    def fewest_moves(self, params: SolveParameters, limit: float) -> Outcome:
        """Let as few as possible give up their slot."""
        self._model.minimize(self._moves())
        for keep in self._keeps.values():
            self._model.add_hint(keep, True)
        return search(self._model, params, self._deadline, limit, **SETTINGS)

    def fewest_openings(self, known: cp_model.CpSolver, params: SolveParameters, limit: float) -> Outcome:
        """Open as few sittings as possible with no more moves than in a known solution."""
        self._model.add(self._moves() <= known.value(self._moves()))
        self._model.clear_hints()
        for literal in (*self._keeps.values(), *(each for group in self._starts for each in group)):
            self._model.add_hint(literal, known.boolean_value(literal))
        self._model.minimize(sum(self._opened.values()))
        return search(self._model, params, self._deadline, limit, **SETTINGS)

    def _moves(self) -> Form:
        return len(self._keeps) - sum(self._keeps.values())

    def is_only_choice(self, known: cp_model.CpSolver, params: SolveParameters, limit: float) -> bool:
        """Return whether it is proven that with no more moves nobody else could give up a slot."""
        removed = {slot.candidate.id for slot in self.removed(known)}
        if not removed:
            return True
        self._model.add(self._moves() <= len(removed))
        kept = [keep for candidate_id, keep in self._keeps.items() if candidate_id not in removed]
        self._model.add(sum(kept) <= len(kept) - 1)
        self._model.clear_objective()
        return search(self._model, params, self._deadline, limit, **SETTINGS).is_infeasible

    def removed(self, solver: cp_model.CpSolver) -> list[HeldSlot]:
        """Return the slots that were given up."""
        return [slot for slot in self._loose if not solver.boolean_value(self._keeps[slot.candidate.id])]

    def seats(self, solver: cp_model.CpSolver) -> list[HeldSlot]:
        """Return everyone's place, the movers' handed out within their classes."""
        removed = {slot.candidate.id for slot in self.removed(solver)}
        seats = [*self._locked, *(slot for slot in self._loose if slot.candidate.id not in removed)]
        for class_, literals in zip(self._classes, self._starts, strict=True):
            seats += _hand_out(class_, literals, solver, self._keeps.keys() - removed)
        return seats


def _hand_out(
    class_: MoverClass, literals: Sequence[cp_model.IntVar], solver: cp_model.CpSolver, keeping: set[str]
) -> list[HeldSlot]:
    chosen = [
        start for start, literal in zip(class_.starts, literals, strict=True) if solver.boolean_value(literal)
    ]
    waiting = [candidate for candidate in class_.members if candidate.id not in keeping]
    return [HeldSlot(candidate, *start) for candidate, start in zip(waiting, chosen, strict=False)]

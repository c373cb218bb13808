"""The model with every start time and every order: proves all terms, for some dozen candidates."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from ortools.sat.python import cp_model

from scheduler.deadline import Deadline
from scheduler.eligibility import Opening, may_hear, sitting_starts
from scheduler.instance import DAY_MIN, Candidate, SchedulingInstance, Wish
from scheduler.objective import TermName, Tier
from scheduler.panels.constraints import (
    add_expert_no_overlap,
    add_load,
    add_panel_no_overlap,
    add_parallel_limit,
)
from scheduler.result import Sense, SolveParameters
from scheduler.roster import Roster, group_seats
from scheduler.search import Outcome, search

Form = Any  # a linear expression; the unions that OR-Tools declares cannot be added to each other

MOST_ARCS = 8_000
"""Ordered pairs of candidates who can sit together, over all sittings, up to which the model is used."""


class DetailedModel:
    """CP-SAT model with an optional interval for each candidate and sitting, and a path through each sitting.

    Parameters
    ----------
    candidates : sequence of Candidate
        Those without a pin, and those whose pins are kept.
    """

    def __init__(
        self,
        instance: SchedulingInstance,
        openings: Sequence[Opening],
        candidates: Sequence[Candidate],
        deadline: Deadline,
    ) -> None:
        self._instance, self._openings, self._candidates = instance, openings, candidates
        self._model = model = cp_model.CpModel()
        self._opened = {i: model.new_bool_var("") for i in range(len(openings))}
        self._present: dict[tuple[int, int], cp_model.IntVar] = {}
        self._starts: dict[tuple[int, int], cp_model.IntVar] = {}
        self._range: dict[tuple[int, int], tuple[int, int]] = {}
        self._inside: dict[int, list[int]] = defaultdict(list)
        for (c, candidate), (o, opening) in product(enumerate(candidates), enumerate(openings)):
            self._add_choice(c, candidate, o, opening)
        for c, candidate in enumerate(candidates):
            chosen = [self._present[c, o] for o in range(len(openings)) if (c, o) in self._present]
            model.add(sum(chosen) == 1 if candidate.pin else sum(chosen) <= 1)
        for o in range(len(openings)):
            self._add_room(o)
        self._break_symmetry()
        deadline.check()
        add_expert_no_overlap(model, openings, self._opened)
        add_panel_no_overlap(model, openings, self._opened)
        add_parallel_limit(model, instance, openings, self._opened)
        self._ends: dict[tuple[int, int], cp_model.IntVar] = {}
        self._switches: list[cp_model.IntVar] = []
        for o in range(len(openings)):
            self._add_path(o)
        self._forms: dict[TermName, Form] = {}

    def _add_choice(self, c: int, candidate: Candidate, o: int, opening: Opening) -> None:
        ranges = sitting_starts(candidate, opening.sitting)
        if ranges and may_hear(self._instance, opening, candidate):
            domain = cp_model.Domain.from_intervals([list(pair) for pair in ranges])
            self._present[c, o] = self._model.new_bool_var("")
            self._starts[c, o] = self._model.new_int_var_from_domain(domain, "")
            self._range[c, o] = ranges[0][0], ranges[-1][1]
            self._inside[o].append(c)

    def _add_room(self, o: int) -> None:
        """Let one defence follow the other; the last buffer may stick out, as only starts are bounded."""
        people = self._inside[o]
        self._model.add_no_overlap(
            self._model.new_optional_fixed_size_interval_var(
                self._starts[c, o], self._step_min(c), self._present[c, o], ""
            )
            for c in people
        )
        present = [self._present[c, o] for c in people]
        self._model.add_max_equality(self._opened[o], present or [self._model.new_constant(0)])

    def _break_symmetry(self) -> None:
        """Of two candidates whom nothing but the id tells apart, place the first first."""
        last_alike: dict[Candidate, int] = {}
        for c, candidate in enumerate(self._candidates):
            before = last_alike.get(nameless := replace(candidate, id="-"))
            last_alike[nameless] = c
            if before is None:
                continue
            both = [o for o in range(len(self._openings)) if (c, o) in self._present]
            is_placed, is_before_placed = (sum(self._present[each, o] for o in both) for each in (c, before))
            self._model.add(is_placed <= is_before_placed)
            for o in both:
                self._model.add(self._starts[before, o] <= self._starts[c, o]).only_enforce_if(
                    self._present[before, o], self._present[c, o]
                )

    def _step_min(self, c: int) -> int:
        return self._candidates[c].duration_min + self._candidates[c].buffer_min

    def _add_path(self, o: int) -> None:
        """Lead a path through all who sit in an opening: its arcs are the neighbours."""
        people = self._inside[o]
        arcs: list[tuple[int, int, Any]] = [(0, 0, ~self._opened[o])]
        for i, c in enumerate(people, 1):
            self._ends[c, o] = self._model.new_bool_var("")
            arcs += [(0, i, self._model.new_bool_var("")), (i, 0, self._ends[c, o])]
            arcs.append((i, i, ~self._present[c, o]))
            for j, other in enumerate(people, 1):
                if i != j:
                    follows = self._model.new_bool_var("")
                    later = self._starts[other, o] >= self._starts[c, o] + self._step_min(c)
                    self._model.add(later).only_enforce_if(follows)
                    arcs.append((i, j, follows))
                    if self._candidates[c].category != self._candidates[other].category:
                        self._switches.append(follows)
        if people:
            self._model.add_circuit(arcs)

    def placed(self, priority: int) -> Form:
        """Return how many candidates of one priority are heard."""
        return sum(v for (c, _), v in self._present.items() if self._candidates[c].priority == priority)

    def tier(self, tier: Tier) -> Form:
        """Return the value of one tier of the objective."""
        return sum(goal.weight * self._term(goal.term) for goal in tier)

    def keep(self, form: Form, sense: Sense, value: int) -> None:
        """Demand that `form` gets no worse than `value` in all later solves."""
        self._model.add(form >= value if sense is Sense.MAXIMISE else form <= value)

    def optimise(
        self,
        form: Form,
        sense: Sense,
        hint: Roster,
        params: SolveParameters,
        deadline: Deadline,
        limit: float,
        on_solution: Callable[[int, int], None],
    ) -> tuple[Outcome, Roster | None]:
        """Optimise one form, starting from the roster `hint`; the roster is None when nothing was found."""
        if sense is Sense.MAXIMISE:
            self._model.maximize(form)
        else:
            self._model.minimize(form)
        self._hint(hint)
        outcome = search(self._model, params, deadline, limit, on_solution=on_solution)
        return outcome, self._read(outcome.solver) if outcome.solver else None

    def _hint(self, roster: Roster) -> None:
        self._model.clear_hints()
        known = {candidate.id: (o, s) for o, seats in roster.seats.items() for s, candidate in seats}
        for (c, o), present in self._present.items():
            place = known.get(self._candidates[c].id)
            is_here = place is not None and place[0] == o
            self._model.add_hint(present, is_here)
            if place is not None and is_here:
                self._model.add_hint(self._starts[c, o], place[1])

    def _read(self, solver: cp_model.CpSolver) -> Roster:
        return group_seats(
            [
                (o, solver.value(self._starts[c, o]), self._candidates[c])
                for (c, o), present in self._present.items()
                if solver.value(present)
            ]
        )

    def _term(self, name: TermName) -> Form:
        if name not in self._forms:
            self._forms[name] = _FORMS[name](self)
        return self._forms[name]

    def _moved(self) -> Form:
        """Count those with a published slot, less those who keep it."""
        kept = []
        by_sitting = {opening.sitting.id: o for o, opening in enumerate(self._openings)}
        for c, candidate in enumerate(self._candidates):
            slot = candidate.published
            place = (c, by_sitting.get(slot.sitting_id, -1)) if slot else None
            if slot is not None and place in self._present:
                stays = self._model.new_bool_var("")
                self._model.add_implication(stays, self._present[place])
                self._model.add(self._starts[place] == slot.start_min).only_enforce_if(stays)
                kept.append(stays)
        return sum(candidate.published is not None for candidate in self._instance.candidates) - sum(kept)

    def _opened_count(self) -> Form:
        return sum(self._opened.values())

    def _idle(self) -> Form:
        """Time from the first start to the last in each opening, less all steps but the last one's."""
        total: Form = 0
        for o, people in self._inside.items():
            if not people:
                continue
            low = min(self._range[c, o][0] for c in people)
            high = max(self._range[c, o][1] for c in people)
            first = self._model.new_int_var(low, high, "")
            last = self._model.new_int_var(low, high, "")
            idle = self._model.new_int_var(0, high - low, "")
            for c in people:
                self._model.add(first <= self._starts[c, o]).only_enforce_if(self._present[c, o])
                self._model.add(last >= self._starts[c, o]).only_enforce_if(self._present[c, o])
            steps = sum(self._step_min(c) * (self._present[c, o] - self._ends[c, o]) for c in people)
            self._model.add(idle >= last - first - steps)
            total += idle
        return total

    def _switch_count(self) -> Form:
        return sum(self._switches)

    def _load(self) -> Form:
        return add_load(self._model, self._instance, self._openings, self._opened)

    def _region_days(self) -> Form:
        met: dict[tuple[str, int], cp_model.IntVar] = {}
        day_of = self._instance.day_of
        for (c, o), present in self._present.items():
            region, (low, high) = self._candidates[c].region, self._range[c, o]
            days = range(day_of(low), day_of(high) + 1) if region else ()
            on_day = [self._model.new_bool_var("") for _ in days]
            for day, is_day in zip(days, on_day, strict=True):
                first_min = self._instance.midnight_min + day * DAY_MIN
                start = self._starts[c, o]
                self._model.add_linear_constraint(start, first_min, first_min + DAY_MIN - 1).only_enforce_if(
                    is_day
                )
                seen = met.setdefault((region, day), self._model.new_bool_var(""))
                self._model.add_implication(is_day, seen)
            if on_day:
                self._model.add_bool_or([*on_day, ~present])
        return sum(met.values())

    def _wishes(self) -> Form:
        broken: Form = 0
        for (c, o), present in self._present.items():
            for wish in self._candidates[c].wishes:
                is_broken = self._model.new_bool_var("")
                self._add_wish(c, o, wish, [present, ~is_broken])
                broken += wish.weight * is_broken
        return broken

    def _add_wish(self, c: int, o: int, wish: Wish, condition: Sequence[cp_model.LiteralT]) -> None:
        duration_min = self._candidates[c].duration_min
        low, high = wish.start_min, wish.end_min - duration_min
        if wish.is_avoided:
            domain = cp_model.Domain(low - duration_min + 1, wish.end_min - 1).complement()
        elif low <= high:
            domain = cp_model.Domain(low, high)
        else:
            domain = cp_model.Domain.from_intervals([])
        self._model.add_linear_expression_in_domain(self._starts[c, o], domain).only_enforce_if(condition)

    def _conflicts(self) -> Form:
        return sum(
            present
            for (c, o), present in self._present.items()
            if not self._openings[o].attending.isdisjoint(self._candidates[c].recused_expert_ids)
        )

    def _lateness(self) -> Form:
        starts_min = sorted({sitting.start_min for sitting in self._instance.sittings})
        rank = {start_min: position for position, start_min in enumerate(starts_min)}
        return sum(rank[self._openings[i].sitting.start_min] * v for i, v in self._opened.items())


_FORMS: dict[TermName, Callable[[DetailedModel], Form]] = {
    TermName.MOVED: DetailedModel._moved,
    TermName.OPENED: DetailedModel._opened_count,
    TermName.IDLE: DetailedModel._idle,
    TermName.SWITCHES: DetailedModel._switch_count,
    TermName.LOAD: DetailedModel._load,
    TermName.REGION_DAYS: DetailedModel._region_days,
    TermName.WISHES: DetailedModel._wishes,
    TermName.CONFLICTS: DetailedModel._conflicts,
    TermName.LATENESS: DetailedModel._lateness,
}


def is_small(instance: SchedulingInstance, openings: Sequence[Opening]) -> bool:
    """Return whether the model can be built: it is asked in detail only where that is cheap."""
    if len(instance.candidates) * len(openings) > MOST_ARCS:
        return False
    heard = (
        sum(bool(sitting_starts(c, o.sitting)) and may_hear(instance, o, c) for c in instance.candidates)
        for o in openings
    )
    return sum(count * count for count in heard) <= MOST_ARCS

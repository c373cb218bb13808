"""The counting model person by person, with every soft term: exact, for some hundred candidates."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ortools.sat.python import cp_model

from scheduler.deadline import Deadline
from scheduler.objective import TermName, Tier
from scheduler.panels import constraints
from scheduler.panels.problem import Problem
from scheduler.result import Sense, SolveParameters
from scheduler.search import Outcome, search

Form = Any  # a linear expression; the unions that OR-Tools declares cannot be added to each other


@dataclass(frozen=True)
class Cut:
    """Numbers per class that no order fits into one sitting: {class_id: count}."""

    opening_id: int
    counts: Mapping[int, int]


class ExactModel:
    """CP-SAT model over legal combinations only; solved once per tier, with the earlier tiers kept.

    Parameters
    ----------
    opened : frozenset of int, optional
        The openings that may open; by default all.
    met_region_days : frozenset of (str, int)
        Pairs of region and day that cost nothing, as the rest of a larger schedule has them already.
    """

    def __init__(
        self,
        problem: Problem,
        deadline: Deadline,
        opened: frozenset[int] | None = None,
        met_region_days: frozenset[tuple[str, int]] = frozenset(),
    ) -> None:
        self._problem, self._met_region_days = problem, met_region_days
        self._model = model = cp_model.CpModel()
        self._counts = [model.new_int_var(0, cell.limit, "") for cell in problem.cells]
        may_open = range(len(problem.openings)) if opened is None else opened
        self._opened = {i: model.new_int_var(0, int(i in may_open), "") for i in range(len(problem.openings))}
        counts, openings = self._counts, self._opened
        constraints.add_each_candidate_once(model, problem, counts)
        constraints.add_opened_when_used(model, problem, counts, openings)
        deadline.check()
        constraints.add_capacity(model, problem, counts, openings)
        constraints.add_windows(model, problem, counts)
        deadline.check()
        constraints.add_expert_no_overlap(model, problem.openings, openings)
        constraints.add_panel_no_overlap(model, problem.openings, openings)
        constraints.add_parallel_limit(model, problem.instance, problem.openings, openings)
        deadline.check()
        self._forms: dict[TermName, Form] = {}

    def placed(self, priority: int) -> Form:
        """Return how many candidates of one priority are heard."""
        cells = enumerate(self._problem.cells)
        return sum(self._counts[i] for i, cell in cells if cell.candidate.priority == priority)

    def tier(self, tier: Tier) -> Form:
        """Return the value of one tier of the objective, as far as counts decide it; never too high."""
        return sum(goal.weight * self._term(goal.term) for goal in tier)

    def keep(self, form: Form, sense: Sense, value: int) -> None:
        """Demand that `form` gets no worse than `value` in all later solves."""
        self._model.add(form >= value if sense is Sense.MAXIMISE else form <= value)

    def at_least(self, form: Form, bound: int) -> None:
        """Tell the model a bound on a minimised form that is proven elsewhere."""
        self._model.add(form >= bound)

    def add_cut(self, cut: Cut) -> None:
        """Forbid the numbers of `cut`, and with them all larger ones, in its sitting."""
        fewer = []
        for class_id, count in cut.counts.items():
            cells = [
                self._counts[i]
                for i, cell in enumerate(self._problem.cells)
                if cell.opening_id == cut.opening_id and cell.class_id == class_id
            ]
            is_fewer = self._model.new_bool_var("")
            self._model.add(sum(cells) <= count - 1).only_enforce_if(is_fewer)
            fewer.append(is_fewer)
        self._model.add_bool_or(fewer)

    def optimise(
        self,
        form: Form,
        sense: Sense,
        hint: Sequence[int],
        params: SolveParameters,
        deadline: Deadline,
        limit: float,
        patience_s: float | None = None,
        on_solution: Callable[[int, int], None] | None = None,
    ) -> tuple[Outcome, tuple[int, ...] | None]:
        """Optimise one form.

        Parameters
        ----------
        hint : sequence of int
            Counts to start from; presolve can lose them, so the caller keeps its incumbent.
        limit : float
            Budget of this search in the unit of the deadline.
        patience_s : float, optional
            Seconds without a better solution or bound after which it ends.

        Returns
        -------
        tuple of Outcome and counts per cell (None when no solution was found)
        """
        if sense is Sense.MAXIMISE:
            self._model.maximize(form)
        else:
            self._model.minimize(form)
        self._model.clear_hints()
        used = {cell.opening_id for cell, count in zip(self._problem.cells, hint, strict=True) if count}
        for variable, count in zip(self._counts, hint, strict=True):
            self._model.add_hint(variable, count)
        for opening_id, variable in self._opened.items():
            self._model.add_hint(variable, opening_id in used)
        outcome = search(self._model, params, deadline, limit, patience_s, on_solution)
        if outcome.solver is None:
            return outcome, None
        return outcome, tuple(outcome.solver.value(variable) for variable in self._counts)

    def _term(self, name: TermName) -> Form:
        if name not in self._forms:
            self._forms[name] = _FORMS[name](self)
        return self._forms[name]

    def _nothing(self) -> Form:
        """Stand for terms that counts do not decide: moves and idle minutes."""
        return 0

    def _opened_count(self) -> Form:
        return sum(self._opened.values())

    def _switches(self) -> Form:
        """Count the categories of each sitting; in the best order each follows the other once."""
        cells: dict[tuple[int, str], list[int]] = defaultdict(list)
        for i, cell in enumerate(self._problem.cells):
            cells[cell.opening_id, cell.candidate.category].append(i)
        heard: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        for (opening_id, _), ids in cells.items():
            heard[opening_id].append(self._indicator(ids))
        for opening_id, used in heard.items():
            self._model.add(sum(used) >= self._opened[opening_id])
        return sum(sum(used) for used in heard.values()) - self._opened_count()

    def _indicator(self, cell_ids: Sequence[int]) -> cp_model.IntVar:
        """Return a variable that is 1 when any of the cells counts somebody."""
        is_used = self._model.new_bool_var("")
        for i in cell_ids:
            self._model.add(self._counts[i] <= self._problem.cells[i].limit * is_used)
        return is_used

    def _load(self) -> Form:
        problem = self._problem
        return constraints.add_load(self._model, problem.instance, problem.openings, self._opened)

    def _region_days(self) -> Form:
        cells: dict[tuple[str, int], list[int]] = defaultdict(list)
        for i, cell in enumerate(self._problem.cells):
            day_of, starts = self._problem.instance.day_of, cell.place.starts
            day = day_of(starts[0][0])
            # A place that reaches over midnight is left out: the form must never be too high.
            if cell.candidate.region and day == day_of(starts[-1][1]):
                cells[cell.candidate.region, day].append(i)
        return sum(self._indicator(ids) for pair, ids in cells.items() if pair not in self._met_region_days)

    def _wishes(self) -> Form:
        cells = enumerate(self._problem.cells)
        return sum(cell.place.unmet * self._counts[i] for i, cell in cells if cell.place.unmet)

    def _conflicts(self) -> Form:
        cells = enumerate(self._problem.cells)
        return sum(self._counts[i] for i, cell in cells if cell.place.is_conflict)

    def _lateness(self) -> Form:
        starts_min = sorted({sitting.start_min for sitting in self._problem.instance.sittings})
        rank = {start_min: position for position, start_min in enumerate(starts_min)}
        openings = self._problem.openings
        return sum(rank[openings[i].sitting.start_min] * v for i, v in self._opened.items())


_FORMS: dict[TermName, Callable[[ExactModel], Form]] = {
    TermName.MOVED: ExactModel._nothing,
    TermName.OPENED: ExactModel._opened_count,
    TermName.IDLE: ExactModel._nothing,
    TermName.SWITCHES: ExactModel._switches,
    TermName.LOAD: ExactModel._load,
    TermName.REGION_DAYS: ExactModel._region_days,
    TermName.WISHES: ExactModel._wishes,
    TermName.CONFLICTS: ExactModel._conflicts,
    TermName.LATENESS: ExactModel._lateness,
}

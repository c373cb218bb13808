"""The counting model: how many of each class sit in each gap, and which sittings open."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from scheduler import constraints
from scheduler.deadline import Deadline
from scheduler.patience import Patience
from scheduler.problem import Problem
from scheduler.result import Sense, SolveParameters
from scheduler.terms import Term

Improvement = Callable[[int, int], None]
"""Called with the term's value and bound at each better solution."""


@dataclass(frozen=True)
class MasterOutcome:
    """Counts per cell (None when no solution was found in time) and the proven bound on the term."""

    counts: tuple[int, ...] | None
    best_bound: int


@dataclass(frozen=True)
class Cut:
    """Numbers per class that no order fits into one sitting: {class_id: count}."""

    opening_id: int
    counts: Mapping[int, int]


class MasterModel:
    """CP-SAT model over legal combinations only; solved once per term, with the earlier terms fixed."""

    def __init__(self, problem: Problem, params: SolveParameters, deadline: Deadline) -> None:
        self._problem = problem
        self._params = params
        self._deadline = deadline
        self._model = model = cp_model.CpModel()
        self._counts = counts = [model.new_int_var(0, cell.limit, "") for cell in problem.cells]
        self._opened = opened = {i: model.new_bool_var("") for i in range(len(problem.openings))}
        constraints.add_each_candidate_once(model, problem, counts)
        constraints.add_opened_when_used(model, problem, counts, opened)
        deadline.check()
        constraints.add_capacity(model, problem, counts, opened)
        constraints.add_windows(model, problem, counts)
        deadline.check()
        constraints.add_expert_no_overlap(model, problem.openings, opened)
        constraints.add_parallel_limit(model, problem.instance, problem.openings, opened)
        deadline.check()

    def _form(self, term: Term) -> cp_model.LinearExprT:
        heard = sum(weight * self._counts[i] for i, weight in term.cell_weights.items())
        return heard + sum(weight * self._opened[i] for i, weight in term.opening_weights.items())

    def keep(self, term: Term, value: int) -> None:
        """Demand that `term` gets no worse than `value` in all later solves."""
        if term.sense is Sense.MAXIMISE:
            self._model.add(self._form(term) >= value)
        else:
            self._model.add(self._form(term) <= value)

    def at_least(self, term: Term, bound: int) -> None:
        """Tell the model a bound on a minimised term that is proven elsewhere."""
        self._model.add(self._form(term) >= bound)

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
        term: Term,
        hint: Sequence[int] | None,
        limit_s: float,
        patience_s: float,
        on_improvement: Improvement,
    ) -> MasterOutcome:
        """Optimise one term.

        Parameters
        ----------
        hint : sequence of int or None
            Counts to start from; presolve can lose them, so the caller keeps its incumbent.
        limit_s : float
            Seconds for this search.
        patience_s : float
            Seconds without a better solution or bound after which it ends.
        """
        form = self._form(term)
        if term.sense is Sense.MAXIMISE:
            self._model.maximize(form)
        else:
            self._model.minimize(form)
        self._hint(hint)
        return self._search(term, limit_s, patience_s, on_improvement)

    def _hint(self, hint: Sequence[int] | None) -> None:
        self._model.clear_hints()
        if hint is None:
            return
        used = {cell.opening_id for cell, count in zip(self._problem.cells, hint, strict=True) if count}
        for variable, count in zip(self._counts, hint, strict=True):
            self._model.add_hint(variable, count)
        for opening_id, variable in self._opened.items():
            self._model.add_hint(variable, opening_id in used)

    def _search(
        self, term: Term, limit_s: float, patience_s: float, on_improvement: Improvement
    ) -> MasterOutcome:
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = max(0.01, limit_s)
        solver.parameters.num_workers = self._params.workers
        solver.parameters.random_seed = self._params.seed
        self._deadline.stop.guard(solver.stop_search)
        try:
            with Patience(patience_s, solver.stop_search) as patience:
                callback = _ImprovementCallback(patience, on_improvement)
                solver.best_bound_callback = lambda _bound: patience.renew()
                status = solver.solve(self._model, callback)
        finally:
            self._deadline.stop.guard(None)
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            counts = tuple(solver.value(variable) for variable in self._counts)
            return MasterOutcome(counts, round(solver.best_objective_bound))
        if status == cp_model.UNKNOWN:
            return MasterOutcome(None, term.trivial_bound)
        # The empty schedule, or the last one kept, always fits: anything else is a fault of the model.
        raise RuntimeError(f"counting model: {solver.status_name(status)} {self._model.validate()}")


class _ImprovementCallback(cp_model.CpSolverSolutionCallback):
    def __init__(self, patience: Patience, on_improvement: Improvement) -> None:
        super().__init__()
        self._patience = patience
        self._on_improvement = on_improvement

    def on_solution_callback(self) -> None:
        self._patience.start()
        self._on_improvement(round(self.objective_value), round(self.best_objective_bound))

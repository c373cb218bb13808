"""One way to run CP-SAT: limits, seed, cancelling and effort are handled here and nowhere else."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ortools.sat.python import cp_model

from scheduler.deadline import Deadline
from scheduler.patience import Patience
from scheduler.result import SolveParameters

LARGEST_BOUND, ROUNDING = 2**53, 1e-6
"""CP-SAT reports bounds as floats: beyond the first there is none, below the second it is noise."""


@dataclass(frozen=True)
class Outcome:
    """How a search ended: solution (None without one), proven bound, and whether it is settled.

    `is_settled` is true when the search proved its solution optimal, or that there is none.
    """

    solver: cp_model.CpSolver | None
    best_bound: int | None
    is_settled: bool

    @property
    def is_infeasible(self) -> bool:
        """Whether it is proven that no solution exists."""
        return self.is_settled and self.solver is None


class _Watcher(cp_model.CpSolverSolutionCallback):
    def __init__(self, on_solution: Callable[[int, int], None], patience: Patience | None) -> None:
        super().__init__()
        self._on_solution = on_solution
        self._patience = patience

    def on_solution_callback(self) -> None:
        if self._patience:
            self._patience.start()
        self._on_solution(round(self.objective_value), round(self.best_objective_bound))


def search(
    model: cp_model.CpModel,
    params: SolveParameters,
    deadline: Deadline,
    limit: float,
    patience_s: float | None = None,
    on_solution: Callable[[int, int], None] | None = None,
    **settings: Any,
) -> Outcome:
    """Solve `model` within `limit`, and never beyond the deadline.

    Parameters
    ----------
    limit : float
        Budget of this search, in seconds or in effort as the deadline counts.
    patience_s : float, optional
        Seconds without a better solution or bound, after the first, that end the search; not used when effort
        is counted, as patience depends on the machine.
    on_solution : callable, optional
        Gets value and bound of each better solution, in another thread.
    **settings
        Further parameters of CP-SAT.
    """
    limit = min(limit, deadline.remaining_s())
    if limit <= 0:
        return Outcome(None, None, is_settled=False)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = params.workers
    solver.parameters.random_seed = params.seed
    solver.parameters.catch_sigint_signal = False  # Ctrl-C belongs to whoever called us
    solver.parameters.max_time_in_seconds = max(0.01, deadline.limit_s - deadline.elapsed_s())
    if deadline.is_deterministic:
        solver.parameters.max_deterministic_time = limit
        solver.parameters.interleave_search = params.workers > 1
    else:
        solver.parameters.max_time_in_seconds = limit
    for name, value in settings.items():
        setattr(solver.parameters, name, value)
    deadline.stop.guard(solver.stop_search)
    try:
        status = _run(model, solver, deadline, patience_s, on_solution)
    finally:
        deadline.stop.guard(None)
    if status == cp_model.MODEL_INVALID:
        raise ValueError(model.validate())
    deadline.spend(solver.deterministic_time)
    is_found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return Outcome(
        solver if is_found else None,
        _whole_bound(model, solver, is_found),
        status in (cp_model.OPTIMAL, cp_model.INFEASIBLE),
    )


def _run(
    model: cp_model.CpModel,
    solver: cp_model.CpSolver,
    deadline: Deadline,
    patience_s: float | None,
    on_solution: Callable[[int, int], None] | None,
) -> cp_model.CpSolverStatus:
    if deadline.is_deterministic or patience_s is None:
        watcher = _Watcher(on_solution, None) if on_solution else None
        return solver.solve(model, watcher)
    with Patience(patience_s, solver.stop_search) as patience:
        watcher = _Watcher(on_solution or (lambda _value, _bound: None), patience)
        solver.best_bound_callback = lambda _bound: patience.renew()
        return solver.solve(model, watcher)


def _whole_bound(model: cp_model.CpModel, solver: cp_model.CpSolver, is_found: bool) -> int | None:
    """Return the bound rounded towards the solution: all objectives here are whole numbers.

    A search that ended before it knew anything reports 0, which bounds nothing.
    """
    bound = solver.best_objective_bound
    if not model.has_objective() or abs(bound) > LARGEST_BOUND or (bound == 0 and not is_found):
        return None
    is_minimised = model.proto.objective.scaling_factor >= 0
    return math.ceil(bound - ROUNDING) if is_minimised else math.floor(bound + ROUNDING)

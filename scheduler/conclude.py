"""From the state of a search to the result of a solve."""

from importlib.metadata import version

from scheduler.deadline import Deadline
from scheduler.reasons import explain_unplaced
from scheduler.result import SolveParameters, SolveResult
from scheduler.schedule import Schedule
from scheduler.standing import Standing


def conclude(standing: Standing, params: SolveParameters, deadline: Deadline) -> SolveResult:
    """Give everyone without a slot a reason, and add what is needed to judge and repeat the solve."""
    assignments = standing.roster.assignments(standing.openings)
    unplaced = explain_unplaced(
        standing.instance, assignments, standing.is_placing_proven, params.time_limit_s
    )
    return SolveResult(
        schedule=Schedule(assignments, unplaced),
        status=standing.status(deadline.stop.requested),
        objective=standing.terms(),
        wall_time_s=round(deadline.elapsed_s(), 3),
        solver_version=f"ortools {version('ortools')}",
        seed=params.seed,
        parameters=params,
    )

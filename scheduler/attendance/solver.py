"""Solve an instance in which somebody must attend by name."""

from contextlib import suppress
from importlib.metadata import version

from scheduler.attendance.case import CaseBuilder
from scheduler.attendance.mixed import MixedSearch, SolvePlain
from scheduler.attendance.whole import solve_whole
from scheduler.deadline import Deadline, OutOfTime, StopSwitch
from scheduler.eligibility import list_openings, may_open
from scheduler.instance import SchedulingInstance
from scheduler.progress import ProgressCallback, ProgressReporter
from scheduler.reasons import explain_unplaced
from scheduler.result import SolveParameters, SolveResult
from scheduler.schedule import Schedule
from scheduler.standing import Standing


def solve_with_attendees(
    instance: SchedulingInstance,
    params: SolveParameters,
    on_progress: ProgressCallback | None,
    stop: StopSwitch,
    solve_plain: SolvePlain,
) -> SolveResult:
    """Schedule the candidates of an instance in which some have attendees.

    Parameters
    ----------
    solve_plain : callable
        Schedules the others when only some have attendees; see `scheduler.attendance.mixed`.

    Returns
    -------
    SolveResult
        Every candidate is assigned or listed with a reason. See `SolveStatus` for what the status promises.

    Notes
    -----
    When all have attendees (thesis defences) the boolean model is the whole model, and proves each tier as
    far as the time reaches. See `scheduler.attendance.starts` for why its starts are enough.
    """
    deadline = Deadline(params.time_limit_s, stop, params.deterministic_limit)
    with ProgressReporter(on_progress, deadline) as reporter:
        openings = tuple(opening for opening in list_openings(instance) if may_open(instance, opening))
        standing = Standing(instance, openings, reporter)
        standing.report("build")
        with suppress(OutOfTime):
            if all(candidate.attendee_ids for candidate in instance.candidates):
                builder = CaseBuilder(instance, openings, instance.candidates, deadline)
                solve_whole(standing, builder, params, deadline)
            else:
                MixedSearch(standing, reporter, params, deadline, solve_plain).run()
        assignments = standing.roster.assignments(openings)
        unplaced = explain_unplaced(instance, assignments, standing.is_placing_proven, params.time_limit_s)
        standing.report("done")
    return SolveResult(
        schedule=Schedule(assignments, unplaced),
        status=standing.status(stop.requested),
        objective=standing.terms(),
        wall_time_s=round(deadline.elapsed_s(), 3),
        solver_version=f"ortools {version('ortools')}",
        seed=params.seed,
        parameters=params,
    )

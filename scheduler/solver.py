"""Solve: one door to the ways of solving, and what they have in common."""

from contextlib import suppress

from scheduler.attendance.solver import solve_with_attendees
from scheduler.changes.published import solve_published
from scheduler.conclude import conclude
from scheduler.deadline import Deadline, OutOfTime, StopSwitch
from scheduler.eligibility import list_openings, may_open
from scheduler.instance import SchedulingInstance
from scheduler.objective import TermName
from scheduler.panels.detailed import is_small
from scheduler.panels.panel_search import PanelSearch
from scheduler.progress import ProgressCallback, ProgressReporter
from scheduler.result import SolveParameters, SolveResult
from scheduler.standing import Standing


def solve(
    instance: SchedulingInstance,
    params: SolveParameters | None = None,
    on_progress: ProgressCallback | None = None,
    stop: StopSwitch | None = None,
) -> SolveResult:
    """Schedule the candidates of `instance`.

    Parameters
    ----------
    instance : SchedulingInstance
        Times in minutes on one axis.
    params : SolveParameters, optional
        Time limit in seconds (the building of the model counts), seed and workers.
    on_progress : callable, optional
        Gets a dict at every improvement and about once a second; called from other threads, one at a time.
    stop : StopSwitch, optional
        Lets another thread end the search; the best schedule so far is returned.

    Returns
    -------
    SolveResult
        Every candidate is assigned or listed with a reason. See `SolveStatus` for what the status promises.
    """
    params, stop = params or SolveParameters(), stop or StopSwitch()
    named = [bool(candidate.attendee_ids) for candidate in instance.candidates]
    # Exact models of the whole count moves themselves; what is too large is solved around what stays.
    if _counts_moves(instance) and not all(named) and not is_small(instance, list_openings(instance)):
        return solve_published(instance, params, on_progress, stop, solve)
    if any(named):
        return solve_with_attendees(instance, params, on_progress, stop, solve)
    return _solve_panels(instance, params, on_progress, stop)


def _counts_moves(instance: SchedulingInstance) -> bool:
    terms = {goal.term for tier in instance.objective for goal in tier}
    return TermName.MOVED in terms and any(candidate.published for candidate in instance.candidates)


def _solve_panels(
    instance: SchedulingInstance,
    params: SolveParameters,
    on_progress: ProgressCallback | None,
    stop: StopSwitch,
) -> SolveResult:
    """Solve an instance in which nobody has attendees or a published slot to keep."""
    deadline = Deadline(params.time_limit_s, stop, params.deterministic_limit)
    openings = tuple(opening for opening in list_openings(instance) if may_open(instance, opening))
    with ProgressReporter(on_progress, deadline) as reporter:
        standing = Standing(instance, openings, reporter)
        with suppress(OutOfTime):
            PanelSearch(standing, params, deadline).run()
        return conclude(standing, params, deadline)

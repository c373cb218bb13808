"""Solve an instance in which somebody must attend by name."""

from contextlib import suppress

from scheduler.attendance.case import CaseBuilder
from scheduler.attendance.greedy import place_greedily
from scheduler.attendance.improve import note_pins
from scheduler.attendance.mixed import MixedSearch, SolvePlain
from scheduler.attendance.whole import solve_whole
from scheduler.conclude import conclude
from scheduler.deadline import Deadline, OutOfTime, StopSwitch
from scheduler.eligibility import list_openings, may_open
from scheduler.instance import SchedulingInstance
from scheduler.progress import ProgressCallback, ProgressReporter
from scheduler.result import SolveParameters, SolveResult
from scheduler.standing import Standing

GREEDY_S = 5.0
"""Seconds for a schedule by a simple rule after a budget that was too small for anything."""


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
        if not standing.roster.seats and not stop.requested:
            _answer_greedily(standing)
        standing.report("done")
        return conclude(standing, params, deadline)


def _answer_greedily(standing: Standing) -> None:
    """Give the answer that is always possible, where the budget did not reach for any other."""
    grace = Deadline(GREEDY_S, StopSwitch())
    with suppress(OutOfTime):
        builder = CaseBuilder(standing.instance, standing.openings, standing.instance.candidates, grace)
        standing.accept(place_greedily(builder.build_coarse(), grace))
        note_pins(standing)

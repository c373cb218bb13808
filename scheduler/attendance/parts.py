"""Better schedules of large cases: free a few days, leave the others in place, solve, go on elsewhere."""

import random
from dataclasses import replace

from scheduler.attendance.case import Case
from scheduler.attendance.improve import CaseSearch, taken_options
from scheduler.attendance.starts import merge_windows
from scheduler.deadline import Deadline
from scheduler.result import SolveParameters
from scheduler.standing import Standing

PART_SHARE = 0.1
"""Part of what is left that one part may use."""

PATIENCE_TRIES = 60
"""Parts in a row that could not be bettered, after which it ends."""

MOST_FREE, STRETCHES = 60, (2, 3, 4)
"""Defences that are free at once, and from how many stretches of time (days or half-days) they come."""


def improve_by_parts(
    case: Case, standing: Standing, params: SolveParameters, deadline: Deadline, share: float
) -> None:
    """Better the schedule part by part, within a share of what is left; proves nothing.

    Parameters
    ----------
    case : Case
        With all starts, however many: the parts need only few of them.
    """
    rng = random.Random(params.seed)  # noqa: S311 (chooses where to look, nothing secret)
    tries = 0
    ends = deadline.spent() + share * deadline.remaining_s()
    while deadline.spent() < ends and tries < PATIENCE_TRIES and not standing.are_all_proven:
        deadline.check()
        before = standing.value
        part = _choose_part(case, standing, rng)
        search = CaseSearch(part, standing, params, deadline, PART_SHARE)
        search.keep_pins()
        search.run()
        tries = tries + 1 if standing.value == before else 0


def _choose_part(case: Case, standing: Standing, rng: random.Random) -> Case:
    """Free those heard in a few stretches of time, and those not heard at all, within these stretches."""
    taken = {case.options[i].candidate: i for i in taken_options(case, standing.roster)}
    stretches = merge_windows((kind.start_min, kind.end_min) for kind in case.kinds)
    chosen = rng.sample(stretches, min(rng.choice(STRETCHES), len(stretches)))
    kinds = {
        kind_id
        for kind_id, kind in enumerate(case.kinds)
        if any(start_min <= kind.start_min < end_min for start_min, end_min in chosen)
    }
    inside = [
        index
        for index in range(len(case.candidates))
        if index not in taken or case.options[taken[index]].kind in kinds
    ]
    free = set(rng.sample(inside, min(MOST_FREE, len(inside))))
    kept = [
        option
        for option_id, option in enumerate(case.options)
        if taken.get(option.candidate) == option_id or (option.candidate in free and option.kind in kinds)
    ]
    return replace(case, options=tuple(kept), is_lossless=False)

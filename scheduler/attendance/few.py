"""Slots for those with attendees that leave the others their sittings and unbroken time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ortools.sat.python import cp_model

from scheduler.attendance.around import blocks
from scheduler.attendance.case import Case, CaseBuilder, Option
from scheduler.attendance.greedy import place_greedily
from scheduler.attendance.improve import CaseSearch, note_pins
from scheduler.deadline import Deadline
from scheduler.eligibility import Opening
from scheduler.instance import Candidate, Slot
from scheduler.objective import Goal, TermName
from scheduler.progress import ProgressReporter
from scheduler.result import SolveParameters
from scheduler.roster import Roster, broken_wishes
from scheduler.schedule import Assignment
from scheduler.standing import Standing

COST_MORE_OPENED, COST_BLOCKED, COST_ELSEWHERE, COST_WISH = 10_000, 10_000, 1_000, 300
"""In minutes from the edge of the sitting, of which a half-day has some hundred."""

FEW_SHARE, SPREAD_SHARE = 0.15, 0.7
"""Part of what is left that the few may use, and of that what choosing among their schedules may."""


@dataclass(frozen=True)
class Guide:
    """A good schedule without attendees: which sittings it opens, and where it hears whom."""

    sitting_of: dict[str, str]

    @classmethod
    def from_assignments(cls, assignments: Iterable[Assignment]) -> "Guide":
        """Return the guide of a schedule."""
        return cls({slot.candidate_id: slot.sitting_id for slot in assignments})


class FewSearch:
    """Boolean model of the few alone: as many of them as possible, then the least harm to the others."""

    def __init__(
        self, standing: Standing, few: Sequence[Candidate], params: SolveParameters, deadline: Deadline
    ) -> None:
        self._params, self._deadline = params, deadline
        is_moved_counted = any(
            goal.term is TermName.MOVED for tier in standing.instance.objective for goal in tier
        )
        objective = ((Goal(TermName.MOVED),),) if is_moved_counted else ()
        self._instance = replace(standing.instance, candidates=tuple(few), objective=objective)
        self._own = Standing(self._instance, standing.openings, ProgressReporter(None, deadline))

    @property
    def are_pins_kept(self) -> bool | None:
        """Whether all pins are kept; None when the time did not reach to find out."""
        return self._own.are_pins_kept

    def place(self, guide: Guide | None, attempt: int) -> Roster:
        """Return the slots of the few.

        Parameters
        ----------
        guide : Guide, optional
            What to leave as it is; without it the first schedule will do.
        attempt : int
            Fills sittings from both edges, from the start or from the end, in turn.

        Raises
        ------
        OutOfTime
            When it is not found out which pins can be kept.
        """
        case = CaseBuilder(
            self._instance, self._own.openings, self._instance.candidates, self._deadline
        ).build()
        self._own.accept(place_greedily(case, self._deadline))
        note_pins(self._own)
        search = CaseSearch(case, self._own, self._params, self._deadline, FEW_SHARE)
        search.keep_pins()
        search.run()
        if guide is not None:
            self._spread(case, search, guide, attempt)
        return self._own.roster

    def _spread(self, case: Case, search: CaseSearch, guide: Guide, attempt: int) -> None:
        """Choose among the schedules that place as many the one with the least harm."""
        known = set(guide.sitting_of.values())
        opened = [opening for opening in case.openings if opening.sitting.id in known]
        mine = [[o for o in opened if o.attending & candidate.attendee_ids] for candidate in case.candidates]
        costs = [self._cost(case, option, guide, attempt, mine[option.candidate]) for option in case.options]
        more = [v for i, v in search.model.opened.items() if case.openings[i].sitting.id not in known]
        harm = cp_model.LinearExpr.weighted_sum(search.model.starts, costs) + COST_MORE_OPENED * sum(more)
        found = search.minimise(harm, SPREAD_SHARE)
        if found is not None:
            self._own.replace(found)

    def _cost(self, case: Case, option: Option, guide: Guide, attempt: int, sits: Sequence[Opening]) -> int:
        """Return the harm of one option; `sits` are the guide's sittings with an attendee as a member."""
        candidate, kind = case.candidates[option.candidate], case.kinds[option.kind]
        from_start, from_end = option.start_min - kind.start_min, kind.end_min - case.end_of(option)
        cost = (min(from_start, from_end), from_start, from_end)[attempt % 3]
        cost += COST_WISH * broken_wishes(candidate, option.start_min)
        ids = {case.openings[i].sitting.id for i in kind.opening_ids}
        if guide.sitting_of.get(candidate.id) not in ids:
            cost += COST_ELSEWHERE
        slot = Slot(min(ids), option.start_min)
        return cost + COST_BLOCKED * sum(blocks(opening, candidate, slot) for opening in sits)

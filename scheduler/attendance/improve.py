"""Tier after tier on one case: greedy first, then the boolean model from the best schedule so far."""

from collections.abc import Sequence

from scheduler.attendance.capacity import fewest_openings
from scheduler.attendance.case import Case, Option
from scheduler.attendance.forms import Forms
from scheduler.attendance.model import AttendanceModel, Effort, Form, Hint
from scheduler.attendance.rooms import Room, by_kind, deal_rooms, seat_rooms
from scheduler.deadline import Deadline, OutOfTime
from scheduler.eligibility import Opening
from scheduler.objective import TermName
from scheduler.result import Sense, SolveParameters
from scheduler.roster import Roster
from scheduler.search import Outcome
from scheduler.standing import Standing

TIER_SHARE, PATIENCE_SHARE = 0.4, 0.15
"""Parts of what is left that one tier may use, and of the whole that it may search in vain."""

BUILD_EFFORT = 2e-5
"""Effort of building one option of the model, which the solver's own count leaves out."""


class CaseSearch:
    """Optimises the tiers over the options of one case.

    Parameters
    ----------
    standing : Standing
        Gets better schedules, and bounds if the case holds everybody and lost no start.
    share : float
        Part of what is left that the whole search may use.
    """

    def __init__(
        self,
        case: Case,
        standing: Standing,
        params: SolveParameters,
        deadline: Deadline,
        share: float = 1.0,
    ) -> None:
        self.case, self._standing = case, standing
        self._params, self._deadline = params, deadline
        self._budget = share * deadline.remaining_s()
        self._ends = deadline.spent() + self._budget
        deadline.spend(BUILD_EFFORT * len(case.options))
        self.model = AttendanceModel(case, deadline)
        self.forms = Forms(self.model)
        self._is_bounding = case.is_lossless and len(case.candidates) == len(standing.instance.candidates)

    def keep_pins(self) -> None:
        """Find a largest set of pins that can be kept, and keep it from now on.

        Raises
        ------
        OutOfTime
            When the largest set is not proven in time.
        """
        pinned = [c.id for c in self.case.candidates if c.pin is not None]
        kept = pins_kept(self._standing.roster, self.case.openings)
        if len(kept) < len(pinned):
            kept = self._search_pins(kept)
        for option, start in zip(self.case.options, self.model.starts, strict=True):
            if self.case.candidates[option.candidate].id in kept:
                self.model.model.add(start == 1)
        self._standing.are_pins_kept = len(kept) == len(pinned)

    def _search_pins(self, known: set[str]) -> set[str]:
        """Return a largest set of pins that can be kept: the `known` one when none is larger."""
        pairs = zip(self.case.options, self.model.starts, strict=True)
        form = sum(start for option, start in pairs if self.case.candidates[option.candidate].pin is not None)
        outcome = self.model.optimise(
            form, Sense.MAXIMISE, self._hints(), self._params, self._deadline, self._effort()
        )
        if not outcome.is_settled or outcome.solver is None:
            raise OutOfTime
        roster = self.roster_of(outcome)
        kept = pins_kept(roster, self.case.openings)
        if len(kept) <= len(known):
            return known
        self._standing.replace(roster)
        return kept

    def run(self) -> None:
        """Optimise all tiers in order."""
        standing = self._standing
        for position, tier in enumerate(standing.tiers):
            self._deadline.check()
            if standing.are_all_proven:
                return
            form = self._form(position)
            if position == len(standing.priorities):
                _bound_by_length(self.case, standing)
            if tier.sense is Sense.MINIMISE and self._is_bounding:
                self.model.keep(form, Sense.MAXIMISE, standing.bounds[position])
            if not standing.is_proven(position) and not isinstance(form, int):
                self._optimise(position, form)
            self.model.keep(form, tier.sense, standing.value[position])

    def _form(self, position: int) -> Form:
        priorities = self._standing.priorities
        if position < len(priorities):
            return self.forms.placed(priorities[position])
        tier = self._standing.instance.objective[position - len(priorities)]
        if not self.case.is_idle_lossless and any(goal.term is TermName.IDLE for goal in tier):
            self._is_bounding = False
        return self.forms.tier(tier)

    def _optimise(self, position: int, form: Form) -> None:
        standing = self._standing
        outcome = self.model.optimise(
            form,
            standing.tiers[position].sense,
            self._hints(),
            self._params,
            self._deadline,
            self._effort(),
            lambda value, bound: standing.report_search(
                position, value, bound if self._is_bounding else None
            ),
        )
        if outcome.best_bound is not None and self._is_bounding:
            standing.tighten(position, outcome.best_bound)
        if outcome.solver is not None:
            standing.accept(self.roster_of(outcome))
        standing.report(standing.tiers[position].name)

    def minimise(self, form: Form, share: float) -> Roster | None:
        """Return a schedule with the least of `form` that is no worse in any tier, if one is found."""
        for position, tier in enumerate(self._standing.tiers):
            self.model.keep(self._form(position), tier.sense, self._standing.value[position])
        effort = self._effort(share)
        outcome = self.model.optimise(
            form, Sense.MINIMISE, self._hints(), self._params, self._deadline, effort
        )
        return None if outcome.solver is None else self.roster_of(outcome)

    def _effort(self, share: float = TIER_SHARE) -> Effort:
        left = self._ends - self._deadline.spent()
        return Effort(share * left, PATIENCE_SHARE * self._budget)

    def roster_of(self, outcome: Outcome) -> Roster:
        """Return the schedule of a solution."""
        solver = outcome.solver
        if solver is None:
            raise ValueError("the search found no solution")
        taken = [i for i, start in enumerate(self.model.starts) if solver.boolean_value(start)]
        opened = [i for i, variable in self.forms.opened.items() if solver.boolean_value(variable)]
        rooms = {}
        for kind_id, ids in by_kind(self.case, taken).items():
            exact = self.forms.chains and self.forms.chains.rooms(kind_id, ids, solver.value)
            rooms[kind_id] = exact or deal_rooms(self.case, ids)
        return seat_rooms(self.case, rooms, opened)

    def _hints(self) -> list[Hint]:
        taken, rooms = _taken(self.case, self._standing.roster)
        opened = self._standing.roster.seats
        hints = self.model.hints(taken, opened) + self.forms.hints(opened)
        return hints + (self.forms.chains.hints(rooms) if self.forms.chains else [])


def pins_kept(roster: Roster, openings: Sequence[Opening]) -> set[str]:
    """Return the candidates whose pin the roster keeps."""
    return {
        candidate.id
        for opening_id, seats in roster.seats.items()
        for start_min, candidate in seats
        if candidate.pin is not None
        and (candidate.pin.sitting_id, candidate.pin.start_min)
        == (openings[opening_id].sitting.id, start_min)
    }


def note_pins(standing: Standing) -> None:
    """Take note that all pins can be kept, if the incumbent keeps them."""
    pinned = sum(candidate.pin is not None for candidate in standing.instance.candidates)
    if len(pins_kept(standing.roster, standing.openings)) == pinned:
        standing.are_pins_kept = True


def _bound_by_length(case: Case, standing: Standing) -> None:
    """So many defences as are placed need so many sittings, whatever else the tier counts."""
    placed = dict(zip(standing.priorities, standing.value, strict=False))
    for position, tier in enumerate(standing.instance.objective, len(standing.priorities)):
        for goal in tier:
            if goal.term is TermName.OPENED:
                standing.tighten(position, goal.weight * fewest_openings(case, placed))


def taken_options(case: Case, roster: Roster) -> list[int]:
    """Return the ids of the options that a schedule takes; slots that are no option are left out."""
    return _taken(case, roster)[0]


def _taken(case: Case, roster: Roster) -> tuple[list[int], dict[int, list[Room]]]:
    """Return the options of a schedule, and the rooms of each kind; slots that are no option are left out."""
    index = {candidate.id: i for i, candidate in enumerate(case.candidates)}
    taken: list[int] = []
    rooms: dict[int, list[Room]] = {}
    for opening_id, seats in sorted(roster.seats.items()):
        kind_id = case.kind_of_opening[opening_id]
        room = _known(case, [Option(index[c.id], kind_id, start) for start, c in seats if c.id in index])
        if room:
            taken += room
            rooms.setdefault(kind_id, []).append(room)
    return taken, rooms


def _known(case: Case, options: Sequence[Option]) -> list[int]:
    return [case.ids[option] for option in options if option in case.ids]

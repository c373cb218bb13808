"""The tiers as linear expressions over the boolean model."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence

from ortools.sat.python import cp_model

from scheduler.attendance.case import Option
from scheduler.attendance.chains import Chains, is_small_enough
from scheduler.attendance.model import AttendanceModel, Form, Hint
from scheduler.instance import Candidate
from scheduler.objective import TermName, Tier
from scheduler.roster import broken_wishes


class Forms:
    """Builds each term when it is first asked for, as most solves never come to the last ones.

    Attributes
    ----------
    chains : Chains or None
        The flow of sittings, once a term needs it.
    opened : dict of int to IntVar
        Which openings are opened: those of the model, or once the load counts by panel, one by one.
    """

    def __init__(self, attendance: AttendanceModel) -> None:
        self._attendance, self._case = attendance, attendance.case
        self._model = attendance.model
        self._built: dict[TermName, Form] = {}
        self.chains: Chains | None = None
        self.opened = attendance.opened

    def hints(self, opened: Container[int]) -> list[Hint]:
        """Return the hints of a schedule for what the forms added to the openings of the model."""
        model = self._attendance.opened
        return [(v, int(i in opened)) for i, v in self.opened.items() if v is not model[i]]

    def placed(self, priority: int) -> Form:
        """Return how many candidates of one priority are heard."""
        return self._sum_where(lambda option: self._candidate(option).priority == priority)

    def tier(self, tier: Tier) -> Form:
        """Return the value of one tier; never too high, and exact but for chains that are too many."""
        if {goal.term for goal in tier} & {TermName.IDLE, TermName.SWITCHES}:
            self._build_chains()
        return sum(goal.weight * self._term(goal.term) for goal in tier)

    def _term(self, name: TermName) -> Form:
        if name not in self._built:
            self._built[name] = _FORMS[name](self)
        return self._built[name]

    def _candidate(self, option: Option) -> Candidate:
        return self._case.candidates[option.candidate]

    def _sum_where(self, is_counted: Callable[[Option], bool]) -> Form:
        pairs = zip(self._case.options, self._attendance.starts, strict=True)
        return cp_model.LinearExpr.sum([start for option, start in pairs if is_counted(option)])

    def _sum_of(self, cost: Callable[[Option], int]) -> Form:
        costs = [cost(option) for option in self._case.options]
        return cp_model.LinearExpr.weighted_sum(self._attendance.starts, costs)

    def _build_chains(self) -> None:
        """Model idle minutes and changes of category together, as one sitting's order decides both."""
        instance = self._case.instance
        is_switching = any(goal.term is TermName.SWITCHES for tier in instance.objective for goal in tier)
        is_by_category = is_switching and len({c.category for c in self._case.candidates}) > 1
        if self.chains is None and is_small_enough(self._case, is_by_category):
            self.chains = Chains(self._attendance, is_by_category)

    def _idle(self) -> Form:
        return self.chains.idle() if self.chains else 0

    def _switches(self) -> Form:
        return self.chains.switches() if self.chains else 0

    def _moved(self) -> Form:
        published = sum(candidate.published is not None for candidate in self._case.candidates)
        return published - self._sum_where(self._is_published)

    def _is_published(self, option: Option) -> bool:
        slot = self._candidate(option).published
        if slot is None or slot.start_min != option.start_min:
            return False
        ids = self._case.kinds[option.kind].opening_ids
        return len(ids) == 1 and self._case.openings[ids[0]].sitting.id == slot.sitting_id

    def _opened(self) -> Form:
        return sum(self._attendance.opened.values())

    def _load(self) -> Form:
        panels: dict[str, list[cp_model.IntVar]] = defaultdict(list)
        days: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        self.opened = self._tell_apart()
        for opening_id, variable in self.opened.items():
            opening = self._case.openings[opening_id]
            panels[opening.panel.id].append(variable)
            days[self._case.instance.day_of(opening.sitting.start_min)].append(variable)
        return self._peak(panels.values()) + self._peak(days.values())

    def _tell_apart(self) -> dict[int, cp_model.IntVar]:
        """Return variables for the openings which of alike sittings it is that open."""
        opened = dict(self._attendance.opened)
        for kind in self._case.kinds:
            ids = [i for i in kind.opening_ids if i in opened]
            if len(ids) > 1:
                number = sum(opened[i] for i in ids)
                opened |= {i: self._model.new_bool_var("") for i in ids}
                self._model.add(sum(opened[i] for i in ids) == number)
        return opened

    def _peak(self, groups: Iterable[Sequence[cp_model.IntVar]]) -> Form:
        listed = list(groups)
        peak = self._model.new_int_var(0, max(map(len, listed), default=0), "")
        for group in listed:
            self._model.add(sum(group) <= peak)
        # Implied, and what the bound comes from: the peak is no less than the mean.
        self._model.add(len(listed) * peak >= self._opened())
        return peak

    def _region_days(self) -> Form:
        heard: dict[tuple[str, int], dict[int, list[cp_model.IntVar]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for option, start in zip(self._case.options, self._attendance.starts, strict=True):
            region, day = self._candidate(option).region, self._case.instance.day_of(option.start_min)
            if region:
                heard[region, day][option.candidate].append(start)
        return sum(self._indicator(by_candidate.values()) for by_candidate in heard.values())

    def _indicator(self, groups: Iterable[Sequence[cp_model.IntVar]]) -> cp_model.IntVar:
        """Return a variable that is 1 when any start is taken; of each group at most one can be."""
        is_used = self._model.new_bool_var("")
        for group in groups:
            self._model.add_at_most_one([*group, ~is_used])
        return is_used

    def _wishes(self) -> Form:
        return self._sum_of(lambda option: broken_wishes(self._candidate(option), option.start_min))

    def _conflicts(self) -> Form:
        return self._sum_where(
            lambda option: (
                not self._candidate(option).recused_expert_ids.isdisjoint(
                    self._case.openings[self._case.kinds[option.kind].opening_ids[0]].attending
                )
            )
        )

    def _lateness(self) -> Form:
        starts_min = sorted({sitting.start_min for sitting in self._case.instance.sittings})
        rank = {start_min: position for position, start_min in enumerate(starts_min)}
        openings = self._case.openings
        return sum(rank[openings[i].sitting.start_min] * v for i, v in self._attendance.opened.items())


_FORMS: dict[TermName, Callable[[Forms], Form]] = {
    TermName.MOVED: Forms._moved,
    TermName.OPENED: Forms._opened,
    TermName.IDLE: Forms._idle,
    TermName.SWITCHES: Forms._switches,
    TermName.LOAD: Forms._load,
    TermName.REGION_DAYS: Forms._region_days,
    TermName.WISHES: Forms._wishes,
    TermName.CONFLICTS: Forms._conflicts,
    TermName.LATENESS: Forms._lateness,
}

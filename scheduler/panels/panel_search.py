"""Panel sittings: a schedule from totals first, then exact models where the instance is small enough."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

from scheduler.deadline import Deadline
from scheduler.instance import Candidate
from scheduler.objective import Goal, TermName
from scheduler.panels.bounds import least_load, least_region_days
from scheduler.panels.construct import Draft, construct
from scheduler.panels.detailed import DetailedModel, is_small
from scheduler.panels.exact import ExactModel, Form
from scheduler.panels.improve import improve
from scheduler.panels.kinds import Aggregate, aggregate
from scheduler.panels.plan import demand_by_priority
from scheduler.panels.problem import Gap, Problem, build_problem, cut_gaps
from scheduler.panels.realise import counts_of, find_cut, people_of, seat, to_roster
from scheduler.panels.sequencing import Fit
from scheduler.pins import choose_pins
from scheduler.result import Sense, SolveParameters
from scheduler.roster import Roster, group_seats
from scheduler.standing import Standing

EXACT_CELLS = 15_000
"""Cells (group of alike candidates × sitting) up to which all sittings enter the exact model."""

IMPROVE_SHARE = 0.3
"""Part of the remaining budget for bettering by parts, when the exact model comes after it."""

PATIENCE_TRIES = 60
"""Parts in a row that could not be bettered, after which it ends; never less than one for each sitting."""

TIER_SHARE = 0.2
PATIENCE_SHARE = 0.03
"""Parts of the remaining budget that one tier may search, and of the whole that it may search in vain."""

RESERVE_SHARE, RESERVE_MAX_S = 0.1, 2.0
"""Part of the time limit kept back for explaining who was not placed."""


class PanelSearch:
    """The search of one solve; what it finds and proves goes to its standing."""

    def __init__(self, standing: Standing, params: SolveParameters, deadline: Deadline) -> None:
        self._standing, self._params, self._deadline = standing, params, deadline
        self._instance, self._openings = standing.instance, standing.openings
        self._priorities = standing.priorities
        self._kept_pins: Sequence[Candidate] = ()

    def run(self) -> None:
        """Optimise all tiers in order; raises OutOfTime when the deadline cuts a step."""
        self._standing.report("build")
        self._kept_pins = choose_pins(self._instance, self._deadline)
        pinned = sum(candidate.pin is not None for candidate in self._instance.candidates)
        self._standing.are_pins_kept = len(self._kept_pins) == pinned
        gaps = cut_gaps(self._openings, self._kept_pins)
        self._standing.accept(
            group_seats([(gap.opening_id, gap.start_min, gap.pinned) for gap in gaps if gap.pinned])
        )
        whole = aggregate(self._instance, self._openings, gaps, self._deadline)
        self._bound_placed(demand_by_priority(whole), is_lexicographic=False)
        self._construct(whole)
        cells = sum(len(whole.kinds[kind_id].gap_ids) for group in whole.groups for kind_id in group.kind_ids)
        if not self._standing.are_all_proven and is_small(self._instance, self._openings):
            self._search_in_detail()
        if not self._standing.are_all_proven:
            self._improve(gaps, IMPROVE_SHARE if cells <= EXACT_CELLS else 1.0)
        if not self._standing.are_all_proven and cells <= EXACT_CELLS:
            self._search_exactly(gaps)
        self._standing.report("done")

    def _seatable(self) -> list[Candidate]:
        movable = [candidate for candidate in self._instance.candidates if candidate.pin is None]
        return [*movable, *self._kept_pins]

    def _search_in_detail(self) -> None:
        model = DetailedModel(self._instance, self._openings, self._seatable(), self._deadline)
        for position, tier in enumerate(self._standing.tiers):
            form = self._form(model, position)
            if not self._standing.is_proven(position):
                outcome, roster = model.optimise(
                    form,
                    tier.sense,
                    self._standing.roster,
                    self._params,
                    self._deadline,
                    TIER_SHARE * self._budget(),
                    partial(self._standing.report_search, position),
                )
                if outcome.best_bound is not None:
                    self._standing.tighten(position, outcome.best_bound)
                if roster is not None:
                    self._standing.accept(roster)
            if not isinstance(form, int):
                model.keep(form, tier.sense, self._standing.value[position])

    def _improve(self, gaps: tuple[Gap, ...], share: float) -> None:
        def offer(roster: Roster) -> bool:
            is_taken = self._standing.accept(roster)
            if is_taken:
                self._standing.report("improve")
            return is_taken

        improve(
            self._instance,
            self._openings,
            gaps,
            lambda: self._standing.roster,
            offer,
            self._params,
            self._deadline,
            share * self._budget(),
            max(PATIENCE_TRIES, len(self._standing.roster.seats)),
        )

    def _construct(self, whole: Aggregate) -> None:
        for draft in construct(self._instance, whole, self._params, self._deadline):
            if draft.roster is not None:
                self._standing.accept(draft.roster)
            if draft.bounds is not None:
                self._bound_placed(draft.bounds.placed, is_lexicographic=True)
            if draft.bounds is None or self._is_as_planned(draft.bounds.placed):
                self._bound_by_counting(whole, draft)
            self._standing.report("plan")
            if self._standing.are_all_proven:
                return

    def _is_as_planned(self, movable: Mapping[int, int]) -> bool:
        """Return whether just as many candidates without a pin are placed, priority by priority."""
        seats = (seat for each in self._standing.roster.seats.values() for seat in each)
        placed = Counter(candidate.priority for _, candidate in seats if candidate.pin is None)
        return placed == Counter(movable)

    def _bound_by_counting(self, whole: Aggregate, draft: Draft) -> None:
        """Take over bounds that hold when as many are placed as the draft planned."""
        opened = len(self._standing.roster.seats)
        if draft.bounds is not None and draft.bounds.fewest_openings is not None:
            self._bound_term(TermName.OPENED, draft.bounds.fewest_openings)
        if not self._standing.is_placing_proven or not self._is_proven_term(TermName.OPENED):
            return
        self._bound_term(TermName.LOAD, least_load(whole, opened))
        if sum(self._standing.bounds[: len(self._priorities)]) == len(self._instance.candidates):
            self._bound_term(TermName.REGION_DAYS, least_region_days(whole))
            if self._is_settled_before(TermName.OPENED, TermName.SWITCHES):
                self._bound_term(TermName.SWITCHES, draft.least_switches or 0)

    def _bound_placed(self, movable: Mapping[int, int], is_lexicographic: bool) -> None:
        """Take over how many of each priority can be placed besides the pinned ones.

        Numbers that were found one priority after the other hold only as long as the schedule keeps up.
        """
        for position, priority in enumerate(self._priorities):
            pinned = sum(candidate.priority == priority for candidate in self._kept_pins)
            self._standing.tighten(position, movable.get(priority, 0) + pinned)
            if is_lexicographic and not self._standing.is_proven(position):
                return

    def _bound_term(self, name: TermName, least: int) -> None:
        """A tier is worth no less than one of its terms alone, whatever the tiers before it demand."""
        position = self._position(name)
        if position < len(self._standing.tiers):
            tier = self._instance.objective[position - len(self._priorities)]
            weight = next(goal.weight for goal in tier if goal.term is name)
            self._standing.tighten(position, weight * least)

    def _is_settled_before(self, name: TermName, later: TermName) -> bool:
        """Return whether a term counts before another, and it and all before it are proven and so final."""
        position = self._position(name)
        return position < self._position(later) and all(map(self._standing.is_proven, range(position + 1)))

    def _position(self, name: TermName) -> int:
        """Return the number of the tier with a term, and one beyond the last for terms that do not count."""
        for position, tier in enumerate(self._instance.objective, len(self._priorities)):
            if any(goal.term is name for goal in tier):
                return position
        return len(self._standing.tiers)

    def _is_proven_term(self, name: TermName) -> bool:
        """Return whether a term counts by itself and is proven."""
        position = self._position(name)
        if position == len(self._standing.tiers):
            return False
        tier = self._instance.objective[position - len(self._priorities)]
        return tier == (Goal(name),) and self._standing.is_proven(position)

    def _search_exactly(self, gaps: tuple[Gap, ...]) -> None:
        problem = build_problem(self._instance, self._openings, gaps, self._deadline)
        model = ExactModel(problem, self._deadline)
        for position, tier in enumerate(self._standing.tiers):
            form = self._form(model, position)
            if isinstance(form, int):
                continue  # counts do not decide it: the order within the sittings did what could be done
            if tier.sense is Sense.MINIMISE:
                model.at_least(form, self._standing.bounds[position])
            if not self._standing.is_proven(position):
                self._optimise(problem, model, position, form)
            model.keep(form, tier.sense, self._standing.value[position])

    def _form(self, model: ExactModel | DetailedModel, position: int) -> Form:
        if position < len(self._priorities):
            return model.placed(self._priorities[position])
        return model.tier(self._instance.objective[position - len(self._priorities)])

    def _optimise(self, problem: Problem, model: ExactModel, position: int, form: Form) -> None:
        """Solve, seat, cut and solve again until the best counts can be seated."""
        ends = self._deadline.spent() + TIER_SHARE * self._budget()
        while True:
            self._deadline.check()
            outcome, counts = model.optimise(
                form,
                self._standing.tiers[position].sense,
                counts_of(problem, self._standing.roster),
                self._params,
                self._deadline,
                ends - self._deadline.spent(),
                PATIENCE_SHARE * self._deadline.total,
                partial(self._standing.report_search, position),
            )
            if outcome.best_bound is not None:
                self._standing.tighten(position, outcome.best_bound)
            if counts is None:
                return
            people = people_of(problem, counts)
            seatings = []
            for opening_id, each in people.items():
                self._deadline.check()
                seatings.append(seat(self._openings, opening_id, each, self._instance.objective))
            self._standing.accept(to_roster(seatings))
            impossible = [seating for seating in seatings if seating.fit is Fit.IMPOSSIBLE]
            if not impossible or ends <= self._deadline.spent():
                return
            for seating in impossible:
                self._deadline.check()
                model.add_cut(find_cut(problem, seating))

    def _budget(self) -> float:
        reserve = min(RESERVE_MAX_S, RESERVE_SHARE * self._deadline.limit_s)
        return max(0.0, self._deadline.remaining_s() - reserve)

"""Solve an instance in which candidates hold published slots: placed first, then the fewest moves.

Notes
-----
First all published slots that still hold are pinned, and the others are placed around them. If as many are
placed as can be, the moves are those that were forced, and so proven. When the pinned slots are the only
largest set that can be kept, a schedule with no more moves keeps exactly these: it solves the pinned instance
too, and what is proven there about the later tiers holds here.

Otherwise `scheduler.changes.fewest` finds out who else must move, and these are set free. Other choices may
then be as good, so that bounds of the pinned instance prove nothing here, and only those of the model are
taken over.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from typing import Any

from scheduler.changes.case import HeldSlot, build_case, ids_of
from scheduler.changes.claims import Order
from scheduler.changes.fewest import Changes, find_fewest_moves
from scheduler.changes.keeping import Keepable, choose_keepable
from scheduler.changes.nearby import find_nearby
from scheduler.deadline import Deadline, OutOfTime, StopSwitch
from scheduler.instance import SchedulingInstance
from scheduler.objective import Tier
from scheduler.progress import ProgressCallback, ProgressReporter
from scheduler.reasons import explain_unplaced
from scheduler.result import ObjectiveTerm, SolveParameters, SolveResult, SolveStatus
from scheduler.roster import Roster, group_seats, is_better, value_of
from scheduler.schedule import Schedule

SolvePlain = Callable[[SchedulingInstance, SolveParameters, ProgressCallback | None, StopSwitch], SolveResult]
"""Solves an instance in which nobody has a published slot."""

SIDE_SHARE, QUESTION_SHARE, NEARBY_SHARE, MOVES_SHARE, MAIN_SHARE = 0.2, 0.06, 0.4, 0.7, 0.95
"""Parts of the remaining budget: side steps, one and all questions nearby, moves, and the schedule itself."""


def solve_published(
    instance: SchedulingInstance,
    params: SolveParameters,
    on_progress: ProgressCallback | None,
    stop: StopSwitch,
    solve_plain: SolvePlain,
) -> SolveResult:
    """Schedule the candidates of an instance whose objective counts moves.

    Parameters
    ----------
    solve_plain : callable
        Schedules an instance in which nobody has a published slot.

    Returns
    -------
    SolveResult
        Every candidate is assigned or listed with a reason. See `SolveStatus` for what the status promises.
    """
    deadline = Deadline(params.time_limit_s, stop, params.deterministic_limit)
    with ProgressReporter(on_progress, deadline) as reporter:
        change = _Change(instance, params, deadline, reporter, solve_plain)
        with suppress(OutOfTime):
            change.run()
        assignments = change.roster.assignments(change.case.openings)
        unplaced = explain_unplaced(instance, assignments, change.is_placing_proven, params.time_limit_s)
    return SolveResult(
        schedule=Schedule(assignments, unplaced),
        status=change.status(),
        objective=change.terms(),
        wall_time_s=round(deadline.elapsed_s(), 3),
        solver_version=f"ortools {version('ortools')}",
        seed=params.seed,
        parameters=params,
    )


class _Change:
    """State of one solve: the best schedule so far, and what is proven."""

    def __init__(
        self,
        instance: SchedulingInstance,
        params: SolveParameters,
        deadline: Deadline,
        reporter: ProgressReporter,
        solve_plain: SolvePlain,
    ) -> None:
        self._instance, self._params, self._deadline = instance, params, deadline
        self._reporter, self._solve_plain = reporter, solve_plain
        self.case = build_case(instance)
        self._order = Order(instance)
        self._claims = self._order.first_claims(self.case.forced_moves)
        self._opening_ids = {opening.sitting.id: i for i, opening in enumerate(self.case.openings)}
        self._people = {candidate.id: candidate for candidate in instance.candidates}
        self._are_pins_refuted = False
        self.roster = Roster({})
        self._value = value_of(instance, self.case.openings, self.roster)

    def run(self) -> None:
        """Keep everybody who can stay, find out who else must move; raises OutOfTime when cut short."""
        order = self._order
        self._reporter.report("build", self.terms())
        keepable = choose_keepable(self.case, self._params, self._deadline)
        if keepable.are_most:
            given_up = len(self.case.held) - len(keepable.slots)
            self._claims = order.first_claims(self.case.forced_moves + given_up)
        if keepable.are_pins_possible:
            self._accept([*self.case.pinned, *keepable.slots], "keep")
        if order.before or not order.is_alone:
            self._solve_unpublished(order.before if order.is_alone else order.through)
        self._accept_result(self._solve(keepable.slots, order.before, SIDE_SHARE), "keep")
        if not self._is_reached and not order.before and order.is_alone:
            self._solve_unpublished(())
        if not self._is_reached:
            nearby = self._find_nearby(keepable)
            if order.can_be_modelled:
                self._find_moves(keepable, nearby)
            keepable = Keepable(self._kept(), are_most=False, are_unique=False)
        self._arrange(keepable)

    @property
    def _is_reached(self) -> bool:
        """Whether the schedule is proven in all tiers up to the moves."""
        count = self._order.moved_at + 1
        return self._value[:count] == self._claims.best_values(count)

    def _solve_unpublished(self, objective: tuple[Tier, ...]) -> None:
        """Solve as if nothing were published: what that proves about tiers before the moves holds."""
        result = self._solve((), objective, SIDE_SHARE)
        values = [term.value for term in result.objective]
        for position, term in enumerate(result.objective):
            if position < self._order.moved_at:
                self._claims.add(values[:position], term.best_bound)
            elif position == self._order.moved_at and not self._order.is_alone:
                forced = self._order.weight * self.case.forced_moves
                self._claims.add(values[:position], term.best_bound + forced)
        self._accept_result(result, "unpublished")

    def _arrange(self, kept: Keepable) -> None:
        """Schedule around those who keep their slot, with all tiers."""
        moved_at, priced = self._order.moved_at, self._order.weight * self._count_moves(kept.slots)

        def forward(event: dict[str, Any]) -> None:
            values = [term["value"] for term in event["terms"]]
            if len(values) > moved_at:
                values[moved_at] += priced
                self._reporter.report(event["phase"], self._claims.terms(values))

        result = self._solve(kept.slots, self._instance.objective, MAIN_SHARE, forward)
        values = [term.value for term in result.objective]
        values[moved_at] += priced
        for position in range(moved_at + 1, len(values)):
            if kept.are_unique and self._order.is_alone:
                self._claims.add(values[:position], result.objective[position].best_bound)
        self._accept_result(result, "done")

    def _count_moves(self, kept: Sequence[HeldSlot]) -> int:
        published = sum(candidate.published is not None for candidate in self._instance.candidates)
        stays = sum(slot.candidate.published == slot.candidate.pin for slot in self.case.pinned)
        return published - stays - len(kept)

    def _kept(self) -> tuple[HeldSlot, ...]:
        """Return the published slots that the best schedule keeps."""
        seated = {(c.id, i, start_min) for i, seats in self.roster.seats.items() for start_min, c in seats}
        return tuple(s for s in self.case.held if (s.candidate.id, s.opening_id, s.start_min) in seated)

    def _find_nearby(self, keepable: Keepable) -> frozenset[str]:
        """Return people with whose slots as much is reached as is known to be possible."""
        count, best = self._order.moved_at, self._value
        ends = self._deadline.spent() + NEARBY_SHARE * self._deadline.remaining_s()

        def is_enough(kept: Sequence[HeldSlot]) -> bool:
            if self._deadline.spent() > ends or self._deadline.remaining_s() <= 0:
                return False
            result = self._solve(kept, self._order.before, QUESTION_SHARE)
            self._accept_result(result, "nearby")
            value = [term.value for term in result.objective][:count]
            return not is_better(self._order.tiers[:count], best[:count], value)

        return ids_of(find_nearby(self.case, keepable.slots, is_enough))

    def _find_moves(self, keepable: Keepable, nearby: frozenset[str]) -> None:
        """Find the fewest who must move besides the forced ones."""
        order = self._order
        most_placed = order.by_priority(self._claims.best_values(order.moved_at))
        most_opened = order.opened_of(self._value)
        deadline = self._part(MOVES_SHARE)
        excluded = ids_of(self.case.held) - ids_of(keepable.slots)
        changes = find_fewest_moves(
            self.case, most_placed, most_opened, excluded, nearby, self._params, deadline
        )
        if deadline.is_deterministic:
            self._deadline.spend(deadline.spent())
        self._learn(changes, is_limited=most_opened is not None)
        if changes.seats is not None:
            self._accept(changes.seats, "moved")

    def _learn(self, changes: Changes, is_limited: bool) -> None:
        """Take over the bounds of the model; with a limit on the opened sittings only that on the moves."""
        order = self._order
        placed = [changes.most_placed[priority] for priority in order.priorities]
        before = list(self._value[: order.moved_at]) if is_limited else placed
        if before[: len(placed)] != placed:
            return
        if not is_limited:
            for position, bound in enumerate(placed):
                self._claims.add(placed[:position], bound)
        moved = order.weight * (self.case.forced_moves + changes.fewest_moves)
        self._claims.add(before, moved)
        if order.opened_weight:
            self._claims.add([*before, moved], order.opened_weight * changes.fewest_openings)

    def _part(self, share: float) -> Deadline:
        """Return a deadline for a part of what is left."""
        limit = share * self._deadline.remaining_s()
        wall_s = self._deadline.limit_s - self._deadline.elapsed_s()
        if self._deadline.is_deterministic:
            return Deadline(wall_s, self._deadline.stop, limit)
        return Deadline(limit, self._deadline.stop)

    def _solve(
        self,
        kept: Sequence[HeldSlot],
        objective: tuple[Tier, ...],
        share: float,
        on_progress: ProgressCallback | None = None,
    ) -> SolveResult:
        """Solve with the kept slots pinned and nobody published."""
        self._deadline.check()
        part = self._part(share)
        params = replace(self._params, time_limit_s=part.limit_s)
        if part.is_deterministic:
            params = replace(params, deterministic_limit=part.total)
            self._deadline.spend(part.total)
        instance = _pin(self._instance, kept, objective)
        result = self._solve_plain(instance, params, on_progress, self._deadline.stop)
        self._are_pins_refuted |= result.status is SolveStatus.INFEASIBLE
        return result

    def _accept_result(self, result: SolveResult, phase: str) -> None:
        slots = result.schedule.assignments
        people, openings = self._people, self._opening_ids
        seats = [HeldSlot(people[s.candidate_id], openings[s.sitting_id], s.start_min) for s in slots]
        self._accept(seats, phase)

    def _accept(self, seats: Sequence[HeldSlot], phase: str) -> None:
        """Take over a schedule that is better, tier by tier."""
        roster = group_seats([(slot.opening_id, slot.start_min, slot.candidate) for slot in seats])
        value = value_of(self._instance, self.case.openings, roster)
        if not self.roster.seats or is_better(self._order.tiers, value, self._value):
            self.roster, self._value = roster, value
        self._reporter.report(phase, self.terms())

    def terms(self) -> tuple[ObjectiveTerm, ...]:
        """Return the tiers with value and bound."""
        return self._claims.terms(self._value)

    @property
    def is_placing_proven(self) -> bool:
        """Whether no schedule places more, at any priority."""
        return all(term.proven for term in self.terms()[: len(self._order.priorities)])

    def status(self) -> SolveStatus:
        """Return what the solve can promise."""
        if self._deadline.stop.requested:
            return SolveStatus.STOPPED
        seated = {(c.id, i, start) for i, seats in self.roster.seats.items() for start, c in seats}
        pinned = [candidate for candidate in self._instance.candidates if candidate.pin is not None]
        held = {(slot.candidate.id, slot.opening_id, slot.start_min) for slot in self.case.pinned}
        if len(held) < len(pinned) or not held <= seated:
            return SolveStatus.INFEASIBLE if self._are_pins_refuted else SolveStatus.UNKNOWN
        return SolveStatus.OPTIMAL if all(term.proven for term in self.terms()) else SolveStatus.FEASIBLE


def _pin(
    instance: SchedulingInstance, kept: Sequence[HeldSlot], objective: tuple[Tier, ...]
) -> SchedulingInstance:
    """Return the instance in which nobody is published and the kept slots are pinned."""
    published = {slot.candidate.id: slot.candidate.published for slot in kept}
    candidates = tuple(
        replace(candidate, published=None, pin=candidate.pin or published.get(candidate.id))
        for candidate in instance.candidates
    )
    return replace(instance, candidates=candidates, objective=objective)

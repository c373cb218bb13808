"""A few with attendees among many without: place the few first, the others around them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from scheduler.attendance.around import fix_few, roster_from, slots_of, strip_attendees
from scheduler.attendance.case import CaseBuilder
from scheduler.attendance.few import FewSearch, Guide
from scheduler.attendance.whole import solve_whole
from scheduler.deadline import Deadline, StopSwitch
from scheduler.instance import SchedulingInstance
from scheduler.progress import ProgressCallback, ProgressReporter
from scheduler.result import ObjectiveTerm, SolveParameters, SolveResult
from scheduler.roster import is_better
from scheduler.standing import Standing

SolvePlain = Callable[[SchedulingInstance, SolveParameters, ProgressCallback | None, StopSwitch], SolveResult]
"""Solves an instance in which nobody has attendees."""

FIRST_SHARE, RELAXED_SHARE, AROUND_SHARE = 0.15, 0.25, 0.6
"""Parts of what is left: for the first schedule, for the bounds, and for each better schedule."""

SMALL_CASE = 300_000
"""Entries of the matrix up to which everybody goes into one boolean model in the end."""

GUIDED_ATTEMPTS = 2


class MixedSearch:
    """Alternates between the boolean model for the few and the plain solver for the others.

    Notes
    -----
    Bounds come from the relaxation in which nobody has attendees; a schedule of the parts never proves
    anything by itself. Small instances end with the boolean model of everybody, which can.
    """

    def __init__(
        self,
        standing: Standing,
        reporter: ProgressReporter,
        params: SolveParameters,
        deadline: Deadline,
        solve_plain: SolvePlain,
    ) -> None:
        self._reporter = reporter
        self._standing, self._params, self._deadline = standing, params, deadline
        self._solve_plain = solve_plain
        self._instance = standing.instance
        self._few = [c for c in self._instance.candidates if c.attendee_ids or c.pin is not None]

    def run(self) -> None:
        """Look for better schedules until all is proven; raises OutOfTime when the deadline cuts a step."""
        self._attempt(None, FIRST_SHARE, 0)
        if self._standing.are_all_proven:
            return
        relaxed = self._plain(strip_attendees(self._instance), RELAXED_SHARE)
        self._take_bounds(relaxed, is_final=False)
        self._standing.report("relaxed")
        guide = Guide.from_assignments(relaxed.schedule.assignments)
        for attempt in range(GUIDED_ATTEMPTS):
            if self._standing.are_all_proven or self._is_as_good_as(relaxed):
                break
            self._attempt(guide, AROUND_SHARE, attempt)
        self._finish(relaxed)

    def _finish(self, relaxed: SolveResult) -> None:
        standing = self._standing
        self._take_bounds(relaxed, is_final=False)
        if standing.are_all_proven:
            return
        everybody = self._instance.candidates
        builder = CaseBuilder(self._instance, standing.openings, everybody, self._deadline)
        if builder.is_lossless_within(SMALL_CASE):
            solve_whole(standing, builder, self._params, self._deadline)
        else:
            self._take_bounds(relaxed, is_final=True)

    def _attempt(self, guide: Guide | None, share: float, attempt: int) -> None:
        """Place the few, then everybody else around them."""
        self._deadline.check()
        search = FewSearch(self._standing, self._few, self._params, self._deadline)
        few = search.place(guide, attempt)
        if self._standing.are_pins_kept is None:
            self._standing.are_pins_kept = search.are_pins_kept
            self._standing.replace(few)
        slots = slots_of(few, self._standing.openings)
        fixed = fix_few(self._instance, self._standing.openings, self._few, slots)
        result = self._plain(fixed, share, self._forward)
        roster = roster_from(result.schedule.assignments, self._standing.openings, self._instance)
        if slots.items() <= slots_of(roster, self._standing.openings).items():
            self._standing.accept(roster)
        self._standing.report("around")

    def _forward(self, figures: dict[str, Any]) -> None:
        """Report a schedule around the few while it gets better; its bounds hold for these slots only."""
        standing, terms = self._standing, figures["terms"]
        values = [term["value"] for term in terms]
        are_alike = [term["name"] for term in terms] == [tier.name for tier in standing.tiers]
        if are_alike and is_better(standing.tiers, values, standing.value):
            rows = zip(standing.tiers, values, standing.bounds, strict=True)
            better = [ObjectiveTerm(tier.name, tier.sense, value, bound) for tier, value, bound in rows]
            self._reporter.report("around", better)

    def _plain(
        self, instance: SchedulingInstance, share: float, on_progress: ProgressCallback | None = None
    ) -> SolveResult:
        """Run the plain solver with a share of what is left, which counts as spent in full effort."""
        self._deadline.check()
        left = self._deadline.limit_s - self._deadline.elapsed_s()
        budget = share * self._deadline.remaining_s()
        if self._deadline.is_deterministic:
            params = replace(self._params, time_limit_s=max(0.0, left), deterministic_limit=budget)
            self._deadline.spend(budget)
        else:
            params = replace(self._params, time_limit_s=budget)
        return self._solve_plain(instance, params, on_progress, self._deadline.stop)

    def _is_as_good_as(self, relaxed: SolveResult) -> bool:
        return self._standing.value == tuple(term.value for term in relaxed.objective)

    def _take_bounds(self, relaxed: SolveResult, is_final: bool) -> None:
        """Take over the bounds of the relaxation as far as they hold.

        The bound of a tier holds given the values of those before. While the search goes on these may still
        change, unless they are proven.
        """
        for position, term in enumerate(relaxed.objective):
            self._standing.tighten(position, term.best_bound)
            if self._standing.value[position] != term.value or not (is_final or term.proven):
                return

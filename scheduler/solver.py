"""Lexicographic solve: counting model, order within the sittings, cuts where no order exists."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version

from scheduler.bounds import fewest_openings
from scheduler.deadline import Deadline, OutOfTime, StopSwitch
from scheduler.greedy import first_counts
from scheduler.instance import SchedulingInstance
from scheduler.master import MasterModel
from scheduler.pins import choose_pins
from scheduler.problem import Problem, build_problem
from scheduler.progress import ProgressCallback, ProgressReporter
from scheduler.realise import Seating, counts_of, find_cut, seat, to_assignments
from scheduler.reasons import explain_unplaced
from scheduler.result import ObjectiveTerm, SolveParameters, SolveResult, SolveStatus
from scheduler.schedule import Assignment, Schedule
from scheduler.sequencing import Fit
from scheduler.terms import Term, list_terms

RESERVE_SHARE, RESERVE_MAX_S = 0.1, 2.0
"""Part of the time limit kept back for arranging the sittings and explaining who was not placed."""

TERM_SHARES = {"opened": 0.35, "conflicts": 0.35, "lateness": 0.1}
"""Largest part of the remaining time that one term may search; placing may use all of it but a third."""

PLACED_SHARE = 0.67
PATIENCE_SHARE = 0.1
"""Part of the time limit after which a search without any progress goes on to the next term."""


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
        Lets another thread cancel.

    Returns
    -------
    SolveResult
        Every candidate is assigned or listed with a reason. See `SolveStatus` for what the status promises.
    """
    params = params or SolveParameters()
    deadline = Deadline(params.time_limit_s, stop or StopSwitch())
    search = _Search(instance, params, deadline)
    with ProgressReporter(on_progress, deadline) as reporter:
        with suppress(OutOfTime):
            search.run(reporter)
        assignments = search.assignments()
        is_complete = search.is_placing_proven
        unplaced = explain_unplaced(instance, assignments, is_complete, params.time_limit_s)
    return SolveResult(
        schedule=Schedule(assignments, unplaced),
        status=search.status(),
        objective=search.objective(),
        wall_time_s=round(deadline.elapsed_s(), 3),
        solver_version=f"ortools {version('ortools')}",
        seed=params.seed,
        parameters=params,
    )


@dataclass(frozen=True)
class _Incumbent:
    counts: tuple[int, ...]
    seatings: tuple[Seating, ...]


class _Search:
    """State of one solve: the incumbent always keeps every hard rule."""

    def __init__(self, instance: SchedulingInstance, params: SolveParameters, deadline: Deadline) -> None:
        self._instance = instance
        self._params = params
        self._deadline = deadline
        self._are_pins_possible = True
        self._problem: Problem | None = None
        self._incumbent: _Incumbent | None = None
        self._terms: tuple[Term, ...] = ()
        self._bounds: dict[str, int] = {}

    def run(self, reporter: ProgressReporter) -> None:
        """Optimise all terms in order; raises OutOfTime when the deadline cuts a step."""
        kept_pins = choose_pins(self._instance, self._deadline)
        pinned = [candidate for candidate in self._instance.candidates if candidate.pin is not None]
        self._are_pins_possible = len(kept_pins) == len(pinned)
        self._problem = problem = build_problem(self._instance, kept_pins, self._deadline)
        self._terms = list_terms(problem)
        self._bounds = {term.name: term.trivial_bound for term in self._terms}
        only_pins = tuple(int(cell.candidate.pin is not None) for cell in problem.cells)
        self._incumbent = _Incumbent(only_pins, tuple(seat(problem, only_pins)))
        self._accept(problem, self._terms[-1], seat(problem, first_counts(problem, self._deadline)))
        master = MasterModel(problem, self._params, self._deadline)
        for term in self._terms:
            if term.name == "opened" and self._is_everyone_placed(problem):
                self._tighten(term, fewest_openings(problem))
                master.at_least(term, self._bounds[term.name])
            self._report(reporter, term)
            if not self._is_proven(term):
                self._optimise(problem, master, term, reporter)
            master.keep(term, self._value(term))
        self._report(reporter, self._terms[-1])

    def _value(self, term: Term) -> int:
        if self._problem is None or self._incumbent is None:
            return 0
        return term.value(self._problem, self._incumbent.counts)

    def _is_everyone_placed(self, problem: Problem) -> bool:
        placed = [term for term in self._terms if term.name.startswith("placed")]
        return sum(self._value(term) for term in placed) == sum(len(c.members) for c in problem.classes)

    def _is_proven(self, term: Term) -> bool:
        return self._value(term) == self._bounds[term.name]

    def _optimise(
        self, problem: Problem, master: MasterModel, term: Term, reporter: ProgressReporter
    ) -> None:
        """Solve, seat, cut and solve again until the best counts can be seated."""
        share = TERM_SHARES.get(term.name, PLACED_SHARE)
        term_ends_s = self._deadline.elapsed_s() + share * self._search_time_s()
        while True:
            self._deadline.check()
            hint = self._incumbent.counts if self._incumbent else None
            limit_s = term_ends_s - self._deadline.elapsed_s()
            outcome = master.optimise(
                term,
                hint,
                limit_s,
                PATIENCE_SHARE * self._deadline.limit_s,
                lambda value, bound: self._report(reporter, term, value, bound),
            )
            self._tighten(term, outcome.best_bound)
            if outcome.counts is None:
                return
            seatings = seat(problem, outcome.counts)
            impossible = [seating for seating in seatings if seating.fit is Fit.IMPOSSIBLE]
            self._accept(problem, term, seatings)
            if not impossible or term_ends_s <= self._deadline.elapsed_s():
                return
            for seating in impossible:
                master.add_cut(find_cut(problem, seating))

    def _search_time_s(self) -> float:
        reserve_s = min(RESERVE_MAX_S, RESERVE_SHARE * self._deadline.limit_s)
        return max(0.0, self._deadline.remaining_s() - reserve_s)

    def _tighten(self, term: Term, bound: int) -> None:
        if term.is_better(self._bounds[term.name], bound):
            self._bounds[term.name] = bound

    def _accept(self, problem: Problem, term: Term, seatings: Sequence[Seating]) -> None:
        """Take the seatings, without those left out, unless an earlier term or this one gets worse."""
        counts = counts_of(problem, seatings)
        for earlier in self._terms[: self._terms.index(term) + 1]:
            value = earlier.value(problem, counts)
            if earlier.is_better(self._value(earlier), value):
                return
            if earlier.is_better(value, self._value(earlier)):
                break
        self._incumbent = _Incumbent(counts, tuple(seatings))

    def _report(
        self, reporter: ProgressReporter, term: Term, value: int | None = None, bound: int | None = None
    ) -> None:
        values = {each.name: self._value(each) for each in self._terms}
        bounds = dict(self._bounds)
        if value is not None and bound is not None:
            values[term.name], bounds[term.name] = value, bound
        placed = [each.name for each in self._terms if each.name.startswith("placed")]
        is_opening_known = not term.name.startswith("placed")
        reporter.report(
            phase=term.name,
            placed=sum(values[name] for name in placed),
            placed_bound=sum(bounds[name] for name in placed),
            opened=values["opened"] if is_opening_known else None,
            opened_bound=bounds["opened"] if is_opening_known else None,
        )

    @property
    def is_placing_proven(self) -> bool:
        """Whether no schedule places more, at any priority."""
        placed = [term for term in self._terms if term.name.startswith("placed")]
        return self._problem is not None and all(self._is_proven(term) for term in placed)

    def assignments(self) -> tuple[Assignment, ...]:
        """Return the incumbent's slots by sitting and time; tidying stops when the time is up."""
        if self._problem is None or self._incumbent is None:
            return ()
        slots: list[Assignment] = []
        for seating in self._incumbent.seatings:
            slots += to_assignments(self._problem, seating, may_polish=self._deadline.remaining_s() > 0)
        return tuple(slots)

    def objective(self) -> tuple[ObjectiveTerm, ...]:
        """Return the terms with value and bound; empty when the time ended before they were known."""
        return tuple(
            ObjectiveTerm(term.name, term.sense, self._value(term), self._bounds[term.name])
            for term in self._terms
        )

    def status(self) -> SolveStatus:
        """Return what the search can promise."""
        if self._deadline.stop.requested:
            return SolveStatus.STOPPED
        if not self._are_pins_possible:
            return SolveStatus.INFEASIBLE
        if self._incumbent is None:
            return SolveStatus.UNKNOWN
        is_optimal = all(self._is_proven(term) for term in self._terms)
        return SolveStatus.OPTIMAL if is_optimal else SolveStatus.FEASIBLE

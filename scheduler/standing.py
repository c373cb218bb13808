"""The best schedule so far, its value tier by tier, and what is proven about it."""

from scheduler.eligibility import Opening
from scheduler.instance import SchedulingInstance
from scheduler.progress import ProgressReporter
from scheduler.result import ObjectiveTerm, SolveStatus
from scheduler.roster import Roster, is_better, list_tiers, value_of


class Standing:
    """Incumbent and bounds; the incumbent always keeps every hard rule but, perhaps, pins.

    Attributes
    ----------
    openings : tuple of Opening
        What the ids in the roster stand for.
    are_pins_kept : bool or None
        Whether all pins are; None as long as it is not known whether they can be.

    Notes
    -----
    A bound holds given the values of the tiers before it: `tighten` may only be told what no schedule beats
    that is as good in those.
    """

    def __init__(
        self, instance: SchedulingInstance, openings: tuple[Opening, ...], reporter: ProgressReporter
    ) -> None:
        self.instance, self.openings = instance, openings
        self._reporter = reporter
        self.tiers = list_tiers(instance)
        self.priorities = sorted({c.priority for c in instance.candidates}, reverse=True)
        self.roster = Roster({})
        self.value = value_of(instance, openings, self.roster)
        self.bounds = [
            *(sum(c.priority == priority for c in instance.candidates) for priority in self.priorities),
            *(0 for _ in instance.objective),
        ]
        self.are_pins_kept: bool | None = None

    def accept(self, roster: Roster) -> bool:
        """Take over a roster that is better, tier by tier; return whether it was."""
        value = value_of(self.instance, self.openings, roster)
        if self.roster.seats and not is_better(self.tiers, value, self.value):
            return False
        self.roster, self.value = roster, value
        return True

    def replace(self, roster: Roster) -> None:
        """Take over a roster that keeps more pins, whatever else it is worth."""
        self.roster = Roster({})
        self.accept(roster)

    def tighten(self, position: int, bound: int) -> None:
        """Take over a bound that holds, if it says more than the known one."""
        if self.tiers[position].is_better(self.bounds[position], bound):
            self.bounds[position] = bound

    def is_proven(self, position: int) -> bool:
        """Whether no schedule does better in this tier, given those before."""
        return self.value[position] == self.bounds[position]

    @property
    def is_placing_proven(self) -> bool:
        """Whether no schedule places more, at any priority."""
        return all(map(self.is_proven, range(len(self.priorities))))

    @property
    def are_all_proven(self) -> bool:
        """Whether every tier is proven."""
        return all(map(self.is_proven, range(len(self.tiers))))

    def terms(self) -> tuple[ObjectiveTerm, ...]:
        """Return the tiers with value and bound."""
        rows = zip(self.tiers, self.value, self.bounds, strict=True)
        return tuple(ObjectiveTerm(tier.name, tier.sense, value, bound) for tier, value, bound in rows)

    def report(self, phase: str) -> None:
        """Send the figures as they stand."""
        self._reporter.report(phase, self.terms())

    def report_search(self, position: int, value: int, bound: int | None) -> None:
        """Send the figures of a search in progress."""
        terms = list(self.terms())
        tier, known = self.tiers[position], self.bounds[position]
        best_bound = bound if bound is not None and tier.is_better(known, bound) else known
        terms[position] = ObjectiveTerm(tier.name, tier.sense, value, best_bound)
        self._reporter.report(tier.name, terms)

    def status(self, is_stopped: bool) -> SolveStatus:
        """Return what the solve can promise."""
        if is_stopped:
            return SolveStatus.STOPPED
        is_empty = not self.roster.seats and not self.is_placing_proven
        if self.are_pins_kept is None or is_empty:
            return SolveStatus.UNKNOWN
        if not self.are_pins_kept:
            return SolveStatus.INFEASIBLE
        return SolveStatus.OPTIMAL if self.are_all_proven else SolveStatus.FEASIBLE

"""Two schedules of one instance side by side."""

from dataclasses import dataclass
from typing import Any

from scheduler.checker import recompute_objective
from scheduler.formats.codec import encode
from scheduler.instance import SchedulingInstance
from scheduler.objective import PLACED_PREFIX
from scheduler.schedule import Assignment, Schedule


@dataclass(frozen=True)
class TermPair:
    """One objective term of both schedules; `better` is ``a``, ``b`` or empty when they are equal."""

    name: str
    a: int
    b: int
    better: str


@dataclass(frozen=True)
class Difference:
    """A candidate's slot in either schedule, None where there is none."""

    candidate_id: str
    a: Assignment | None
    b: Assignment | None


@dataclass(frozen=True)
class Comparison:
    """The terms in the order in which they count, and everyone whose slot differs."""

    terms: tuple[TermPair, ...]
    differences: tuple[Difference, ...]

    @property
    def better(self) -> str:
        """Which schedule is better by the instance's objective: ``a``, ``b``, or empty when equal."""
        return next((pair.better for pair in self.terms if pair.better), "")

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON values."""
        encoded: dict[str, Any] = encode(self)
        return encoded | {"better": self.better}


def compare_schedules(instance: SchedulingInstance, a: Schedule, b: Schedule) -> Comparison:
    """Compare two schedules by their recomputed terms and slot by slot.

    Parameters
    ----------
    instance : SchedulingInstance
        What both schedules are for.
    a, b : Schedule
        Schedules that name only candidates and sittings of the instance.
    """
    values_a, values_b = recompute_objective(instance, a), recompute_objective(instance, b)
    slots_a = {slot.candidate_id: slot for slot in a.assignments}
    slots_b = {slot.candidate_id: slot for slot in b.assignments}
    pairs = (
        Difference(person.id, slots_a.get(person.id), slots_b.get(person.id))
        for person in instance.candidates
    )
    return Comparison(
        terms=tuple(_pair(name, value, values_b[name]) for name, value in values_a.items()),
        differences=tuple(pair for pair in pairs if pair.a != pair.b),
    )


def _pair(name: str, a: int, b: int) -> TermPair:
    is_a_better = a > b if name.startswith(PLACED_PREFIX) else a < b
    return TermPair(name, a, b, "" if a == b else "a" if is_a_better else "b")

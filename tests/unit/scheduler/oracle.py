"""The best schedules of a tiny instance by complete enumeration, sharing no code with the solver.

Candidates are dealt to the sittings in every way, best placed first. For each sitting and the group dealt to
it all starts on a grid are tried, in every order. What must fit across sittings (attendees, days of a region)
is compared at the end, and the checker judges the result.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, groupby, pairwise, product
from math import gcd
from typing import Any

from scheduler.checker import find_violations, recompute_objective
from scheduler.instance import Candidate, Interval, SchedulingInstance, Sitting
from scheduler.objective import TermName
from scheduler.schedule import Assignment, Schedule, Unplaced, UnplacedReason

T = TermName
Values = tuple[int, ...]
Starts = tuple[tuple[Candidate, int], ...]
Deal = tuple[Sitting | None, ...]
"""For each candidate the sitting, None for who is left out."""


@dataclass(frozen=True)
class Signature:
    """What other sittings must know of one: region days, and when whom's attendees are needed."""

    region_days: frozenset[tuple[str, int]]
    attended: Starts


@dataclass(frozen=True)
class Optimum:
    """The most placed by priority, and all trade-offs between the tiers after it that cannot be bettered."""

    placed: Values
    front: dict[Values, Schedule]

    @property
    def best(self) -> Values:
        """Return the lexicographically best values, the placed ones first."""
        return self.placed + min(self.front)

    def least_given(self, earlier: Values) -> int:
        """Return the least value of the tier after `earlier`, tiers that follow the placed ones.

        None of them may be worse than in `earlier`.
        """
        tier = len(earlier)
        return min(
            values[tier]
            for values in self.front
            if all(value <= cap for value, cap in zip(values[:tier], earlier, strict=True))
        )


def find_optimum(instance: SchedulingInstance) -> Optimum | None:
    """Return what is best, or None when no schedule keeps all pins.

    Notes
    -----
    The grid is the greatest common divisor of all times of the instance. It loses nothing: for a fixed order,
    and fixed sides of all absences, wishes and attendees, the starts are bound by differences that are whole
    numbers of grid steps, and the idle time is linear in them, so that a best vertex lies on the grid. Where
    a day begins within a sitting, the step is a minute.
    """
    return _Enumeration(instance).run()


class _Enumeration:
    def __init__(self, instance: SchedulingInstance) -> None:
        self.instance = instance
        self.panels = {panel.id: panel for panel in instance.panels}
        self.absences = {expert.id: expert.unavailable for expert in instance.experts}
        self.priorities = sorted({person.priority for person in instance.candidates}, reverse=True)
        self.attending = {place.id: self._attending(place) for place in instance.sittings}
        self.known: dict[tuple[str, tuple[str, ...]], dict[Signature, dict[Values, Starts]]] = {}

    def _attending(self, place: Sitting) -> frozenset[str]:
        members = self.panels[place.panel_id].expert_ids
        return frozenset(id_ for id_ in members if not meets_any(place, self.absences[id_]))

    @cached_property
    def step_min(self) -> int:
        return grid_step(self.instance)

    def run(self) -> Optimum | None:
        deals = sorted(self._deals(), key=self._placed, reverse=True)
        for placed, group in groupby(deals, key=self._placed):
            front: dict[Values, Schedule] = {}
            for deal in group:
                self._add_schedules(deal, front)
            if front:
                for values, schedule in front.items():
                    self._judge(schedule, placed + values)
                return Optimum(placed, front)
        return None

    def _placed(self, deal: Deal) -> Values:
        people = zip(self.instance.candidates, deal, strict=True)
        count = Counter(person.priority for person, place in people if place is not None)
        return tuple(count[priority] for priority in self.priorities)

    def _deals(self) -> Iterator[Deal]:
        choices: list[list[Sitting | None]] = []
        for person in self.instance.candidates:
            places: list[Sitting | None] = [p for p in self.instance.sittings if self._may_hear(p, person)]
            choices.append(places if person.pin is not None else [None, *places])
        return (deal for deal in product(*choices) if self._may_open_together(deal))

    def _may_hear(self, place: Sitting, person: Candidate) -> bool:
        accepts = self.panels[place.panel_id].accepts
        attending = self.attending[place.id]
        return (
            (accepts is None or person.category in accepts)
            and self._is_quorate(len(attending))
            and self._is_quorate(len(attending - person.recused_expert_ids))
            and not meets_any(place, self.instance.closures)
            and (person.pin is None or person.pin.sitting_id == place.id)
        )

    def _is_quorate(self, count: int) -> bool:
        return count >= self.instance.min_panel_size and (count % 2 == 1 or not self.instance.require_odd)

    def _may_open_together(self, deal: Deal) -> bool:
        opened = opened_of(deal)
        limit = self.instance.max_parallel_sittings
        for place in opened:
            at_start = [p for p in opened if p.start_min <= place.start_min < p.end_min]
            if limit is not None and len(at_start) > limit:
                return False
        return not any(self._share_someone(*pair) for pair in combinations(opened, 2) if meet(*pair))

    def _share_someone(self, one: Sitting, other: Sitting) -> bool:
        return one.panel_id == other.panel_id or bool(self.attending[one.id] & self.attending[other.id])

    def _add_schedules(self, deal: Deal, front: dict[Values, Schedule]) -> None:
        """Add what this deal can be worth to the front of values that are not dominated."""
        people = zip(self.instance.candidates, deal, strict=True)
        groups: dict[str, list[Candidate]] = defaultdict(list)
        for person, place in people:
            if place is not None:
                groups[place.id].append(person)
        opened = opened_of(deal)
        arranged = [self._arrangements(place, tuple(groups[place.id])) for place in opened]
        fixed = self._fixed_terms(deal)
        for signatures in product(*arranged):
            if self._do_attendees_clash(opened, signatures):
                continue
            region_days = len(frozenset().union(*(signature.region_days for signature in signatures)))
            shared = self._tier_values({**fixed, T.REGION_DAYS: region_days})
            options = [each[signature].items() for each, signature in zip(arranged, signatures, strict=True)]
            for parts in product(*options):
                values = added(shared, *(part for part, _ in parts))
                if add_to_front(front, values):
                    front[values] = self._schedule(opened, [starts for _, starts in parts])

    def _arrangements(
        self, place: Sitting, people: tuple[Candidate, ...]
    ) -> dict[Signature, dict[Values, Starts]]:
        key = (place.id, tuple(person.id for person in people))
        if key not in self.known:
            found: dict[Signature, dict[Values, Starts]] = defaultdict(dict)
            for starts in self._sequences(place, people, place.start_min):
                front = found[self._signature(starts)]
                values = self._tier_values(sitting_terms(place, starts))
                if add_to_front(front, values):
                    front[values] = starts
            self.known[key] = found
        return self.known[key]

    def _sequences(self, place: Sitting, people: tuple[Candidate, ...], now_min: int) -> Iterator[Starts]:
        """Yield the people in every order at all starts on the grid from `now_min` on."""
        if not people:
            yield ()
        for person in people:
            others = tuple(other for other in people if other is not person)
            last_min = place.end_min - person.duration_min - sum(other.duration_min for other in others)
            for start_min in range(now_min, last_min + 1, self.step_min):
                if self._is_free(person, start_min):
                    next_min = start_min + person.duration_min + person.buffer_min
                    for rest in self._sequences(place, others, next_min):
                        yield ((person, start_min), *rest)

    def _is_free(self, person: Candidate, start_min: int) -> bool:
        slot = Interval(start_min, start_min + person.duration_min)
        return (
            (person.pin is None or person.pin.start_min == start_min)
            and not meets_any(slot, person.unavailable)
            and not any(meets_any(slot, self.absences[id_]) for id_ in person.attendee_ids)
        )

    def _signature(self, starts: Starts) -> Signature:
        day_of = self.instance.day_of
        return Signature(
            frozenset((person.region, day_of(start_min)) for person, start_min in starts if person.region),
            tuple((person, start_min) for person, start_min in starts if person.attendee_ids),
        )

    def _do_attendees_clash(self, opened: list[Sitting], signatures: tuple[Signature, ...]) -> bool:
        needs = [
            (place, Interval(start_min, start_min + person.duration_min), person.attendee_ids)
            for place, signature in zip(opened, signatures, strict=True)
            for person, start_min in signature.attended
        ]
        for position, (home, slot, names) in enumerate(needs):
            for place in opened:
                if place is not home and meet(slot, place) and names & self.attending[place.id]:
                    return True
            if any(meet(slot, other) and names & theirs for _, other, theirs in needs[:position]):
                return True
        return False

    def _fixed_terms(self, deal: Deal) -> dict[TermName, int]:
        """Return the terms that the deal alone decides, with those whom leaving out costs something."""
        opened = opened_of(deal)
        panels = Counter(place.panel_id for place in opened)
        days = Counter(self.instance.day_of(place.start_min) for place in opened)
        starts_min = {place.start_min for place in self.instance.sittings}
        people = list(zip(self.instance.candidates, deal, strict=True))
        return {
            T.MOVED: sum(place is None and person.published is not None for person, place in people),
            T.OPENED: len(opened),
            T.LOAD: max(panels.values(), default=0) + max(days.values(), default=0),
            T.CONFLICTS: sum(
                place is not None and bool(self.attending[place.id] & person.recused_expert_ids)
                for person, place in people
            ),
            T.LATENESS: sum(start < place.start_min for place in opened for start in starts_min),
        }

    def _tier_values(self, terms: dict[TermName, int]) -> Values:
        return tuple(
            sum(goal.weight * terms.get(goal.term, 0) for goal in tier) for tier in self.instance.objective
        )

    def _schedule(self, opened: list[Sitting], arranged: list[Starts]) -> Schedule:
        slots = tuple(
            Assignment(person.id, place.id, start_min, start_min + person.duration_min)
            for place, starts in zip(opened, arranged, strict=True)
            for person, start_min in starts
        )
        placed = {slot.candidate_id for slot in slots}
        left = [person.id for person in self.instance.candidates if person.id not in placed]
        return Schedule(slots, tuple(Unplaced(id_, UnplacedReason.CAPACITY, {}) for id_ in left))

    def _judge(self, schedule: Schedule, values: Values) -> None:
        assert find_violations(self.instance, schedule) == []
        assert tuple(recompute_objective(self.instance, schedule).values()) == values


def sitting_terms(place: Sitting, starts: Starts) -> dict[TermName, int]:
    """Return the terms that add up over the sittings."""
    neighbours = list(pairwise(starts))
    return {
        T.MOVED: sum(
            person.published is not None
            and (person.published.sitting_id, person.published.start_min) != (place.id, start_min)
            for person, start_min in starts
        ),
        T.IDLE: sum(
            later - start_min - person.duration_min - person.buffer_min
            for (person, start_min), (_, later) in neighbours
        ),
        T.SWITCHES: sum(one.category != other.category for (one, _), (other, _) in neighbours),
        T.WISHES: sum(broken_weight(person, start_min) for person, start_min in starts),
    }


def broken_weight(person: Candidate, start_min: int) -> int:
    slot = set(range(start_min, start_min + person.duration_min))
    total = 0
    for wish in person.wishes:
        window = set(range(wish.start_min, wish.end_min))
        is_met = slot.isdisjoint(window) if wish.is_avoided else slot <= window
        total += 0 if is_met else wish.weight
    return total


def opened_of(deal: Deal) -> list[Sitting]:
    opened = {place.id: place for place in deal if place is not None}
    return [opened[id_] for id_ in sorted(opened)]


def meet(one: Sitting | Interval, other: Sitting | Interval) -> bool:
    return max(one.start_min, other.start_min) < min(one.end_min, other.end_min)


def meets_any(stretch: Sitting | Interval, others: Iterable[Interval]) -> bool:
    return any(meet(stretch, other) for other in others)


def added(*vectors: Values) -> Values:
    return tuple(map(sum, zip(*vectors, strict=True)))


def add_to_front(front: dict[Values, Any], values: Values) -> bool:
    """Drop from the front what `values` dominates, and return whether it belongs there itself."""
    if any(all(a <= b for a, b in zip(known, values, strict=True)) for known in front):
        return False
    for known in [k for k in front if all(a <= b for a, b in zip(values, k, strict=True))]:
        del front[known]
    return True


def grid_step(instance: SchedulingInstance) -> int:
    """Return the greatest common divisor of all times, or 1 when a day begins within a sitting."""
    for place in instance.sittings:
        if instance.day_of(place.start_min) != instance.day_of(place.end_min - 1):
            return 1
    people = instance.candidates
    stretches: list[Sitting | Interval] = [*instance.sittings]
    stretches += [away for holder in (*people, *instance.experts) for away in holder.unavailable]
    stretches += [Interval(wish.start_min, wish.end_min) for person in people for wish in person.wishes]
    slots = [slot for person in people for slot in (person.pin, person.published) if slot is not None]
    lengths = [length for person in people for length in (person.duration_min, person.buffer_min)]
    ends = [end for each in stretches for end in (each.start_min, each.end_min)]
    return gcd(*ends, *lengths, *(slot.start_min for slot in slots))

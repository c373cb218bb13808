"""Who sits where and when, and what that is worth."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from scheduler.eligibility import Opening
from scheduler.instance import Candidate, SchedulingInstance
from scheduler.objective import TermName, placed_name, tier_name
from scheduler.result import Sense
from scheduler.schedule import Assignment

Seat = tuple[int, Candidate]
"""Start minute and candidate."""


@dataclass(frozen=True)
class Roster:
    """The seats of each opening in order of time; openings without seats are left out."""

    seats: Mapping[int, tuple[Seat, ...]]

    def assignments(self, openings: Sequence[Opening]) -> tuple[Assignment, ...]:
        """Return the slots by sitting and time."""
        return tuple(
            Assignment(
                candidate.id, openings[opening_id].sitting.id, start_min, start_min + candidate.duration_min
            )
            for opening_id, seats in sorted(self.seats.items())
            for start_min, candidate in seats
        )


@dataclass(frozen=True)
class TierInfo:
    """Name and sense of one lexicographic tier."""

    name: str
    sense: Sense

    def is_better(self, value: int, other: int) -> bool:
        """Return whether `value` is strictly better than `other`."""
        return value > other if self.sense is Sense.MAXIMISE else value < other


def list_tiers(instance: SchedulingInstance) -> tuple[TierInfo, ...]:
    """Return the tiers in the order in which they count: placed by priority, then the objective."""
    priorities = sorted({candidate.priority for candidate in instance.candidates}, reverse=True)
    placed = [TierInfo(placed_name(priority), Sense.MAXIMISE) for priority in priorities]
    return (*placed, *(TierInfo(tier_name(tier), Sense.MINIMISE) for tier in instance.objective))


def value_of(instance: SchedulingInstance, openings: Sequence[Opening], roster: Roster) -> tuple[int, ...]:
    """Return the value of each tier, in the order of `list_tiers`."""
    priorities = sorted({candidate.priority for candidate in instance.candidates}, reverse=True)
    placed = Counter(candidate.priority for seats in roster.seats.values() for _, candidate in seats)
    needed = {goal.term for tier in instance.objective for goal in tier}
    terms = {term: MEASURES[term](instance, openings, roster) for term in needed}
    tiers = (sum(goal.weight * terms[goal.term] for goal in tier) for tier in instance.objective)
    return (*(placed[priority] for priority in priorities), *tiers)


def is_better(tiers: Sequence[TierInfo], value: Sequence[int], other: Sequence[int]) -> bool:
    """Return whether `value` comes first lexicographically."""
    for tier, one, two in zip(tiers, value, other, strict=True):
        if one != two:
            return tier.is_better(one, two)
    return False


def _moved(instance: SchedulingInstance, openings: Sequence[Opening], roster: Roster) -> int:
    kept = sum(
        candidate.published is not None
        and candidate.published.sitting_id == openings[opening_id].sitting.id
        and candidate.published.start_min == start_min
        for opening_id, seats in roster.seats.items()
        for start_min, candidate in seats
    )
    return sum(candidate.published is not None for candidate in instance.candidates) - kept


def _opened(_instance: SchedulingInstance, _openings: Sequence[Opening], roster: Roster) -> int:
    return len(roster.seats)


def _idle(_instance: SchedulingInstance, _openings: Sequence[Opening], roster: Roster) -> int:
    return sum(idle_minutes(seats) for seats in roster.seats.values())


def idle_minutes(seats: Sequence[Seat]) -> int:
    """Return the minutes between two defences that no buffer needs."""
    return sum(
        later - start_min - candidate.duration_min - candidate.buffer_min
        for (start_min, candidate), (later, _) in pairwise(seats)
    )


def _switches(_instance: SchedulingInstance, _openings: Sequence[Opening], roster: Roster) -> int:
    return sum(category_switches(seats) for seats in roster.seats.values())


def category_switches(seats: Sequence[Seat]) -> int:
    """Return how often the category changes from one defence to the next."""
    return sum(one.category != other.category for (_, one), (_, other) in pairwise(seats))


def _load(instance: SchedulingInstance, openings: Sequence[Opening], roster: Roster) -> int:
    panels = Counter(openings[i].panel.id for i in roster.seats)
    days = Counter(instance.day_of(openings[i].sitting.start_min) for i in roster.seats)
    return max(panels.values(), default=0) + max(days.values(), default=0)


def _region_days(instance: SchedulingInstance, _openings: Sequence[Opening], roster: Roster) -> int:
    return len(
        {
            (candidate.region, instance.day_of(start_min))
            for seats in roster.seats.values()
            for start_min, candidate in seats
            if candidate.region
        }
    )


def _wishes(_instance: SchedulingInstance, _openings: Sequence[Opening], roster: Roster) -> int:
    return sum(
        broken_wishes(candidate, start_min)
        for seats in roster.seats.values()
        for start_min, candidate in seats
        if candidate.wishes
    )


def broken_wishes(candidate: Candidate, start_min: int) -> int:
    """Return the weight of the wishes that a slot from `start_min` breaks."""
    end_min = start_min + candidate.duration_min
    return sum(
        wish.weight
        for wish in candidate.wishes
        if (
            wish.start_min < end_min and start_min < wish.end_min
            if wish.is_avoided
            else not (wish.start_min <= start_min and end_min <= wish.end_min)
        )
    )


def _conflicts(_instance: SchedulingInstance, openings: Sequence[Opening], roster: Roster) -> int:
    return sum(
        not openings[opening_id].attending.isdisjoint(candidate.recused_expert_ids)
        for opening_id, seats in roster.seats.items()
        for _, candidate in seats
    )


def _lateness(instance: SchedulingInstance, openings: Sequence[Opening], roster: Roster) -> int:
    starts_min = sorted({sitting.start_min for sitting in instance.sittings})
    rank = {start_min: position for position, start_min in enumerate(starts_min)}
    return sum(rank[openings[i].sitting.start_min] for i in roster.seats)


MEASURES = {
    TermName.MOVED: _moved,
    TermName.OPENED: _opened,
    TermName.IDLE: _idle,
    TermName.SWITCHES: _switches,
    TermName.LOAD: _load,
    TermName.REGION_DAYS: _region_days,
    TermName.WISHES: _wishes,
    TermName.CONFLICTS: _conflicts,
    TermName.LATENESS: _lateness,
}
"""How each term is measured on a finished roster."""


def group_seats(seats: Sequence[tuple[int, int, Candidate]]) -> Roster:
    """Return the roster of (opening, start minute, candidate) triples in any order."""
    by_opening: dict[int, list[Seat]] = defaultdict(list)
    for opening_id, start_min, candidate in seats:
        by_opening[opening_id].append((start_min, candidate))
    return Roster({i: tuple(sorted(each, key=lambda seat: seat[0])) for i, each in by_opening.items()})

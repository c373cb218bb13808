"""From counts by kind to people in sittings."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from scheduler.eligibility import may_hear
from scheduler.instance import Candidate
from scheduler.panels.flow import Allocation
from scheduler.panels.kinds import Aggregate
from scheduler.panels.plan import Lane, Plan

Table = dict[int, list[Candidate]]
"""Candidates by opening."""


def deal(aggregate: Aggregate, plan: Plan, allocation: Allocation) -> Table:
    """Give every allocated candidate a sitting; those whom recusal leaves without one are left out.

    Candidates of one category, and within it of one region, stay together as far as the patterns allow.
    """
    is_by_category = any(category for (_, (category, _)) in plan.places)
    by_kind: dict[int, dict[Lane, list[Candidate]]] = defaultdict(lambda: defaultdict(list))
    for kind_id, people in _hand_out(aggregate, allocation):
        for candidate in people:
            size = (candidate.duration_min, candidate.buffer_min)
            by_kind[kind_id][candidate.category if is_by_category else "", size].append(candidate)
    table: Table = defaultdict(list)
    for kind_id, by_lane in sorted(by_kind.items()):
        seats = _Seats(aggregate, plan, kind_id)
        for lane, people in sorted(by_lane.items()):
            seats.fill(table, lane, sorted(people, key=lambda c: (c.category, c.region, c.id)))
    return table


def _hand_out(aggregate: Aggregate, allocation: Allocation) -> Iterable[tuple[int, list[Candidate]]]:
    """Split each group over its kinds in order of time, region after region."""
    kinds_of: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (group_id, kind_id), count in allocation.counts.items():
        kinds_of[group_id].append((kind_id, count))
    for group_id, shares in sorted(kinds_of.items()):
        people = sorted(aggregate.groups[group_id].members, key=lambda c: (c.region, c.id))
        first = 0
        for kind_id, count in sorted(shares):
            yield kind_id, people[first : first + count]
            first += count


class _Seats:
    """The places of one kind's opened gaps, by lane."""

    def __init__(self, aggregate: Aggregate, plan: Plan, kind_id: int) -> None:
        self._aggregate = aggregate
        self._openings = [
            opening_id
            for opening_id in (aggregate.gaps[i].opening_id for i in aggregate.kinds[kind_id].gap_ids)
            if opening_id in plan.opened
        ]
        self._left: list[dict[Lane, int]] = [dict(lanes) for lanes in plan.seats[kind_id]]

    def fill(self, table: Table, lane: Lane, people: Sequence[Candidate]) -> None:
        """Seat candidates of one lane, the recused ones first as they have the least choice."""
        for candidate in sorted(people, key=lambda c: not c.recused_expert_ids):
            free = [seat for seat, places in enumerate(self._left) if places.get(lane)]
            chosen = next(
                (seat for seat in self._by_preference(free, candidate) if self._may_hear(seat, candidate)),
                None,
            )
            if chosen is not None:
                self._left[chosen][lane] -= 1
                table[self._openings[chosen]].append(candidate)

    def _by_preference(self, seats: Sequence[int], candidate: Candidate) -> Sequence[int]:
        """Put first the panels from which nobody must leave the room."""
        if not candidate.recused_expert_ids:
            return seats
        openings = self._aggregate.openings
        return sorted(
            seats,
            key=lambda i: not openings[self._openings[i]].attending.isdisjoint(candidate.recused_expert_ids),
        )

    def _may_hear(self, seat: int, candidate: Candidate) -> bool:
        if not candidate.recused_expert_ids:
            return True  # the kind hears the category, so only recusal is left to ask about
        return may_hear(self._aggregate.instance, self._aggregate.openings[self._openings[seat]], candidate)

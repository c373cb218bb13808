"""Which candidates stand in the way of one who has no slot, the nearest first."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from scheduler.eligibility import list_openings, may_hear, may_open, overlaps, sitting_starts
from scheduler.instance import Candidate, SchedulingInstance
from scheduler.schedule import Assignment


def grow(
    instance: SchedulingInstance, seed: Candidate, assignments: Sequence[Assignment]
) -> Iterator[list[Candidate]]:
    """Return ever larger sets of candidates around `seed`, ending with all who are connected.

    In a largest schedule whoever has no slot competes with those in the sittings that could hear them, these
    with those in their other sittings, and so on; what can be reached this way is short of places.

    Parameters
    ----------
    seed : Candidate
        Who has no slot.
    assignments : sequence of Assignment
        The slots that were given.
    """
    surroundings = _Surroundings(instance, assignments)
    chosen = {seed.id: seed}
    yield [seed]
    while True:
        ring = surroundings.next_ring(list(chosen.values()))
        if not ring:
            return
        taken = 0
        while taken < len(ring):
            step = max(1, taken)
            chosen |= {candidate.id: candidate for candidate in ring[taken : taken + step]}
            taken += step
            yield list(chosen.values())


class _Surroundings:
    def __init__(self, instance: SchedulingInstance, assignments: Sequence[Assignment]) -> None:
        self._instance = instance
        self._openings = [item for item in list_openings(instance) if may_open(instance, item)]
        number = {item.sitting.id: i for i, item in enumerate(self._openings)}
        self._seat = {slot.candidate_id: number[slot.sitting_id] for slot in assignments}
        self._opened = sorted(set(self._seat.values()))
        self._persons = {expert.id: expert for expert in instance.experts}
        self._known: dict[tuple[object, ...], frozenset[int]] = {}
        self._needing: dict[str, list[Candidate]] = defaultdict(list)
        for candidate in instance.candidates:
            for person_id in sorted(candidate.attendee_ids):
                self._needing[person_id].append(candidate)

    def next_ring(self, chosen: Sequence[Candidate]) -> list[Candidate]:
        """Return who competes with `chosen`, those with the fewest other ways out first."""
        near = frozenset().union(*(self._choices(candidate) for candidate in chosen))
        persons = sorted({person_id for candidate in chosen for person_id in candidate.attendee_ids})
        near |= {i for i, item in enumerate(self._openings) if not item.attending.isdisjoint(persons)}
        rivals = {i for i in self._opened if i not in near and self._rival(i, near)}
        linked = {other.id for person_id in persons for other in self._needing[person_id]}
        members = frozenset().union(*(self._openings[i].attending for i in near))
        linked |= {other.id for person_id in sorted(members) for other in self._needing.get(person_id, ())}
        known = {candidate.id for candidate in chosen}

        def rank(candidate: Candidate) -> int | None:
            seat = self._seat.get(candidate.id)
            if candidate.id in known:
                return None
            if candidate.id in linked:
                return 0
            if seat is None:
                return None if self._choices(candidate).isdisjoint(near) else 3
            return 1 if seat in near else 2 if seat in rivals else None

        ranked = [(rank(candidate), candidate) for candidate in self._instance.candidates]
        ring = [(r, len(self._choices(c) - near - rivals), c) for r, c in ranked if r is not None]
        return [candidate for _, _, candidate in sorted(ring, key=lambda entry: entry[:2])]

    def _choices(self, candidate: Candidate) -> frozenset[int]:
        key = (
            candidate.category,
            candidate.duration_min,
            candidate.unavailable,
            candidate.recused_expert_ids,
            candidate.pin,
        )
        if key not in self._known:
            self._known[key] = frozenset(
                i
                for i, item in enumerate(self._openings)
                if may_hear(self._instance, item, candidate) and sitting_starts(candidate, item.sitting)
            )
        return self._known[key]

    def _rival(self, opened: int, near: frozenset[int]) -> bool:
        """Return whether an opened sitting keeps one of the near ones from opening."""
        mine = self._openings[opened]
        for i in sorted(near):
            other = self._openings[i]
            if overlaps(mine.sitting, other.sitting) and (
                self._instance.max_parallel_sittings is not None
                or mine.panel.id == other.panel.id
                or not mine.attending.isdisjoint(other.attending)
            ):
                return True
        return False

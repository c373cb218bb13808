"""First come, first served: what a clerk with a calendar does."""

from collections import defaultdict

from bench.scheduler.peers.common import Facts, Ranges, Record, collect_facts, minutes_of
from scheduler.instance import Candidate, SchedulingInstance
from scheduler.schedule import Assignment


def run(instance: SchedulingInstance, time_limit_s: float, record: Record) -> None:
    """Give each candidate, in order of the list, the first free slot.

    Sittings that are open already come before new ones, earlier ones before later ones; nobody is moved
    again. `time_limit_s` is never needed.
    """
    del time_limit_s
    record(serve_all(instance, collect_facts(instance)))


def serve_all(instance: SchedulingInstance, facts: Facts) -> list[Assignment]:
    """Return the clerk's schedule; the exact peers start from it too."""
    desk = _Desk(instance, facts)
    for i, _ in sorted(enumerate(instance.candidates), key=lambda item: -item[1].priority):
        desk.serve(i)
    return desk.assignments


class _Desk:
    def __init__(self, instance: SchedulingInstance, facts: Facts) -> None:
        self._instance, self._facts = instance, facts
        self._buffers_min = {candidate.id: candidate.buffer_min for candidate in instance.candidates}
        self._slots: dict[int, list[Assignment]] = {}
        self._openings_of: dict[int, list[int]] = defaultdict(list)
        for i, j in facts.starts:
            self._openings_of[i].append(j)
        self._excluded_by: dict[int, set[int]] = defaultdict(set)
        for one, other in facts.exclusive:
            self._excluded_by[one].add(other)
            self._excluded_by[other].add(one)

    @property
    def assignments(self) -> list[Assignment]:
        return [slot for slots in self._slots.values() for slot in slots]

    def serve(self, i: int) -> None:
        candidate = self._instance.candidates[i]
        for j in sorted(self._openings_of[i], key=lambda j: (j not in self._slots, j)):
            if j not in self._slots and not self._may_open(j):
                continue
            start_min = self._first_start(candidate, self._slots.get(j, []), self._facts.starts[i, j])
            if start_min is not None:
                end_min = start_min + candidate.duration_min
                slot = Assignment(candidate.id, self._facts.openings[j].sitting.id, start_min, end_min)
                self._slots.setdefault(j, []).append(slot)
                return

    def _may_open(self, j: int) -> bool:
        limit = self._instance.max_parallel_sittings
        return self._excluded_by[j].isdisjoint(self._slots) and all(
            sum(other in self._slots for other in crowd) < (limit or len(crowd))
            for crowd in self._facts.crowds
            if j in crowd
        )

    def _first_start(self, candidate: Candidate, slots: list[Assignment], ranges: Ranges) -> int | None:
        """Return the earliest legal start that leaves the pauses."""
        ends = [slot.end_min + self._buffers_min[slot.candidate_id] for slot in slots]
        for low, high in ranges:
            for start_min in sorted({low, *(end for end in ends if low < end <= high)}):
                free_min = start_min + minutes_of(candidate)
                if all(
                    free_min <= slot.start_min or end <= start_min
                    for slot, end in zip(slots, ends, strict=True)
                ):
                    return start_min
        return None

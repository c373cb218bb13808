"""The soft terms measured on a finished schedule, written again for the checker.

It shares no code with the solver's side, so that a fault there shows here. Slots of candidates or sittings
that the instance does not have count for nothing.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

from scheduler.instance import Candidate, Expert, SchedulingInstance, Sitting, Wish
from scheduler.objective import TermName
from scheduler.schedule import Assignment, Schedule


def known_slots(instance: SchedulingInstance, schedule: Schedule) -> list[Assignment]:
    """Return the slots whose candidate and sitting both exist."""
    candidate_ids = {candidate.id for candidate in instance.candidates}
    sitting_ids = {sitting.id for sitting in instance.sittings}
    return [
        slot
        for slot in schedule.assignments
        if slot.candidate_id in candidate_ids and slot.sitting_id in sitting_ids
    ]


def find_attending(instance: SchedulingInstance, sittings: Iterable[Sitting]) -> dict[str, frozenset[str]]:
    """Return for each of the sittings the members who are free during the whole of it."""
    members = {panel.id: panel.expert_ids for panel in instance.panels}
    experts = {expert.id: expert for expert in instance.experts}
    return {
        sitting.id: frozenset(id_ for id_ in members[sitting.panel_id] if _is_free(experts[id_], sitting))
        for sitting in sittings
    }


def _is_free(expert: Expert, sitting: Sitting) -> bool:
    return all(
        away.end_min <= sitting.start_min or away.start_min >= sitting.end_min for away in expert.unavailable
    )


def measure_terms(instance: SchedulingInstance, schedule: Schedule) -> dict[TermName, int]:
    """Return every soft term of `schedule` without weights, whether the instance counts it or not.

    Parameters
    ----------
    instance : SchedulingInstance
        What the schedule is for.
    schedule : Schedule
        Assignments in any order, from whatever source.

    Returns
    -------
    dict of TermName to int
        Each as `TermName` defines it.
    """
    return _Measures(instance, known_slots(instance, schedule)).terms()


class _Measures:
    def __init__(self, instance: SchedulingInstance, slots: list[Assignment]) -> None:
        self._instance = instance
        self._slots = slots
        self._candidates = {candidate.id: candidate for candidate in instance.candidates}
        sittings = {sitting.id: sitting for sitting in instance.sittings}
        self._opened = [sittings[id_] for id_ in sorted({slot.sitting_id for slot in slots})]

    def terms(self) -> dict[TermName, int]:
        return {
            TermName.MOVED: self._moved(),
            TermName.OPENED: len(self._opened),
            TermName.IDLE: sum(self._idle_min(one, two) for one, two in self._neighbours()),
            TermName.SWITCHES: sum(
                self._person(one).category != self._person(two).category for one, two in self._neighbours()
            ),
            TermName.LOAD: self._load(),
            TermName.REGION_DAYS: self._region_days(),
            TermName.WISHES: sum(_broken_weight(self._person(slot), slot) for slot in self._slots),
            TermName.CONFLICTS: self._conflicts(),
            TermName.LATENESS: self._lateness(),
        }

    def _person(self, slot: Assignment) -> Candidate:
        return self._candidates[slot.candidate_id]

    def _neighbours(self) -> Iterable[tuple[Assignment, Assignment]]:
        by_sitting: dict[str, list[Assignment]] = defaultdict(list)
        for slot in self._slots:
            by_sitting[slot.sitting_id].append(slot)
        for group in by_sitting.values():
            yield from pairwise(sorted(group, key=lambda slot: (slot.start_min, slot.end_min)))

    def _moved(self) -> int:
        found = {(slot.candidate_id, slot.sitting_id, slot.start_min) for slot in self._slots}
        announced = (
            (person.id, person.published.sitting_id, person.published.start_min)
            for person in self._instance.candidates
            if person.published is not None
        )
        return sum(place not in found for place in announced)

    def _idle_min(self, before: Assignment, after: Assignment) -> int:
        """Return the pause beyond the buffer; slots that overlap against the rules have none."""
        return max(0, after.start_min - before.end_min - self._person(before).buffer_min)

    def _load(self) -> int:
        panels = Counter(sitting.panel_id for sitting in self._opened)
        days = Counter(self._instance.day_of(sitting.start_min) for sitting in self._opened)
        return max(panels.values(), default=0) + max(days.values(), default=0)

    def _region_days(self) -> int:
        pairs = {(self._person(slot).region, self._instance.day_of(slot.start_min)) for slot in self._slots}
        return sum(region != "" for region, _ in pairs)

    def _conflicts(self) -> int:
        attending = find_attending(self._instance, self._opened)
        return sum(
            bool(attending[slot.sitting_id] & self._person(slot).recused_expert_ids) for slot in self._slots
        )

    def _lateness(self) -> int:
        starts_min = sorted({sitting.start_min for sitting in self._instance.sittings})
        return sum(bisect_left(starts_min, sitting.start_min) for sitting in self._opened)


def _broken_weight(candidate: Candidate, slot: Assignment) -> int:
    return sum(wish.weight for wish in candidate.wishes if not _is_met(wish, slot))


def _is_met(wish: Wish, slot: Assignment) -> bool:
    if wish.is_avoided:
        return slot.end_min <= wish.start_min or slot.start_min >= wish.end_min
    return slot.start_min >= wish.start_min and slot.end_min <= wish.end_min

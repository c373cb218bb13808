"""Independent check of a schedule: every hard rule written again, sharing no code with the model.

It loads neither OR-Tools nor `scheduler.eligibility`, so that a fault there shows here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from scheduler.instance import SchedulingInstance
from scheduler.schedule import Assignment, Schedule


class Rule(Enum):
    """The hard rules, in plain words for the report."""

    UNKNOWN_CANDIDATE = "the candidate does not exist in the instance"
    UNKNOWN_SITTING = "the sitting does not exist in the instance"
    LISTED_TWICE = "the candidate is listed more than once"
    NOT_LISTED = "the candidate is neither assigned nor listed as unplaced"
    WRONG_DURATION = "the slot is not as long as the defence"
    OUTSIDE_SITTING = "the slot lies outside the sitting"
    CATEGORY = "the panel does not accept the category"
    PANEL_TOO_SMALL = "too few members attend the sitting"
    PANEL_EVEN = "an even number of members attends the sitting"
    RECUSAL_TOO_FEW = "too few members remain after recusal"
    RECUSAL_EVEN = "an even number of members remains after recusal"
    CANDIDATE_UNAVAILABLE = "the candidate is not available"
    OVERLAP = "the next slot starts before the buffer has passed"
    EXPERT_DOUBLE_BOOKED = "an expert attends two sittings at the same time"
    PARALLEL_LIMIT = "too many sittings at the same time"
    PIN_MOVED = "the pinned slot was moved"
    PIN_DROPPED = "the pinned slot was dropped"


@dataclass(frozen=True)
class Violation:
    """One broken rule; `ids` names the candidates, sittings or experts concerned."""

    rule: Rule
    ids: tuple[str, ...]
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.rule.name} {', '.join(self.ids)}: {self.rule.value} {self.detail}".rstrip()


def find_violations(instance: SchedulingInstance, schedule: Schedule) -> list[Violation]:
    """Return every hard rule that `schedule` breaks; an empty list means that it may be saved.

    Parameters
    ----------
    instance : SchedulingInstance
        The instance that was solved.
    schedule : Schedule
        Assignments and unplaced candidates, from whatever source.
    """
    facts = _Facts(instance)
    known = [
        slot
        for slot in schedule.assignments
        if slot.candidate_id in facts.candidates and slot.sitting_id in facts.sittings
    ]
    violations = list(_check_listing(facts, schedule))
    for slot in known:
        violations += _check_slot(facts, slot)
        violations += _check_hearing(facts, slot)
    violations += _check_sequence(facts, known)
    violations += _check_openings(facts, sorted({slot.sitting_id for slot in known}))
    return violations


def recompute_objective(instance: SchedulingInstance, schedule: Schedule) -> dict[str, int]:
    """Return the objective terms of `schedule`, named and ordered as in `SolveResult.objective`."""
    facts = _Facts(instance)
    priorities = sorted({candidate.priority for candidate in instance.candidates}, reverse=True)
    placed = Counter(facts.candidates[slot.candidate_id].priority for slot in schedule.assignments)
    opened = {slot.sitting_id for slot in schedule.assignments}
    conflicts = sum(
        bool(facts.attending[slot.sitting_id] & facts.candidates[slot.candidate_id].recused_expert_ids)
        for slot in schedule.assignments
    )
    starts_min = {sitting.start_min for sitting in instance.sittings}
    lateness = sum(start < facts.sittings[id_].start_min for id_ in opened for start in starts_min)
    objective = {f"placed_priority_{priority}": placed[priority] for priority in priorities}
    return objective | {"opened": len(opened), "conflicts": conflicts, "lateness": lateness}


class _Facts:
    def __init__(self, instance: SchedulingInstance) -> None:
        self.instance = instance
        self.candidates = {candidate.id: candidate for candidate in instance.candidates}
        self.sittings = {sitting.id: sitting for sitting in instance.sittings}
        self.panels = {panel.id: panel for panel in instance.panels}
        experts = {expert.id: expert for expert in instance.experts}
        self.attending = {
            sitting.id: {
                expert_id
                for expert_id in self.panels[sitting.panel_id].expert_ids
                if all(
                    away.end_min <= sitting.start_min or away.start_min >= sitting.end_min
                    for away in experts[expert_id].unavailable
                )
            }
            for sitting in instance.sittings
        }


def _check_listing(facts: _Facts, schedule: Schedule) -> Iterator[Violation]:
    listed = Counter(slot.candidate_id for slot in schedule.assignments)
    listed.update(item.candidate_id for item in schedule.unplaced)
    for candidate_id, times in listed.items():
        if candidate_id not in facts.candidates:
            yield Violation(Rule.UNKNOWN_CANDIDATE, (candidate_id,))
        if times > 1:
            yield Violation(Rule.LISTED_TWICE, (candidate_id,), f"({times} times)")
    for slot in schedule.assignments:
        if slot.sitting_id not in facts.sittings:
            yield Violation(Rule.UNKNOWN_SITTING, (slot.candidate_id, slot.sitting_id))
    assigned = {slot.candidate_id for slot in schedule.assignments}
    for candidate in facts.instance.candidates:
        if candidate.id not in listed:
            yield Violation(Rule.NOT_LISTED, (candidate.id,))
        if candidate.pin is not None and candidate.id not in assigned:
            yield Violation(Rule.PIN_DROPPED, (candidate.id, candidate.pin.sitting_id))


def _check_slot(facts: _Facts, slot: Assignment) -> Iterator[Violation]:
    candidate, sitting = facts.candidates[slot.candidate_id], facts.sittings[slot.sitting_id]
    ids = (slot.candidate_id, slot.sitting_id)
    length_min = slot.end_min - slot.start_min
    if length_min != candidate.duration_min:
        yield Violation(Rule.WRONG_DURATION, ids, f"({length_min} instead of {candidate.duration_min} min)")
    if slot.start_min < sitting.start_min or slot.end_min > sitting.end_min:
        yield Violation(Rule.OUTSIDE_SITTING, ids, f"({slot.start_min}-{slot.end_min})")
    for away in candidate.unavailable:
        if slot.start_min < away.end_min and slot.end_min > away.start_min:
            yield Violation(Rule.CANDIDATE_UNAVAILABLE, ids, f"({away.start_min}-{away.end_min})")
    pin = candidate.pin
    if pin is not None and (pin.sitting_id, pin.start_min) != (slot.sitting_id, slot.start_min):
        yield Violation(Rule.PIN_MOVED, ids, f"(pinned to {pin.sitting_id} at {pin.start_min})")


def _check_hearing(facts: _Facts, slot: Assignment) -> Iterator[Violation]:
    candidate = facts.candidates[slot.candidate_id]
    ids = (slot.candidate_id, slot.sitting_id)
    if not facts.panels[facts.sittings[slot.sitting_id].panel_id].hears(candidate.category):
        yield Violation(Rule.CATEGORY, ids, f"({candidate.category})")
    remaining = len(facts.attending[slot.sitting_id] - candidate.recused_expert_ids)
    if remaining < facts.instance.min_panel_size:
        yield Violation(Rule.RECUSAL_TOO_FEW, ids, f"({remaining} of {facts.instance.min_panel_size})")
    if facts.instance.require_odd and remaining % 2 == 0:
        yield Violation(Rule.RECUSAL_EVEN, ids, f"({remaining})")


def _check_sequence(facts: _Facts, slots: list[Assignment]) -> Iterator[Violation]:
    by_sitting = defaultdict(list)
    for slot in slots:
        by_sitting[slot.sitting_id].append(slot)
    for group in by_sitting.values():
        group.sort(key=lambda slot: (slot.start_min, slot.end_min))
        for before, after in pairwise(group):
            if after.start_min < before.end_min + facts.candidates[before.candidate_id].buffer_min:
                yield Violation(Rule.OVERLAP, (before.candidate_id, after.candidate_id, before.sitting_id))


def _check_openings(facts: _Facts, opened: list[str]) -> Iterator[Violation]:
    for sitting_id in opened:
        size = len(facts.attending[sitting_id])
        if size < facts.instance.min_panel_size:
            yield Violation(Rule.PANEL_TOO_SMALL, (sitting_id,), f"({size})")
        if facts.instance.require_odd and size % 2 == 0:
            yield Violation(Rule.PANEL_EVEN, (sitting_id,), f"({size})")
        start_min = facts.sittings[sitting_id].start_min
        running = [
            other
            for other in opened
            if facts.sittings[other].start_min <= start_min < facts.sittings[other].end_min
        ]
        yield from _check_parallel(facts, sitting_id, running)


def _check_parallel(facts: _Facts, sitting_id: str, running: list[str]) -> Iterator[Violation]:
    """Check one sitting against all that run when it starts; an overlapping pair shows at the later start."""
    limit = facts.instance.max_parallel_sittings
    if limit is not None and len(running) > limit:
        yield Violation(Rule.PARALLEL_LIMIT, (sitting_id,), f"({len(running)} of {limit})")
    for other in running:
        starts_together = facts.sittings[other].start_min == facts.sittings[sitting_id].start_min
        if other == sitting_id or (starts_together and other < sitting_id):
            continue
        for expert_id in sorted(facts.attending[sitting_id] & facts.attending[other]):
            yield Violation(Rule.EXPERT_DOUBLE_BOOKED, (expert_id, sitting_id, other))

"""Independent check of a schedule: every hard rule written again, sharing no code with the model.

It loads neither OR-Tools nor any part of the solver, so that a fault there shows here.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

from scheduler.instance import SchedulingInstance, Sitting
from scheduler.measure import find_attending, known_slots, measure_terms
from scheduler.objective import placed_name, tier_name
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
    SITTING_CLOSED = "nobody may sit at that time"
    PANEL_TOO_SMALL = "too few members attend the sitting"
    PANEL_EVEN = "an even number of members attends the sitting"
    RECUSAL_TOO_FEW = "too few members remain after recusal"
    RECUSAL_EVEN = "an even number of members remains after recusal"
    CANDIDATE_UNAVAILABLE = "the candidate is not available"
    OVERLAP = "the next slot starts before the buffer has passed"
    PANEL_DOUBLE_BOOKED = "the panel has two sittings at the same time"
    EXPERT_DOUBLE_BOOKED = "an expert attends two sittings at the same time"
    ATTENDEE_UNAVAILABLE = "a person who must attend is not available"
    ATTENDEE_DOUBLE_BOOKED = "a person who must attend is needed elsewhere at the same time"
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
    known = known_slots(instance, schedule)
    facts = _Facts(instance, known)
    violations = list(_check_listing(facts, schedule))
    for slot in known:
        violations += _check_slot(facts, slot)
        violations += _check_hearing(facts, slot)
    violations += _check_sequence(facts, known)
    for sitting in facts.opened:
        violations += _check_opening(facts, sitting)
    violations += _check_parallel(facts)
    violations += _check_engagements(facts, known)
    return violations


def recompute_objective(instance: SchedulingInstance, schedule: Schedule) -> dict[str, int]:
    """Return the objective terms of `schedule`, named and ordered as in `SolveResult.objective`.

    Placed candidates of each priority come first, then the tiers of `instance.objective` with their weights.
    """
    priority_of = {candidate.id: candidate.priority for candidate in instance.candidates}
    placed = Counter(priority_of[slot.candidate_id] for slot in known_slots(instance, schedule))
    priorities = sorted(set(priority_of.values()), reverse=True)
    terms = measure_terms(instance, schedule)
    return {placed_name(priority): placed[priority] for priority in priorities} | {
        tier_name(tier): sum(goal.weight * terms[goal.term] for goal in tier) for tier in instance.objective
    }


class _Facts:
    def __init__(self, instance: SchedulingInstance, slots: list[Assignment]) -> None:
        self.instance = instance
        self.candidates = {candidate.id: candidate for candidate in instance.candidates}
        self.sittings = {sitting.id: sitting for sitting in instance.sittings}
        self.panels = {panel.id: panel for panel in instance.panels}
        self.experts = {expert.id: expert for expert in instance.experts}
        self.opened = [self.sittings[id_] for id_ in sorted({slot.sitting_id for slot in slots})]
        self.attending = find_attending(instance, self.opened)


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
    for expert_id in sorted(candidate.attendee_ids):
        for away in facts.experts[expert_id].unavailable:
            if slot.start_min < away.end_min and slot.end_min > away.start_min:
                yield Violation(
                    Rule.ATTENDEE_UNAVAILABLE, (expert_id, *ids), f"({away.start_min}-{away.end_min})"
                )
    pin = candidate.pin
    if pin is not None and (pin.sitting_id, pin.start_min) != (slot.sitting_id, slot.start_min):
        yield Violation(Rule.PIN_MOVED, ids, f"(pinned to {pin.sitting_id} at {pin.start_min})")


def _check_hearing(facts: _Facts, slot: Assignment) -> Iterator[Violation]:
    candidate = facts.candidates[slot.candidate_id]
    ids = (slot.candidate_id, slot.sitting_id)
    accepts = facts.panels[facts.sittings[slot.sitting_id].panel_id].accepts
    if accepts is not None and candidate.category not in accepts:
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


def _check_opening(facts: _Facts, sitting: Sitting) -> Iterator[Violation]:
    size = len(facts.attending[sitting.id])
    if size < facts.instance.min_panel_size:
        yield Violation(Rule.PANEL_TOO_SMALL, (sitting.id,), f"({size})")
    if facts.instance.require_odd and size % 2 == 0:
        yield Violation(Rule.PANEL_EVEN, (sitting.id,), f"({size})")
    for closure in facts.instance.closures:
        if sitting.start_min < closure.end_min and sitting.end_min > closure.start_min:
            yield Violation(Rule.SITTING_CLOSED, (sitting.id,), f"({closure.start_min}-{closure.end_min})")


def _check_parallel(facts: _Facts) -> Iterator[Violation]:
    """Count at the start of each sitting how many run: that is when a limit is first passed."""
    limit = facts.instance.max_parallel_sittings
    if limit is None:
        return
    starts_min = sorted(sitting.start_min for sitting in facts.opened)
    ends_min = sorted(sitting.end_min for sitting in facts.opened)
    for sitting in facts.opened:
        running = bisect_right(starts_min, sitting.start_min) - bisect_right(ends_min, sitting.start_min)
        if running > limit:
            yield Violation(Rule.PARALLEL_LIMIT, (sitting.id,), f"({running} of {limit})")


class _Engagement(NamedTuple):
    """A stretch of time that somebody is bound for, by a sitting or by one defence in it."""

    start_min: int
    end_min: int
    sitting_id: str
    candidate_id: str = ""


def _check_engagements(facts: _Facts, slots: list[Assignment]) -> Iterator[Violation]:
    """Check that no panel and no person is bound twice at the same time."""
    by_panel: dict[str, list[_Engagement]] = defaultdict(list)
    by_expert: dict[str, list[_Engagement]] = defaultdict(list)
    for sitting in facts.opened:
        window = _Engagement(sitting.start_min, sitting.end_min, sitting.id)
        by_panel[sitting.panel_id].append(window)
        for expert_id in facts.attending[sitting.id]:
            by_expert[expert_id].append(window)
    for slot in slots:
        for expert_id in facts.candidates[slot.candidate_id].attendee_ids:
            by_expert[expert_id].append(
                _Engagement(slot.start_min, slot.end_min, slot.sitting_id, slot.candidate_id)
            )
    for panel_id, windows in sorted(by_panel.items()):
        for one, two in _list_overlaps(windows):
            yield Violation(Rule.PANEL_DOUBLE_BOOKED, (panel_id, one.sitting_id, two.sitting_id))
    for expert_id, engagements in sorted(by_expert.items()):
        for one, two in _list_overlaps(engagements):
            yield from _check_pair(facts, expert_id, one, two)


def _check_pair(facts: _Facts, expert_id: str, one: _Engagement, two: _Engagement) -> Iterator[Violation]:
    """Judge two engagements of a person that overlap: a defence in a sitting of their own is no clash."""
    if one.candidate_id or two.candidate_id:
        if one.sitting_id != two.sitting_id or (one.candidate_id and two.candidate_id):
            names = (one.candidate_id or one.sitting_id, two.candidate_id or two.sitting_id)
            yield Violation(Rule.ATTENDEE_DOUBLE_BOOKED, (expert_id, *names))
    elif facts.sittings[one.sitting_id].panel_id != facts.sittings[two.sitting_id].panel_id:
        yield Violation(Rule.EXPERT_DOUBLE_BOOKED, (expert_id, one.sitting_id, two.sitting_id))


def _list_overlaps(engagements: Iterable[_Engagement]) -> Iterator[tuple[_Engagement, _Engagement]]:
    """Sweep over time; the work grows with the number of pairs found."""
    running: list[_Engagement] = []
    for engagement in sorted(engagements):
        running = [other for other in running if other.end_min > engagement.start_min]
        for other in running:
            yield other, engagement
        running.append(engagement)

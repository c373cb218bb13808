"""The checker against a good schedule broken on purpose, one rule at a time."""

import ast
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scheduling_builders import away, candidate, instance, panel, room, sitting

import scheduler
from defense.services.timetable.violations import RULE_TEXT
from scheduler import checker, measure
from scheduler.checker import Rule, find_violations
from scheduler.generate import generate_instance
from scheduler.instance import SchedulingInstance, Slot
from scheduler.schedule import Assignment, Schedule, Unplaced, UnplacedReason

PEOPLE = [
    candidate("c0", recused_expert_ids=frozenset({"e0"})),
    candidate("c1", unavailable=away(10, 20) + away(35, 60), attendee_ids=frozenset({"interpreter", "e3"})),
    candidate("c2", pin=Slot("s1", 10)),
    candidate("c3", category="y", priority=2),
    candidate("c4", attendee_ids=frozenset({"interpreter"})),
]
PANELS = [panel("p0", ("e0", "e1", "e2", "e3")), panel("p1", ("e4", "e5", "e6"))]
SITTINGS = [sitting("s0", "p0"), sitting("s1", "p1"), sitting("s2", "p0", 60, 120)]
GOOD = instance(
    PEOPLE,
    PANELS,
    SITTINGS,
    {"interpreter": away(50, 60) + away(75, 90), "e4": away(-5, 0) + away(60, 70)},
    max_parallel_sittings=2,
    closures=away(-10, 0) + away(120, 200),
)
"""Absences and closures touch the slots on both sides, which is no fault."""
SLOTS = (
    Assignment("c0", "s0", 0, 15),
    Assignment("c1", "s0", 20, 35),
    Assignment("c2", "s1", 10, 25),
    Assignment("c4", "s2", 60, 75),
)
LEFT = (Unplaced("c3", UnplacedReason.NO_PANEL_ACCEPTS_CATEGORY, {"category": "y"}),)
SCHEDULE = Schedule(SLOTS, LEFT)


def with_slot(index: int, **fields: Any) -> Schedule:
    slots = list(SLOTS)
    slots[index] = replace(slots[index], **fields)
    return Schedule(tuple(slots), LEFT)


def with_panel(index: int, *experts: str, **rules: Any) -> SchedulingInstance:
    panels = [*PANELS]
    panels[index] = replace(panels[index], expert_ids=experts)
    return instance(PEOPLE, panels, SITTINGS, closures=GOOD.closures, **rules)


def faults_of(problem: SchedulingInstance, schedule: Schedule) -> list[Rule]:
    return [violation.rule for violation in find_violations(problem, schedule)]


def test_good_schedule_has_no_violations() -> None:
    assert find_violations(GOOD, SCHEDULE) == []


BROKEN_SCHEDULES = {
    Rule.UNKNOWN_CANDIDATE: Schedule((*SLOTS, Assignment("nobody", "s0", 40, 55)), LEFT),
    Rule.UNKNOWN_SITTING: with_slot(0, sitting_id="nowhere"),
    Rule.LISTED_TWICE: Schedule(SLOTS, (*LEFT, replace(LEFT[0], candidate_id="c0"))),
    Rule.NOT_LISTED: Schedule(SLOTS, ()),
    Rule.WRONG_DURATION: with_slot(0, end_min=14),
    Rule.OUTSIDE_SITTING: with_slot(0, start_min=50, end_min=65),
    Rule.CATEGORY: Schedule((*SLOTS, Assignment("c3", "s0", 40, 55)), ()),
    Rule.CANDIDATE_UNAVAILABLE: with_slot(1, start_min=26, end_min=41),
    Rule.OVERLAP: with_slot(0, start_min=1, end_min=16),
    Rule.ATTENDEE_UNAVAILABLE: with_slot(3, start_min=62, end_min=77),
    Rule.ATTENDEE_DOUBLE_BOOKED: with_slot(3, sitting_id="s1", start_min=34, end_min=49),
    Rule.PIN_MOVED: with_slot(2, start_min=11, end_min=26),
    Rule.PIN_DROPPED: Schedule((*SLOTS[:2], SLOTS[3]), (*LEFT, replace(LEFT[0], candidate_id="c2"))),
}


@pytest.mark.parametrize("rule", BROKEN_SCHEDULES, ids=lambda rule: rule.name)
def test_broken_schedule_is_faulted(rule: Rule) -> None:
    assert faults_of(GOOD, BROKEN_SCHEDULES[rule]) == [rule]


BROKEN_INSTANCES: dict[Rule, SchedulingInstance] = {
    Rule.SITTING_CLOSED: replace(GOOD, closures=away(119, 200)),
    Rule.PANEL_TOO_SMALL: with_panel(1, "e4", "e5"),
    Rule.PANEL_EVEN: replace(GOOD, require_odd=True),
    Rule.RECUSAL_TOO_FEW: with_panel(0, "e0", "e1", "e2"),
    Rule.RECUSAL_EVEN: with_panel(0, "e0", "e1", "e2", "e3", "e7", require_odd=True),
    Rule.PANEL_DOUBLE_BOOKED: replace(
        GOOD, sittings=(*SITTINGS[:2], sitting("s2", "p0", 59, 120)), max_parallel_sittings=None
    ),
    Rule.EXPERT_DOUBLE_BOOKED: with_panel(1, "e2", "e5", "e6"),
    Rule.PARALLEL_LIMIT: replace(GOOD, max_parallel_sittings=1),
}
IMPLIED = {Rule.PANEL_TOO_SMALL: Rule.RECUSAL_TOO_FEW, Rule.PANEL_EVEN: Rule.RECUSAL_EVEN}
"""Who sits with a panel that is too small hears with too few as well."""


@pytest.mark.parametrize("rule", BROKEN_INSTANCES, ids=lambda rule: rule.name)
def test_schedule_is_faulted_where_the_rules_are_tighter(rule: Rule) -> None:
    also = {IMPLIED[rule]} if rule in IMPLIED else set()
    assert set(faults_of(BROKEN_INSTANCES[rule], SCHEDULE)) == {rule} | also


CONCERNED = [
    (GOOD, BROKEN_SCHEDULES[Rule.CANDIDATE_UNAVAILABLE], ("c1", "s0")),
    (GOOD, BROKEN_SCHEDULES[Rule.OVERLAP], ("c0", "c1", "s0")),
    (GOOD, BROKEN_SCHEDULES[Rule.ATTENDEE_UNAVAILABLE], ("interpreter", "c4", "s2")),
    (GOOD, BROKEN_SCHEDULES[Rule.ATTENDEE_DOUBLE_BOOKED], ("interpreter", "c1", "c4")),
    (BROKEN_INSTANCES[Rule.RECUSAL_EVEN], SCHEDULE, ("c0", "s0")),
    (BROKEN_INSTANCES[Rule.SITTING_CLOSED], SCHEDULE, ("s2",)),
    (BROKEN_INSTANCES[Rule.PANEL_DOUBLE_BOOKED], SCHEDULE, ("p0", "s0", "s2")),
    (BROKEN_INSTANCES[Rule.EXPERT_DOUBLE_BOOKED], SCHEDULE, ("e2", "s0", "s1")),
]


@pytest.mark.parametrize(("problem", "schedule", "ids"), CONCERNED, ids=lambda value: "")
def test_violation_names_who_is_concerned(
    problem: SchedulingInstance, schedule: Schedule, ids: tuple[str, ...]
) -> None:
    assert [violation.ids for violation in find_violations(problem, schedule)] == [ids]


def test_every_rule_has_been_broken_and_has_a_text_for_staff() -> None:
    assert set(BROKEN_SCHEDULES) | set(BROKEN_INSTANCES) == set(Rule)
    assert set(RULE_TEXT) == set(Rule)


def test_expert_is_double_booked_where_sittings_overlap_only_in_part() -> None:
    sittings = [sitting("s0", "p0", 0, 60), sitting("s1", "p1", 30, 90)]
    shared = instance([candidate("c0"), candidate("c1")], [PANELS[0], panel("p1")], sittings)
    schedule = Schedule((Assignment("c0", "s0", 0, 15), Assignment("c1", "s1", 60, 75)))
    faults = find_violations(shared, schedule)
    assert {fault.rule for fault in faults} == {Rule.EXPERT_DOUBLE_BOOKED}
    assert [fault.ids for fault in faults] == [(f"e{i}", "s0", "s1") for i in range(3)]
    assert "e0" in str(faults[0])


def test_limit_holds_at_every_minute_and_ends_free_a_room_at_once() -> None:
    panels = [room(f"p{i}") for i in range(4)]
    windows = [(0, 60), (30, 90), (59, 120), (60, 120)]
    sittings = [sitting(f"s{i}", f"p{i}", *window) for i, window in enumerate(windows)]
    people = [candidate(f"c{i}") for i in range(4)]
    problem = instance(people, panels, sittings, min_panel_size=0, max_parallel_sittings=3)
    slots = tuple(Assignment(f"c{i}", f"s{i}", start, start + 15) for i, (start, _) in enumerate(windows))
    assert find_violations(problem, Schedule(slots)) == []
    faults = find_violations(replace(problem, max_parallel_sittings=2), Schedule(slots))
    assert [(fault.rule, fault.ids) for fault in faults] == [
        (Rule.PARALLEL_LIMIT, ("s2",)),
        (Rule.PARALLEL_LIMIT, ("s3",)),
    ]


ELSEWHERE = {
    "a member of the slot's own sitting": ("s0", 0, "e0", 0),
    "a member of another sitting at that time": ("s0", 45, "e3", 1),
    "a member of another sitting that is over": ("s2", 60, "e3", 0),
    "a member of another sitting that has not begun": ("s3", 15, "e3", 0),
    "a member who is away and so does not sit there": ("s0", 45, "e6", 0),
    "nobody's member": ("s0", 45, "guest", 0),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_attendee_may_not_sit_on_another_panel_meanwhile(case: str) -> None:
    sitting_id, start_min, person, count = ELSEWHERE[case]
    panels = [panel("p0"), panel("p1", ("e3", "e4", "e5", "e6"))]
    sittings = [
        sitting("s0", "p0"),
        sitting("s1", "p1", 30, 60),
        sitting("s2", "p0", 60, 90),
        sitting("s3", "p0", 0, 30),
    ]
    people = [candidate("c0", attendee_ids=frozenset({person})), candidate("c1")]
    problem = instance(people, panels, sittings, {"e6": away(31, 32)})
    slots = (
        Assignment("c0", sitting_id, start_min, start_min + 15),
        Assignment("c1", "s1", 30, 45),
    )
    faults = [(fault.rule, fault.ids) for fault in find_violations(problem, Schedule(slots))]
    assert faults == [(Rule.ATTENDEE_DOUBLE_BOOKED, (person, "s1", "c0"))] * count


def test_attendee_of_two_defences_at_once_is_faulted_in_one_sitting_too() -> None:
    people = [candidate(f"c{i}", attendee_ids=frozenset({"guest"})) for i in range(2)]
    schedule = Schedule((Assignment("c0", "s0", 0, 15), Assignment("c1", "s0", 14, 29)))
    assert faults_of(instance(people), schedule) == [Rule.OVERLAP, Rule.ATTENDEE_DOUBLE_BOOKED]


def test_room_without_experts_hears_everyone_where_no_panel_is_needed() -> None:
    problem = instance([candidate(category="whatever")], [room()], min_panel_size=0)
    schedule = Schedule((Assignment("c0", "s0", 0, 15),))
    assert faults_of(problem, schedule) == []
    too_strict = [Rule.RECUSAL_TOO_FEW, Rule.PANEL_TOO_SMALL]
    assert faults_of(replace(problem, min_panel_size=1), schedule) == too_strict


def test_national_round_is_checked_in_seconds() -> None:
    problem = generate_instance(100_000, seed=1)
    slots = [
        Assignment(person.id, sitting.id, sitting.start_min, sitting.start_min + person.duration_min)
        for person, sitting in zip(problem.candidates, problem.sittings * 8, strict=False)
    ]
    started_s = time.monotonic()
    faults = Counter(faults_of(problem, Schedule(tuple(slots))))
    assert time.monotonic() - started_s < 20
    assert faults[Rule.OVERLAP] == len(slots) - len(problem.sittings)
    assert faults[Rule.EXPERT_DOUBLE_BOOKED] > 0
    assert faults[Rule.PARALLEL_LIMIT] == len(problem.sittings)


def test_checker_shares_nothing_with_the_solver_but_the_data() -> None:
    shared = {f"scheduler.{name}" for name in ("instance", "objective", "schedule", "measure")}
    for module in (checker, measure):
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        sources = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert {name for name in sources if name and name.startswith("scheduler")} <= shared
    code = "import sys, scheduler.checker\nassert not {'ortools', 'numpy'} & set(sys.modules)"
    root = Path(scheduler.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0

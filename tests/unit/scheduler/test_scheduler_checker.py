"""The checker against a good schedule broken on purpose, one rule at a time."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scheduling_builders import away, candidate, instance, panel, sitting

import scheduler
from scheduler.checker import Rule, find_violations, recompute_objective
from scheduler.instance import SchedulingInstance, Slot
from scheduler.schedule import Assignment, Schedule, Unplaced, UnplacedReason

PEOPLE = [
    candidate("c0", recused_expert_ids=frozenset({"e0"})),
    candidate("c1", unavailable=away(40, 60)),
    candidate("c2", pin=Slot("s1", 10)),
    candidate("c3", category="y", priority=2),
]
PANELS = [panel("p0", ("e0", "e1", "e2", "e3")), panel("p1", ("e4", "e5", "e6"))]
SITTINGS = [sitting("s0", "p0"), sitting("s1", "p1"), sitting("s2", "p0", 60, 120)]
GOOD = instance(PEOPLE, PANELS, SITTINGS, max_parallel_sittings=2)
SLOTS = (Assignment("c0", "s0", 0, 15), Assignment("c1", "s0", 20, 35), Assignment("c2", "s1", 10, 25))
LEFT = (Unplaced("c3", UnplacedReason.NO_PANEL_ACCEPTS_CATEGORY, {"category": "y"}),)
SCHEDULE = Schedule(SLOTS, LEFT)


def with_slot(index: int, **fields: Any) -> Schedule:
    slots = list(SLOTS)
    slots[index] = replace(slots[index], **fields)
    return Schedule(tuple(slots), LEFT)


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
    Rule.OVERLAP: with_slot(1, start_min=19, end_min=34),
    Rule.PIN_MOVED: with_slot(2, start_min=11, end_min=26),
    Rule.PIN_DROPPED: Schedule(SLOTS[:2], (*LEFT, replace(LEFT[0], candidate_id="c2"))),
}


@pytest.mark.parametrize("rule", BROKEN_SCHEDULES, ids=lambda rule: rule.name)
def test_broken_schedule_is_faulted(rule: Rule) -> None:
    assert [violation.rule for violation in find_violations(GOOD, BROKEN_SCHEDULES[rule])] == [rule]


BROKEN_INSTANCES: dict[Rule, SchedulingInstance] = {
    Rule.PANEL_TOO_SMALL: instance(PEOPLE, [PANELS[0], panel("p1", ("e4", "e5"))], SITTINGS),
    Rule.PANEL_EVEN: replace(GOOD, require_odd=True),
    Rule.RECUSAL_TOO_FEW: instance(PEOPLE, PANELS, SITTINGS, {"e1": away(0, 1)}),
    Rule.RECUSAL_EVEN: instance(
        PEOPLE, [panel("p0", ("e0", "e1", "e2", "e3", "e7")), PANELS[1]], SITTINGS, require_odd=True
    ),
    Rule.EXPERT_DOUBLE_BOOKED: instance(PEOPLE, [PANELS[0], panel("p1", ("e3", "e5", "e6"))], SITTINGS),
    Rule.PARALLEL_LIMIT: replace(GOOD, max_parallel_sittings=1),
}


@pytest.mark.parametrize("rule", BROKEN_INSTANCES, ids=lambda rule: rule.name)
def test_schedule_is_faulted_where_the_rules_are_tighter(rule: Rule) -> None:
    assert rule in {violation.rule for violation in find_violations(BROKEN_INSTANCES[rule], SCHEDULE)}


def test_every_rule_has_been_broken() -> None:
    assert set(BROKEN_SCHEDULES) | set(BROKEN_INSTANCES) == set(Rule)


def test_expert_is_double_booked_where_sittings_overlap_only_in_part() -> None:
    sittings = [sitting("s0", "p0", 0, 60), sitting("s1", "p1", 30, 90)]
    shared = instance([candidate("c0"), candidate("c1")], [PANELS[0], panel("p1")], sittings)
    schedule = Schedule((Assignment("c0", "s0", 0, 15), Assignment("c1", "s1", 60, 75)))
    faults = find_violations(shared, schedule)
    assert {fault.rule for fault in faults} == {Rule.EXPERT_DOUBLE_BOOKED}
    assert sorted(fault.ids[0] for fault in faults) == ["e0", "e1", "e2"]
    assert "e0" in str(faults[0])


def test_objective_is_counted_from_the_slots() -> None:
    later = with_slot(1, sitting_id="s2", start_min=60, end_min=75)
    assert recompute_objective(GOOD, later) == {
        "placed_priority_2": 0,
        "placed_priority_0": 3,
        "opened": 3,
        "conflicts": 1,
        "lateness": 1,
    }


def test_checker_loads_neither_solver_nor_shared_helpers() -> None:
    code = (
        "import sys, scheduler.checker\n"
        "assert not {'ortools', 'scheduler.eligibility', 'scheduler.problem'} & set(sys.modules)"
    )
    root = Path(scheduler.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0

"""Each hard rule by twins: an instance in which everyone is placed, and one just over the edge."""

from dataclasses import replace

import pytest
from scheduling_builders import ONE_WORKER, away, candidate, candidates, instance, panel, room, sitting

from scheduler.checker import find_violations
from scheduler.instance import SchedulingInstance, Slot
from scheduler.result import SolveStatus
from scheduler.schedule import UnplacedReason
from scheduler.solver import solve

FIVE = ("e0", "e1", "e2", "e3", "e4")
R = UnplacedReason
TWO_PANELS = [panel("p0"), panel("p1", ("e3", "e4", "e5"))]
SHARED_EXPERT = [panel("p0"), panel("p1", ("e2", "e3", "e4"))]
SIDE_BY_SIDE = [sitting("s0", "p0"), sitting("s1", "p1")]
ONE_AFTER_ANOTHER = [sitting("s0", "p0"), sitting("s1", "p1", 60, 120)]

TWINS = {
    "category": (
        instance([candidate(category="x")]),
        instance([candidate(category="y")]),
        R.NO_PANEL_ACCEPTS_CATEGORY,
    ),
    "panel that hears everyone": (
        instance([candidate(category="y")], [panel(accepts=None)]),
        instance([candidate(category="y")], [panel(accepts=())]),
        R.NO_PANEL_ACCEPTS_CATEGORY,
    ),
    "closure": (
        instance([candidate()], closures=away(-30, 0) + away(60, 90)),
        instance([candidate()], closures=away(-30, 0) + away(59, 90)),
        R.NO_SITTING_PLANNED,
    ),
    "room without experts": (
        instance([candidate()], [room()], min_panel_size=0),
        instance([candidate()], [room()], min_panel_size=1),
        R.NO_ATTENDING_EXPERTS,
    ),
    "only member recused": (
        instance(
            [candidate(recused_expert_ids=frozenset({"e0"}))], [panel(experts=("e0",))], min_panel_size=0
        ),
        instance(
            [candidate(recused_expert_ids=frozenset({"e0"}))], [panel(experts=("e0",))], min_panel_size=1
        ),
        R.RECUSAL_LEAVES_TOO_FEW,
    ),
    "sitting planned": (
        instance([candidate()]),
        instance([candidate()], sittings=[]),
        R.NO_SITTING_PLANNED,
    ),
    "attendance": (
        instance([candidate()], absences={"e0": away(60, 90)}),
        instance([candidate()], absences={"e0": away(59, 90)}),
        R.NO_ATTENDING_EXPERTS,
    ),
    "odd attendance": (
        instance([candidate()], [panel(experts=FIVE)], require_odd=True),
        instance([candidate()], [panel(experts=FIVE[:4])], require_odd=True),
        R.NO_ATTENDING_EXPERTS,
    ),
    "recusal": (
        instance([candidate(recused_expert_ids=frozenset({"e0"}))], [panel(experts=FIVE[:4])]),
        instance([candidate(recused_expert_ids=frozenset({"e0", "e1"}))], [panel(experts=FIVE[:4])]),
        R.RECUSAL_LEAVES_TOO_FEW,
    ),
    "odd after recusal": (
        instance(
            [candidate(recused_expert_ids=frozenset({"e0", "e1"}))], [panel(experts=FIVE)], require_odd=True
        ),
        instance([candidate(recused_expert_ids=frozenset({"e0"}))], [panel(experts=FIVE)], require_odd=True),
        R.RECUSAL_LEAVES_TOO_FEW,
    ),
    "duration": (
        instance([candidate(duration_min=60)]),
        instance([candidate(duration_min=61)]),
        R.LONGER_THAN_ANY_SITTING,
    ),
    "candidate's time": (
        instance([candidate(unavailable=away(0, 45))]),
        instance([candidate(unavailable=away(0, 46))]),
        R.CANDIDATE_UNAVAILABLE,
    ),
    "durations and buffers": (
        instance(candidates(3), sittings=[sitting(end=55)]),
        instance(candidates(3), sittings=[sitting(end=54)]),
        R.CAPACITY,
    ),
    "longest buffer last": (
        instance([candidate("c0", buffer_min=30), candidate("c1")], sittings=[sitting(end=35)]),
        instance([candidate("c0", buffer_min=30), candidate("c1")], sittings=[sitting(end=34)]),
        R.CAPACITY,
    ),
    "same window": (
        instance(candidates(2, unavailable=away(35, 60))),
        instance(candidates(2, unavailable=away(34, 60))),
        R.CAPACITY,
    ),
    "shared expert": (
        instance(candidates(4), SHARED_EXPERT, ONE_AFTER_ANOTHER),
        instance(candidates(4), SHARED_EXPERT, SIDE_BY_SIDE),
        R.EXPERT_DOUBLE_BOOKED,
    ),
    "room used twice": (
        instance(
            candidates(4), [room()], [sitting("s0"), sitting("s1", start=60, end=120)], min_panel_size=0
        ),
        instance(
            candidates(4), [room()], [sitting("s0"), sitting("s1", start=59, end=119)], min_panel_size=0
        ),
        R.CAPACITY,
    ),
    "parallel limit": (
        instance(candidates(4), TWO_PANELS, SIDE_BY_SIDE, max_parallel_sittings=2),
        instance(candidates(4), TWO_PANELS, SIDE_BY_SIDE, max_parallel_sittings=1),
        R.PARALLEL_LIMIT,
    ),
    "pin leaves room": (
        instance([candidate("c0", pin=Slot("s0", 20)), *candidates(3)[1:]], sittings=[sitting(end=55)]),
        instance([candidate("c0", pin=Slot("s0", 21)), *candidates(3)[1:]], sittings=[sitting(end=55)]),
        R.CAPACITY,
    ),
}


@pytest.mark.parametrize("name", TWINS)
def test_feasible_twin_places_everyone(name: str) -> None:
    problem = TWINS[name][0]
    result = solve(problem, ONE_WORKER)
    assert result.status is SolveStatus.OPTIMAL
    assert result.schedule.unplaced == ()
    assert find_violations(problem, result.schedule) == []


@pytest.mark.parametrize("name", TWINS)
def test_infeasible_twin_leaves_one_out_and_says_why(name: str) -> None:
    _, problem, reason = TWINS[name]
    result = solve(problem, ONE_WORKER)
    assert result.status is SolveStatus.OPTIMAL
    assert {unplaced.reason for unplaced in result.schedule.unplaced} == {reason}
    assert find_violations(problem, result.schedule) == []


PINNED = {
    "in the sitting": (Slot("s0", 45), Slot("s0", 46)),
    "with the buffer": (Slot("s0", 20), Slot("s0", 19)),
}


def pinned_pair(pin: Slot) -> SchedulingInstance:
    return instance([candidate("c0", pin=Slot("s0", 0)), candidate("c1", pin=pin)])


@pytest.mark.parametrize("name", PINNED)
def test_pins_stay_or_the_instance_is_infeasible(name: str) -> None:
    good, bad = PINNED[name]
    kept = solve(pinned_pair(good), ONE_WORKER)
    assert kept.status is SolveStatus.OPTIMAL
    assert [slot.start_min for slot in kept.schedule.assignments] == [0, good.start_min]
    refused = solve(pinned_pair(bad), ONE_WORKER)
    assert refused.status is SolveStatus.INFEASIBLE
    assert [unplaced.reason for unplaced in refused.schedule.unplaced] == [R.PIN_IMPOSSIBLE]
    assert [fault.rule.name for fault in find_violations(pinned_pair(bad), refused.schedule)] == [
        "PIN_DROPPED"
    ]


PIN_BREAKERS = {
    "closure": {"closures": away(59, 90)},
    "panel too small": {"min_panel_size": 4},
    "even panel": {"min_panel_size": 2, "require_odd": True, "absences": {"e0": away(59, 90)}},
}


@pytest.mark.parametrize("name", PIN_BREAKERS)
def test_pin_against_a_rule_is_infeasible(name: str) -> None:
    pinned = [candidate("c0", pin=Slot("s0", 0))]
    assert solve(instance(pinned), ONE_WORKER).status is SolveStatus.OPTIMAL
    refused = solve(instance(pinned, **PIN_BREAKERS[name]), ONE_WORKER)
    assert refused.status is SolveStatus.INFEASIBLE
    assert [unplaced.reason for unplaced in refused.schedule.unplaced] == [R.PIN_IMPOSSIBLE]


def test_pins_in_two_overlapping_sittings_of_a_room_are_infeasible() -> None:
    people = [candidate("c0", pin=Slot("s0", 0)), candidate("c1", pin=Slot("s1", 60))]
    problem = instance(people, [room()], [sitting("s0"), sitting("s1", start=60, end=90)], min_panel_size=0)
    assert solve(problem, ONE_WORKER).status is SolveStatus.OPTIMAL
    clash = replace(problem, sittings=(sitting("s0"), sitting("s1", start=50, end=90)))
    assert solve(clash, ONE_WORKER).status is SolveStatus.INFEASIBLE


def test_pins_that_need_one_expert_twice_are_infeasible() -> None:
    people = [candidate("c0", pin=Slot("s0", 0)), candidate("c1", pin=Slot("s1", 0))]
    assert solve(instance(people, TWO_PANELS, SIDE_BY_SIDE), ONE_WORKER).status is SolveStatus.OPTIMAL
    clash = solve(instance(people, SHARED_EXPERT, SIDE_BY_SIDE), ONE_WORKER)
    assert clash.status is SolveStatus.INFEASIBLE

"""Named attendees: each rule by a case that can be placed, and its twin that cannot."""

from collections.abc import Sequence
from typing import Any

import pytest
from scheduling_builders import ONE_WORKER, away, candidate, instance, panel, sitting

from scheduler.attendance.solver import solve_with_attendees
from scheduler.checker import find_violations
from scheduler.deadline import StopSwitch
from scheduler.instance import Candidate, Panel, SchedulingInstance, Slot
from scheduler.messages import describe
from scheduler.result import SolveResult, SolveStatus
from scheduler.schedule import UnplacedReason
from scheduler.solver import solve

TWO_ROOMS = [Panel("r0", "Room 1"), Panel("r1", "Room 2")]
SIDE_BY_SIDE = [sitting("s0", "r0", 0, 15), sitting("s1", "r1", 0, 15)]


def run(problem: SchedulingInstance) -> SolveResult:
    """Solve through the front door, and have the result checked."""
    result = solve(problem, ONE_WORKER)
    assert {violation.rule.name for violation in find_violations(problem, result.schedule)} <= {"PIN_DROPPED"}
    return result


def defence(id_: str, *attendees: str, **fields: Any) -> Candidate:
    return candidate(id_, attendee_ids=frozenset(attendees), buffer_min=0, **fields)


def rooms(people: Sequence[Candidate], sittings: Any = SIDE_BY_SIDE, **rules: Any) -> SchedulingInstance:
    return instance(people, TWO_ROOMS, sittings, min_panel_size=0, **rules)


def placed(problem: SchedulingInstance) -> int:
    result = run(problem)
    assert result.status is SolveStatus.OPTIMAL
    return len(result.schedule.assignments)


def test_an_attendee_is_at_one_defence_at_a_time() -> None:
    assert placed(rooms([defence("c0", "x"), defence("c1", "y")])) == 2
    assert placed(rooms([defence("c0", "x"), defence("c1", "x")])) == 1


def test_an_attendee_goes_from_one_room_to_the_next_without_a_buffer() -> None:
    apart = [sitting("s0", "r0", 0, 15), sitting("s1", "r1", 15, 30)]
    overlapping = [sitting("s0", "r0", 0, 15), sitting("s1", "r1", 14, 29)]
    people = [candidate("c0", attendee_ids=frozenset("x")), candidate("c1", attendee_ids=frozenset("x"))]
    assert placed(rooms(people, apart)) == 2
    assert placed(rooms(people, overlapping)) == 1


def test_the_buffer_binds_the_room() -> None:
    people = [candidate(f"c{i}", attendee_ids=frozenset({f"x{i}"})) for i in range(2)]
    assert placed(rooms(people, [sitting("s0", "r0", 0, 35)])) == 2
    assert placed(rooms(people, [sitting("s0", "r0", 0, 34)])) == 1


def test_an_attendee_who_is_away_cannot_attend() -> None:
    people = [defence("c0", "x", "y")]
    assert placed(rooms(people, absences={"x": away(15, 20)})) == 1
    assert placed(rooms(people, absences={"x": away(14, 20)})) == 0


def test_a_member_of_an_open_sitting_cannot_attend_elsewhere() -> None:
    """The interpreter sits in the panel that hears the other candidate, for the whole of its window."""
    panels = [panel("p0", ("e0", "e1", "e2")), panel("p1", ("e3", "e4", "e5"), "y")]
    sittings = [sitting("s0", "p0", 0, 60), sitting("s1", "p1", 0, 15)]
    other = candidate("c0")
    assert placed(instance([other, candidate("c1", category="y")], panels, sittings)) == 2
    named = candidate("c1", category="y", attendee_ids=frozenset({"e0"}))
    assert placed(instance([other, named], panels, sittings)) == 1
    later = [sitting("s0", "p0", 0, 60), sitting("s1", "p1", 60, 75)]
    assert placed(instance([other, named], panels, later)) == 2


def test_a_member_may_attend_in_the_own_sitting() -> None:
    people = [defence("c0", "e0"), defence("c1", "e0", "e1")]
    assert placed(instance(people)) == 2


def test_two_sittings_of_one_room_do_not_overlap() -> None:
    people = [defence("c0", "x"), defence("c1", "y")]
    assert placed(rooms(people, [sitting("s0", "r0", 0, 15), sitting("s1", "r0", 15, 30)])) == 2
    assert placed(rooms(people, [sitting("s0", "r0", 0, 15), sitting("s1", "r0", 10, 25)])) == 1


def test_no_more_sittings_at_once_than_allowed() -> None:
    people = [defence("c0", "x"), defence("c1", "y")]
    assert placed(rooms(people, max_parallel_sittings=2)) == 2
    assert placed(rooms(people, max_parallel_sittings=1)) == 1


def test_a_pin_off_the_grid_is_kept_and_worked_around() -> None:
    pinned = defence("c0", "x", pin=Slot("s0", 7))
    people = [pinned, defence("c1", "x"), defence("c2", "x")]
    windows = [sitting("s0", "r0", 0, 60), sitting("s1", "r1", 0, 37)]
    assert placed(rooms(people, windows)) == 3
    assert placed(rooms([defence("c0", "x", pin=Slot("s0", 8)), *people[1:]], [*windows[:1]])) == 3
    assert (
        placed(rooms([defence("c0", "x", pin=Slot("s0", 8)), *people[1:]], [sitting("s0", "r0", 0, 52)])) == 2
    )


def test_pins_that_need_one_attendee_twice_are_infeasible() -> None:
    pins = [Slot("s0", 0), Slot("s1", 0)]
    kept = rooms([defence("c0", "x", pin=pins[0]), defence("c1", "y", pin=pins[1])])
    assert run(kept).status is SolveStatus.OPTIMAL
    result = run(rooms([defence("c0", "x", pin=pins[0]), defence("c1", "x", pin=pins[1])]))
    assert result.status is SolveStatus.INFEASIBLE
    assert len(result.schedule.assignments) == 1
    assert [each.reason for each in result.schedule.unplaced] == [UnplacedReason.PIN_IMPOSSIBLE]


@pytest.mark.parametrize(
    ("people", "absences"),
    [
        ([defence("c0", "x", "y")], {"x": away(0, 8), "y": away(8, 15)}),
        ([defence("c0", "x", priority=1), defence("c1", "x", "y")], {}),
    ],
    ids=["never free together", "needed elsewhere"],
)
def test_busy_attendees_are_named_as_the_reason(people: list[Candidate], absences: dict[str, Any]) -> None:
    (unplaced,) = run(rooms(people, absences=absences)).schedule.unplaced
    assert unplaced.reason is UnplacedReason.ATTENDEES_BUSY
    assert [person["expert_id"] for person in unplaced.detail["attendees"]] == ["x", "y"]
    message = describe(unplaced)
    for text in (message.zh, message.en):
        assert "x" in text and "y" in text and "15" in text and "{" not in text


def test_a_pin_without_its_attendee_names_who_is_missing() -> None:
    problem = rooms([defence("c0", "x", pin=Slot("s0", 0))], absences={"x": away(0, 5)})
    (unplaced,) = run(problem).schedule.unplaced
    assert unplaced.detail["busy_attendees"] == ["x"]
    assert "x" in describe(unplaced).zh


def test_priorities_come_first() -> None:
    people = [defence("c0", "x"), defence("c1", "x"), defence("c2", "x", priority=1)]
    result = run(rooms(people, SIDE_BY_SIDE[:1]))
    assert [slot.candidate_id for slot in result.schedule.assignments] == ["c2"]
    assert [(term.name, term.value, term.best_bound) for term in result.objective[:2]] == [
        ("placed_priority_1", 1, 1),
        ("placed_priority_0", 0, 0),
    ]


def test_the_others_are_planned_around_those_with_attendees() -> None:
    """Twelve candidates fill three hours of a panel; the one interpreter has a quarter of an hour only."""
    people = [candidate(f"c{i:02d}", duration_min=10) for i in range(11)]
    named = candidate("named", duration_min=10, attendee_ids=frozenset({"x"}))
    problem = instance(
        [*people, named], sittings=[sitting("s0", "p0", 0, 175)], absences={"x": away(0, 75) + away(85, 175)}
    )
    result = run(problem)
    slots = {slot.candidate_id: slot.start_min for slot in result.schedule.assignments}
    assert len(slots) == 12
    assert slots["named"] == 75
    assert result.status is SolveStatus.OPTIMAL


def test_a_switch_that_is_pressed_before_leaves_everybody_with_a_reason() -> None:
    stop = StopSwitch()
    stop.request()
    problem = rooms([defence("c0", "x"), defence("c1", "y")])
    result = solve_with_attendees(problem, ONE_WORKER, None, stop, solve)
    assert result.status is SolveStatus.STOPPED
    listed = len(result.schedule.assignments) + len(result.schedule.unplaced)
    assert listed == 2

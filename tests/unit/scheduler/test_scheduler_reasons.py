"""Reasons: the numbers in the detail, and a text in both languages for each."""

import time

import pytest
from scheduling_builders import ONE_WORKER, away, candidate, candidates, instance, panel, sitting

from scheduler.checker import find_violations
from scheduler.deadline import StopSwitch
from scheduler.generate import generate_instance
from scheduler.instance import Panel, SchedulingInstance, Slot
from scheduler.messages import describe
from scheduler.reasons import explain_unplaced
from scheduler.result import SolveParameters, SolveStatus
from scheduler.schedule import Unplaced, UnplacedReason
from scheduler.solver import solve

FOUR = ("e0", "e1", "e2", "e3")
TWO_PANELS = [panel("p0"), panel("p1", ("e2", "e3", "e4"))]
SIDE_BY_SIDE = [sitting("s0", "p0"), sitting("s1", "p1")]
APART = [panel("p0"), panel("p1", ("e3", "e4", "e5"))]
R = UnplacedReason

CASES: dict[UnplacedReason, tuple[SchedulingInstance, list[str]]] = {
    R.NO_PANEL_ACCEPTS_CATEGORY: (instance([candidate(category="y")]), ["y"]),
    R.NO_SITTING_PLANNED: (instance([candidate()], sittings=[]), ["x", "Panel p0"]),
    R.NO_ATTENDING_EXPERTS: (
        instance([candidate()], absences={"e0": away(0, 9)}, require_odd=True),
        ["Panel p0", "2", "3"],
    ),
    R.RECUSAL_LEAVES_TOO_FEW: (
        instance([candidate(recused_expert_ids=frozenset(FOUR[:2]))], [panel(experts=FOUR)]),
        ["Panel p0", "2", "4", "3"],
    ),
    R.LONGER_THAN_ANY_SITTING: (instance([candidate(duration_min=61)]), ["61", "60"]),
    R.CANDIDATE_UNAVAILABLE: (instance([candidate(unavailable=away(0, 60))]), ["1", "15", "Panel p0"]),
    R.ATTENDEES_BUSY: (
        instance([candidate(attendee_ids=frozenset({"guide"}))], absences={"guide": away(0, 50)}),
        ["guide", "1", "15"],
    ),
    R.PIN_IMPOSSIBLE: (instance([candidate(pin=Slot("s0", 50))]), ["s0", "Panel p0", "3"]),
    R.EXPERT_DOUBLE_BOOKED: (instance(candidates(4), TWO_PANELS, SIDE_BY_SIDE), ["e2", "s0", "s1", "4", "6"]),
    R.PARALLEL_LIMIT: (instance(candidates(4), APART, SIDE_BY_SIDE, max_parallel_sittings=1), ["1"]),
    R.CAPACITY: (instance(candidates(5)), ["x", "5", "1", "3"]),
}


@pytest.mark.parametrize("reason", CASES, ids=lambda reason: reason.value)
def test_reason_is_told_with_its_numbers_in_both_languages(reason: UnplacedReason) -> None:
    problem, facts = CASES[reason]
    unplaced = solve(problem, ONE_WORKER).schedule.unplaced
    assert {each.reason for each in unplaced} == {reason}
    message = describe(unplaced[0])
    for text in (message.zh, message.en):
        assert [fact for fact in facts if fact not in text] == []
        assert "{" not in text
    assert message.zh != message.en


def test_out_of_time_is_unknown_and_never_called_lack_of_places() -> None:
    problem = instance([*candidates(5), candidate("z", category="y")])
    result = solve(problem, SolveParameters(time_limit_s=0))
    assert result.status is SolveStatus.UNKNOWN
    reasons = {each.candidate_id: each.reason for each in result.schedule.unplaced}
    assert reasons["c0"] is R.TIME_LIMIT
    assert reasons["z"] is R.NO_PANEL_ACCEPTS_CATEGORY
    assert "0 s" in describe(result.schedule.unplaced[0]).en


def test_cancelled_solve_says_stopped() -> None:
    stop = StopSwitch()
    stop.request()
    assert solve(instance(candidates(2)), ONE_WORKER, stop=stop).status is SolveStatus.STOPPED


def test_deadline_covers_building_and_leaves_a_valid_schedule() -> None:
    problem = generate_instance(1000, seed=4)
    result = solve(problem, SolveParameters(time_limit_s=3))
    assert result.wall_time_s < 6
    assert len(result.schedule.assignments) == 1000
    assert find_violations(problem, result.schedule) == []


def test_closures_are_told_and_do_not_pass_for_recusal() -> None:
    closed = instance([candidate()], closures=away(30, 40))
    (unplaced,) = solve(closed, ONE_WORKER).schedule.unplaced
    assert unplaced.reason is R.NO_SITTING_PLANNED
    assert "1 个场次在停排时间内" in describe(unplaced).zh
    assert "1 more fall into closures" in describe(unplaced).en
    pinned = instance([candidate(pin=Slot("s0", 0))], closures=away(30, 40))
    (unplaced,) = solve(pinned, ONE_WORKER).schedule.unplaced
    assert unplaced.reason is R.PIN_IMPOSSIBLE
    assert "falls into a closure" in describe(unplaced).en


def test_room_that_hears_everyone_is_short_of_places_for_every_category() -> None:
    room = Panel("room", "Room", (), None)
    people = [*candidates(2), *(candidate(f"y{i}", category="y") for i in range(2))]
    crowded = instance(people, [room], [sitting("s0", "room")], min_panel_size=0)
    (unplaced,) = solve(crowded, ONE_WORKER).schedule.unplaced
    assert unplaced.reason is R.CAPACITY
    assert (unplaced.detail["places"], unplaced.detail["category_candidates"]) == (3, 2)


def test_thousands_without_a_slot_get_their_reasons_quickly() -> None:
    problem = generate_instance(8_000, seed=1)
    started_s = time.monotonic()
    unplaced = explain_unplaced(problem, (), is_proven=True, time_limit_s=60)
    assert time.monotonic() - started_s < 15
    assert len(unplaced) == 8_000
    assert {each.reason for each in unplaced} <= {R.PARALLEL_LIMIT, R.CANDIDATE_UNAVAILABLE}


def test_every_reason_has_a_text() -> None:
    detail = {"time_limit_s": 5.0, "sittings": 2}
    assert "5" in describe(Unplaced("c0", R.TIME_LIMIT, detail)).zh
    assert set(CASES) | {R.TIME_LIMIT} == set(UnplacedReason)

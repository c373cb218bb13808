"""Who may be moved at what notice, and what the preview tells of it."""

import json

import pytest
from events import without_expert, without_sitting, without_time
from scheduling_builders import ONE_WORKER, away, candidate, candidates, instance, panel, sitting

from scheduler.checker import find_violations
from scheduler.errors import InstanceError
from scheduler.instance import SchedulingInstance, Slot
from scheduler.reschedule import Move, Rescheduling, reschedule
from scheduler.result import SolveStatus
from scheduler.schedule import Assignment, Schedule

THREE_HALF_DAYS = [
    sitting("s0", end=60),
    sitting("s1", start=100, end=160),
    sitting("s2", start=200, end=260),
]


def slot(candidate_id: str, sitting_id: str, start: int, length: int = 15) -> Assignment:
    return Assignment(candidate_id, sitting_id, start, start + length)


def plan(*slots: Assignment) -> Schedule:
    return Schedule(slots)


def run(problem: SchedulingInstance, published: Schedule, **fields: object) -> Rescheduling:
    outcome = reschedule(problem, published, ONE_WORKER, **fields)  # type: ignore[arg-type]
    if outcome.result.status is not SolveStatus.INFEASIBLE:
        assert find_violations(problem, outcome.result.schedule) == []
    return outcome


def after(outcome: Rescheduling) -> dict[str, tuple[str, int]]:
    return {s.candidate_id: (s.sitting_id, s.start_min) for s in outcome.result.schedule.assignments}


def test_nothing_moves_when_nothing_happened() -> None:
    published = plan(slot("c0", "s1", 125), slot("c1", "s0", 7))
    outcome = run(instance(candidates(2), sittings=THREE_HALF_DAYS), published)
    assert outcome.moves == () and outcome.kept == 2
    assert after(outcome) == {"c0": ("s1", 125), "c1": ("s0", 7)}


def test_an_expert_who_falls_ill_moves_those_of_the_half_day() -> None:
    problem = instance(candidates(2), sittings=THREE_HALF_DAYS)
    problem = without_expert(problem, "e0", 100, 160)
    outcome = run(problem, plan(slot("c0", "s0", 0), slot("c1", "s1", 100)))
    assert [(move.candidate_id, move.is_forced) for move in outcome.moves] == [("c1", True)]
    assert outcome.kept == 1 and after(outcome)["c0"] == ("s0", 0)


def test_a_candidate_who_asks_for_another_day_is_the_only_one_to_move() -> None:
    problem = instance(candidates(2), sittings=THREE_HALF_DAYS)
    problem = without_time(problem, "c0", 0, 60)
    outcome = run(problem, plan(slot("c0", "s0", 0), slot("c1", "s0", 20)))
    assert [move.candidate_id for move in outcome.moves] == ["c0"]


def test_a_line_that_drops_leaves_what_was_heard_before() -> None:
    problem = instance(candidates(2), sittings=THREE_HALF_DAYS)
    problem = without_sitting(problem, "s0", from_min=18)
    outcome = run(problem, plan(slot("c0", "s0", 0), slot("c1", "s0", 20)), now_min=18)
    assert outcome.result.status is not SolveStatus.INFEASIBLE
    assert [move.candidate_id for move in outcome.moves] == ["c1"]


def test_who_is_due_within_the_notice_stays_though_another_cannot_be_placed() -> None:
    """Only s0 and s1 can hear c1, and both are full of people told to come."""
    people = [candidate("c0"), candidate("c1", priority=9, unavailable=away(200, 260))]
    places = [sitting("s0", end=15), THREE_HALF_DAYS[2]]
    problem, published = instance(people, sittings=places), plan(slot("c0", "s0", 0))
    held = run(problem, published, now_min=-30, notice_min=60)
    assert held.moves == () and [item.candidate_id for item in held.result.schedule.unplaced] == ["c1"]
    free = run(problem, published, now_min=-30, notice_min=10)
    assert after(free) == {"c0": ("s2", 200), "c1": ("s0", 0)}


def test_staff_may_let_someone_move_who_has_been_told() -> None:
    people = [candidate("c0"), candidate("c1", priority=9, unavailable=away(200, 260))]
    problem = instance(people, sittings=[sitting("s0", end=15), THREE_HALF_DAYS[2]])
    named = frozenset({"c0", "c1"})
    outcome = run(problem, plan(slot("c0", "s0", 0)), now_min=-30, notice_min=60, may_move=named)
    assert after(outcome) == {"c0": ("s2", 200), "c1": ("s0", 0)}


def test_nobody_is_called_within_the_notice_but_those_staff_name() -> None:
    problem = instance(candidates(2), sittings=THREE_HALF_DAYS)
    outcome = run(problem, plan(), now_min=0, notice_min=150)
    assert {where for where, _ in after(outcome).values()} == {"s2"}
    named = run(problem, plan(), now_min=0, notice_min=150, may_move=frozenset({"c1"}))
    assert after(named)["c0"][0] == "s2"
    hurried = instance(candidates(2, unavailable=away(150, 300)), sittings=THREE_HALF_DAYS)
    called = run(hurried, plan(), now_min=90, notice_min=150, may_move=frozenset({"c1"}))
    assert {id_: where for id_, (where, _) in after(called).items()} == {"c1": "s1"}


def test_what_has_begun_never_moves_even_if_named() -> None:
    people = [candidate("c0"), candidate("c1", priority=9, unavailable=away(200, 260))]
    problem = instance(people, sittings=[sitting("s0", end=15), THREE_HALF_DAYS[2]])
    outcome = run(problem, plan(slot("c0", "s0", 0)), now_min=5, may_move=frozenset({"c0", "c1"}))
    assert outcome.moves == () and outcome.broken_promises == ()


def test_a_promise_that_cannot_be_kept_is_named_and_the_new_slot_comes_with_notice() -> None:
    problem = without_expert(instance(candidates(2), sittings=THREE_HALF_DAYS), "e0", 10, 20)
    outcome = run(problem, plan(slot("c0", "s0", 40), slot("c1", "s1", 100)), now_min=-10, notice_min=160)
    assert outcome.broken_promises == ("c0",)
    assert after(outcome) == {"c0": ("s2", 200), "c1": ("s1", 100)}


def test_of_promises_that_exclude_each_other_the_most_are_kept() -> None:
    panels = [panel("p0"), panel("p1", ("e2", "e3", "e4")), panel("p2", ("e0", "e5", "e6"))]
    places = [sitting("s0", "p0"), sitting("s1", "p1"), sitting("s2", "p2"), sitting("later", "p0", 200, 260)]
    published = plan(slot("c0", "s0", 0), slot("c1", "s1", 0), slot("c2", "s2", 0))
    outcome = run(instance(candidates(3), panels, places), published, now_min=-10, notice_min=60)
    assert outcome.broken_promises == ("c0",) and after(outcome)["c0"] == ("later", 200)


def test_a_begun_defence_of_an_illegal_sitting_is_infeasible_until_staff_act() -> None:
    problem = without_expert(instance(candidates(2), sittings=THREE_HALF_DAYS), "e0", 18, 60)
    published = plan(slot("c0", "s0", 0), slot("c1", "s0", 20))
    stuck = run(problem, published, now_min=18)
    assert stuck.result.status is SolveStatus.INFEASIBLE and stuck.broken_promises == ("c0",)
    cut = run(without_sitting(problem, "s0", from_min=18), published, now_min=18)
    assert cut.broken_promises == () and [move.candidate_id for move in cut.moves] == ["c1"]
    heard_again = run(problem, published, now_min=18, may_move=frozenset({"c0"}))
    assert {where for where, _ in after(heard_again).values()} <= {"s1", "s2"}


def test_a_pin_of_staff_is_stronger_than_the_notice() -> None:
    people = [candidate("c0", pin=Slot("s1", 100)), candidate("c1")]
    problem = instance(people, sittings=THREE_HALF_DAYS)
    outcome = run(problem, plan(slot("c0", "s0", 0), slot("c1", "s0", 20)), now_min=-10, notice_min=150)
    assert after(outcome) == {"c0": ("s1", 100), "c1": ("s0", 20)}


def test_the_preview_tells_of_everyone_whose_slot_changes() -> None:
    people = [*candidates(2), candidate("new"), candidate("lost", duration_min=500)]
    problem = without_sitting(instance(people, sittings=THREE_HALF_DAYS), "s0")
    published = plan(
        slot("c0", "s0", 0), slot("c1", "s1", 100), slot("lost", "s0", 20), slot("gone", "s0", 40)
    )
    outcome = run(problem, published)
    given = {s.candidate_id: s for s in outcome.result.schedule.assignments}
    assert outcome.moves == (
        Move("c0", slot("c0", "s0", 0), given["c0"], is_forced=True),
        Move("new", None, given["new"], is_forced=False),
        Move("lost", slot("lost", "s0", 20), None, is_forced=True),
    )
    assert outcome.kept == 1
    written = json.loads(json.dumps(outcome.to_json()))
    assert [move["candidate_id"] for move in written["moves"]] == ["c0", "new", "lost"]
    assert written["result"]["status"] == outcome.result.status.value


def test_moves_count_even_if_the_objective_does_not_name_them() -> None:
    problem = instance(candidates(2), sittings=THREE_HALF_DAYS, objective=())
    outcome = run(problem, plan(slot("c0", "s1", 133), slot("c1", "s2", 222)))
    assert [term.name for term in outcome.result.objective] == ["placed_priority_0", "moved"]
    assert outcome.moves == ()


def test_unknown_names_and_a_negative_notice_are_refused() -> None:
    problem = instance(candidates(1))
    with pytest.raises(InstanceError, match=r"may_move: 'nobody' does not exist"):
        reschedule(problem, plan(), ONE_WORKER, may_move=frozenset({"nobody"}))
    with pytest.raises(InstanceError, match=r"notice_min: must be at least 0"):
        reschedule(problem, plan(), ONE_WORKER, notice_min=-1)
    with pytest.raises(InstanceError, match=r"expert_id: 'nobody' does not exist"):
        without_expert(problem, "nobody", 0, 1)
    with pytest.raises(InstanceError, match=r"candidate_id: 'nobody' does not exist"):
        without_time(problem, "nobody", 0, 1)
    with pytest.raises(InstanceError, match=r"sitting_id: 'nowhere' does not exist"):
        without_sitting(problem, "nowhere")


def test_events_lift_the_pins_they_make_impossible_and_no_others() -> None:
    people = [candidate("early", pin=Slot("s0", 0)), candidate("late", pin=Slot("s0", 40))]
    problem = instance(people)
    cut = without_sitting(problem, "s0", from_min=30)
    assert [person.pin for person in cut.candidates] == [Slot("s0", 0), None]
    assert cut.sittings[0].end_min == 30
    assert without_sitting(problem, "s0").sittings == ()
    asked = without_time(without_time(problem, "late", 50, 60), "early", 15, 60)
    assert [person.pin for person in asked.candidates] == [Slot("s0", 0), None]

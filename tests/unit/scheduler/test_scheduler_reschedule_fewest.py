"""The fewest moves against complete enumeration, and the ways in which somebody must make room."""

import random
from dataclasses import replace

import pytest
from events import without_sitting
from oracle import find_optimum
from random_instances import tiny_instance
from scheduling_builders import ONE_WORKER, away, candidate, candidates, instance, sitting

from scheduler.changes.published import solve_published
from scheduler.checker import find_violations, recompute_objective
from scheduler.deadline import StopSwitch
from scheduler.generate import generate_instance
from scheduler.instance import SchedulingInstance, Slot
from scheduler.objective import DEFAULT_OBJECTIVE, Goal, TermName
from scheduler.reschedule import reschedule
from scheduler.result import SolveParameters, SolveResult, SolveStatus
from scheduler.solver import solve

MOVED_ONLY = ((Goal(TermName.MOVED),),)
OPENED_FIRST = ((Goal(TermName.OPENED),), (Goal(TermName.MOVED),))


def rearrange(problem: SchedulingInstance) -> SolveResult:
    return solve_published(problem, ONE_WORKER, None, StopSwitch(), solve)


def values(result: SolveResult) -> dict[str, tuple[int, int]]:
    return {term.name: (term.value, term.best_bound) for term in result.objective}


@pytest.mark.parametrize("seed", range(60))
def test_fewest_moves_are_those_of_complete_enumeration(seed: int) -> None:
    problem = tiny_instance(random.Random(seed))
    problem = replace(problem, objective=DEFAULT_OBJECTIVE)
    best, result = find_optimum(problem), rearrange(problem)
    if best is None:
        assert result.status is SolveStatus.INFEASIBLE
        return
    assert find_violations(problem, result.schedule) == []
    assert recompute_objective(problem, result.schedule) == {t.name: t.value for t in result.objective}
    count = len(best.placed) + 1
    assert tuple(term.value for term in result.objective[:count]) == best.best[:count]
    assert all(term.proven for term in result.objective[:count])


@pytest.mark.parametrize("seed", range(300, 360))
def test_no_bound_claims_more_than_is_true_in_any_order_of_the_objective(seed: int) -> None:
    rng = random.Random(seed)
    problem = tiny_instance(rng)
    terms = rng.sample(list(TermName), 4)
    if TermName.MOVED not in terms:
        terms[rng.randrange(4)] = TermName.MOVED
    tiers = ((Goal(terms[0]),), (Goal(terms[1], 2), Goal(terms[2])), (Goal(terms[3], 3),))
    problem = replace(problem, objective=tiers)
    best, result = find_optimum(problem), rearrange(problem)
    if best is None:
        assert result.status is SolveStatus.INFEASIBLE
        return
    assert find_violations(problem, result.schedule) == []
    found = tuple(term.value for term in result.objective)
    count = len(best.placed)
    assert found[:count] == best.placed
    for position, term in enumerate(result.objective[count:], count):
        assert term.best_bound <= best.least_given(found[count:position])


def test_someone_makes_room_for_one_who_can_go_nowhere_else() -> None:
    people = [
        candidate("stays", published=Slot("s1", 60)),
        candidate("makes-room", published=Slot("s0", 0)),
        candidate("displaced", published=Slot("gone", 0), unavailable=away(60, 120)),
    ]
    places = [sitting("s0", end=15), sitting("s1", start=60, end=120)]
    result = rearrange(instance(people, sittings=places, objective=MOVED_ONLY))
    assert values(result) == {"placed_priority_0": (3, 3), "moved": (2, 2)}
    assert {slot.candidate_id: slot.sitting_id for slot in result.schedule.assignments} == {
        "stays": "s1",
        "makes-room": "s1",
        "displaced": "s0",
    }


def test_a_shorter_chain_of_moves_is_found_among_several() -> None:
    """The displaced fits into s0 only: two 15-minute slots make room there, or one of 35 minutes."""
    people = [
        candidate("a", published=Slot("s0", 0)),
        candidate("b", published=Slot("s0", 20)),
        candidate("long", duration_min=35, published=Slot("s0", 40)),
        candidate("new", duration_min=35, unavailable=away(100, 200)),
    ]
    places = [sitting("s0", end=75), sitting("s1", start=100, end=200)]
    result = rearrange(instance(people, sittings=places, objective=MOVED_ONLY))
    assert values(result) == {"placed_priority_0": (4, 4), "moved": (1, 1)}


def test_of_slots_that_exclude_each_other_the_most_are_kept() -> None:
    people = [candidate(f"c{i}", published=Slot("s0", start)) for i, start in enumerate((0, 10, 20))]
    result = rearrange(instance(people, objective=MOVED_ONLY))
    assert values(result) == {"placed_priority_0": (3, 3), "moved": (1, 1)}


def test_a_higher_priority_is_placed_even_if_two_must_move() -> None:
    people = [*candidates(2, published=None), candidate("vip", duration_min=60, priority=1)]
    people[0] = replace(people[0], published=Slot("s0", 0))
    people[1] = replace(people[1], published=Slot("s0", 20))
    result = rearrange(instance(people, objective=MOVED_ONLY))
    assert values(result) == {"placed_priority_1": (1, 1), "placed_priority_0": (0, 0), "moved": (2, 2)}


def test_fewer_sittings_come_before_fewer_moves_when_the_objective_says_so() -> None:
    people = [candidate("a", published=Slot("s0", 0)), candidate("b", published=Slot("s1", 60))]
    places = [sitting("s0"), sitting("s1", start=60, end=120)]
    result = rearrange(instance(people, sittings=places, objective=OPENED_FIRST))
    assert values(result) == {"placed_priority_0": (2, 2), "opened": (1, 1), "moved": (1, 1)}
    kept = rearrange(instance(people, sittings=places, objective=OPENED_FIRST[::-1]))
    assert values(kept) == {"placed_priority_0": (2, 2), "moved": (0, 0), "opened": (2, 2)}
    assert kept.status is SolveStatus.OPTIMAL


def test_pins_that_exclude_each_other_are_infeasible() -> None:
    people = [candidate("a", pin=Slot("s0", 0)), candidate("b", pin=Slot("s0", 10), published=Slot("s0", 10))]
    assert rearrange(instance(people)).status is SolveStatus.INFEASIBLE


def test_only_those_of_a_cancelled_day_move_and_that_is_proven() -> None:
    problem = generate_instance(240, seed=4)
    published = solve(replace(problem, objective=()), SolveParameters(time_limit_s=20)).schedule
    gone = sorted({slot.sitting_id for slot in published.assignments})[:2]
    displaced = {slot.candidate_id for slot in published.assignments if slot.sitting_id in gone}
    for sitting_id in gone:
        problem = without_sitting(problem, sitting_id)
    problem = replace(problem, objective=MOVED_ONLY)
    outcome = reschedule(problem, published, SolveParameters(time_limit_s=20))
    assert find_violations(problem, outcome.result.schedule) == []
    assert outcome.result.status is SolveStatus.OPTIMAL
    assert {move.candidate_id for move in outcome.moves} == displaced
    assert all(move.is_forced for move in outcome.moves)


def test_the_same_effort_gives_the_same_schedule() -> None:
    """Tight enough that others than the displaced must move."""
    problem = generate_instance(60, seed=3, days=1, panel_count=5)
    params = SolveParameters(time_limit_s=60, workers=1, deterministic_limit=1.0)
    slots = solve(replace(problem, objective=()), params).schedule.assignments
    gone = slots[40].sitting_id
    published = {slot.candidate_id: Slot(slot.sitting_id, slot.start_min) for slot in slots}
    people = tuple(replace(person, published=published.get(person.id)) for person in problem.candidates)
    problem = without_sitting(replace(problem, candidates=people, objective=DEFAULT_OBJECTIVE[:2]), gone)
    first, second = (solve_published(problem, params, None, StopSwitch(), solve) for _ in range(2))
    assert first.schedule == second.schedule
    assert first.objective == second.objective
    assert values(first)["moved"][0] > sum(slot.sitting_id == gone for slot in slots)


def test_stopping_keeps_the_published_slots() -> None:
    problem = generate_instance(240, seed=4)
    published = solve(replace(problem, objective=()), SolveParameters(time_limit_s=20)).schedule
    stop = StopSwitch()

    def stop_when_kept(event: dict[str, object]) -> None:
        if event["phase"] == "keep":
            stop.request()

    outcome = reschedule(
        problem, published, SolveParameters(time_limit_s=20), on_progress=stop_when_kept, stop=stop
    )
    assert outcome.result.status is SolveStatus.STOPPED
    assert outcome.kept == len(published.assignments) and outcome.moves == ()

"""Named attendees at real sizes: thesis defences proven, large ones thinned, a few among many."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from scheduler.attendance.case import LARGEST_CASE, CaseBuilder
from scheduler.attendance.starts import coarse_grid, full_grid, merge_windows, normal_patterns
from scheduler.checker import find_violations
from scheduler.deadline import Deadline, StopSwitch
from scheduler.eligibility import list_openings, may_open
from scheduler.generate import generate_instance
from scheduler.generate_thesis import generate_thesis_instance
from scheduler.instance import DAY_MIN, Expert, Interval, SchedulingInstance
from scheduler.result import ObjectiveTerm, SolveParameters, SolveResult, SolveStatus
from scheduler.solver import solve


def checked(problem: SchedulingInstance, params: SolveParameters) -> SolveResult:
    result = solve(problem, params)
    assert find_violations(problem, result.schedule) == []
    return result


def figures(terms: Sequence[ObjectiveTerm]) -> list[tuple[str, int, int]]:
    return [(term.name, term.value, term.best_bound) for term in terms]


def builder(problem: SchedulingInstance) -> CaseBuilder:
    openings = tuple(o for o in list_openings(problem) if may_open(problem, o))
    return CaseBuilder(problem, openings, problem.candidates, Deadline(60, StopSwitch()))


def with_interpreters(problem: SchedulingInstance, every: int) -> SchedulingInstance:
    """Give each `every`-th candidate one interpreter, who is there in the first four days only."""
    interpreter = Expert("interpreter", "Interpreter", (Interval(4 * DAY_MIN, 40 * DAY_MIN),))
    candidates = tuple(
        replace(candidate, attendee_ids=frozenset({"interpreter"})) if index % every == 0 else candidate
        for index, candidate in enumerate(problem.candidates)
    )
    return replace(problem, experts=(*problem.experts, interpreter), candidates=candidates)


def test_149_thesis_defences_are_proven_though_not_all_fit() -> None:
    problem = generate_thesis_instance(149, seed=2, days=5, rooms=3, pool=60, busy_share=0.6)
    result = checked(problem, SolveParameters(time_limit_s=120, seed=1))
    assert result.status is SolveStatus.OPTIMAL
    placed, moved, opened = figures(result.objective)[:3]
    assert (placed, moved, opened) == (("placed_priority_0", 111, 111), ("moved", 0, 0), ("opened", 15, 15))


def test_a_large_case_on_a_fine_grid_is_thinned_and_claims_no_proof() -> None:
    problem = generate_thesis_instance(
        300, seed=1, days=10, rooms=8, pool=120, duration_min=40, buffer_min=5, busy_share=0.1
    )
    build = builder(problem)
    assert not build.is_lossless_within(LARGEST_CASE)
    case = build.build()
    assert not case.is_lossless
    assert len(case.options) < LARGEST_CASE / 4
    result = checked(problem, SolveParameters(time_limit_s=6, seed=1))
    assert result.objective[0].value == 300
    assert result.status is SolveStatus.FEASIBLE


def test_a_few_with_interpreters_are_placed_among_many() -> None:
    problem = with_interpreters(generate_instance(150, seed=4), every=25)
    result = checked(problem, SolveParameters(time_limit_s=10, seed=1))
    slots = {slot.candidate_id: slot for slot in result.schedule.assignments}
    named = [candidate.id for candidate in problem.candidates if candidate.attendee_ids]
    assert len(named) == 6
    assert set(named) <= set(slots)
    assert all(slots[id_].end_min <= 4 * DAY_MIN for id_ in named)
    assert figures(result.objective)[0] == ("placed_priority_0", 150, 150)


def test_counted_effort_and_one_worker_give_the_same_schedule_again() -> None:
    problem = generate_thesis_instance(40, seed=5, rooms=2, duration_min=50, buffer_min=10)
    params = SolveParameters(time_limit_s=120, seed=3, workers=1, deterministic_limit=0.5)
    first, second = checked(problem, params), checked(problem, params)
    assert first.schedule == second.schedule
    assert figures(first.objective) == figures(second.objective)


def test_the_generator_repeats_itself_and_listens() -> None:
    problem = generate_thesis_instance(12, seed=7, days=2, rooms=2, examiners_per_defence=4, pool=9)
    assert problem == generate_thesis_instance(12, seed=7, days=2, rooms=2, examiners_per_defence=4, pool=9)
    assert problem != generate_thesis_instance(12, seed=8, days=2, rooms=2, examiners_per_defence=4, pool=9)
    assert (len(problem.candidates), len(problem.sittings), len(problem.experts)) == (12, 4, 9)
    assert {len(candidate.attendee_ids) for candidate in problem.candidates} == {4}


def test_normal_patterns_are_the_chains_from_the_bases() -> None:
    assert normal_patterns([0], [(3, 1)], [(0, 12)]) == [0, 3, 4, 6, 7, 8, 9, 10, 11]
    assert normal_patterns([0, 20], [(3, 0), (5, 0)], [(0, 9), (20, 26)]) == [0, 3, 5, 6, 8, 20, 23, 25]


@pytest.mark.parametrize("limits", [(0, 30, 45), (15, 30)])
def test_the_full_grid_is_the_greatest_common_divisor(limits: tuple[int, ...]) -> None:
    assert full_grid(limits, (30, 0), [(0, 45)]) == [0, 15, 30]


def test_a_coarse_grid_counts_from_the_start_of_each_window() -> None:
    assert coarse_grid(20, [(0, 50), (10, 40)]) == [0, 10, 20, 30, 40]
    assert merge_windows([(10, 40), (0, 50), (60, 70), (70, 75)]) == [(0, 50), (60, 75)]

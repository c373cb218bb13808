"""The solver against complete enumeration on tiny instances, and by hand where one answer is plainly best."""

import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Optimum, find_optimum
from random_instances import tiny_instance
from scheduling_builders import ONE_WORKER, candidate, candidates, instance, panel, sitting

from scheduler.checker import find_violations, recompute_objective
from scheduler.generate import generate_instance
from scheduler.instance import SchedulingInstance
from scheduler.objective import Goal, TermName
from scheduler.result import SolveParameters, SolveResult, SolveStatus
from scheduler.solver import solve

T = TermName
ENOUGH = SolveParameters(time_limit_s=300, seed=1, workers=1, deterministic_limit=4)
CUT = SolveParameters(time_limit_s=300, seed=1, workers=1, deterministic_limit=0.002)
CHUNKS, PER_CHUNK = 8, 20


@cache
def solved(seed: int) -> tuple[SchedulingInstance, Optimum | None, SolveResult]:
    problem = tiny_instance(random.Random(seed))
    return problem, find_optimum(problem), solve(problem, ENOUGH)


def chunk_of_seeds(chunk: int) -> range:
    return range(chunk * PER_CHUNK, (chunk + 1) * PER_CHUNK)


def require_truth(problem: SchedulingInstance, optimum: Optimum | None, result: SolveResult) -> None:
    """Require that a result claims nothing that complete enumeration denies."""
    faults = {fault.rule.name for fault in find_violations(problem, result.schedule)}
    claimed = {term.name: term.value for term in result.objective}
    assert list(claimed.items()) == list(recompute_objective(problem, result.schedule).items())
    if optimum is None:
        assert result.status in {SolveStatus.INFEASIBLE, SolveStatus.UNKNOWN}
        assert faults == {"PIN_DROPPED"}
        return
    assert result.status is not SolveStatus.INFEASIBLE
    assert faults == set() or (result.status is SolveStatus.UNKNOWN and faults == {"PIN_DROPPED"})
    require_bounds(optimum, result)
    if result.status is SolveStatus.OPTIMAL:
        assert tuple(claimed.values()) == optimum.best
        assert all(term.proven for term in result.objective)


def require_bounds(optimum: Optimum, result: SolveResult) -> None:
    """Require that no bound cuts off what is possible, given the values of the terms before it."""
    values = tuple(term.value for term in result.objective)
    count = len(optimum.placed)
    for position, term in enumerate(result.objective[:count]):
        if values[:position] != optimum.placed[:position]:
            return
        assert term.value <= optimum.placed[position] <= term.best_bound, term.name
    if values[:count] != optimum.placed:
        return
    for position, term in enumerate(result.objective[count:], count):
        assert term.best_bound <= optimum.least_given(values[count:position]) <= term.value, term.name


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_as_many_are_placed_as_by_enumeration_and_no_claim_is_denied(chunk: int) -> None:
    for seed in chunk_of_seeds(chunk):
        problem, optimum, result = solved(seed)
        require_truth(problem, optimum, result)
        values = tuple(term.value for term in result.objective)
        assert optimum is None or values[: len(optimum.placed)] == optimum.placed, f"seed {seed}"


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_tiny_instances_are_proven_optimal_or_infeasible(chunk: int) -> None:
    for seed in chunk_of_seeds(chunk):
        _, optimum, result = solved(seed)
        expected = SolveStatus.INFEASIBLE if optimum is None else SolveStatus.OPTIMAL
        unproven = [term for term in result.objective if not term.proven]
        assert result.status is expected, f"seed {seed}: {unproven}"


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_bounds_hold_when_the_search_is_cut_short(chunk: int) -> None:
    for seed in chunk_of_seeds(chunk):
        problem = tiny_instance(random.Random(seed))
        require_truth(problem, find_optimum(problem), solve(problem, CUT))


@settings(derandomize=True, deadline=None, max_examples=40)
@given(rng=st.randoms(use_true_random=False))
def test_nothing_claimed_is_denied_by_enumeration(rng: random.Random) -> None:
    problem = tiny_instance(rng)
    require_truth(problem, find_optimum(problem), solve(problem, ENOUGH))


def test_higher_priority_is_placed_first() -> None:
    problem = instance([*candidates(3), candidate("vip", duration_min=60, priority=1)])
    assert [slot.candidate_id for slot in solve(problem, ONE_WORKER).schedule.assignments] == ["vip"]


def test_panel_without_conflict_is_preferred_even_when_later_where_that_counts_first() -> None:
    panels = [panel("p0", ("e0", "e1", "e2", "e3")), panel("p1", ("e4", "e5", "e6"))]
    person = candidate(recused_expert_ids=frozenset({"e0"}))
    sittings = [sitting("s0", "p0"), sitting("s1", "p1", 60, 120)]
    for names, chosen in (((T.CONFLICTS, T.LATENESS), "s1"), ((T.LATENESS, T.CONFLICTS), "s0")):
        tiers = tuple((Goal(name),) for name in names)
        problem = instance([person], panels, sittings, objective=tiers)
        assert solve(problem, ONE_WORKER).schedule.assignments[0].sitting_id == chosen


def test_same_seed_and_effort_give_the_same_schedule() -> None:
    problem = generate_instance(40, seed=5, days=2)
    params = SolveParameters(time_limit_s=60, seed=1, workers=1, deterministic_limit=0.5)
    first, second = solve(problem, params), solve(problem, params)
    assert first.schedule == second.schedule
    assert first.objective == second.objective


def test_round_of_240_is_proven_in_seconds() -> None:
    problem = generate_instance(240, seed=2)
    result = solve(problem, SolveParameters(time_limit_s=30))
    assert find_violations(problem, result.schedule) == []
    terms = {term.name: term for term in result.objective}
    assert terms["placed_priority_0"].value == 240
    assert terms["placed_priority_0"].proven and terms["opened"].proven
    assert result.wall_time_s < 30

"""500 random instances of 10 to 40 candidates through the solver and the checker."""

import random

import pytest
from random_instances import medium_instance

from scheduler.checker import find_violations, recompute_objective
from scheduler.generate import generate_instance
from scheduler.instance import SchedulingInstance
from scheduler.result import ObjectiveTerm, Sense, SolveParameters, SolveResult, SolveStatus
from scheduler.solver import solve

CHUNKS, PER_CHUNK = 25, 20
SHORT = SolveParameters(time_limit_s=10, seed=1, workers=1, deterministic_limit=0.05)
OTHER = SolveParameters(time_limit_s=10, seed=2, workers=1, deterministic_limit=0.2)
MAY_DROP_PINS = {SolveStatus.INFEASIBLE, SolveStatus.UNKNOWN}


def is_possible(value: int, term: ObjectiveTerm) -> bool:
    """Return whether the term's bound admits a value."""
    return value <= term.best_bound if term.sense is Sense.MAXIMISE else value >= term.best_bound


def require_sound(problem: SchedulingInstance, result: SolveResult) -> None:
    """Require that the schedule keeps every hard rule, and that its terms are worth what is said."""
    faults = [str(fault) for fault in find_violations(problem, result.schedule)]
    if result.status in MAY_DROP_PINS:
        assert any(candidate.pin for candidate in problem.candidates)
        assert all(fault.startswith("PIN_DROPPED ") for fault in faults)
    else:
        assert faults == []
    assert (result.status is SolveStatus.INFEASIBLE) <= (faults != [])
    claimed = [(term.name, term.value) for term in result.objective]
    assert claimed == list(recompute_objective(problem, result.schedule).items())
    assert all(is_possible(term.value, term) for term in result.objective)
    is_all_proven = all(term.proven for term in result.objective)
    assert (result.status is SolveStatus.OPTIMAL) <= is_all_proven


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_schedule_passes_the_checker_and_its_terms_are_recomputed(chunk: int) -> None:
    for seed in range(chunk * PER_CHUNK, (chunk + 1) * PER_CHUNK):
        problem = medium_instance(random.Random(seed))
        require_sound(problem, solve(problem, SHORT))


@pytest.mark.parametrize("seed", range(1000, 1030))
def test_no_bound_is_beaten_by_another_run(seed: int) -> None:
    problem = medium_instance(random.Random(seed))
    results = [solve(problem, params) for params in (SHORT, OTHER)]
    if any(result.status in MAY_DROP_PINS for result in results):
        return
    for one, other in zip(*(result.objective for result in results), strict=True):
        assert is_possible(one.value, other) and is_possible(other.value, one), one.name
        if one.value != other.value:
            break  # bounds of later terms hold given the values before them


@pytest.mark.parametrize("count", [60, 150])
def test_generated_rounds_pass_the_checker(count: int) -> None:
    for seed in range(3):
        problem = generate_instance(count, seed, days=3)
        require_sound(problem, solve(problem, SHORT))

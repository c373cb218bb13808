"""The solver against complete enumeration on tiny instances, and against the checker on random ones."""

import random
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scheduling_builders import ONE_WORKER, away, candidate, candidates, instance, panel, sitting

from scheduler.checker import find_violations, recompute_objective
from scheduler.generate import generate_instance
from scheduler.instance import Candidate, SchedulingInstance, Sitting, Slot
from scheduler.result import SolveParameters, SolveStatus
from scheduler.schedule import Assignment, Schedule, Unplaced, UnplacedReason
from scheduler.solver import solve

Value = tuple[int, ...]


def tiny_instance(seed: int, largest: int = 5) -> SchedulingInstance:
    """Three panels that share experts, three sittings, a few candidates with every kind of trouble."""
    rng = random.Random(seed)
    experts = [f"e{i}" for i in range(7)]
    panels = [
        panel(f"p{i}", rng.sample(experts, rng.choice((3, 4, 5))), rng.choice(("x", "xy"))) for i in range(3)
    ]
    sittings = [
        sitting(f"s{i}", f"p{rng.randrange(3)}", start, start + rng.choice((35, 50)))
        for i, start in enumerate(rng.choices((0, 20, 60), k=3))
    ]
    people = [tiny_candidate(rng, i, experts, sittings) for i in range(rng.randint(2, largest))]
    absences = {rng.choice(experts): away(0, rng.choice((10, 70)))}
    limit = rng.choice((None, 1, 2))
    return instance(
        people, panels, sittings, absences, max_parallel_sittings=limit, require_odd=rng.random() < 0.2
    )


def tiny_candidate(rng: random.Random, index: int, experts: list[str], sittings: list[Sitting]) -> Candidate:
    start = rng.randrange(0, 80, 5)
    pinned = rng.choice(sittings)
    return candidate(
        f"c{index}",
        category=rng.choice("xxy"),
        duration_min=rng.choice((10, 15)),
        buffer_min=rng.choice((0, 5)),
        unavailable=away(start, start + rng.randrange(5, 40, 5)) if rng.random() < 0.6 else (),
        recused_expert_ids=frozenset({rng.choice(experts)} if rng.random() < 0.4 else ()),
        priority=rng.choice((0, 0, 1)),
        pin=Slot(pinned.id, pinned.start_min + rng.choice((0, 15))) if rng.random() < 0.1 else None,
    )


def fits_in_order(place: Sitting, order: tuple[Candidate, ...]) -> list[Assignment] | None:
    """Place each as early as it goes: for a fixed order nothing is lost by that."""
    slots, now = [], place.start_min
    for person in order:
        start = person.pin.start_min if person.pin else now
        while any(
            start < a.end_min and a.start_min < start + person.duration_min for a in person.unavailable
        ):
            start += 1
        if start < now or start + person.duration_min > place.end_min:
            return None
        slots.append(Assignment(person.id, place.id, start, start + person.duration_min))
        now = start + person.duration_min + person.buffer_min
    return slots


def best_by_enumeration(problem: SchedulingInstance) -> Value | None:
    """Return the best objective over all ways to fill the sittings; None when no way keeps the pins."""
    known: dict[tuple[str, tuple[Candidate, ...]], list[Assignment] | None] = {}
    best: Value | None = None
    for choice in product((None, *problem.sittings), repeat=len(problem.candidates)):
        slots: list[Assignment] = []
        for place in problem.sittings:
            people = tuple(c for c, where in zip(problem.candidates, choice, strict=True) if where is place)
            if (place.id, people) not in known:
                orders = (fits_in_order(place, order) for order in permutations(people))
                known[place.id, people] = next((order for order in orders if order is not None), None)
            group = known[place.id, people]
            if group is None:
                break
            slots += group
        else:
            best = better(problem, best, slots)
    return best


def better(problem: SchedulingInstance, best: Value | None, slots: list[Assignment]) -> Value | None:
    placed = {slot.candidate_id for slot in slots}
    left = [c.id for c in problem.candidates if c.id not in placed]
    schedule = Schedule(tuple(slots), tuple(Unplaced(id_, UnplacedReason.CAPACITY, {}) for id_ in left))
    if find_violations(problem, schedule):
        return best
    terms = recompute_objective(problem, schedule)
    value = tuple(-amount if name.startswith("placed") else amount for name, amount in terms.items())
    return value if best is None else min(best, value)


@pytest.mark.parametrize("seed", range(40))
def test_solver_reaches_the_enumerated_optimum(seed: int) -> None:
    problem = tiny_instance(seed)
    best = best_by_enumeration(problem)
    result = solve(problem, ONE_WORKER)
    if best is None:
        assert result.status is SolveStatus.INFEASIBLE
        return
    assert result.status is SolveStatus.OPTIMAL
    found = [-t.value if t.name.startswith("placed") else t.value for t in result.objective]
    assert tuple(found) == best
    assert all(term.proven for term in result.objective)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6), largest=st.integers(6, 14))
def test_solution_passes_the_checker_and_its_objective_is_recomputed(seed: int, largest: int) -> None:
    problem = tiny_instance(seed, largest)
    result = solve(problem, ONE_WORKER)
    faults = find_violations(problem, result.schedule)
    if result.status is SolveStatus.INFEASIBLE:
        assert {fault.rule.name for fault in faults} == {"PIN_DROPPED"}
    else:
        assert faults == []
    reported = {term.name: term.value for term in result.objective}
    assert reported == recompute_objective(problem, result.schedule)


def test_higher_priority_is_placed_first() -> None:
    problem = instance([*candidates(3), candidate("vip", duration_min=60, priority=1)])
    assert [slot.candidate_id for slot in solve(problem, ONE_WORKER).schedule.assignments] == ["vip"]


def test_panel_without_conflict_is_preferred_even_when_later() -> None:
    four = ("e0", "e1", "e2", "e3")
    panels = [panel("p0", four), panel("p1", ("e4", "e5", "e6"))]
    person = candidate(recused_expert_ids=frozenset({"e0"}))
    problem = instance([person], panels, [sitting("s0", "p0"), sitting("s1", "p1", 60, 120)])
    assert solve(problem, ONE_WORKER).schedule.assignments[0].sitting_id == "s1"


def test_same_seed_and_one_worker_give_the_same_schedule() -> None:
    problem = generate_instance(40, seed=5, days=2)
    first, second = solve(problem, ONE_WORKER), solve(problem, ONE_WORKER)
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

"""The parts of the core by themselves: patterns, totals, flows, mixtures, and the search that joins them."""

import threading
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scheduling_builders import away, candidate, candidates, instance, panel, sitting

from scheduler.checker import find_violations, recompute_objective
from scheduler.deadline import Deadline, StopSwitch
from scheduler.eligibility import list_openings, may_open
from scheduler.generate import generate_instance
from scheduler.instance import SchedulingInstance
from scheduler.objective import Goal, TermName
from scheduler.panels.flow import allocate
from scheduler.panels.kinds import Aggregate, aggregate
from scheduler.panels.mixtures import mix, offered_sittings
from scheduler.panels.patterns import fill_patterns, largest_sum
from scheduler.panels.plan import choose_openings
from scheduler.panels.problem import cut_gaps
from scheduler.result import SolveParameters, SolveResult, SolveStatus
from scheduler.solver import solve

SIZES = st.lists(st.tuples(st.integers(5, 30), st.integers(0, 10)), min_size=1, max_size=3, unique=True).map(
    tuple
)


@given(st.integers(0, 90), st.booleans(), SIZES)
def test_patterns_are_the_maximal_fillings(
    length: int, is_followed: bool, sizes: tuple[tuple[int, int], ...]
) -> None:
    def fits(counts: tuple[int, ...]) -> bool:
        people = [size for size, count in zip(sizes, counts, strict=True) for _ in range(count)]
        people.sort(key=lambda size: size[1])
        end = sum(duration + buffer for duration, buffer in people)
        return not people or end - (0 if is_followed else people[-1][1]) <= length

    legal = {counts for counts in product(range(19), repeat=len(sizes)) if sum(counts) < 19 and fits(counts)}
    maximal = {
        one
        for one in legal
        if not any(tuple(n + (i == k) for i, n in enumerate(one)) in legal for k in range(len(sizes)))
    }
    assert set(fill_patterns(length, is_followed, sizes) or ()) == maximal


@given(st.integers(0, 200), st.frozensets(st.integers(3, 40), min_size=1, max_size=3))
def test_largest_sum_is_the_best_knapsack(room: int, steps: frozenset[int]) -> None:
    reachable = {0}
    for total in range(1, room + 1):
        if any(total - step in reachable for step in steps):
            reachable.add(total)
    assert largest_sum(room, steps) == max(reachable)


def totals(problem: SchedulingInstance) -> tuple[Aggregate, Deadline]:
    deadline = Deadline(30, StopSwitch())
    openings = tuple(o for o in list_openings(problem) if may_open(problem, o))
    return aggregate(problem, openings, cut_gaps(openings, []), deadline), deadline


def test_alike_candidates_and_sittings_are_counted_together() -> None:
    people = [*candidates(5), candidate("c5", unavailable=away(0, 60)), candidate("c6", category="z")]
    panels = [panel("p0"), panel("p1", ("e3", "e4", "e5"))]
    places = [sitting(f"s{p}{h}", f"p{p}", h * 100, h * 100 + 60) for p in range(2) for h in range(2)]
    whole, _ = totals(instance(people, panels, places))
    assert [len(kind.gap_ids) for kind in whole.kinds] == [2, 2]
    assert [(len(group.members), len(group.kind_ids)) for group in whole.groups] == [(5, 2), (1, 1)]


def test_totals_prove_the_fewest_sittings_and_a_shortage_lifts_them() -> None:
    """Three fit into each hour; the fourth to sixth are only free in the second, and there is one room."""
    late = [candidate(f"d{i}", unavailable=away(0, 60)) for i in range(4)]
    places = [sitting("s0", start=0, end=60), sitting("s1", start=100, end=160)]
    whole, deadline = totals(instance([*candidates(2), *late], sittings=places))
    params = SolveParameters(workers=1)
    plan, bounds = choose_openings(whole, [], params, deadline, 10)
    assert plan is not None
    assert (len(plan.opened), bounds.fewest_openings, dict(bounds.placed)) == (2, 2, {0: 6})
    allocation = allocate(whole, plan, deadline)
    assert sum(allocation.counts.values()) == 5
    (shortage,) = allocation.shortages
    assert (shortage.least, len(shortage.kind_ids)) == (4, 1)
    _, again = choose_openings(whole, [shortage], params, deadline, 10)
    assert dict(again.placed) == {0: 5}


def test_mixtures_bound_the_switches() -> None:
    """Four of one category and two of the other in two hours of three: one sitting must hear both."""
    people = [*candidates(4), *(candidate(f"d{i}", category="y") for i in range(2))]
    places = [sitting("s0", start=0, end=60), sitting("s1", start=100, end=160)]
    problem = instance(people, [panel(accepts=("x", "y"))], places)
    whole, deadline = totals(problem)
    mixing = mix(whole, offered_sittings(whole), 2, SolveParameters(workers=1), deadline, 10)
    assert mixing is not None
    assert mixing.least_switches == 1
    result = solve(problem, SolveParameters(20, workers=1))
    assert [(t.name, t.value) for t in result.objective if t.name == "switches"] == [("switches", 1)]
    assert result.status is SolveStatus.OPTIMAL


def names(result: SolveResult) -> dict[str, tuple[int, bool]]:
    return {term.name: (term.value, term.proven) for term in result.objective}


@pytest.mark.parametrize("seed", range(3))
def test_a_round_of_a_thousand_is_placed_with_the_fewest_sittings_proven(seed: int) -> None:
    problem = generate_instance(1_000, seed)
    result = solve(problem, SolveParameters(12, workers=8))
    assert find_violations(problem, result.schedule) == []
    assert recompute_objective(problem, result.schedule) == {t.name: t.value for t in result.objective}
    assert names(result)["placed_priority_0"] == (1_000, True)
    assert names(result)["opened"][1]


def test_ten_thousand_are_placed_with_the_fewest_sittings_proven() -> None:
    problem = generate_instance(10_000, seed=1)
    stop, seen = StopSwitch(), []

    def watch(report: dict[str, object]) -> None:
        seen.append(report)
        if report["placed"] == report["placed_bound"] and report["opened"] == report["opened_bound"]:
            stop.request()

    result = solve(problem, SolveParameters(60, workers=8), watch, stop)
    assert result.status is SolveStatus.STOPPED
    assert result.wall_time_s < 60
    assert find_violations(problem, result.schedule) == []
    assert names(result)["placed_priority_0"] == (10_000, True)
    assert names(result)["opened"][1]


@pytest.mark.parametrize("workers", [1, 4])
def test_the_same_effort_gives_the_same_schedule(workers: int) -> None:
    problem = generate_instance(150, seed=3)
    params = SolveParameters(120, seed=5, workers=workers, deterministic_limit=1.5)
    first, second = solve(problem, params), solve(problem, params)
    assert first.schedule == second.schedule
    assert first.objective == second.objective


def test_a_stopped_solve_keeps_the_best_so_far() -> None:
    problem = generate_instance(400, seed=2)
    stop = StopSwitch()
    timer = threading.Timer(1.5, stop.request)
    timer.start()
    result = solve(problem, SolveParameters(60), stop=stop)
    timer.cancel()
    assert result.status is SolveStatus.STOPPED
    assert result.wall_time_s < 10
    assert find_violations(problem, result.schedule) == []
    assert len(result.schedule.assignments) > 0


def test_reports_show_each_tier_and_never_a_bound_on_the_wrong_side() -> None:
    reports: list[dict[str, object]] = []
    problem = generate_instance(120, seed=4)
    result = solve(problem, SolveParameters(6), reports.append)
    assert [term["name"] for term in reports[-1]["terms"]] == [t.name for t in result.objective]  # type: ignore[attr-defined]
    for term in result.objective:
        assert (
            term.value <= term.best_bound if term.sense.value == "maximise" else term.value >= term.best_bound
        )


def test_order_and_weights_of_the_objective_decide() -> None:
    """A sitting for each category costs one more opening and saves one switch."""
    people = [candidate("c0"), candidate("c1", category="y")]
    places = [sitting("s0", start=0, end=60), sitting("s1", start=100, end=160)]
    problem = instance(people, [panel(accepts=("x", "y"))], places)
    opened_first = ((Goal(TermName.OPENED),), (Goal(TermName.SWITCHES),))
    switches_first = tuple(reversed(opened_first))
    one_tier = ((Goal(TermName.OPENED, 2), Goal(TermName.SWITCHES, 3)),)
    expected = [
        (opened_first, {"opened": 1, "switches": 1}),
        (switches_first, {"switches": 0, "opened": 2}),
        (one_tier, {"2*opened+3*switches": 4}),
    ]
    for objective, values in expected:
        result = solve(replace(problem, objective=objective), SolveParameters(20, workers=1))
        assert {t.name: t.value for t in result.objective if not t.name.startswith("placed")} == values
        assert result.status is SolveStatus.OPTIMAL

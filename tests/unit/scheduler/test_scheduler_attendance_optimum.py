"""Named attendees: the boolean model against complete enumeration, every minute tried, every term counted."""

import random
from itertools import product
from typing import Any

import pytest
from scheduling_builders import away, candidate, instance, panel, sitting

from scheduler.checker import find_violations, recompute_objective
from scheduler.instance import Candidate, SchedulingInstance, Slot, Wish
from scheduler.objective import DEFAULT_OBJECTIVE, Goal, TermName, Tier
from scheduler.result import Sense, SolveParameters, SolveStatus
from scheduler.schedule import Assignment, Schedule, Unplaced, UnplacedReason
from scheduler.solver import solve

EXPERTS = ("e0", "e1", "e2", "e3")
ONE_WORKER = SolveParameters(time_limit_s=60, seed=1, workers=1)
Value = tuple[int, ...]


def tiny_instance(seed: int, named: int) -> SchedulingInstance:
    """Three candidates of one to three minutes, the first `named` with attendees, and every trouble."""
    rng = random.Random(seed)
    panels = [
        panel(f"p{i}", rng.sample(EXPERTS, rng.choice((0, 0, 1, 2))), rng.choice((None, ("a",), ("a", "b"))))
        for i in range(rng.randint(1, 3))
    ]
    starts = rng.choices((0, 0, 0, 3, 6), k=rng.randint(1, 3))
    sittings = [
        sitting(f"s{i}", rng.choice(panels).id, start, start + rng.choice((4, 6, 6)))
        for i, start in enumerate(starts)
    ]
    return instance(
        [tiny_candidate(rng, i, i < named, len(sittings)) for i in range(3)],
        [*panels, panel("elsewhere", EXPERTS, ())],
        sittings,
        {
            expert: away(start, start + rng.randint(1, 4))
            for expert in EXPERTS[:2]
            for start in [rng.randrange(8)]
        },
        min_panel_size=rng.choice((0, 0, 0, 1)),
        max_parallel_sittings=rng.choice((None, None, 1)),
        midnight_min=rng.choice((0, 4)),
        objective=shuffled_objective(rng),
    )


def tiny_candidate(rng: random.Random, index: int, is_named: bool, sitting_count: int) -> Candidate:
    fields: dict[str, Any] = {"duration_min": rng.randint(1, 3), "buffer_min": rng.randint(0, 1)}
    attendees = frozenset(rng.sample(EXPERTS, rng.choice((1, 1, 2)))) if is_named else frozenset()
    fields |= {"attendee_ids": attendees, "category": rng.choice("ab"), "region": rng.choice(("", "x", "y"))}
    fields["recused_expert_ids"] = frozenset(rng.sample(EXPERTS, rng.choice((0, 0, 1)))) - attendees
    start = rng.randrange(8)
    if rng.random() < 0.4:
        fields["unavailable"] = away(start, start + rng.randint(1, 4))
    if rng.random() < 0.4:
        fields["published"] = Slot(f"s{rng.randrange(sitting_count)}", rng.randint(0, 8))
    if rng.random() < 0.4:
        fields["wishes"] = (Wish(start, start + rng.randint(1, 6), rng.random() < 0.4, rng.randint(1, 3)),)
    return candidate(f"c{index}", priority=rng.choice((0, 0, 1)), **fields)


def shuffled_objective(rng: random.Random) -> tuple[Tier, ...]:
    """All terms in any order, now one and now two to a tier, or the usual objective."""
    if rng.random() < 0.3:
        return DEFAULT_OBJECTIVE
    goals = [Goal(name, rng.randint(1, 3)) for name in rng.sample(list(TermName), len(TermName))]
    cut = rng.randint(0, 4)
    return (*((goal,) for goal in goals[:cut]), *zip(goals[cut::2], goals[cut + 1 :: 2], strict=False))


def unplaced(person: Candidate) -> Unplaced:
    return Unplaced(person.id, UnplacedReason.CAPACITY, {})


def schedule_of(problem: SchedulingInstance, slots: tuple[Assignment | None, ...]) -> Schedule:
    missing = [c for c, slot in zip(problem.candidates, slots, strict=True) if slot is None]
    return Schedule(tuple(slot for slot in slots if slot), tuple(map(unplaced, missing)))


def legal_slots(problem: SchedulingInstance, index: int) -> list[Assignment | None]:
    """Every minute of every sitting at which the candidate alone could be heard."""
    person, found = problem.candidates[index], []
    for each in problem.sittings:
        for start in range(each.start_min, each.end_min - person.duration_min + 1):
            slots: list[Assignment | None] = [None] * len(problem.candidates)
            slots[index] = Assignment(person.id, each.id, start, start + person.duration_min)
            if not find_violations(problem, schedule_of(problem, tuple(slots))):
                found.append(slots[index])
    return [None, *found]


def rank(problem: SchedulingInstance, values: dict[str, int]) -> Value:
    """Smaller is better, tier by tier."""
    return tuple(-value if name.startswith("placed") else value for name, value in values.items())


def best_by_enumeration(problem: SchedulingInstance) -> Value:
    slots = [legal_slots(problem, index) for index in range(len(problem.candidates))]
    schedules = (schedule_of(problem, combination) for combination in product(*slots))
    return min(
        rank(problem, recompute_objective(problem, s)) for s in schedules if not find_violations(problem, s)
    )


@pytest.mark.parametrize("named", [3, 1], ids=["all named", "one named"])
@pytest.mark.parametrize("seed", range(16))
def test_the_best_schedule_is_found_and_proven(seed: int, named: int) -> None:
    problem = tiny_instance(seed, named)
    result = solve(problem, ONE_WORKER)
    assert find_violations(problem, result.schedule) == []
    values = recompute_objective(problem, result.schedule)
    assert values == {term.name: term.value for term in result.objective}
    assert rank(problem, values) == best_by_enumeration(problem)
    assert result.status is SolveStatus.OPTIMAL
    assert all(term.proven for term in result.objective)


@pytest.mark.parametrize("goals", [(TermName.IDLE, TermName.OPENED), (TermName.SWITCHES, TermName.OPENED)])
def test_order_counts_before_the_number_of_sittings_when_told_so(goals: tuple[TermName, TermName]) -> None:
    """Two alike rooms: one of them alone has a gap and a change of category, both together have neither."""
    people = [
        candidate("c0", category="a", attendee_ids=frozenset("x"), duration_min=10, buffer_min=0),
        candidate("c1", category="b", attendee_ids=frozenset("y"), duration_min=10, buffer_min=0),
    ]
    problem = instance(
        people,
        [panel("r0", (), None), panel("r1", (), None)],
        [sitting("s0", "r0", 0, 40), sitting("s1", "r1", 0, 40)],
        {"x": away(10, 40), "y": away(0, 30)},
        min_panel_size=0,
        objective=tuple((Goal(name),) for name in goals),
    )
    assert [term.value for term in solve(problem, ONE_WORKER).objective] == [2, 0, 2]
    fewest_first = tuple((Goal(name),) for name in reversed(goals))
    turned = instance(
        people,
        problem.panels,
        problem.sittings,
        {e.id: e.unavailable for e in problem.experts},
        min_panel_size=0,
        objective=fewest_first,
    )
    result = solve(turned, ONE_WORKER)
    assert result.status is SolveStatus.OPTIMAL
    assert [term.value for term in result.objective] == [2, 1, {TermName.IDLE: 20}.get(goals[0], 1)]
    assert [term.sense for term in result.objective] == [Sense.MAXIMISE, Sense.MINIMISE, Sense.MINIMISE]

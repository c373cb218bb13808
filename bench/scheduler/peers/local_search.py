"""Timefold: local search over candidate → sitting with constraint streams; the order within one is greedy.

Its classes are translated to Java when they are decorated, so importing this module starts a Java machine.
"""
# The streams of timefold lose the types of what they carry.
# mypy: disable-error-code="attr-defined, union-attr"

import time
from dataclasses import dataclass, field
from typing import Annotated

from timefold.solver import BestSolutionChangedEvent, SolverFactory
from timefold.solver.config import (
    Duration,
    EnvironmentMode,
    ScoreDirectorFactoryConfig,
    SolverConfig,
    TerminationConfig,
)
from timefold.solver.domain import (
    PlanningEntityCollectionProperty,
    PlanningId,
    PlanningScore,
    PlanningVariable,
    ProblemFactCollectionProperty,
    ValueRangeProvider,
    planning_entity,
    planning_solution,
)
from timefold.solver.score import (
    BendableScore,
    Constraint,
    ConstraintCollectors,
    ConstraintFactory,
    Joiners,
    constraint_provider,
)

from bench.scheduler.peers.common import (
    Facts,
    Record,
    capacity_min,
    collect_facts,
    keep_free_throughout,
    minutes_of,
    seat_all,
)
from scheduler.instance import SchedulingInstance

SEED = 1


@dataclass
class Place:
    """A sitting that may open."""

    id: Annotated[int, PlanningId]
    capacity_min: int


@dataclass
class Exclusion:
    """Two sittings that may not both open."""

    id: Annotated[int, PlanningId]
    first: Place
    second: Place


@dataclass
class Running:
    """A sitting that runs at a time at which more could run than the limit."""

    id: Annotated[int, PlanningId]
    place: Place
    crowd: int
    limit: int


@planning_entity
@dataclass
class Defence:
    """A candidate; no place means not placed."""

    id: Annotated[int, PlanningId]
    minutes: int
    priority_weight: int
    places: Annotated[list[Place], ValueRangeProvider(id="places")]
    place: Annotated[
        Place | None, PlanningVariable(value_range_provider_refs=["places"], allows_unassigned=True)
    ] = field(default=None)


@planning_solution
@dataclass
class Timetable:
    """The whole problem."""

    places: Annotated[list[Place], ProblemFactCollectionProperty]
    exclusions: Annotated[list[Exclusion], ProblemFactCollectionProperty]
    running: Annotated[list[Running], ProblemFactCollectionProperty]
    defences: Annotated[list[Defence], PlanningEntityCollectionProperty]
    score: Annotated[
        BendableScore | None, PlanningScore(bendable_hard_levels_size=1, bendable_soft_levels_size=3)
    ] = field(default=None)


ONE_HARD = BendableScore.of((1,), (0, 0, 0))
ONE_UNPLACED = BendableScore.of((0,), (1, 0, 0))
ONE_OPENED = BendableScore.of((0,), (0, 1, 0))
ONE_CONCENTRATED = BendableScore.of((0,), (0, 0, 1))
"""Full sittings beside empty ones, so that the search has a slope towards fewer of them."""


@constraint_provider
def define_constraints(factory: ConstraintFactory) -> list[Constraint]:
    """Return the rules: hard, then the placed, then the opened sittings."""
    return [
        factory.for_each(Defence)
        .group_by(lambda defence: defence.place, ConstraintCollectors.sum(lambda defence: defence.minutes))
        .filter(lambda place, minutes: minutes > place.capacity_min)
        .penalize(ONE_HARD, lambda place, minutes: minutes - place.capacity_min)
        .as_constraint("capacity"),
        factory.for_each(Exclusion)
        .if_exists(Defence, Joiners.equal(lambda pair: pair.first, lambda defence: defence.place))
        .if_exists(Defence, Joiners.equal(lambda pair: pair.second, lambda defence: defence.place))
        .penalize(ONE_HARD)
        .as_constraint("shared expert"),
        factory.for_each(Running)
        .if_exists(Defence, Joiners.equal(lambda run: run.place, lambda defence: defence.place))
        .group_by(lambda run: run.crowd, lambda run: run.limit, ConstraintCollectors.count())
        .filter(lambda crowd, limit, count: count > limit)
        .penalize(ONE_HARD, lambda crowd, limit, count: count - limit)
        .as_constraint("limit of simultaneous sittings"),
        factory.for_each_including_unassigned(Defence)
        .filter(lambda defence: defence.place is None)
        .penalize(ONE_UNPLACED, lambda defence: defence.priority_weight)
        .as_constraint("unplaced"),
        factory.for_each(Place)
        .if_exists(Defence, Joiners.equal(lambda place: place, lambda defence: defence.place))
        .penalize(ONE_OPENED)
        .as_constraint("opened"),
        factory.for_each(Defence)
        .group_by(lambda defence: defence.place, ConstraintCollectors.sum(lambda defence: defence.minutes))
        .reward(ONE_CONCENTRATED, lambda place, minutes: minutes * minutes)
        .as_constraint("concentration"),
    ]


def run(instance: SchedulingInstance, time_limit_s: float, record: Record) -> None:
    """Search until the time is up; only sittings in which a candidate is free throughout count."""
    ends_at = time.monotonic() + time_limit_s
    facts = keep_free_throughout(instance, collect_facts(instance))
    timetable = _build(instance, facts)
    left_ms = max(1, round(1000 * (ends_at - time.monotonic())))
    config = SolverConfig(
        solution_class=Timetable,
        entity_class_list=[Defence],
        environment_mode=EnvironmentMode.NO_ASSERT,
        random_seed=SEED,
        score_director_factory_config=ScoreDirectorFactoryConfig(
            constraint_provider_function=define_constraints
        ),
        termination_config=TerminationConfig(spent_limit=Duration(milliseconds=left_ms)),
    )

    def report(event: BestSolutionChangedEvent[Timetable]) -> None:
        best = event.new_best_solution
        if best.score is not None and best.score.is_feasible:
            pairs = [(defence.id, defence.place.id) for defence in best.defences if defence.place is not None]
            record(seat_all(instance, facts, pairs))

    solver = SolverFactory.create(config).build_solver()
    solver.add_event_listener(report)
    solver.solve(timetable)


def _build(instance: SchedulingInstance, facts: Facts) -> Timetable:
    places = [Place(j, capacity_min(instance, o.sitting)) for j, o in enumerate(facts.openings)]
    allowed: list[list[Place]] = [[] for _ in instance.candidates]
    for i, j in facts.starts:
        allowed[i].append(places[j])
    memberships = [(j, crowd) for crowd, members in enumerate(facts.crowds) for j in members]
    limit = instance.max_parallel_sittings or 0
    return Timetable(
        places,
        [Exclusion(k, places[one], places[other]) for k, (one, other) in enumerate(facts.exclusive)],
        [Running(k, places[j], crowd, limit) for k, (j, crowd) in enumerate(memberships)],
        [
            Defence(i, minutes_of(candidate), _weight(instance, candidate.priority), allowed[i])
            for i, candidate in enumerate(instance.candidates)
            if allowed[i]
        ],
    )


def _weight(instance: SchedulingInstance, priority: int) -> int:
    """Return what a candidate left out costs: more than all of lower priority together."""
    weight = 1
    for lower in sorted({c.priority for c in instance.candidates if c.priority < priority}):
        weight *= 1 + sum(c.priority == lower for c in instance.candidates)
    return weight

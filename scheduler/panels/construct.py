"""A schedule from totals: choose the sittings, send groups to kinds of gaps, seat people, learn from it."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from scheduler.deadline import Deadline
from scheduler.instance import SchedulingInstance
from scheduler.panels.deal import deal
from scheduler.panels.flow import Allocation, allocate
from scheduler.panels.insertion import insert
from scheduler.panels.kinds import Aggregate
from scheduler.panels.mixtures import Mixture, mix, offered_sittings, with_mixtures
from scheduler.panels.plan import Plan, PlanBounds, Shortage, Stretch, choose_openings, spread_openings
from scheduler.panels.realise import seat, to_roster
from scheduler.result import SolveParameters
from scheduler.roster import Roster, group_seats

MOST_PAIRS_AT_ONCE = 1_500_000
"""Candidates times sittings up to which a first schedule is filled up at once, before anything is planned."""

MOST_ROUNDS, MOST_FILLINGS = 8, 20
PLAN_SHARE, SPREAD_SHARE, MIX_SHARE, FILL_SHARE = 0.5, 0.15, 0.1, 0.05
"""Parts of the remaining budget for choosing sittings, spreading them, mixing categories and trying days."""


@dataclass(frozen=True)
class Draft:
    """A schedule (None when the plan ran out of time) and what its plan proved; None is not known."""

    roster: Roster | None
    bounds: PlanBounds | None = None
    least_switches: int | None = None


def construct(
    instance: SchedulingInstance,
    aggregate: Aggregate,
    params: SolveParameters,
    deadline: Deadline,
) -> Iterator[Draft]:
    """Yield one draft after the other: first so that the fewest sittings open, then the finer points.

    A shortage is a minimum cut of the allocation and so holds for every schedule: a plan that knows it still
    relaxes the problem, and its bounds stay valid.

    Raises
    ------
    OutOfTime
        When the deadline passes on the way.
    """
    people = sum(len(group.members) for group in aggregate.groups)
    if people * len(aggregate.openings) <= MOST_PAIRS_AT_ONCE:
        yield Draft(_fill_up(instance, aggregate, deadline))
    shortages: list[Shortage] = []
    for _ in range(MOST_ROUNDS):
        limit = PLAN_SHARE * deadline.remaining_s()
        plan, bounds = choose_openings(aggregate, shortages, params, deadline, limit)
        if plan is None:
            yield Draft(_fill_up(instance, aggregate, deadline), bounds)
            return
        allocation = allocate(aggregate, plan, deadline)
        yield Draft(_seat(instance, aggregate, plan, allocation, deadline), bounds)
        if not allocation.shortages:
            yield from _refine(instance, aggregate, plan, shortages, params, deadline)
            return
        shortages += allocation.shortages


def _fill_up(instance: SchedulingInstance, aggregate: Aggregate, deadline: Deadline) -> Roster:
    """Give each candidate the first place that is left: what can always be done, if nothing better can."""
    pinned = [(gap.opening_id, gap.start_min, gap.pinned) for gap in aggregate.gaps if gap.pinned]
    movable = [candidate for group in aggregate.groups for candidate in group.members]
    return insert(instance, aggregate.openings, group_seats(pinned), movable, deadline)


def _refine(
    instance: SchedulingInstance,
    aggregate: Aggregate,
    plan: Plan,
    shortages: list[Shortage],
    params: SolveParameters,
    deadline: Deadline,
) -> Iterator[Draft]:
    """Keep the number of sittings, and look for fewer switches and an even load."""

    def limit(share: float) -> float:
        return share * deadline.remaining_s()

    mixing = mix(aggregate, offered_sittings(aggregate), len(plan.opened), params, deadline, limit(MIX_SHARE))
    yield Draft(None, least_switches=mixing.least_switches if mixing else None)
    mixtures = mixing.mixtures if mixing else None
    wanted = {stretch: len(each) for stretch, each in mixtures.items()} if mixtures else None
    spread = spread_openings(aggregate, shortages, wanted, plan, params, deadline, limit(SPREAD_SHARE))
    if spread is None:
        spread = (
            spread_openings(aggregate, shortages, None, plan, params, deadline, limit(SPREAD_SHARE)) or plan
        )
        offered = offered_sittings(aggregate, spread.opened)
        mixing = mix(aggregate, offered, len(plan.opened), params, deadline, limit(MIX_SHARE))
        mixtures = mixing.mixtures if mixing else None
    yield from _fill(instance, aggregate, spread, mixtures, params, deadline)


def _fill(
    instance: SchedulingInstance,
    aggregate: Aggregate,
    plan: Plan,
    mixtures: Mapping[Stretch, Sequence[Mixture]] | None,
    params: SolveParameters,
    deadline: Deadline,
) -> Iterator[Draft]:
    """Seat by categories, as often as it takes to find days that suit all, or else without regard to them."""
    rng = random.Random(params.seed)  # noqa: S311 (an order to try, nothing secret)
    ends = deadline.spent() + FILL_SHARE * deadline.remaining_s()
    for _ in range(MOST_FILLINGS if mixtures else 0):
        filled = with_mixtures(aggregate, plan, mixtures or {}, rng)
        allocation = allocate(aggregate, filled, deadline)
        yield Draft(_seat(instance, aggregate, filled, allocation, deadline))
        if not allocation.shortages:
            return
        if deadline.spent() > ends:
            break
    allocation = allocate(aggregate, plan, deadline)
    yield Draft(_seat(instance, aggregate, plan, allocation, deadline))


def _seat(
    instance: SchedulingInstance,
    aggregate: Aggregate,
    plan: Plan,
    allocation: Allocation,
    deadline: Deadline,
) -> Roster:
    """Seat people, and look for places for those whom recusal or the order in a sitting left out."""
    table = deal(aggregate, plan, allocation)
    for gap in aggregate.gaps:
        if gap.pinned:
            table.setdefault(gap.opening_id, []).append(gap.pinned)
    objective = instance.objective
    roster = to_roster(seat(aggregate.openings, i, people, objective) for i, people in sorted(table.items()))
    seated = {candidate.id for seats in roster.seats.values() for _, candidate in seats}
    movable = (candidate for group in aggregate.groups for candidate in group.members)
    waiting = [candidate for candidate in movable if candidate.id not in seated]
    return insert(instance, aggregate.openings, roster, waiting, deadline) if waiting else roster

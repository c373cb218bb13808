"""Which groups go to which kinds: a minimum-cost flow for each lane, exact and fast at any scale."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.graph.python import min_cost_flow

from scheduler.deadline import Deadline
from scheduler.panels.kinds import Aggregate
from scheduler.panels.plan import Lane, Plan, Shortage, type_of

PARTLY_COST, UNMET_COST, UNSERVED_COST = 1, 4, 100_000
"""Being free for a part of the time only may leave no order; a broken wish weighs more, a lost place most."""

HIGHEST_RANK = 1_000
"""Priorities beyond this many count alike in the flow; the search after it tells them apart."""


@dataclass(frozen=True)
class Allocation:
    """How many of each group go to each kind, and what was lacking for the others."""

    counts: dict[tuple[int, int], int]
    shortages: tuple[Shortage, ...]


def allocate(aggregate: Aggregate, plan: Plan, deadline: Deadline) -> Allocation:
    """Fill the places of `plan` with as many candidates as possible, higher priorities first.

    Returns
    -------
    Allocation
        Counts by (group, kind). Each shortage is a minimum cut: no plan with fewer places there serves all;
        where the lanes are for single categories it says nothing of other plans.

    Raises
    ------
    OutOfTime
        When the deadline passes on the way.
    """
    counts: dict[tuple[int, int], int] = {}
    shortages = []
    places: dict[Lane, dict[int, int]] = defaultdict(dict)
    for (kind_id, lane), count in plan.places.items():
        if count:
            places[lane][kind_id] = count
    by_lane: dict[Lane, list[int]] = defaultdict(list)
    is_by_category = any(category for category, _ in places)
    for group_id, group in enumerate(aggregate.groups):
        by_lane[group.model.category if is_by_category else "", group.size].append(group_id)
    for lane, group_ids in sorted(by_lane.items()):
        deadline.check()
        found = _send(aggregate, group_ids, places[lane])
        counts |= found
        shortage = _find_shortage(aggregate, plan, lane, group_ids, found)
        if shortage:
            shortages.append(shortage)
    return Allocation(counts, tuple(shortages))


def _send(
    aggregate: Aggregate, group_ids: Sequence[int], places: dict[int, int]
) -> dict[tuple[int, int], int]:
    """Solve one network: groups → kinds → sink, and groups → sink for those left over."""
    kind_ids = sorted(places)
    offered = np.zeros(len(aggregate.kinds), dtype=bool)
    offered[kind_ids] = True
    sink = len(group_ids)
    node_of = np.zeros(len(aggregate.kinds), dtype=np.int64)
    node_of[kind_ids] = np.arange(sink + 1, sink + 1 + len(kind_ids))
    supply = np.array([len(aggregate.groups[i].members) for i in group_ids], dtype=np.int64)
    reach = [_reach(aggregate, i, offered) for i in group_ids]
    heads = np.concatenate([ids for ids, _ in reach]) if reach else np.zeros(0, dtype=np.int64)
    lengths = np.array([len(ids) for ids, _ in reach], dtype=np.int64)
    tails = np.repeat(np.arange(sink, dtype=np.int64), lengths)
    network = min_cost_flow.SimpleMinCostFlow()
    arcs = network.add_arcs_with_capacity_and_unit_cost(
        tails, node_of[heads], supply[tails], np.concatenate([cost for _, cost in reach])
    )
    network.add_arcs_with_capacity_and_unit_cost(
        np.arange(sink), np.full(sink, sink), supply, _leftover_costs(aggregate, group_ids)
    )
    network.add_arcs_with_capacity_and_unit_cost(
        node_of[kind_ids],
        np.full(len(kind_ids), sink),
        np.array([places[i] for i in kind_ids], dtype=np.int64),
        np.zeros(len(kind_ids), dtype=np.int64),
    )
    network.set_nodes_supplies(np.arange(sink), supply)
    network.set_node_supply(sink, -int(supply.sum()))
    if network.solve() != network.OPTIMAL:
        raise ArithmeticError("the allocation network is always feasible")  # by its arcs for the leftover
    flows = network.flows(arcs)
    used = np.flatnonzero(flows)
    return {
        (group_ids[tail], int(head)): int(flow)
        for tail, head, flow in zip(tails[used], heads[used], flows[used], strict=True)
    }


def _reach(
    aggregate: Aggregate, group_id: int, offered: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return the kinds that a group can go to, and what each costs."""
    group = aggregate.groups[group_id]
    ids = np.array(group.kind_ids, dtype=np.int64)
    ids = ids[offered[ids]]
    costs = np.zeros(len(ids), dtype=np.int64)
    if group.partial or group.unmet:
        for position, kind_id in enumerate(ids.tolist()):
            is_partly = kind_id in group.partial
            costs[position] = PARTLY_COST * is_partly + UNMET_COST * group.unmet.get(kind_id, 0)
    return ids, costs


def _leftover_costs(
    aggregate: Aggregate, group_ids: Sequence[int]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    priorities = sorted({aggregate.groups[i].model.priority for i in group_ids})
    rank = {priority: min(number, HIGHEST_RANK) for number, priority in enumerate(priorities, 1)}
    costs = [UNSERVED_COST * rank[aggregate.groups[i].model.priority] for i in group_ids]
    return np.array(costs, dtype=np.int64)


def _find_shortage(
    aggregate: Aggregate,
    plan: Plan,
    lane: Lane,
    group_ids: Sequence[int],
    counts: dict[tuple[int, int], int],
) -> Shortage | None:
    """Follow the residual network from those left over: all kinds met are full, their places are the cut.

    Where a kind has no listed places nothing is known to be short.
    """
    sent: dict[int, int] = defaultdict(int)
    senders: dict[int, list[int]] = defaultdict(list)
    for (group_id, kind_id), count in counts.items():
        sent[group_id] += count
        senders[kind_id].append(group_id)
    short = [i for i in group_ids if sent[i] < len(aggregate.groups[i].members)]
    if not short:
        return None
    met_groups, met_kinds, waiting = set(short), set[int](), list(short)
    while waiting:
        for kind_id in aggregate.groups[waiting.pop()].kind_ids:
            if kind_id not in met_kinds:
                met_kinds.add(kind_id)
                fresh = [i for i in senders[kind_id] if i not in met_groups]
                met_groups.update(fresh)
                waiting += fresh
    if not met_kinds.isdisjoint(plan.loose_kind_ids):
        return None
    return Shortage(
        lane[1],
        frozenset(met_kinds),
        frozenset(type_of(aggregate.groups[i].model) for i in met_groups),
        sum(len(aggregate.groups[i].members) for i in met_groups),
    )

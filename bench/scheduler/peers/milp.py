"""HiGHS as MILP: a binary per candidate × sitting, minutes as capacity, the order within a sitting greedy."""

import time
from collections.abc import Sequence
from typing import Any

import highspy
import numpy as np

from bench.scheduler.peers.common import (
    Facts,
    Record,
    capacity_min,
    collect_facts,
    keep_free_throughout,
    minutes_of,
    seat_all,
)
from bench.scheduler.peers.first_come import serve_all
from scheduler.instance import SchedulingInstance
from scheduler.schedule import Assignment

THREADS = 2


def run(instance: SchedulingInstance, time_limit_s: float, record: Record) -> None:
    """Maximise the placed, then minimise the opened sittings: one objective whose weights keep the order.

    It starts from the clerk's schedule, and only sittings in which a candidate is free throughout count.
    """
    ends_at = time.monotonic() + time_limit_s
    facts = keep_free_throughout(instance, collect_facts(instance))
    clerks = serve_all(instance, facts)
    record(clerks)
    pairs = list(facts.starts)
    solver = highspy.Highs()
    for name, value in (("output_flag", False), ("threads", THREADS), ("mip_rel_gap", 0.0)):
        solver.setOptionValue(name, value)
    _build(solver, instance, facts, pairs)
    solver.setSolution(_to_solution(instance, facts, pairs, clerks))

    def report(event: Any) -> None:
        chosen = np.flatnonzero(np.asarray(event.data_out.mip_solution)[: len(pairs)] > 0.5)
        record(seat_all(instance, facts, [pairs[k] for k in chosen]))

    solver.cbMipImprovingSolution.subscribe(report)
    solver.setOptionValue("time_limit", max(0.0, ends_at - time.monotonic()))
    solver.run()


def _build(
    solver: highspy.Highs, instance: SchedulingInstance, facts: Facts, pairs: list[tuple[int, int]]
) -> None:
    """Columns: the pairs, then the openings. Rows: candidate once, capacity, opened, exclusions, limit."""
    pair_count, count = len(pairs), len(pairs) + len(facts.openings)
    costs = np.ones(count)
    for k, (i, _) in enumerate(pairs):
        costs[k] = -_weight(instance, facts, instance.candidates[i].priority)
    empty = np.array([], dtype=np.int32)
    solver.addCols(count, costs, np.zeros(count), np.ones(count), 0, empty, empty, np.array([]))
    solver.changeColsIntegrality(
        count, np.arange(count, dtype=np.int32), np.full(count, highspy.HighsVarType.kInteger)
    )
    by_candidate: dict[int, list[int]] = {}
    by_opening: dict[int, list[int]] = {}
    for k, (i, j) in enumerate(pairs):
        by_candidate.setdefault(i, []).append(k)
        by_opening.setdefault(j, []).append(k)
    for group in by_candidate.values():
        _add_row(solver, 1, group, [1] * len(group))
    for j, group in by_opening.items():
        limit = capacity_min(instance, facts.openings[j].sitting)
        minutes = [minutes_of(instance.candidates[pairs[k][0]]) for k in group]
        _add_row(solver, 0, [*group, pair_count + j], [*minutes, -limit])
        for k in group:
            _add_row(solver, 0, [k, pair_count + j], [1, -1])
    for exclusive in facts.exclusive:
        _add_row(solver, 1, [pair_count + j for j in exclusive], [1, 1])
    for crowd in facts.crowds:
        _add_row(
            solver, instance.max_parallel_sittings or 0, [pair_count + j for j in crowd], [1] * len(crowd)
        )


def _to_solution(
    instance: SchedulingInstance,
    facts: Facts,
    pairs: list[tuple[int, int]],
    assignments: Sequence[Assignment],
) -> highspy.HighsSolution:
    slots = {(slot.candidate_id, slot.sitting_id) for slot in assignments}
    opened = {slot.sitting_id for slot in assignments}
    solution = highspy.HighsSolution()
    solution.col_value = [
        *(float((instance.candidates[i].id, facts.openings[j].sitting.id) in slots) for i, j in pairs),
        *(float(opening.sitting.id in opened) for opening in facts.openings),
    ]
    return solution


def _weight(instance: SchedulingInstance, facts: Facts, priority: int) -> float:
    """Return what one placed candidate is worth: more than all sittings, and than all of lower priority."""
    weight = float(len(facts.openings) + 1)
    for lower in sorted({c.priority for c in instance.candidates if c.priority < priority}):
        weight *= 1 + sum(c.priority == lower for c in instance.candidates)
    return weight


def _add_row(solver: highspy.Highs, upper: float, columns: list[int], factors: list[float]) -> None:
    solver.addRow(
        -highspy.kHighsInf,
        upper,
        len(columns),
        np.array(columns, dtype=np.int32),
        np.array(factors, dtype=float),
    )

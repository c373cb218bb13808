"""The boolean model in CP-SAT, in two forms: one boolean per slot, or one per sitting.

The first is the textbook one: candidate × sitting × start on a grid, legal combinations only. The second
leaves the starts to a greedy order within the sitting and is far smaller. Both start from the clerk's
schedule.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from ortools.sat.python import cp_model

from bench.scheduler.peers.common import (
    Facts,
    Record,
    capacity_min,
    collect_facts,
    is_sequence,
    keep_free_throughout,
    minutes_of,
    seat_all,
    sequence,
)
from bench.scheduler.peers.first_come import serve_all
from scheduler.instance import Candidate, SchedulingInstance, Wish
from scheduler.schedule import Assignment

WORKERS = 8
"""More than there are cores, so that CP-SAT runs its whole set of strategies."""


@dataclass(frozen=True)
class Option:
    """One boolean: this candidate in this opening, and in the form by slots at this minute."""

    candidate: int
    opening: int
    start_min: int | None


def run_slots(instance: SchedulingInstance, time_limit_s: float, record: Record) -> None:
    """Solve with a boolean per candidate × sitting × start."""
    _run(instance, time_limit_s, record, is_slotted=True)


def run_sittings(instance: SchedulingInstance, time_limit_s: float, record: Record) -> None:
    """Solve with a boolean per candidate × sitting, those alone in which the candidate is free throughout."""
    _run(instance, time_limit_s, record, is_slotted=False)


def _run(instance: SchedulingInstance, time_limit_s: float, record: Record, is_slotted: bool) -> None:
    ends_at = time.monotonic() + time_limit_s
    facts = collect_facts(instance)
    if not is_slotted:
        facts = keep_free_throughout(instance, facts)
    clerks = serve_all(instance, facts)
    record(clerks)
    options = _slots(instance, facts) if is_slotted else [Option(i, j, None) for i, j in facts.starts]
    model = _Model(instance, facts, options)
    model.start_from(clerks)
    if is_slotted:
        model.add_slot_capacity(_grid_min(instance))
    else:
        model.add_sitting_capacity()
    for stage in model.stages():
        if not model.optimise(stage, ends_at, record):
            return


def _grid_min(instance: SchedulingInstance) -> int:
    """Return the widest grid on which every defence can follow every other one directly."""
    lengths = [n for c in instance.candidates for n in (c.duration_min, c.buffer_min)]
    return math.gcd(*lengths, *(s.start_min - instance.sittings[0].start_min for s in instance.sittings))


def _slots(instance: SchedulingInstance, facts: Facts) -> list[Option]:
    grid_min = _grid_min(instance)
    options = []
    for (i, j), ranges in facts.starts.items():
        origin_min = facts.openings[j].sitting.start_min
        for low, high in ranges:
            first_min = low + (origin_min - low) % grid_min
            options += [Option(i, j, minute) for minute in range(first_min, high + 1, grid_min)]
    return options


class _Model:
    def __init__(self, instance: SchedulingInstance, facts: Facts, options: list[Option]) -> None:
        self._instance, self._facts, self._options = instance, facts, options
        self._model = cp_model.CpModel()
        self._chosen = [self._model.new_bool_var("") for _ in options]
        self._opened = [self._model.new_bool_var("") for _ in facts.openings]
        self._by_candidate: dict[int, list[int]] = defaultdict(list)
        self._by_opening: dict[int, list[int]] = defaultdict(list)
        for k, option in enumerate(options):
            self._by_candidate[option.candidate].append(k)
            self._by_opening[option.opening].append(k)
        for group in self._by_candidate.values():
            self._model.add_at_most_one(self._chosen[k] for k in group)
        for pair in facts.exclusive:
            self._model.add_at_most_one(self._opened[j] for j in pair)
        for crowd in facts.crowds:
            running = cp_model.LinearExpr.sum([self._opened[j] for j in crowd])
            self._model.add(running <= (instance.max_parallel_sittings or len(crowd)))

    def start_from(self, assignments: Sequence[Assignment]) -> None:
        """Hint a schedule."""
        slots = {slot.candidate_id: slot for slot in assignments}
        opened = {slot.sitting_id for slot in assignments}
        for k, option in enumerate(self._options):
            slot = slots.get(self._candidate(k).id)
            is_chosen = (
                slot is not None
                and slot.sitting_id == self._facts.openings[option.opening].sitting.id
                and option.start_min in (None, slot.start_min)
            )
            self._model.add_hint(self._chosen[k], is_chosen)
        for opening, boolean in zip(self._facts.openings, self._opened, strict=True):
            self._model.add_hint(boolean, opening.sitting.id in opened)

    def add_slot_capacity(self, grid_min: int) -> None:
        """At each minute of the grid an opened sitting hears one candidate at most, a closed one none."""
        for j, group in self._by_opening.items():
            busy: dict[int, list[int]] = defaultdict(list)
            for k in group:
                start_min = self._options[k].start_min or 0
                length_min = minutes_of(self._candidate(k))
                for minute in range(start_min, start_min + length_min, grid_min):
                    busy[minute].append(k)
            for clique in busy.values():
                self._model.add_at_most_one(*(self._chosen[k] for k in clique), self._opened[j].negated())

    def add_sitting_capacity(self) -> None:
        """The minutes of an opened sitting suffice, a closed one has none."""
        for j, group in self._by_opening.items():
            limit = capacity_min(self._instance, self._facts.openings[j].sitting)
            minutes = sum(minutes_of(self._candidate(k)) * self._chosen[k] for k in group)
            self._model.add(minutes <= limit * self._opened[j])
            for k in group:
                self._model.add_implication(self._chosen[k], self._opened[j])

    def stages(self) -> Iterator[cp_model.LinearExprT]:
        """Yield what is minimised, in the order of the default objective.

        Idle minutes and switches are left to the order within a sitting.
        """
        for priority in sorted({c.priority for c in self._instance.candidates}, reverse=True):
            yield -sum(
                self._chosen[k] for k in range(len(self._options)) if self._candidate(k).priority == priority
            )
        yield sum(self._opened)
        yield self._load()
        yield self._region_days()
        yield sum(
            self._chosen[k] * _broken(self._candidate(k).wishes, *self._window(k))
            for k in range(len(self._options))
        )

    def _load(self) -> cp_model.LinearExprT:
        highest = []
        for key_of in (self._panel_of, self._day_of):
            groups = defaultdict(list)
            for j in range(len(self._opened)):
                groups[key_of(j)].append(self._opened[j])
            most = self._model.new_int_var(0, len(self._opened), "")
            for group in groups.values():
                self._model.add(sum(group) <= most)
            highest.append(most)
        return cp_model.LinearExpr.sum(highest)

    def _region_days(self) -> cp_model.LinearExprT:
        used: dict[tuple[str, int], cp_model.IntVar] = defaultdict(lambda: self._model.new_bool_var(""))
        for group in self._by_candidate.values():
            by_day = defaultdict(list)
            for k in group:
                by_day[self._day_of(self._options[k].opening)].append(self._chosen[k])
            region = self._candidate(group[0]).region
            for day, booleans in by_day.items():
                if region:
                    self._model.add_at_most_one(*booleans, used[region, day].negated())
        return sum(used.values())

    def optimise(self, stage: cp_model.LinearExprT, ends_at: float, record: Record) -> bool:
        """Minimise, then keep what was reached; returns whether that was proven best."""
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = WORKERS
        solver.parameters.max_time_in_seconds = max(0.0, ends_at - time.monotonic())
        self._model.minimize(stage)
        status = solver.solve(self._model, _Listener(partial(self._report, record=record)))
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return False
        self._model.clear_hints()
        for boolean in (*self._chosen, *self._opened):
            self._model.add_hint(boolean, solver.value(boolean))
        self._model.add(stage <= round(solver.objective_value))
        return status == cp_model.OPTIMAL

    def _report(self, callback: cp_model.CpSolverSolutionCallback, record: Record) -> None:
        chosen = [k for k, boolean in enumerate(self._chosen) if callback.boolean_value(boolean)]
        if any(self._options[k].start_min is None for k in chosen):
            pairs = [(self._options[k].candidate, self._options[k].opening) for k in chosen]
            record(seat_all(self._instance, self._facts, pairs))
        else:
            record(self._tidy(chosen))

    def _tidy(self, chosen: list[int]) -> list[Assignment]:
        """Return the slots, put together and in order of category wherever the same candidates allow it."""
        by_opening = defaultdict(list)
        for k in chosen:
            by_opening[self._options[k].opening].append(k)
        buffers_min = {candidate.id: candidate.buffer_min for candidate in self._instance.candidates}
        assignments: list[Assignment] = []
        for j, group in by_opening.items():
            sitting = self._facts.openings[j].sitting
            slots = [Assignment(self._candidate(k).id, sitting.id, *self._window(k)) for k in group]
            better = sequence([self._candidate(k) for k in group], sitting)
            assignments += better if better is not None and is_sequence(better, buffers_min) else slots
        return assignments

    def _candidate(self, k: int) -> Candidate:
        return self._instance.candidates[self._options[k].candidate]

    def _window(self, k: int) -> tuple[int, int]:
        """Return the slot, or the whole sitting where the start is not yet known."""
        option = self._options[k]
        if option.start_min is not None:
            return option.start_min, option.start_min + self._candidate(k).duration_min
        sitting = self._facts.openings[option.opening].sitting
        return sitting.start_min, sitting.end_min

    def _panel_of(self, j: int) -> str:
        return self._facts.openings[j].panel.id

    def _day_of(self, j: int) -> int:
        return self._instance.day_of(self._facts.openings[j].sitting.start_min)


def _broken(wishes: tuple[Wish, ...], start_min: int, end_min: int) -> int:
    """Return the weight of the wishes that the slot breaks."""
    total = 0
    for wish in wishes:
        is_within = wish.start_min <= start_min and end_min <= wish.end_min
        is_outside = end_min <= wish.start_min or wish.end_min <= start_min
        total += 0 if (is_outside if wish.is_avoided else is_within) else wish.weight
    return total


class _Listener(cp_model.CpSolverSolutionCallback):
    def __init__(self, report: Callable[[cp_model.CpSolverSolutionCallback], None]) -> None:
        super().__init__()
        self._report = report

    def on_solution_callback(self) -> None:
        self._report(self)

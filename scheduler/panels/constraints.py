"""The hard rules of the counting model, one function each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from ortools.sat.python import cp_model

from scheduler.eligibility import Opening
from scheduler.instance import SchedulingInstance
from scheduler.panels.patterns import largest_sum
from scheduler.panels.problem import Problem

Counts = Sequence[cp_model.IntVar]
Opened = Mapping[int, cp_model.IntVar]


def add_each_candidate_once(model: cp_model.CpModel, problem: Problem, counts: Counts) -> None:
    """Count each class at most as often as it has members; pinned classes exactly once."""
    for class_, cell_ids in zip(problem.classes, problem.cells_by("class_id"), strict=True):
        total = sum(counts[i] for i in cell_ids)
        if class_.model.pin is None:
            model.add(total <= len(class_.members))
        else:
            model.add(total == 1)


def add_opened_when_used(model: cp_model.CpModel, problem: Problem, counts: Counts, opened: Opened) -> None:
    """Call a sitting opened exactly when someone is heard in it (capacity forbids the other direction)."""
    for opening_id, cell_ids in enumerate(problem.cells_by("opening_id")):
        model.add(opened[opening_id] <= sum(counts[i] for i in cell_ids))


def add_capacity(model: cp_model.CpModel, problem: Problem, counts: Counts, opened: Opened) -> None:
    """Fit durations and buffers into each gap; no buffer is needed after the last of a sitting."""
    for gap, cell_ids in zip(problem.gaps, problem.cells_by("gap_id"), strict=True):
        if not cell_ids:
            continue
        steps = {i: _step_min(problem, i) for i in cell_ids}
        load = sum(step * counts[i] for i, step in steps.items())
        length_min = gap.end_min - gap.start_min
        buffers = {problem.cells[i].candidate.buffer_min for i in cell_ids}
        if gap.is_followed or gap.pinned or len(buffers) <= 1:
            tail_min = 0 if gap.is_followed else max(buffers, default=0)
            room = largest_sum(length_min + tail_min, frozenset(steps.values()))
            model.add(load <= room * opened[gap.opening_id])
        else:
            tail = _add_last_buffer(model, problem, counts, cell_ids)
            model.add(load <= length_min * opened[gap.opening_id] + tail)


def _step_min(problem: Problem, cell_id: int) -> int:
    candidate = problem.cells[cell_id].candidate
    return candidate.duration_min + candidate.buffer_min


def _add_last_buffer(
    model: cp_model.CpModel, problem: Problem, counts: Counts, cell_ids: Sequence[int]
) -> Any:  # a linear expression; the union that OR-Tools declares cannot be added to itself
    """Return the buffer of whoever is heard last, chosen among those counted in the gap."""
    by_buffer: dict[int, list[int]] = {}
    for i in cell_ids:
        by_buffer.setdefault(problem.cells[i].candidate.buffer_min, []).append(i)
    is_last = {buffer_min: model.new_bool_var("") for buffer_min in by_buffer}
    model.add_at_most_one(is_last.values())
    for buffer_min, ids in by_buffer.items():
        model.add(is_last[buffer_min] <= sum(counts[i] for i in ids))
    return sum(buffer_min * chosen for buffer_min, chosen in is_last.items())


def add_windows(model: cp_model.CpModel, problem: Problem, counts: Counts) -> None:
    """Bound the load of those who can only be heard within a part of a gap, for each such part.

    Necessary but not sufficient: the order within the sitting decides, and comes back as cuts.
    """
    for gap, cell_ids in zip(problem.gaps, problem.cells_by("gap_id"), strict=True):
        hulls = {i: _hull(problem, i) for i in cell_ids}
        for low_min, high_min in sorted(set(hulls.values())):
            if (low_min, high_min) == (gap.start_min, gap.end_min):
                continue
            inside = [i for i, (low, high) in hulls.items() if low >= low_min and high <= high_min]
            tail_min = max(problem.cells[i].candidate.buffer_min for i in inside)
            load = sum(_step_min(problem, i) * counts[i] for i in inside)
            model.add(load <= high_min - low_min + tail_min)


def _hull(problem: Problem, cell_id: int) -> tuple[int, int]:
    cell = problem.cells[cell_id]
    starts = cell.place.starts
    return starts[0][0], starts[-1][1] + cell.candidate.duration_min


def add_expert_no_overlap(model: cp_model.CpModel, openings: Sequence[Opening], opened: Opened) -> None:
    """Let no expert attend two opened sittings at the same time."""
    seats: dict[str, list[int]] = {}
    for opening_id in opened:
        for expert_id in openings[opening_id].attending:
            seats.setdefault(expert_id, []).append(opening_id)
    cliques = {clique for ids in seats.values() for clique in simultaneous(openings, ids)}
    for clique in sorted(cliques):
        if len(clique) > 1:
            model.add_at_most_one(opened[i] for i in clique)


def add_panel_no_overlap(model: cp_model.CpModel, openings: Sequence[Opening], opened: Opened) -> None:
    """Let no panel, and so no room, hold two sittings at the same time."""
    by_panel: dict[str, list[int]] = {}
    for opening_id in opened:
        by_panel.setdefault(openings[opening_id].panel.id, []).append(opening_id)
    for ids in by_panel.values():
        for clique in simultaneous(openings, ids):
            if len(clique) > 1:
                model.add_at_most_one(opened[i] for i in clique)


def add_parallel_limit(
    model: cp_model.CpModel, instance: SchedulingInstance, openings: Sequence[Opening], opened: Opened
) -> None:
    """Open at most `max_parallel_sittings` at once."""
    limit = instance.max_parallel_sittings
    for clique in set(simultaneous(openings, opened)):
        if limit is not None and len(clique) > limit:
            model.add(sum(opened[i] for i in clique) <= limit)


def add_load(
    model: cp_model.CpModel, instance: SchedulingInstance, openings: Sequence[Opening], opened: Opened
) -> Any:  # a linear expression; the union that OR-Tools declares cannot be added to itself
    """Return the sittings of the busiest panel plus those of the busiest day."""
    panels: dict[str, list[cp_model.IntVar]] = defaultdict(list)
    days: dict[int, list[cp_model.IntVar]] = defaultdict(list)
    for opening_id, variable in opened.items():
        panels[openings[opening_id].panel.id].append(variable)
        days[instance.day_of(openings[opening_id].sitting.start_min)].append(variable)
    return _add_peak(model, list(panels.values())) + _add_peak(model, list(days.values()))


def _add_peak(model: cp_model.CpModel, groups: Sequence[Sequence[cp_model.IntVar]]) -> cp_model.IntVar:
    peak = model.new_int_var(0, max((len(group) for group in groups), default=0), "")
    for group in groups:
        model.add(sum(group) <= peak)
    if groups:  # implied, and where the bound comes from: no peak lies below the mean
        model.add(len(groups) * peak >= sum(sum(group) for group in groups))
    return peak


def simultaneous(openings: Sequence[Opening], ids: Iterable[int]) -> list[tuple[int, ...]]:
    """Return, for each start of a sitting among `ids`, all of them that run at that minute."""
    running: list[int] = []
    cliques = []
    ordered = sorted(ids, key=lambda i: (openings[i].sitting.start_min, i))
    for start_min, starting in groupby(ordered, key=lambda i: openings[i].sitting.start_min):
        running = [i for i in running if openings[i].sitting.end_min > start_min]
        running += starting
        cliques.append(tuple(sorted(running)))
    return cliques

"""Can everybody be placed? A model without an objective: first counts per sitting, then exact times."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ortools.sat.python import cp_model

from scheduler.deadline import Deadline
from scheduler.eligibility import (
    Opening,
    StartRanges,
    list_openings,
    may_hear,
    may_open,
    sitting_starts,
)
from scheduler.instance import Candidate, Expert, SchedulingInstance
from scheduler.panels.patterns import largest_sum

EFFORT, LONGEST_S = 1.0, 1.5
"""Deterministic time (roughly seconds) and seconds for each of the two models; hundreds of them are asked."""

MOST_SLOTS = 12_000
"""Pairs of candidate and sitting up to which exact times are searched."""

Choices = dict[int, StartRanges]
"""Possible starts by opening."""


def can_place_all(instance: SchedulingInstance, deadline: Deadline) -> bool | None:
    """Return whether every candidate of `instance` can have a slot.

    Parameters
    ----------
    instance : SchedulingInstance
        Usually a small part of a round.
    deadline : Deadline
        The wall clock; the effort is limited besides.

    Returns
    -------
    bool or None
        True: a timetable exists. False: proven that none does. None: neither was found in time.
    """
    question = _Question(instance)
    if any(not group.choices for group in question.groups):
        return False
    counted = _solve(_counting_model(question), deadline)
    if counted is not True or question.is_counting_exact:
        return counted
    if sum(len(group.members) * len(group.choices) for group in question.groups) > MOST_SLOTS:
        return None
    return _solve(_timing_model(question), deadline)


@dataclass(frozen=True)
class _Group:
    """Candidates that no rule tells apart, and where they can be heard."""

    members: tuple[Candidate, ...]
    choices: Choices

    @property
    def model(self) -> Candidate:
        return self.members[0]

    @property
    def step_min(self) -> int:
        return self.model.duration_min + self.model.buffer_min


class _Question:
    """The instance reduced to what may open and who may be heard there."""

    def __init__(self, instance: SchedulingInstance) -> None:
        self.instance = instance
        self.openings = [item for item in list_openings(instance) if may_open(instance, item)]
        persons = {expert.id: expert for expert in instance.experts}
        self.groups = [
            _Group(members, self._choices(members[0], persons)) for members in alike(instance.candidates)
        ]
        self.is_counting_exact = all(self._is_counted_exactly(group) for group in self.groups)

    def _choices(self, candidate: Candidate, persons: dict[str, Expert]) -> Choices:
        away = [gap for id_ in sorted(candidate.attendee_ids) for gap in persons[id_].unavailable]
        bound = replace(candidate, unavailable=(*candidate.unavailable, *away))
        starts = {
            i: sitting_starts(bound, item.sitting)
            for i, item in enumerate(self.openings)
            if may_hear(self.instance, item, candidate)
        }
        return {i: ranges for i, ranges in starts.items() if ranges}

    def _is_counted_exactly(self, group: _Group) -> bool:
        """Any order will do when nobody is bound to a part of a sitting."""
        whole = all(
            ranges == ((item.sitting.start_min, item.sitting.end_min - group.model.duration_min),)
            for item, ranges in ((self.openings[i], ranges) for i, ranges in group.choices.items())
        )
        return whole and not group.model.attendee_ids


def alike(candidates: Iterable[Candidate]) -> list[tuple[Candidate, ...]]:
    """Group the candidates that differ in nothing a hard rule reads; a pinned one stands alone."""
    groups: dict[tuple[object, ...], list[Candidate]] = defaultdict(list)
    for each in candidates:
        rules = (each.category, each.duration_min, each.buffer_min, each.unavailable)
        alone = each.id if each.pin else ""
        groups[(*rules, each.recused_expert_ids, each.attendee_ids, alone)].append(each)
    return [tuple(members) for members in groups.values()]


def _solve(model: cp_model.CpModel, deadline: Deadline) -> bool | None:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = EFFORT
    solver.parameters.max_time_in_seconds = min(LONGEST_S, deadline.remaining_s())
    status = solver.solve(model)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return True
    return False if status == cp_model.INFEASIBLE else None


Counts = dict[tuple[int, int], cp_model.IntVar]
"""How many of a group sit in an opening, by (group, opening)."""


def _counting_model(question: _Question) -> cp_model.CpModel:
    model = cp_model.CpModel()
    opened = [model.new_bool_var("") for _ in question.openings]
    counts = {
        (g, i): model.new_int_var(0, len(group.members), "")
        for g, group in enumerate(question.groups)
        for i in group.choices
    }
    for g, group in enumerate(question.groups):
        model.add(sum(counts[g, i] for i in group.choices) == len(group.members))
    _add_capacity(model, question, counts, opened)
    _add_windows(model, question, counts)
    _add_cliques(model, question, opened)
    return model


def _add_capacity(
    model: cp_model.CpModel, question: _Question, counts: Counts, opened: Sequence[cp_model.IntVar]
) -> None:
    """Fit durations and buffers; the buffer of whoever is heard last may stick out."""
    for i, item in enumerate(question.openings):
        here = [g for g, group in enumerate(question.groups) if i in group.choices]
        if not here:
            continue
        length_min = item.sitting.end_min - item.sitting.start_min
        load = sum(question.groups[g].step_min * counts[g, i] for g in here)
        buffers = {question.groups[g].model.buffer_min for g in here}
        steps = frozenset(question.groups[g].step_min for g in here)
        model.add(load <= largest_sum(length_min + max(buffers), steps) * opened[i])
        if len(buffers) > 1:
            last = {g: model.new_bool_var("") for g in here}
            model.add_at_most_one(last.values())
            for g in here:
                model.add(counts[g, i] >= last[g])
            tail = sum(question.groups[g].model.buffer_min * last[g] for g in here)
            model.add(load <= length_min + tail)


def _add_windows(model: cp_model.CpModel, question: _Question, counts: Counts) -> None:
    """Bound the load of those who can be heard in the same part of a sitting only."""
    for i in range(len(question.openings)):
        hulls = {
            g: (group.choices[i][0][0], group.choices[i][-1][1] + group.model.duration_min)
            for g, group in enumerate(question.groups)
            if i in group.choices
        }
        for low_min, high_min in sorted(set(hulls.values())):
            inside = [g for g, (low, high) in hulls.items() if low >= low_min and high <= high_min]
            tail_min = max(question.groups[g].model.buffer_min for g in inside)
            load = sum(question.groups[g].step_min * counts[g, i] for g in inside)
            model.add(load <= high_min - low_min + tail_min)


def _add_cliques(model: cp_model.CpModel, question: _Question, opened: Sequence[cp_model.IntVar]) -> None:
    """Keep the panels, the experts and the limit at each start of a sitting."""
    limit = question.instance.max_parallel_sittings
    for start_min in sorted({item.sitting.start_min for item in question.openings}):
        running = [
            i
            for i, item in enumerate(question.openings)
            if item.sitting.start_min <= start_min < item.sitting.end_min
        ]
        if limit is not None and len(running) > limit:
            model.add(sum(opened[i] for i in running) <= limit)
        for sharing in _sharing(question.openings, running):
            model.add_at_most_one(opened[i] for i in sharing)


def _sharing(openings: Sequence[Opening], running: Sequence[int]) -> list[tuple[int, ...]]:
    """Return which of the sittings exclude each other: those of one panel or with the same expert."""
    by_holder: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i in running:
        by_holder["panel", openings[i].panel.id].append(i)
        for expert_id in sorted(openings[i].attending):
            by_holder["expert", expert_id].append(i)
    return sorted({tuple(ids) for ids in by_holder.values() if len(ids) > 1})


@dataclass(frozen=True)
class _Stay:
    """A candidate in one of the sittings, if `chosen`."""

    candidate: Candidate
    opening_id: int
    chosen: cp_model.IntVar
    start: cp_model.IntVar


def _timing_model(question: _Question) -> cp_model.CpModel:
    model = cp_model.CpModel()
    opened = [model.new_bool_var("") for _ in question.openings]
    counts: Counts = {}
    stays: list[_Stay] = []
    for g, group in enumerate(question.groups):
        rows = [_add_stays(model, candidate, group.choices) for candidate in group.members]
        for column in zip(*rows, strict=True):
            i = column[0].opening_id
            counts[g, i] = model.new_int_var(0, len(group.members), "")
            model.add(counts[g, i] == sum(stay.chosen for stay in column))
            for stay in column:
                model.add_implication(stay.chosen, opened[i])
        _break_symmetry(model, rows)
        stays += [stay for row in rows for stay in row]
    _add_capacity(model, question, counts, opened)
    _add_windows(model, question, counts)
    _add_cliques(model, question, opened)
    _add_sequence(model, stays)
    _add_attendance(model, question, stays, opened)
    return model


def _add_stays(model: cp_model.CpModel, candidate: Candidate, choices: Choices) -> list[_Stay]:
    stays = []
    for i, ranges in sorted(choices.items()):
        domain = cp_model.Domain.from_intervals([list(pair) for pair in ranges])
        start = model.new_int_var_from_domain(domain, "")
        stays.append(_Stay(candidate, i, model.new_bool_var(""), start))
    model.add_exactly_one(stay.chosen for stay in stays)
    return stays


def _break_symmetry(model: cp_model.CpModel, rows: Sequence[Sequence[_Stay]]) -> None:
    """Let alike candidates sit in the order in which they are listed."""
    for before, after in pairwise(rows):
        place = [sum(rank * stay.chosen for rank, stay in enumerate(row)) for row in (before, after)]
        model.add(place[0] <= place[1])
        for one, other in zip(before, after, strict=True):
            model.add(one.start <= other.start).only_enforce_if(one.chosen, other.chosen)


def _add_sequence(model: cp_model.CpModel, stays: Sequence[_Stay]) -> None:
    """Let each buffer pass before the next defence of the same sitting."""
    by_opening = defaultdict(list)
    for stay in stays:
        step_min = stay.candidate.duration_min + stay.candidate.buffer_min
        interval = model.new_optional_fixed_size_interval_var(stay.start, step_min, stay.chosen, "")
        by_opening[stay.opening_id].append(interval)
    for intervals in by_opening.values():
        model.add_no_overlap(intervals)


def _add_attendance(
    model: cp_model.CpModel, question: _Question, stays: Sequence[_Stay], opened: Sequence[cp_model.IntVar]
) -> None:
    """Keep each named attendee in one place: at a defence, or on a panel for a whole sitting."""
    duties = defaultdict(list)
    for stay in stays:
        for person_id in sorted(stay.candidate.attendee_ids - question.openings[stay.opening_id].attending):
            size_min = stay.candidate.duration_min
            duties[person_id].append(
                model.new_optional_fixed_size_interval_var(stay.start, size_min, stay.chosen, "")
            )
    for person_id, slots in duties.items():
        windows = [
            model.new_optional_fixed_size_interval_var(
                item.sitting.start_min, item.sitting.end_min - item.sitting.start_min, opened[i], ""
            )
            for i, item in enumerate(question.openings)
            if person_id in item.attending
        ]
        model.add_no_overlap(slots + windows)

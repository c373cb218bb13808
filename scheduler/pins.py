"""Which pinned slots can be kept together."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from ortools.sat.python import cp_model

from scheduler.deadline import Deadline, OutOfTime
from scheduler.eligibility import Opening, list_openings, may_hear, pin_of, sitting_starts
from scheduler.instance import Candidate, SchedulingInstance
from scheduler.panels.constraints import add_expert_no_overlap, add_panel_no_overlap, add_parallel_limit


def choose_pins(instance: SchedulingInstance, deadline: Deadline) -> tuple[Candidate, ...]:
    """Return a largest set of pinned candidates whose slots do not exclude each other.

    All of them come back unless a pin breaks a hard rule by itself or against another pin; then the instance
    is infeasible, and the set is what the rest of the schedule is built around.

    Raises
    ------
    OutOfTime
        When the deadline passes before the largest set is proven.
    """
    openings = list_openings(instance)
    by_sitting = {opening.sitting.id: i for i, opening in enumerate(openings)}
    pinned: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in instance.candidates:
        if candidate.pin is not None:
            opening = openings[by_sitting[candidate.pin.sitting_id]]
            if may_hear(instance, opening, candidate) and sitting_starts(candidate, opening.sitting):
                pinned[by_sitting[candidate.pin.sitting_id]].append(candidate)
    return _largest_set(instance, openings, pinned, deadline) if pinned else ()


def _largest_set(
    instance: SchedulingInstance,
    openings: Sequence[Opening],
    pinned: dict[int, list[Candidate]],
    deadline: Deadline,
) -> tuple[Candidate, ...]:
    deadline.check()
    model = cp_model.CpModel()
    opened = {i: model.new_bool_var("") for i in pinned}
    kept = {c.id: model.new_bool_var("") for group in pinned.values() for c in group}
    for opening_id, group in pinned.items():
        for candidate in group:
            model.add_implication(kept[candidate.id], opened[opening_id])
        for one, other in combinations(group, 2):
            if _collide(one, other):
                model.add_at_most_one(kept[one.id], kept[other.id])
    add_expert_no_overlap(model, openings, opened)
    add_panel_no_overlap(model, openings, opened)
    add_parallel_limit(model, instance, openings, opened)
    model.maximize(sum(kept.values()))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.catch_sigint_signal = False
    solver.parameters.max_time_in_seconds = deadline.remaining_s()
    if solver.solve(model) != cp_model.OPTIMAL:
        raise OutOfTime
    return tuple(c for group in pinned.values() for c in group if solver.boolean_value(kept[c.id]))


def _collide(one: Candidate, other: Candidate) -> bool:
    first, second = sorted((one, other), key=lambda candidate: pin_of(candidate).start_min)
    step_min = first.duration_min + first.buffer_min
    return pin_of(second).start_min < pin_of(first).start_min + step_min

"""What a result says of its schedule, held against what the schedule has."""

from dataclasses import replace

from scheduler.checker import recompute_objective
from scheduler.instance import SchedulingInstance, Slot
from scheduler.objective import Goal, TermName
from scheduler.result import SolveResult, SolveStatus
from scheduler.schedule import Schedule


def find_false_claims(instance: SchedulingInstance, result: SolveResult) -> list[str]:
    """Return a line for each term, and for the status, that the schedule does not bear out.

    Parameters
    ----------
    instance : SchedulingInstance
        What the result is for; the schedule names only its candidates and sittings.
    result : SolveResult
        From whatever source.
    """
    true_values = recompute_objective(instance, result.schedule)
    claimed = {term.name: term.value for term in result.objective}
    faults = [
        f"FALSE_CLAIM {name}: the result says {claimed.get(name)}, the schedule has {true_values.get(name)}"
        for name in [*true_values, *(claimed.keys() - true_values.keys())]
        if claimed.get(name) != true_values.get(name)
    ]
    is_proven = all(term.proven for term in result.objective)
    if result.status is SolveStatus.OPTIMAL and not is_proven:
        faults.append("FALSE_CLAIM status: the result says optimal, and not every term is proven")
    return faults


def with_published(instance: SchedulingInstance, published: Schedule) -> SchedulingInstance:
    """Return the instance as `scheduler.reschedule` judges it: slots as announced, moves counted first.

    Parameters
    ----------
    published : Schedule
        What was announced; it may name candidates and sittings that are gone.
    """
    slots = {slot.candidate_id: Slot(slot.sitting_id, slot.start_min) for slot in published.assignments}
    is_counted = any(goal.term is TermName.MOVED for tier in instance.objective for goal in tier)
    return replace(
        instance,
        candidates=tuple(replace(person, published=slots.get(person.id)) for person in instance.candidates),
        objective=instance.objective if is_counted else ((Goal(TermName.MOVED),), *instance.objective),
    )

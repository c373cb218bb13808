"""What can happen after a schedule is published, as a new instance."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from scheduler.errors import InstanceError
from scheduler.instance import Candidate, Expert, Interval, SchedulingInstance, Sitting, Slot

Item = TypeVar("Item", Expert, Candidate, Sitting)


def without_expert(
    instance: SchedulingInstance, expert_id: str, start_min: int, end_min: int
) -> SchedulingInstance:
    """Return the instance in which an expert is away for [start_min, end_min): ill, or called elsewhere.

    Raises
    ------
    InstanceError
        The expert does not exist, or the times are in the wrong order.

    Notes
    -----
    A member away for a part of a sitting does not attend it at all. If the absence begins in the middle of a
    sitting, what has been heard there stands only when the sitting is cut first; see `without_sitting`.
    """
    expert = _find("expert_id", instance.experts, expert_id)
    absent = replace(expert, unavailable=(*expert.unavailable, Interval(start_min, end_min)))
    return replace(instance, experts=_exchange(instance.experts, expert, absent))


def without_time(
    instance: SchedulingInstance, candidate_id: str, start_min: int, end_min: int
) -> SchedulingInstance:
    """Return the instance in which a candidate cannot be heard in [start_min, end_min): asks for another day.

    A pin of the candidate within that time is lifted.

    Raises
    ------
    InstanceError
        The candidate does not exist, or the times are in the wrong order.
    """
    candidate = _find("candidate_id", instance.candidates, candidate_id)
    away = Interval(start_min, end_min)
    pin = candidate.pin
    is_hit = pin is not None and _touches(pin, candidate, away)
    absent = replace(candidate, unavailable=(*candidate.unavailable, away), pin=None if is_hit else pin)
    return replace(instance, candidates=_exchange(instance.candidates, candidate, absent))


def without_sitting(
    instance: SchedulingInstance, sitting_id: str, from_min: int | None = None
) -> SchedulingInstance:
    """Return the instance without a sitting, or with `from_min` without what comes from that minute on.

    A line that drops at 11:20 ends the sitting there, and what was heard before stands. Pins of slots that go
    are lifted.

    Parameters
    ----------
    from_min : int, optional
        Minute at which the sitting ends; None, or a minute not after its start, cancels all of it.

    Raises
    ------
    InstanceError
        The sitting does not exist.
    """
    sitting = _find("sitting_id", instance.sittings, sitting_id)
    end_min = sitting.start_min if from_min is None else min(from_min, sitting.end_min)
    kept = replace(sitting, end_min=end_min) if end_min > sitting.start_min else None
    candidates = tuple(
        replace(candidate, pin=None) if _is_cut_off(candidate, sitting_id, end_min) else candidate
        for candidate in instance.candidates
    )
    return replace(instance, sittings=_exchange(instance.sittings, sitting, kept), candidates=candidates)


def _find(path: str, items: Iterable[Item], id_: str) -> Item:
    found = next((item for item in items if item.id == id_), None)
    if found is None:
        raise InstanceError(path, f"{id_!r} does not exist")
    return found


def _exchange(items: Iterable[Item], old: Item, new: Item | None) -> tuple[Item, ...]:
    changed = (new if item is old else item for item in items)
    return tuple(item for item in changed if item is not None)


def _touches(pin: Slot, candidate: Candidate, away: Interval) -> bool:
    return pin.start_min < away.end_min and away.start_min < pin.start_min + candidate.duration_min


def _is_cut_off(candidate: Candidate, sitting_id: str, end_min: int) -> bool:
    pin = candidate.pin
    return (
        pin is not None and pin.sitting_id == sitting_id and pin.start_min + candidate.duration_min > end_min
    )

"""Whom to set free so that all can be placed: few sittings at first, twice as many until it is enough."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from scheduler.changes.case import ChangeCase, HeldSlot

IsEnough = Callable[[Sequence[HeldSlot]], bool]
"""Whether enough candidates can be placed around these slots."""


def find_nearby(case: ChangeCase, kept: Sequence[HeldSlot], is_enough: IsEnough) -> tuple[HeldSlot, ...]:
    """Return the slots in a few sittings to be set free together, empty when nothing is enough.

    Parameters
    ----------
    kept : sequence of HeldSlot
        Slots that can be kept together.
    is_enough : callable
        Schedules the others around the slots it gets; says no when it has no time left.

    Notes
    -----
    A heuristic: sittings that hear the categories of those without a place come first, then sittings that
    hear the categories of the people in these. What turns out not to be needed is kept again.
    """
    heard: dict[int, list[HeldSlot]] = defaultdict(list)
    for slot in kept:
        heard[slot.opening_id].append(slot)

    def is_enough_without(opened: Iterable[int]) -> bool:
        left = set(opened)
        return is_enough([slot for slot in kept if slot.opening_id not in left])

    ordered = [i for i in _by_closeness(case, heard) if i in heard]
    count = 1
    while not is_enough_without(ordered[:count]):
        if count >= len(ordered):
            return ()
        count *= 2
    chosen = _shrink(ordered[:count], is_enough_without)
    return tuple(slot for slot in kept if slot.opening_id in chosen)


def _shrink(chosen: list[int], is_enough_without: Callable[[Sequence[int]], bool]) -> list[int]:
    """Leave out what is not needed, halves first and single ones last."""
    size = len(chosen) // 2
    while size:
        first = 0
        while first < len(chosen):
            fewer = chosen[:first] + chosen[first + size :]
            if fewer and is_enough_without(fewer):
                chosen = fewer
            else:
                first += size
        size //= 2
    return chosen


def _by_closeness(case: ChangeCase, heard: dict[int, list[HeldSlot]]) -> list[int]:
    ordered: dict[int, None] = {}
    categories = {candidate.category for candidate in case.free}
    while True:
        found = [
            i
            for i, opening in enumerate(case.openings)
            if i not in ordered and any(opening.panel.hears(category) for category in sorted(categories))
        ]
        if not found:
            return list(ordered)
        ordered.update(dict.fromkeys(found))
        categories = {slot.candidate.category for i in found for slot in heard.get(i, ())}

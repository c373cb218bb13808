"""Which published slots still hold by themselves, and who needs another place."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from scheduler.eligibility import Opening, StartRanges, list_openings, may_hear, may_open, start_ranges
from scheduler.instance import Candidate, Interval, SchedulingInstance, Slot


class HeldSlot(NamedTuple):
    """A candidate's place: the position of the opening in the case, and the minute of the start."""

    candidate: Candidate
    opening_id: int
    start_min: int

    @property
    def end_min(self) -> int:
        """Minute at which the defence ends."""
        return self.start_min + self.candidate.duration_min

    @property
    def release_min(self) -> int:
        """Minute from which the sitting can go on."""
        return self.end_min + self.candidate.buffer_min


@dataclass(frozen=True)
class ChangeCase:
    """A published schedule held against the instance of today.

    Parameters
    ----------
    openings : tuple of Opening
        Those that may open.
    pinned : tuple of HeldSlot
        Slots that must stay; pins that cannot be kept by themselves are left out.
    held : tuple of HeldSlot
        Published slots that break no rule by themselves; together they may.
    free : tuple of Candidate
        The others without a pin: never published, or their slot no longer holds.
    """

    instance: SchedulingInstance
    openings: tuple[Opening, ...]
    pinned: tuple[HeldSlot, ...]
    held: tuple[HeldSlot, ...]
    free: tuple[Candidate, ...]

    @cached_property
    def absences(self) -> dict[str, tuple[Interval, ...]]:
        """When each expert is away."""
        return {expert.id: expert.unavailable for expert in self.instance.experts}

    @cached_property
    def forced_moves(self) -> int:
        """Number of published candidates who lose their slot in every schedule that keeps the pins."""
        published = sum(candidate.published is not None for candidate in self.instance.candidates)
        stays = sum(slot.candidate.published == slot.candidate.pin for slot in self.pinned)
        return published - stays - len(self.held)

    def starts_of(self, candidate: Candidate, opening: Opening) -> StartRanges:
        """Return the starts at which the candidate and all attendees are free; empty if not heard there."""
        return legal_starts(self.instance, self.absences, candidate, opening)


def legal_starts(
    instance: SchedulingInstance,
    absences: dict[str, tuple[Interval, ...]],
    candidate: Candidate,
    opening: Opening,
) -> StartRanges:
    """Return the starts in an opening that break no rule as long as nobody else is heard anywhere."""
    if not may_hear(instance, opening, candidate):
        return ()
    away = [absence for id_ in sorted(candidate.attendee_ids) for absence in absences[id_]]
    sitting = opening.sitting
    last_min = sitting.end_min - candidate.duration_min
    return start_ranges([*candidate.unavailable, *away], candidate.duration_min, sitting.start_min, last_min)


def build_case(instance: SchedulingInstance) -> ChangeCase:
    """Sort the candidates of `instance` by whether they are pinned, hold their published slot, or neither."""
    openings = tuple(opening for opening in list_openings(instance) if may_open(instance, opening))
    blank = ChangeCase(instance, openings, (), (), ())
    by_sitting = {opening.sitting.id: i for i, opening in enumerate(openings)}
    pinned, held, free = [], [], []
    for candidate in instance.candidates:
        slot = candidate.pin or candidate.published
        holder = None if slot is None else _hold(blank, by_sitting, candidate, slot)
        if candidate.pin is not None:
            pinned += [holder] if holder else []
        elif holder:
            held.append(holder)
        else:
            free.append(candidate)
    return ChangeCase(instance, openings, tuple(pinned), tuple(held), tuple(free))


def _hold(case: ChangeCase, by_sitting: dict[str, int], candidate: Candidate, slot: Slot) -> HeldSlot | None:
    opening_id = by_sitting.get(slot.sitting_id)
    if opening_id is None:
        return None
    starts = case.starts_of(candidate, case.openings[opening_id])
    is_legal = any(low <= slot.start_min <= high for low, high in starts)
    return HeldSlot(candidate, opening_id, slot.start_min) if is_legal else None


def ids_of(slots: Sequence[HeldSlot]) -> frozenset[str]:
    """Return the ids of the candidates who hold `slots`."""
    return frozenset(slot.candidate.id for slot in slots)

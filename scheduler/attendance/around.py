"""The others around those whose slots are fixed: the instance without attendees that stands for it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from scheduler.eligibility import Opening
from scheduler.instance import Candidate, SchedulingInstance, Slot
from scheduler.roster import Roster, group_seats
from scheduler.schedule import Assignment


def strip_attendees(instance: SchedulingInstance) -> SchedulingInstance:
    """Return the relaxation in which nobody must attend by name: all its bounds hold for the instance."""
    candidates = tuple(replace(candidate, attendee_ids=frozenset()) for candidate in instance.candidates)
    return replace(instance, candidates=candidates)


def fix_few(
    instance: SchedulingInstance,
    openings: Iterable[Opening],
    few: Iterable[Candidate],
    slots: Mapping[str, Slot],
) -> SchedulingInstance:
    """Return an instance without attendees in which the few stay in their slots.

    Parameters
    ----------
    few : iterable of Candidate
        Those with attendees or a pin.
    slots : mapping of str to Slot
        Where the few are heard, by candidate; who is missing is left out of the instance.

    Notes
    -----
    A sitting that would keep an attendee from a fixed slot elsewhere is left out, so every schedule of the
    result, put together with the attendees, keeps the attendee rules of `instance`.
    """
    listed = {candidate.id for candidate in few}
    candidates = tuple(
        _fix(candidate, slots.get(candidate.id))
        for candidate in instance.candidates
        if candidate.id not in listed or candidate.id in slots
    )
    blocked = {
        opening.sitting.id
        for opening in openings
        for candidate in few
        if candidate.id in slots and blocks(opening, candidate, slots[candidate.id])
    }
    sittings = tuple(sitting for sitting in instance.sittings if sitting.id not in blocked)
    return replace(instance, candidates=candidates, sittings=sittings)


def _fix(candidate: Candidate, slot: Slot | None) -> Candidate:
    return candidate if slot is None else replace(candidate, attendee_ids=frozenset(), pin=slot)


def blocks(opening: Opening, candidate: Candidate, slot: Slot) -> bool:
    """Return whether the sitting, were it open, would keep an attendee of the candidate from the slot."""
    sitting = opening.sitting
    return (
        sitting.id != slot.sitting_id
        and sitting.start_min < slot.start_min + candidate.duration_min
        and slot.start_min < sitting.end_min
        and not opening.attending.isdisjoint(candidate.attendee_ids)
    )


def slots_of(roster: Roster, openings: tuple[Opening, ...]) -> dict[str, Slot]:
    """Return the slot of each candidate in the roster."""
    return {
        candidate.id: Slot(openings[opening_id].sitting.id, start_min)
        for opening_id, seats in roster.seats.items()
        for start_min, candidate in seats
    }


def roster_from(
    assignments: Iterable[Assignment], openings: tuple[Opening, ...], instance: SchedulingInstance
) -> Roster:
    """Return assignments as a roster of the instance's own candidates."""
    by_sitting = {opening.sitting.id: i for i, opening in enumerate(openings)}
    candidates = {candidate.id: candidate for candidate in instance.candidates}
    return group_seats(
        [(by_sitting[slot.sitting_id], slot.start_min, candidates[slot.candidate_id]) for slot in assignments]
    )

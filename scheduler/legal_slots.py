"""Other slots that one candidate could have at once, without anybody else moving."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from scheduler.changes.case import legal_starts
from scheduler.eligibility import Opening, StartRanges, list_openings, may_open, overlaps
from scheduler.errors import InstanceError
from scheduler.instance import Candidate, SchedulingInstance
from scheduler.schedule import Assignment, Schedule


def legal_slots(
    instance: SchedulingInstance, schedule: Schedule, candidate_id: str
) -> tuple[Assignment, ...]:
    """Return the slots that one candidate could have while everybody else stays.

    Parameters
    ----------
    schedule : Schedule
        Keeps all hard rules; the candidate may be in it or not.
    candidate_id : str
        Whom to find a slot for. A pinned candidate has no other slot.

    Returns
    -------
    tuple of Assignment
        In order of time: for each stretch of a sitting that is free at the moment the earliest legal start
        in it, so that no idle gap opens before the defence. The slot held now is left out, and with it its
        stretch unless that has an earlier start. Every slot keeps all hard rules.

    Raises
    ------
    InstanceError
        The candidate, or someone or a sitting in the schedule, does not exist.
    """
    board = _Board(instance, schedule)
    candidate = board.require_candidate(candidate_id)
    if candidate.pin is not None:
        return ()
    present = board.slots.get(candidate_id)
    opened = frozenset(slot.sitting_id for slot in board.slots.values() if slot is not present)
    found = (
        _slot(candidate, opening, starts[0])
        for opening in board.openings
        for starts in board.starts(candidate, opening, {candidate_id}, opened)
        if opening.sitting.id in opened or board.can_open(opening, opened, candidate_id)
    )
    return tuple(sorted((slot for slot in found if slot != present), key=_by_time))


def _by_time(slot: Assignment) -> tuple[int, str, str]:
    return slot.start_min, slot.sitting_id, slot.candidate_id


def _slot(candidate: Candidate, opening: Opening, start_min: int) -> Assignment:
    return Assignment(candidate.id, opening.sitting.id, start_min, start_min + candidate.duration_min)


class _Board:
    """A schedule laid out by sitting and by attendee."""

    def __init__(self, instance: SchedulingInstance, schedule: Schedule) -> None:
        self._instance = instance
        self.openings = [opening for opening in list_openings(instance) if may_open(instance, opening)]
        self.candidates = {candidate.id: candidate for candidate in instance.candidates}
        _require_known(instance, schedule, self.candidates)
        self.slots = {slot.candidate_id: slot for slot in schedule.assignments}
        self._by_id = {opening.sitting.id: opening for opening in self.openings}
        self._absences = {expert.id: expert.unavailable for expert in instance.experts}
        self._heard: dict[str, list[Assignment]] = defaultdict(list)
        self._needed: dict[str, list[Assignment]] = defaultdict(list)
        self._sits: dict[str, list[Opening]] = defaultdict(list)
        for slot in schedule.assignments:
            self._heard[slot.sitting_id].append(slot)
            for attendee_id in self.candidates[slot.candidate_id].attendee_ids:
                self._needed[attendee_id].append(slot)
        for opening in self.openings:
            for expert_id in opening.attending & self._needed.keys():
                self._sits[expert_id].append(opening)

    def require_candidate(self, candidate_id: str) -> Candidate:
        """Return the candidate, and note in which sittings the attendees are members."""
        if candidate_id not in self.candidates:
            raise InstanceError("candidate_id", f"{candidate_id!r} does not exist")
        candidate = self.candidates[candidate_id]
        for attendee_id in candidate.attendee_ids:
            self._sits[attendee_id] = [o for o in self.openings if attendee_id in o.attending]
        return candidate

    def starts(
        self, candidate: Candidate, opening: Opening, away: Collection[str], opened: Collection[str]
    ) -> StartRanges:
        """Return the starts in an opening at which nobody is in the way, those in `away` not counted."""
        ranges = legal_starts(self._instance, self._absences, candidate, opening)
        return _without(ranges, self._blocked(candidate, opening, away, opened)) if ranges else ()

    def _blocked(
        self, candidate: Candidate, opening: Opening, away: Collection[str], opened: Collection[str]
    ) -> Iterator[tuple[int, int]]:
        """Yield the half-open ranges of starts that clash with somebody heard there or needed elsewhere."""
        step_min = candidate.duration_min + candidate.buffer_min
        for slot in self._heard.get(opening.sitting.id, ()):
            if slot.candidate_id not in away:
                release_min = slot.end_min + self.candidates[slot.candidate_id].buffer_min
                yield slot.start_min - step_min + 1, release_min
        for attendee_id in sorted(candidate.attendee_ids):
            for slot in self._needed.get(attendee_id, ()):
                if slot.candidate_id not in away:
                    yield slot.start_min - candidate.duration_min + 1, slot.end_min
            for other in self._sits.get(attendee_id, ()):
                if other.sitting.id in opened and other is not opening:
                    yield other.sitting.start_min - candidate.duration_min + 1, other.sitting.end_min

    def can_open(self, opening: Opening, opened: Collection[str], candidate_id: str) -> bool:
        """Return whether a sitting can open beside the opened ones, to hear one candidate in it."""
        near = [o for o in self.openings if o.sitting.id in opened and overlaps(opening.sitting, o.sitting)]
        if any(o.panel.id == opening.panel.id or o.attending & opening.attending for o in near):
            return False
        needed = (slot for id_ in opening.attending for slot in self._needed.get(id_, ()))
        if any(_meets(opening, slot) for slot in needed if slot.candidate_id != candidate_id):
            return False
        limit = self._instance.max_parallel_sittings
        return limit is None or _peak(opening, near) < limit


def _meets(opening: Opening, slot: Assignment) -> bool:
    return slot.start_min < opening.sitting.end_min and opening.sitting.start_min < slot.end_min


def _require_known(instance: SchedulingInstance, schedule: Schedule, people: Collection[str]) -> None:
    sittings = {sitting.id for sitting in instance.sittings}
    for index, slot in enumerate(schedule.assignments):
        for field, known in (("candidate_id", people), ("sitting_id", sittings)):
            if getattr(slot, field) not in known:
                path = f"assignments[{index}].{field}"
                raise InstanceError(path, f"{getattr(slot, field)!r} does not exist")


def _peak(opening: Opening, running: Sequence[Opening]) -> int:
    """Return the most of these sittings that run at once during the opening."""
    moments = [max(opening.sitting.start_min, other.sitting.start_min) for other in running]
    return max(
        (sum(o.sitting.start_min <= moment < o.sitting.end_min for o in running) for moment in moments),
        default=0,
    )


def _without(starts: StartRanges, blocked: Iterable[tuple[int, int]]) -> StartRanges:
    """Cut half-open ranges out of closed ones."""
    left = list(starts)
    for first_min, end_min in blocked:
        cut = []
        for low, high in left:
            if low < first_min:
                cut.append((low, min(high, first_min - 1)))
            if high >= end_min:
                cut.append((max(low, end_min), high))
        left = cut
    return tuple(left)

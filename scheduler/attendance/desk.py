"""Whether those who must attend a defence can meet at all, for the reasons of who was not placed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from scheduler.eligibility import Opening, overlaps, start_ranges
from scheduler.instance import Candidate, Interval, SchedulingInstance
from scheduler.schedule import Assignment


class AttendanceDesk:
    """Knows when the attendees are away, and where a schedule needs them.

    Parameters
    ----------
    opened : sequence of Opening
        The sittings in which the schedule hears somebody.
    assignments : sequence of Assignment
        The slots of the schedule.
    """

    def __init__(
        self, instance: SchedulingInstance, opened: Sequence[Opening], assignments: Iterable[Assignment]
    ) -> None:
        self._experts = {expert.id: expert for expert in instance.experts}
        self._opened = opened
        candidates = {candidate.id: candidate for candidate in instance.candidates}
        self._needed: dict[str, list[Interval]] = defaultdict(list)
        for slot in assignments:
            for expert_id in candidates[slot.candidate_id].attendee_ids:
                self._needed[expert_id].append(Interval(slot.start_min, slot.end_min))

    def can_meet(self, candidate: Candidate, usable: Iterable[Opening], is_alone: bool) -> bool:
        """Return whether candidate and attendees are free together in one of the sittings.

        Parameters
        ----------
        usable : iterable of Opening
            Sittings that can hear the candidate.
        is_alone : bool
            Whether to look at absences only, and not at what else the schedule needs the attendees for.
        """
        ids = sorted(candidate.attendee_ids)
        return any(self._is_free(candidate, ids, opening, is_alone) for opening in usable)

    def _is_free(
        self, candidate: Candidate, expert_ids: Iterable[str], opening: Opening, is_alone: bool
    ) -> bool:
        away = list(candidate.unavailable)
        for expert_id in expert_ids:
            away += self._experts[expert_id].unavailable
            if not is_alone:
                away += self._duties(expert_id, opening)
        sitting = opening.sitting
        latest_min = sitting.end_min - candidate.duration_min
        return bool(start_ranges(away, candidate.duration_min, sitting.start_min, latest_min))

    def _duties(self, expert_id: str, opening: Opening) -> list[Interval]:
        """Return when the schedule needs a person elsewhere; in their own sitting they are anyway."""
        sits = [
            Interval(other.sitting.start_min, other.sitting.end_min)
            for other in self._opened
            if other.sitting.id != opening.sitting.id and expert_id in other.attending
        ]
        return [*self._needed[expert_id], *sits]

    def describe(self, candidate: Candidate, usable: Sequence[Opening]) -> dict[str, Any]:
        """Return for each attendee in how many of the sittings they have time, and what else needs them."""
        return {
            "attendees": [
                {
                    "expert_id": expert_id,
                    "name": self._experts[expert_id].name or expert_id,
                    "free_sittings": sum(
                        self._is_free(candidate, [expert_id], opening, is_alone=True) for opening in usable
                    ),
                    "defences": len(self._needed[expert_id]),
                }
                for expert_id in sorted(candidate.attendee_ids)
            ]
        }

    def list_absent(self, candidate: Candidate, start_min: int) -> list[str]:
        """Return the names of the attendees who are away when the defence starts at `start_min`."""
        slot = Interval(start_min, start_min + candidate.duration_min)
        experts = [self._experts[expert_id] for expert_id in sorted(candidate.attendee_ids)]
        return [e.name or e.id for e in experts if any(overlaps(slot, away) for away in e.unavailable)]

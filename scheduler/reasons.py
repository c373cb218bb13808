"""Why a candidate was not placed, with numbers a person can act on."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from scheduler.attendance.desk import AttendanceDesk
from scheduler.eligibility import (
    Opening,
    free_starts,
    list_openings,
    overlaps,
    pin_of,
    sitting_starts,
)
from scheduler.instance import Candidate, SchedulingInstance
from scheduler.offers import Offer, Windows, count_windows, list_windows
from scheduler.schedule import Assignment, Unplaced, UnplacedReason

Detail = dict[str, Any]
Finding = tuple[UnplacedReason, Detail]


def explain_unplaced(
    instance: SchedulingInstance,
    assignments: Sequence[Assignment],
    is_proven: bool,
    time_limit_s: float,
) -> tuple[Unplaced, ...]:
    """Give every candidate without a slot a reason.

    Parameters
    ----------
    assignments : sequence of Assignment
        The slots that were given.
    is_proven : bool
        Whether the solver proved that no more can be placed; without proof nobody is told that places lack.
    time_limit_s : float
        Seconds the solver had, for the message.

    Returns
    -------
    tuple of Unplaced
        In the order of the instance.
    """
    placed = {slot.candidate_id for slot in assignments}
    explainer = _Explainer(instance, assignments, is_proven, time_limit_s)
    return tuple(
        Unplaced(candidate.id, *explainer.explain(candidate))
        for candidate in instance.candidates
        if candidate.id not in placed
    )


class _Explainer:
    """Answers for one schedule; alike candidates share an answer, and sittings are looked at once."""

    def __init__(
        self,
        instance: SchedulingInstance,
        assignments: Sequence[Assignment],
        is_proven: bool,
        time_limit_s: float,
    ) -> None:
        opened_ids = {slot.sitting_id for slot in assignments}
        self._instance = instance
        self._openings = list_openings(instance)
        self._opened = [item for item in self._openings if item.sitting.id in opened_ids]
        self._opened_ids = opened_ids
        self._desk = AttendanceDesk(instance, self._opened, assignments)
        self._is_proven = is_proven
        self._time_limit_s = time_limit_s
        self._offers: dict[str, Offer] = {}
        self._known: dict[tuple[object, ...], Finding] = {}
        self._rivals: dict[str, Opening | None] = {}

    def explain(self, candidate: Candidate) -> Finding:
        """Narrow the sittings down rule by rule; the rule that leaves none is the reason."""
        if candidate.pin is not None:
            return self._explain_pin(candidate)
        key = (
            *(candidate.category, candidate.duration_min, candidate.buffer_min, candidate.unavailable),
            *(candidate.recused_expert_ids, candidate.attendee_ids),
        )
        if key not in self._known:
            self._known[key] = self._explain_rules(candidate)
        reason, detail = self._known[key]
        return reason, dict(detail)

    def _explain_rules(self, candidate: Candidate) -> Finding:
        offer = self._offer(candidate.category)
        if not offer.panel_names:
            return UnplacedReason.NO_PANEL_ACCEPTS_CATEGORY, {"category": candidate.category}
        if not offer.openings:
            detail = {"category": candidate.category, "panels": offer.panel_names}
            return UnplacedReason.NO_SITTING_PLANNED, detail | {"sittings_in_closures": offer.closed_count}
        if not offer.quorate:
            return UnplacedReason.NO_ATTENDING_EXPERTS, self._attendance(offer.openings)
        hearing = offer.hearing(candidate)
        if not hearing:
            return UnplacedReason.RECUSAL_LEAVES_TOO_FEW, self._recusal(offer.quorate, candidate)
        return self._explain_time(candidate, hearing)

    def _offer(self, category: str) -> Offer:
        if category not in self._offers:
            hearing = [item for item in self._openings if item.panel.hears(category)]
            open_ = tuple(item for item in hearing if not item.is_closed)
            self._offers[category] = Offer(self._instance, category, open_, len(hearing) - len(open_))
        return self._offers[category]

    @cached_property
    def _category_sizes(self) -> Counter[str]:
        return Counter(candidate.category for candidate in self._instance.candidates)

    @cached_property
    def _by_sitting(self) -> dict[str, Opening]:
        return {item.sitting.id: item for item in self._openings}

    @cached_property
    def _opened_by_expert(self) -> dict[str, list[Opening]]:
        seats: dict[str, list[Opening]] = defaultdict(list)
        for item in self._opened:
            for expert_id in item.attending:
                seats[expert_id].append(item)
        return seats

    def _explain_time(self, candidate: Candidate, hearing: Windows) -> Finding:
        longest_min = max(end_min - start_min for start_min, end_min in hearing)
        detail: Detail = {"duration_min": candidate.duration_min, "sittings": count_windows(hearing)}
        if longest_min < candidate.duration_min:
            return UnplacedReason.LONGER_THAN_ANY_SITTING, detail | {"longest_sitting_min": longest_min}
        usable = {
            (start_min, end_min): openings
            for (start_min, end_min), openings in hearing.items()
            if free_starts(candidate, start_min, end_min - candidate.duration_min)
        }
        if not usable:
            return UnplacedReason.CANDIDATE_UNAVAILABLE, detail | {
                "panels": _panel_names(list_windows(hearing))
            }
        detail |= {"sittings": count_windows(usable)} | self._places(candidate, usable)
        return self._explain_meeting(candidate, usable, detail)

    def _explain_meeting(self, candidate: Candidate, usable: Windows, detail: Detail) -> Finding:
        """Tell attendees who cannot come from sittings that are not to be had."""
        needed = list(list_windows(usable)) if candidate.attendee_ids else []
        if needed and not self._desk.can_meet(candidate, needed, is_alone=True):
            return UnplacedReason.ATTENDEES_BUSY, detail | self._desk.describe(candidate, needed)
        if not self._is_proven:
            return UnplacedReason.TIME_LIMIT, detail | {"time_limit_s": self._time_limit_s}
        if needed and not self._desk.can_meet(candidate, needed, is_alone=False):
            return UnplacedReason.ATTENDEES_BUSY, detail | self._desk.describe(candidate, needed)
        return self._explain_rivalry(usable, detail)

    def _explain_rivalry(self, usable: Windows, detail: Detail) -> Finding:
        """Tell sittings that could not open from sittings that are full."""
        closed_count = 0
        for item in list_windows(usable):
            if item.sitting.id in self._opened_ids:
                continue
            closed_count += 1
            rival = self._rival(item)
            if rival is not None:
                shared = item.attending & rival.attending
                return UnplacedReason.EXPERT_DOUBLE_BOOKED, detail | _clash(item, rival, shared)
        if closed_count and self._instance.max_parallel_sittings is not None:
            limit = self._instance.max_parallel_sittings
            detail |= {"max_parallel_sittings": limit, "closed_sittings": closed_count}
            return UnplacedReason.PARALLEL_LIMIT, detail
        return UnplacedReason.CAPACITY, detail

    def _rival(self, closed: Opening) -> Opening | None:
        """Return the first opened sitting that needs an expert of the closed one at the same time."""
        if closed.sitting.id not in self._rivals:
            rivals = [
                rival
                for expert_id in closed.attending
                for rival in self._opened_by_expert.get(expert_id, ())
                if overlaps(closed.sitting, rival.sitting)
            ]
            first = min(rivals, key=lambda rival: (rival.sitting.start_min, rival.sitting.id), default=None)
            self._rivals[closed.sitting.id] = first
        return self._rivals[closed.sitting.id]

    def _attendance(self, openings: Sequence[Opening]) -> Detail:
        return self._panel_rule() | {
            "sittings": len(openings),
            "panels": _panel_names(openings),
            "most_attending": max(len(item.attending) for item in openings),
        }

    def _recusal(self, quorate: Sequence[Opening], candidate: Candidate) -> Detail:
        panels: dict[str, Detail] = {}
        for item in quorate:
            remaining = len(item.attending - candidate.recused_expert_ids)
            known = panels.get(item.panel.id)
            if known is None or remaining > known["remaining"]:
                panels[item.panel.id] = {
                    "panel_id": item.panel.id,
                    "name": item.panel.name,
                    "attending": len(item.attending),
                    "remaining": remaining,
                }
        return self._panel_rule() | {"panels": list(panels.values())}

    def _panel_rule(self) -> Detail:
        return {
            "min_panel_size": self._instance.min_panel_size,
            "require_odd": self._instance.require_odd,
        }

    def _places(self, candidate: Candidate, usable: Windows) -> Detail:
        """Count the category's candidates and the places of its sittings if they heard nobody else."""
        step_min, buffer_min = candidate.duration_min + candidate.buffer_min, candidate.buffer_min
        return {
            "category": candidate.category,
            "category_candidates": self._category_sizes[candidate.category],
            "places": sum(
                len(openings) * ((end_min - start_min + buffer_min) // step_min)
                for (start_min, end_min), openings in usable.items()
            ),
        }

    def _explain_pin(self, candidate: Candidate) -> Finding:
        pin = pin_of(candidate)
        item = self._by_sitting[pin.sitting_id]
        detail = self._panel_rule() | {
            "sitting_id": pin.sitting_id,
            "start_min": pin.start_min,
            "panel": item.panel.name,
            "is_category_accepted": item.panel.hears(candidate.category),
            "is_candidate_free": bool(sitting_starts(candidate, item.sitting)),
            "busy_attendees": self._desk.list_absent(candidate, pin.start_min),
            "is_closed": item.is_closed,
            "attending": len(item.attending),
            "remaining": len(item.attending - candidate.recused_expert_ids),
        }
        return UnplacedReason.PIN_IMPOSSIBLE, detail


def _panel_names(openings: Iterable[Opening]) -> list[str]:
    return sorted({item.panel.name for item in openings})


def _clash(item: Opening, rival: Opening, shared: frozenset[str]) -> Detail:
    return {
        "closed_sitting_id": item.sitting.id,
        "rival_sitting_id": rival.sitting.id,
        "rival_panel": rival.panel.name,
        "expert_ids": sorted(shared),
    }

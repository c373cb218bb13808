"""Why a candidate was not placed, with numbers a person can act on."""

from collections.abc import Sequence
from typing import Any

from scheduler.eligibility import (
    Opening,
    is_quorate,
    list_openings,
    may_hear,
    overlaps,
    pin_of,
    sitting_starts,
)
from scheduler.instance import Candidate, SchedulingInstance
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
    explainer = _Explainer(instance, {slot.sitting_id for slot in assignments}, is_proven, time_limit_s)
    return tuple(
        Unplaced(candidate.id, *explainer.explain(candidate))
        for candidate in instance.candidates
        if candidate.id not in placed
    )


class _Explainer:
    def __init__(
        self, instance: SchedulingInstance, opened_ids: set[str], is_proven: bool, time_limit_s: float
    ) -> None:
        self._instance = instance
        self._openings = list_openings(instance)
        self._opened = [item for item in self._openings if item.sitting.id in opened_ids]
        self._is_proven = is_proven
        self._time_limit_s = time_limit_s

    def explain(self, candidate: Candidate) -> Finding:
        """Narrow the sittings down rule by rule; the rule that leaves none is the reason."""
        if candidate.pin is not None:
            return self._explain_pin(candidate)
        panels = [p for p in self._instance.panels if p.hears(candidate.category)]
        if not panels:
            return UnplacedReason.NO_PANEL_ACCEPTS_CATEGORY, {"category": candidate.category}
        openings = [item for item in self._openings if item.panel.hears(candidate.category)]
        if not openings:
            names = [panel.name for panel in panels]
            return UnplacedReason.NO_SITTING_PLANNED, {"category": candidate.category, "panels": names}
        quorate = [item for item in openings if is_quorate(self._instance, len(item.attending))]
        if not quorate:
            return UnplacedReason.NO_ATTENDING_EXPERTS, self._attendance(openings)
        hearing = [item for item in quorate if may_hear(self._instance, item, candidate)]
        if not hearing:
            return UnplacedReason.RECUSAL_LEAVES_TOO_FEW, self._recusal(quorate, candidate)
        return self._explain_time(candidate, hearing)

    def _explain_time(self, candidate: Candidate, hearing: list[Opening]) -> Finding:
        longest_min = max(item.sitting.end_min - item.sitting.start_min for item in hearing)
        detail: Detail = {"duration_min": candidate.duration_min, "sittings": len(hearing)}
        if longest_min < candidate.duration_min:
            return UnplacedReason.LONGER_THAN_ANY_SITTING, detail | {"longest_sitting_min": longest_min}
        usable = [item for item in hearing if sitting_starts(candidate, item.sitting)]
        if not usable:
            return UnplacedReason.CANDIDATE_UNAVAILABLE, detail | {"panels": _panel_names(hearing)}
        detail |= {"sittings": len(usable)} | self._places(candidate, usable)
        if not self._is_proven:
            return UnplacedReason.TIME_LIMIT, detail | {"time_limit_s": self._time_limit_s}
        return self._explain_rivalry(usable, detail)

    def _explain_rivalry(self, usable: list[Opening], detail: Detail) -> Finding:
        """Tell sittings that could not open from sittings that are full."""
        opened = {item.sitting.id for item in self._opened}
        closed = [item for item in usable if item.sitting.id not in opened]
        for item in closed:
            for rival in self._opened:
                shared = item.attending & rival.attending
                if shared and overlaps(item.sitting, rival.sitting):
                    return UnplacedReason.EXPERT_DOUBLE_BOOKED, detail | _clash(item, rival, shared)
        if closed and self._instance.max_parallel_sittings is not None:
            limit = self._instance.max_parallel_sittings
            detail |= {"max_parallel_sittings": limit, "closed_sittings": len(closed)}
            return UnplacedReason.PARALLEL_LIMIT, detail
        return UnplacedReason.CAPACITY, detail

    def _attendance(self, openings: list[Opening]) -> Detail:
        return self._panel_rule() | {
            "sittings": len(openings),
            "panels": _panel_names(openings),
            "most_attending": max(len(item.attending) for item in openings),
        }

    def _recusal(self, quorate: list[Opening], candidate: Candidate) -> Detail:
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

    def _places(self, candidate: Candidate, usable: list[Opening]) -> Detail:
        """Count the category's candidates and the places of its sittings if they heard nobody else."""
        step_min = candidate.duration_min + candidate.buffer_min
        lengths_min = [item.sitting.end_min - item.sitting.start_min for item in usable]
        return {
            "category": candidate.category,
            "category_candidates": sum(c.category == candidate.category for c in self._instance.candidates),
            "places": sum((length_min + candidate.buffer_min) // step_min for length_min in lengths_min),
        }

    def _explain_pin(self, candidate: Candidate) -> Finding:
        pin = pin_of(candidate)
        item = next(item for item in self._openings if item.sitting.id == pin.sitting_id)
        detail = self._panel_rule() | {
            "sitting_id": pin.sitting_id,
            "start_min": pin.start_min,
            "panel": item.panel.name,
            "is_category_accepted": item.panel.hears(candidate.category),
            "is_candidate_free": bool(sitting_starts(candidate, item.sitting)),
            "attending": len(item.attending),
            "remaining": len(item.attending - candidate.recused_expert_ids),
        }
        return UnplacedReason.PIN_IMPOSSIBLE, detail


def _panel_names(openings: list[Opening]) -> list[str]:
    return sorted({item.panel.name for item in openings})


def _clash(item: Opening, rival: Opening, shared: frozenset[str]) -> Detail:
    return {
        "closed_sitting_id": item.sitting.id,
        "rival_sitting_id": rival.sitting.id,
        "rival_panel": rival.panel.name,
        "expert_ids": sorted(shared),
    }

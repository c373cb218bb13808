"""Which sittings can open with whom, and which candidate may be heard there."""

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.instance import Candidate, Expert, Interval, Panel, SchedulingInstance, Sitting, Slot

StartRanges = tuple[tuple[int, int], ...]
"""Start minutes that are possible, as closed ranges in rising order."""


@dataclass(frozen=True)
class Opening:
    """A sitting together with its panel, the members who can attend it, and whether that time is closed."""

    sitting: Sitting
    panel: Panel
    attending: frozenset[str]
    is_closed: bool = False


def list_openings(instance: SchedulingInstance) -> tuple[Opening, ...]:
    """Return all sittings in order of time with their attending members, also those with too few of them.

    A member away for any part of the window does not attend at all: nobody comes late or leaves early.
    """
    panels = {panel.id: panel for panel in instance.panels}
    experts = {expert.id: expert for expert in instance.experts}
    ordered = sorted(instance.sittings, key=lambda sitting: (sitting.start_min, sitting.id))
    return tuple(_open(sitting, panels[sitting.panel_id], experts, instance.closures) for sitting in ordered)


def _open(
    sitting: Sitting, panel: Panel, experts: dict[str, Expert], closures: Sequence[Interval]
) -> Opening:
    attending = frozenset(
        expert_id
        for expert_id in panel.expert_ids
        if not any(overlaps(sitting, away) for away in experts[expert_id].unavailable)
    )
    return Opening(sitting, panel, attending, any(overlaps(sitting, closure) for closure in closures))


def overlaps(one: Sitting | Interval, other: Sitting | Interval) -> bool:
    """Return whether two half-open stretches of time share a minute."""
    return one.start_min < other.end_min and other.start_min < one.end_min


def is_quorate(instance: SchedulingInstance, member_count: int) -> bool:
    """Return whether so many members may decide (domain.md, "Panels and recusal")."""
    return member_count >= instance.min_panel_size and (not instance.require_odd or member_count % 2 == 1)


def may_open(instance: SchedulingInstance, opening: Opening) -> bool:
    """Return whether the sitting can take place at all: enough members, and no closure."""
    return not opening.is_closed and is_quorate(instance, len(opening.attending))


def may_hear(instance: SchedulingInstance, opening: Opening, candidate: Candidate) -> bool:
    """Return whether the panel accepts the candidate and is quorate without those recused."""
    return (
        opening.panel.hears(candidate.category)
        and may_open(instance, opening)
        and is_quorate(instance, len(opening.attending - candidate.recused_expert_ids))
    )


def free_starts(candidate: Candidate, first_min: int, last_min: int) -> StartRanges:
    """Return the starts in [first_min, last_min] at which the candidate is free for the whole duration."""
    return start_ranges(candidate.unavailable, candidate.duration_min, first_min, last_min)


def start_ranges(
    unavailable: Sequence[Interval], duration_min: int, first_min: int, last_min: int
) -> StartRanges:
    """Return the starts in [first_min, last_min] from which `duration_min` minutes touch no absence."""
    ranges = []
    for away in sorted(unavailable, key=lambda interval: interval.start_min):
        if first_min > last_min or away.start_min >= last_min + duration_min:
            break
        if away.start_min - duration_min >= first_min:
            ranges.append((first_min, away.start_min - duration_min))
        first_min = max(first_min, away.end_min)
    if first_min <= last_min:
        ranges.append((first_min, last_min))
    return tuple(ranges)


def pin_of(candidate: Candidate) -> Slot:
    """Return the pin of a candidate known to have one."""
    if candidate.pin is None:
        raise ValueError(f"candidate {candidate.id!r} has no pin")
    return candidate.pin


def sitting_starts(candidate: Candidate, sitting: Sitting) -> StartRanges:
    """Return the possible starts of the candidate in the sitting, the pin respected."""
    pin = candidate.pin
    starts = free_starts(candidate, sitting.start_min, sitting.end_min - candidate.duration_min)
    if pin is None:
        return starts
    is_kept = pin.sitting_id == sitting.id and any(low <= pin.start_min <= high for low, high in starts)
    return ((pin.start_min, pin.start_min),) if is_kept else ()


def least_unmet(candidate: Candidate, starts: StartRanges) -> int:
    """Return the least weight of wishes broken at any of the starts, each wish looked at by itself."""
    broken = 0
    for wish in candidate.wishes:
        if wish.is_avoided:
            first, last = wish.start_min - candidate.duration_min + 1, wish.end_min - 1
            can_meet = any(low < first or high > last for low, high in starts)
        else:
            first, last = wish.start_min, wish.end_min - candidate.duration_min
            can_meet = any(max(low, first) <= min(high, last) for low, high in starts)
        broken += 0 if can_meet else wish.weight
    return broken

"""Which sittings are all alike for whoever is heard: rooms of one window that accept the same."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scheduler.eligibility import Opening, overlaps
from scheduler.instance import Candidate


@dataclass(frozen=True)
class SittingKind:
    """Sittings that are all alike for whoever is heard; one with members stands alone."""

    opening_ids: tuple[int, ...]
    start_min: int
    end_min: int

    @property
    def capacity(self) -> int:
        """How many defences can take place at once."""
        return len(self.opening_ids)


def referenced_sittings(candidates: Iterable[Candidate], is_moved_counted: bool) -> frozenset[str]:
    """Return the sittings that some candidate means by name, which makes them unlike all others."""
    slots = [c.pin for c in candidates] + [c.published for c in candidates if is_moved_counted]
    return frozenset(slot.sitting_id for slot in slots if slot is not None)


def group_sittings(openings: Sequence[Opening], referenced: frozenset[str]) -> Iterable[SittingKind]:
    """Yield the kinds; what has members, is `referenced` or overlaps its panel's sittings stands alone."""
    by_panel: dict[str, list[Opening]] = defaultdict(list)
    for opening in openings:
        by_panel[opening.panel.id].append(opening)
    groups: Mapping[tuple[object, ...], list[int]] = defaultdict(list)
    for opening_id, opening in enumerate(openings):
        sitting = opening.sitting
        others = by_panel[opening.panel.id]
        is_single = opening.attending or sitting.id in referenced or _clashes(opening, others)
        key = (opening_id,) if is_single else (opening.panel.accepts, sitting.start_min, sitting.end_min)
        groups[key].append(opening_id)
    for ids in groups.values():
        sitting = openings[ids[0]].sitting
        yield SittingKind(tuple(ids), sitting.start_min, sitting.end_min)


def _clashes(opening: Opening, others: Iterable[Opening]) -> bool:
    return any(other is not opening and overlaps(opening.sitting, other.sitting) for other in others)

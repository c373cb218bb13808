"""What the round has for one category: its panels, and its sittings by the half-day they share."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from scheduler.eligibility import Opening, is_quorate
from scheduler.instance import Candidate, SchedulingInstance

Windows = dict[tuple[int, int], list[Opening]]
"""Sittings by start and end, as many share a half-day: what asks for the time only looks at each once."""


@dataclass(frozen=True)
class Offer:
    """What the round has for one category; worked out once, whoever asks."""

    instance: SchedulingInstance
    category: str
    openings: tuple[Opening, ...]
    closed_count: int

    @cached_property
    def panel_names(self) -> list[str]:
        """Names of the panels that hear the category, in the order of the instance."""
        return [panel.name for panel in self.instance.panels if panel.hears(self.category)]

    @cached_property
    def quorate(self) -> tuple[Opening, ...]:
        """Sittings in which enough members attend."""
        return tuple(item for item in self.openings if is_quorate(self.instance, len(item.attending)))

    @cached_property
    def _experts(self) -> frozenset[str]:
        return frozenset().union(*(item.attending for item in self.quorate))

    @cached_property
    def _windows(self) -> Windows:
        return _by_window(self.quorate)

    def hearing(self, candidate: Candidate) -> Windows:
        """Return the sittings in which enough members remain after recusal."""
        recused = candidate.recused_expert_ids
        if recused.isdisjoint(self._experts):
            return self._windows
        return _by_window(
            item
            for item in self.quorate
            if item.attending.isdisjoint(recused) or is_quorate(self.instance, len(item.attending - recused))
        )


def _by_window(openings: Iterable[Opening]) -> Windows:
    windows: Windows = {}
    for item in openings:
        windows.setdefault((item.sitting.start_min, item.sitting.end_min), []).append(item)
    return windows


def list_windows(windows: Windows) -> Iterator[Opening]:
    """Return the sittings one by one."""
    return (item for openings in windows.values() for item in openings)


def count_windows(windows: Windows) -> int:
    """Return how many sittings there are."""
    return sum(len(openings) for openings in windows.values())

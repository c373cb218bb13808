"""Experts, panels and their half-days as a centre writes them down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from defense.domain.vocabulary import Level


@dataclass(frozen=True)
class Period:
    """A stretch of time, aware, end not included."""

    start_at: datetime
    end_at: datetime

    def overlaps(self, other: Period) -> bool:
        """Whether the two share any moment."""
        return self.start_at < other.end_at and other.start_at < self.end_at


@dataclass(frozen=True)
class ExpertRecord:
    """One member of the expert pool (专家库)."""

    number: str
    name: str
    unit: str
    level: Level
    series: tuple[str, ...]
    specialties: tuple[str, ...]
    """Empty: every specialty of the series."""
    phone: str
    email: str
    unavailable: tuple[Period, ...]


@dataclass(frozen=True)
class PanelRecord:
    """One panel (答辩组): whom it hears, who sits on it, and the half-days on which it could sit."""

    name: str
    series: tuple[str, ...]
    levels: tuple[Level, ...]
    specialties: tuple[str, ...]
    """Empty: every specialty of the series."""
    member_numbers: tuple[str, ...]
    head_number: str
    secretary_name: str
    half_days: tuple[Period, ...]

"""The scheduler's ids and minutes of our rows and times, and back."""

from __future__ import annotations

from datetime import UTC, datetime

from defense.models import Application


def candidate_key(application_id: int) -> str:
    """The scheduler's id of a candidate. The letter keeps ids of different kinds apart in its messages."""
    return f"c{application_id}"


def expert_key(expert_id: int) -> str:
    """The scheduler's id of an expert."""
    return f"e{expert_id}"


def panel_key(panel_id: int) -> str:
    """The scheduler's id of a panel."""
    return f"p{panel_id}"


def half_day_key(half_day_id: int) -> str:
    """The scheduler's id of a panel's half-day."""
    return f"h{half_day_id}"


def row_id(key: str) -> int:
    """The row's id behind a scheduler's id."""
    return int(key[1:])


def to_minutes(at: datetime) -> int:
    """Minutes since the Unix epoch."""
    return int(at.timestamp()) // 60


def from_minutes(minutes: int) -> datetime:
    """The inverse of `to_minutes`, aware."""
    return datetime.fromtimestamp(minutes * 60, UTC)


def category_of(application: Application) -> str:
    """The scheduler's key for what a panel must hear: series, specialty and level."""
    return f"{application.series}|{application.specialty}|{application.level}"

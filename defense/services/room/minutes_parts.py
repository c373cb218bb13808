"""What the minutes of a sitting consist of, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from defense.domain.text import Text


@dataclass(frozen=True)
class Phase:
    """Something began or ended."""

    at: datetime
    text: Text


@dataclass(frozen=True)
class VotingRound:
    """One round of voting; `result` has its numbers only where it decided."""

    number: int
    status: str
    """`open`, `decided`, `invalid` or `broken_off`."""
    rule: Text
    secret: bool
    opened_at: datetime
    closed_at: datetime | None
    seats: int
    entitled: int
    present: int
    cast: int | None
    """None while the round is open."""
    result: dict[str, Any] | None
    why: Text | None
    """Why a round decided nothing."""
    replaced: bool
    """It decided, and the panel was to vote again: it no longer counts."""
    veto_reasons: tuple[tuple[str, int], ...]
    remarks: tuple[str, ...]
    named: tuple[tuple[str, str, int | None, str | None], ...]
    """Name, choice, points in tenths, reason of a veto."""


@dataclass(frozen=True)
class Break:
    """An interruption; without an end it still lasts."""

    start_at: datetime
    reason: str
    end_at: datetime | None
    decision: Text | None
    decision_reason: str


@dataclass(frozen=True)
class Pause:
    """The clock of a phase was stopped; without an end it still is."""

    start_at: datetime
    phase: str
    """The `DefenceState` that it was stopped in."""
    end_at: datetime | None


@dataclass(frozen=True)
class Recused:
    """A member who did not judge this candidate; with a time and a person where declared on the day."""

    name: str
    reason: str | Text
    at: datetime | None = None
    recorded_by: str | None = None


@dataclass(frozen=True)
class Request:
    """A request for a re-vote or a second defence, and what became of it."""

    kind: str
    cause: str
    reason: str
    asked_by: str
    asked_at: datetime
    granted: bool | None
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str


@dataclass(frozen=True)
class CandidateDetail:
    """What those may read who are not recused from the candidate."""

    series: str
    specialty: str
    level: str
    start_at: datetime
    end_at: datetime
    attempt: int
    effect: str
    phases: tuple[Phase, ...]
    rounds: tuple[VotingRound, ...]
    breaks: tuple[Break, ...]
    pauses: tuple[Pause, ...]
    recused: tuple[Recused, ...]
    requests: tuple[Request, ...]
    heard_again_by: Request | None
    """The request on which this second defence rests."""


@dataclass(frozen=True)
class CandidateMinutes:
    """One candidate; `detail` is None for a member recused from them."""

    defence_id: int
    number: int | None
    """序号; None for somebody who has a place in another sitting now."""
    name: str
    state: str
    outcome: str | None
    detail: CandidateDetail | None

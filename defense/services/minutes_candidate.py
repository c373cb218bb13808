"""One candidate's part of the minutes: phases, rounds of voting, breaks, recusals, requests to open again.

Source: voting.md "Secret mode … Named mode": of an open round nothing that depends on votes is told, of one
that decided nothing the turnout and why, and by name only what `results.named_ballots` gives this reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.lifecycle import DefenceState, Move
from defense.domain.text import Text
from defense.models import Account, AuditEntry, BallotRound, Defence, Expert, Reopening
from defense.services.access import Principal
from defense.services.attempts import SECOND_DEFENCE
from defense.services.recusals import BREAK_OFF_REASON, conflicts_of
from defense.services.results import deciding_round, named_ballots
from defense.services.rule_words import terms_text
from defense.services.sittings import BREAK_DECISION
from voting.rules import Absences, Rule

PHASE_TEXT = {
    "defence.check_in": Text("签到", "checked in"),
    "defence.call_in": Text("入场陈述", "called in"),
    "defence.begin_questions": Text("专家提问", "questions"),
    "defence.begin_discussion": Text("离场评议", "discussion"),
    "defence.step_back": Text("退回上一环节", "one step back"),
    "ballot.opened": Text("第 {number} 轮表决开始", "ballot {number} opened"),
    "ballot.closed": Text("第 {number} 轮表决结束", "ballot {number} closed"),
    "ballot.broken_off": Text("第 {number} 轮表决中止", "ballot {number} broken off"),
}
DECISION_TEXT = {
    "go_on": Text("恢复答辩", "the defence went on"),
    "other_time": Text("延期，另行安排", "postponed to another time"),
    "give_up": Text("申报人放弃", "withdrawn by the candidate"),
    "absent": Text("按缺席处理", "recorded as absent"),
    "cancelled": Text("取消答辩", "cancelled"),
}
BREAK_ACTIONS = tuple(f"defence.{move}" for move in (Move.INTERRUPT, *BREAK_DECISION))
RECUSAL_ACTION = "recusal.declared"
_FEW = Text("已投 {cast} 票，少于规定的 {needed} 票", "{cast} ballots, fewer than the {needed} required")
_MISSING = Text("应到成员有人未投票", "an entitled member's ballot was missing")
_NO_RESULT = Text("依表决规则未形成有效结果", "no valid result under the rule")


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


def candidate_minutes(
    session: Session,
    principal: Principal,
    defence: Defence,
    number: int | None,
    entries: Sequence[AuditEntry],
) -> CandidateMinutes:
    """One candidate as this reader may know it.

    Parameters
    ----------
    number : None if the defence was postponed and now has a place in another sitting.
    entries : the sitting's chain, in order.
    """
    members = [member.expert for member in entries_sitting_members(defence)]
    conflicts = conflicts_of(session, defence.application, members)
    here = number is not None
    detail = None
    if principal.expert_id is None or principal.expert_id not in conflicts:
        own = [e for e in entries if e.subject == f"defence:{defence.id}"]
        detail = _detail(session, principal, defence, own, _recused(session, defence, conflicts, entries), here)
    return CandidateMinutes(
        defence.id,
        number,
        defence.application.name,
        defence.state if here else DefenceState.POSTPONED,
        defence.outcome if here else None,
        detail,
    )

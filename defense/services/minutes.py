"""The minutes of a sitting (会议记录): who sat, what happened to each candidate, and what vouches for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.lifecycle import Move
from defense.models import AuditEntry, AuditHead, Defence, Round, Seal, Sitting
from defense.services.access import Principal
from defense.services.audit import sitting_chain
from defense.services.minutes_candidate import RECUSAL_ACTION, account_name, candidate_minutes
from defense.services.minutes_parts import CandidateMinutes
from defense.services.sittings import heard_in_order

NOTABLE_MOVES = {f"defence.{m}": m for m in (Move.POSTPONE, Move.MARK_ABSENT, Move.WAIVE, Move.CANCEL)}


@dataclass(frozen=True)
class MemberMinutes:
    """A member of the panel; `present` is None before the first ballot that they could vote in."""

    name: str
    unit: str
    is_head: bool
    present: bool | None


@dataclass(frozen=True)
class Incident:
    """A defence that was not held, or not finished, in this sitting."""

    number: int | None
    name: str
    move: Move
    at: datetime
    reason: str | None
    """None for a member recused from this candidate."""
    recorded_by: str | None


@dataclass(frozen=True)
class ChainHead:
    """Number and digest of the newest entry of the sitting's chain."""

    chain: str
    seq: int
    digest: str

    @property
    def check(self) -> str:
        """The command that checks the log against this head."""
        return f"flask verify-audit --head {self.chain}:{self.seq}:{self.digest}"


@dataclass(frozen=True)
class SealMinutes:
    """The supervisor's seal."""

    sealed_by: str
    sealed_at: datetime
    signature: str
    public_key: str


@dataclass(frozen=True)
class Minutes:
    """What the minutes say to one reader."""

    sitting_id: int
    round_code: str
    panel: str
    start_at: datetime
    end_at: datetime
    secretary: str | None
    members: tuple[MemberMinutes, ...]
    candidates: tuple[CandidateMinutes, ...]
    incidents: tuple[Incident, ...]
    voting: bool
    """A ballot is open: this is a draft."""
    head: ChainHead | None
    """None while nothing has happened, and while a ballot is open: every ballot moves it."""
    seal: SealMinutes | None


def minutes_of(session: Session, principal: Principal, sitting: Sitting) -> Minutes:
    """The minutes as they stand, for somebody with a place in the sitting's room (`require_watcher`).

    A member recused from a candidate reads of them the outcome and no more.
    """
    # Read before the entries: these then hold at least what the head vouches for.
    head = session.get(AuditHead, sitting_chain(sitting.id), populate_existing=True)
    entries = _entries(session, sitting)
    candidates = _candidates(session, principal, sitting, entries)
    voting = any(r.closed_at is None for d in sitting.defences for r in d.ballot_rounds)
    secretary = sitting.panel.secretary
    return Minutes(
        sitting.id,
        session.get_one(Round, sitting.round_id).code,
        sitting.panel.name,
        sitting.start_at,
        sitting.end_at,
        secretary.display_name if secretary else None,
        _members(sitting),
        candidates,
        _incidents(session, candidates, entries),
        voting,
        ChainHead(head.chain, head.seq, head.digest) if head and not voting else None,
        _seal(session, sitting),
    )


def _entries(session: Session, sitting: Sitting) -> Sequence[AuditEntry]:
    """The sitting's chain but for what came with every single ballot."""
    return session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.chain == sitting_chain(sitting.id),
            AuditEntry.action.startswith("defence.")
            | AuditEntry.action.in_(("ballot.opened", "ballot.closed", "ballot.broken_off", RECUSAL_ACTION)),
        )
        .order_by(AuditEntry.seq)
    ).all()


def _candidates(
    session: Session, principal: Principal, sitting: Sitting, entries: Sequence[AuditEntry]
) -> tuple[CandidateMinutes, ...]:
    """Those of the sitting in their order, then those who were postponed and have a place elsewhere now."""
    order = heard_in_order(sitting)
    here = {d.id for d in order}
    postponed = {e.subject for e in entries if e.action == f"defence.{Move.POSTPONE}"}
    away = sorted({int(subject.split(":")[1]) for subject in postponed} - here)
    numbered: list[tuple[int | None, Defence]] = list(enumerate(order, 1))
    numbered += [(None, session.get_one(Defence, id_)) for id_ in away]
    return tuple(candidate_minutes(session, principal, sitting, d, n, entries) for n, d in numbered)


def _members(sitting: Sitting) -> tuple[MemberMinutes, ...]:
    """Present is who was in the room when a ballot opened, or voted in one that is closed."""
    voters = [(r, v) for d in sitting.defences for r in d.ballot_rounds for v in r.voters]
    asked = {v.expert_id for _round, v in voters}
    present = {v.expert_id for r, v in voters if v.present or (r.closed_at and v.receipt)}
    return tuple(
        MemberMinutes(
            m.expert.name, m.expert.unit, m.is_head, m.expert_id in present if m.expert_id in asked else None
        )
        for m in sitting.members
    )


def _incidents(
    session: Session, candidates: Sequence[CandidateMinutes], entries: Sequence[AuditEntry]
) -> tuple[Incident, ...]:
    by_subject = {f"defence:{c.defence_id}": c for c in candidates}
    return tuple(
        Incident(
            candidate.number,
            candidate.name,
            NOTABLE_MOVES[entry.action],
            entry.at,
            entry.detail.get("reason", "") if candidate.detail else None,
            account_name(session, entry.account_id),
        )
        for entry in entries
        if entry.action in NOTABLE_MOVES and (candidate := by_subject.get(entry.subject))
    )


def _seal(session: Session, sitting: Sitting) -> SealMinutes | None:
    seal = session.get(Seal, sitting.id)
    if seal is None:
        return None
    return SealMinutes(seal.sealed_by.display_name, seal.sealed_at, seal.signature, seal.public_key)

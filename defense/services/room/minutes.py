"""The minutes of a sitting (会议记录): who sat, what happened to each candidate, and what vouches for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.lifecycle import FINAL_STATES, UNSEATED_STATES, Move
from defense.models import AuditEntry, AuditHead, Defence, Round, Seal, Sitting
from defense.models.audit import MAIN_CHAIN
from defense.services.access import Principal
from defense.services.audit import sitting_chain
from defense.services.room.minutes_candidate import (
    CLOCK_ACTIONS,
    RECUSAL_ACTION,
    account_name,
    candidate_minutes,
)
from defense.services.room.minutes_parts import CandidateMinutes
from defense.services.room.seal_check import SITTING_SEALED
from defense.services.room.sittings import heard_in_order

BALLOT_ACTIONS = ("ballot.opened", "ballot.closed", "ballot.broken_off")
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
    """Number and digest of an entry with which a chain ends, or ended when it was printed."""

    chain: str
    seq: int
    digest: str

    @property
    def option(self) -> str:
        """How the two verifiers take it."""
        return f"--head {self.chain}:{self.seq}:{self.digest}"


@dataclass(frozen=True)
class SealMinutes:
    """The supervisor's seal."""

    sealed_by: str
    sealed_at: datetime
    signature: str
    public_key: str
    entry: ChainHead | None
    """The main chain's entry about the seal: with it on paper nobody takes the seal away unnoticed."""


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
    waiting: tuple[CandidateMinutes, ...]
    """Those whose defence is not over yet."""
    voting: bool
    """A ballot is open: this is a draft."""
    head: ChainHead | None
    """None while nothing has happened, and while a ballot is open: every ballot moves it."""
    seal: SealMinutes | None

    @property
    def check(self) -> str:
        """The command that checks the log against what is printed here."""
        heads = [self.head, self.seal.entry if self.seal else None]
        return " ".join(["flask verify-audit", *(head.option for head in heads if head)])


def minutes_of(session: Session, principal: Principal, sitting: Sitting) -> Minutes:
    """The minutes as they stand, for somebody with a place in the sitting's room (`require_watcher`).

    A member recused from a candidate reads of them the outcome and no more. The caller's transaction sees one
    moment of the database (`begin_snapshot`), so that the head vouches for what is printed above it.
    """
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
        tuple(c for c in candidates if c.state not in FINAL_STATES | UNSEATED_STATES),
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
            | AuditEntry.action.in_((*BALLOT_ACTIONS, *CLOCK_ACTIONS, RECUSAL_ACTION)),
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
    entry = session.scalar(
        select(AuditEntry).where(
            AuditEntry.chain == MAIN_CHAIN,
            AuditEntry.subject == sitting_chain(sitting.id),
            AuditEntry.action == SITTING_SEALED,
        )
    )
    return SealMinutes(
        seal.sealed_by.display_name,
        seal.sealed_at,
        seal.signature,
        seal.public_key,
        ChainHead(MAIN_CHAIN, entry.seq, entry.digest) if entry else None,
    )

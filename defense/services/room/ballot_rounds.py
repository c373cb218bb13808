"""Rounds of voting after they are open: reminding, closing, breaking off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import Conflict, NotFound
from defense.domain.lifecycle import DefenceState, Move
from defense.domain.result import Outcome
from defense.domain.text import Text
from defense.models import Account, BallotRound, Defence, Voter
from defense.models.types import utc_now
from defense.services.access import Principal
from defense.services.room.ballot_box import count_and_unseal
from defense.services.room.sittings import apply_move, conducted_sitting, record_day
from defense.services.upstream.telling import tell_result
from voting.rules import Verdict

NUDGE_PAUSE = timedelta(seconds=10)
"""A member is not reminded more often than this."""


@dataclass(frozen=True)
class Nudged:
    """Whom to tell, after the commit, that their ballot is missing."""

    sitting_id: int
    account_ids: tuple[int, ...]


def close_ballot(
    session: Session, principal: Principal, ballot_round_id: str, ballot_key: bytes
) -> BallotRound:
    """Close a round: open, count, decide, store and audit in the caller's one transaction.

    Only somebody who conducts the sitting closes a round, early if they like: no vote does, and a veto least
    of all.

    Parameters
    ----------
    ballot_key : what the envelopes were sealed with.

    Raises
    ------
    Conflict
        The round is closed already.
    NotFound, Forbidden, IllegalState
        No such round, not this person's to close; the ballots were tampered with.
    """
    ballot_round = _conducted_round(session, principal, ballot_round_id)
    defence = ballot_round.defence
    tally = count_and_unseal(session, ballot_key, ballot_round)
    decided = tally.verdict is not Verdict.INVALID
    apply_move(defence, Move.CLOSE_BALLOT if decided else Move.VOID_BALLOT)
    now = utc_now()
    ballot_round.tally = tally.to_json()
    ballot_round.closed_at, ballot_round.closed_by_id = now, principal.account_id
    if decided:
        defence.outcome, defence.decided_at = Outcome(tally.verdict.value), now
    record_day(
        session,
        principal,
        "ballot.closed",
        defence,
        {"ballot_round": ballot_round.id, "terms": ballot_round.terms, "tally": ballot_round.tally},
    )
    tell_result(session, defence.application)
    return ballot_round


def break_off(
    session: Session, principal: Principal, defence: Defence, reason: str, ballot_key: bytes
) -> None:
    """End the open round of a defence, whose sitting is locked, without a result; the panel votes anew.

    Its ballots are opened into shuffled rows like those of any round and are never shown: as envelopes they
    could still be joined to their voters by whoever has both the database of today and the key.
    """
    if defence.state != DefenceState.VOTING:
        return
    ballot_round = defence.ballot_rounds[-1]
    counts = count_and_unseal(session, ballot_key, ballot_round).counts
    ballot_round.tally = {
        "verdict": Verdict.INVALID.value,
        "entitled": counts.entitled,
        "cast": counts.cast,
    }
    ballot_round.void_reason = reason
    ballot_round.closed_at, ballot_round.closed_by_id = utc_now(), principal.account_id
    apply_move(defence, Move.VOID_BALLOT)
    record_day(
        session,
        principal,
        "ballot.broken_off",
        defence,
        {"ballot_round": ballot_round.id, "tally": ballot_round.tally, "reason": reason},
    )


def nudge_members(
    session: Session, principal: Principal, ballot_round_id: str, expert_id: int | None = None
) -> Nudged:
    """Remind members who have not voted, the named one or all; whoever was just reminded is left alone.

    Raises
    ------
    NotFound, Forbidden, Conflict
        No such round; not this person's to conduct; the round is closed.
    """
    ballot_round = _conducted_round(session, principal, ballot_round_id)
    now, defence = utc_now(), ballot_round.defence
    missing = [
        voter
        for voter in ballot_round.voters
        if voter.receipt is None
        and expert_id in (None, voter.expert_id)
        and (voter.nudged_at is None or now - voter.nudged_at >= NUDGE_PAUSE)
    ]
    if not missing:
        return Nudged(defence.sitting_id, ())
    for voter in missing:
        voter.nudged_at = now
    defence.sitting.seq += 1
    experts = [voter.expert_id for voter in missing]
    record_day(
        session,
        principal,
        "ballot.nudged",
        defence,
        {"ballot_round": ballot_round.id, "experts": experts},
    )
    accounts = session.scalars(select(Account.id).where(Account.expert_id.in_(experts)))
    return Nudged(defence.sitting_id, tuple(accounts))


def _conducted_round(session: Session, principal: Principal, ballot_round_id: str) -> BallotRound:
    """An open round of a sitting that this person conducts; the sitting is locked, then the round read."""
    sitting_id = session.scalar(
        select(Defence.sitting_id).join(BallotRound).where(BallotRound.id == ballot_round_id)
    )
    if sitting_id is None:
        raise NotFound(Text("没有这一轮表决。", "There is no such round of voting."))
    conducted_sitting(session, principal, sitting_id)
    ballot_round = session.get_one(BallotRound, ballot_round_id, populate_existing=True)
    session.refresh(ballot_round.defence)
    if ballot_round.closed_at is not None:
        raise Conflict(Text("这一轮表决已经结束。", "This round of voting is closed already."))
    _read_voters_anew(session, ballot_round)
    return ballot_round


def _read_voters_anew(session: Session, ballot_round: BallotRound) -> None:
    of_round = select(Voter).where(Voter.ballot_round_id == ballot_round.id)
    session.scalars(of_round.execution_options(populate_existing=True)).all()

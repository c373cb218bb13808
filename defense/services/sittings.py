"""The day of a sitting: who may do what in it, the moves of a defence, opening and closing ballots."""

from __future__ import annotations

import random

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from defense.domain.errors import Conflict, Forbidden, IllegalState, InvalidInput, NotFound
from defense.domain.lifecycle import LIVE_STATES, DefenceState, Move, next_state
from defense.domain.result import Outcome
from defense.domain.text import Text
from defense.models import Ballot, BallotRound, Defence, Round, Sitting, SittingMember, Voter
from defense.models.types import MAX_ROW_ID, random_id, utc_now
from defense.services.access import Principal, Role
from defense.services.audit import record_audit
from defense.services.recusals import conflicts_of
from voting.rules import RULE_VERSION, Choice, Verdict
from voting.tally import CastBallot, Tally, tally_ballots

OUTCOME_OF_MOVE = {
    Move.MARK_ABSENT: Outcome.ABSENT,
    Move.WAIVE: Outcome.WAIVED,
    Move.CANCEL: Outcome.CANCELLED,
}
CONDUCT_MOVES = (Move.CALL_IN, Move.INTERRUPT, Move.RESUME, *OUTCOME_OF_MOVE)
REASONED_MOVES = frozenset({Move.INTERRUPT, *OUTCOME_OF_MOVE})
"""domain.md "The day": what was decided about a break or an absence is recorded with its reason."""
MAX_REASON_LENGTH = 200


def require_watcher(session: Session, principal: Principal, sitting_id: int) -> Sitting:
    """The sitting, for somebody with a place in its room.

    Raises
    ------
    NotFound
        There is no such sitting, or this person has no place in it: which of the two is not told.
    """
    sitting = session.get(Sitting, sitting_id) if abs(sitting_id) <= MAX_ROW_ID else None
    if sitting is None or sitting.cancelled or not may_watch(session, principal, sitting):
        raise NotFound(
            Text("没有这场答辩，或您不在该答辩组。", "No such sitting, or you are not part of it.")
        )
    return sitting


def may_watch(session: Session, principal: Principal, sitting: Sitting) -> bool:
    """Staff and supervisors watch every sitting, a secretary their panel's, an expert their own."""
    if principal.role is Role.EXPERT:
        seat = exists().where(
            SittingMember.sitting_id == sitting.id, SittingMember.expert_id == principal.expert_id
        )
        return bool(session.scalar(select(seat)))
    return principal.role is Role.SUPERVISOR or may_conduct(principal, sitting)


def may_conduct(principal: Principal, sitting: Sitting) -> bool:
    """The panel's secretary conducts; staff stand in."""
    own_panel = principal.role is Role.SECRETARY and sitting.panel.secretary_id == principal.account_id
    return own_panel or principal.role is Role.STAFF


def heard_in_order(sitting: Sitting) -> list[Defence]:
    """The defences of a sitting as they are heard; who was taken out of the timetable is not among them."""
    return [d for d in sitting.defences if d.state != DefenceState.REMOVED]


def move_defence(
    session: Session, principal: Principal, defence_id: int, move: Move, reason: str = ""
) -> Defence:
    """Carry out one of `CONDUCT_MOVES` on a defence.

    Parameters
    ----------
    reason : why, in the secretary's words; needed for `REASONED_MOVES` and kept in the audit log.

    Raises
    ------
    InvalidInput
        The reason is missing or too long.
    NotFound, Forbidden, IllegalState
        No such defence, not this person's to conduct, or not possible from its present state.
    """
    defence = _conducted_defence(session, principal, defence_id)
    reason = reason.strip()
    if (move in REASONED_MOVES and not reason) or len(reason) > MAX_REASON_LENGTH:
        raise InvalidInput(
            Text(
                f"请填写原因（不超过 {MAX_REASON_LENGTH} 字）。",
                f"Give the reason, in at most {MAX_REASON_LENGTH} characters.",
            )
        )
    if move in (Move.CALL_IN, Move.RESUME):
        _require_room_free(session, defence)
    _apply(defence, move)
    if outcome := OUTCOME_OF_MOVE.get(move):
        defence.outcome, defence.decided_at = outcome, utc_now()
    record_audit(
        session,
        f"defence.{move}",
        f"defence:{defence.id}",
        {"application": defence.application_id, "state": defence.state, "reason": reason},
        principal.account_id,
    )
    return defence


def open_ballot(session: Session, principal: Principal, defence_id: int) -> BallotRound:
    """Open a round of voting: its rule and the members entitled to vote are fixed from here on."""
    defence = _conducted_defence(session, principal, defence_id)
    _apply(defence, Move.OPEN_BALLOT)
    # Locked, so that the settings of the vote cannot change while they are being frozen.
    round_ = session.get_one(
        Round, defence.application.round_id, with_for_update=True, populate_existing=True
    )
    rules = round_.rules.defence
    entitled = entitled_members(session, defence)
    if len(entitled) < rules.min_panel_size:
        raise IllegalState(
            Text(
                f"回避后仅剩 {len(entitled)} 名专家，少于 {rules.min_panel_size} 名，不能表决。"
                "请更换专家或改期。",
                f"Only {len(entitled)} experts remain after recusal, fewer than {rules.min_panel_size}: "
                "replace an expert or move the defence.",
            )
        )
    round_.rules_frozen_at = round_.rules_frozen_at or utc_now()
    ballot_round = BallotRound(
        id=random_id(),
        defence_id=defence.id,
        number=len(defence.ballot_rounds) + 1,
        rule=rules.panel_rule,
        rule_version=RULE_VERSION,
        effect=rules.effect,
        quorum=rules.min_panel_size,
        secret=rules.secret_ballots,
        veto_reasons=list(rules.veto_reasons),
        opened_by_id=principal.account_id,
    )
    session.add(ballot_round)
    session.flush()
    session.add_all(Voter(ballot_round_id=ballot_round.id, expert_id=expert_id) for expert_id in entitled)
    record_audit(
        session,
        "ballot.opened",
        f"defence:{defence.id}",
        {
            "ballot_round": ballot_round.id,
            "number": ballot_round.number,
            "rule": ballot_round.rule,
            "effect": ballot_round.effect,
            "secret": ballot_round.secret,
            "entitled": len(entitled),
        },
        principal.account_id,
    )
    return ballot_round


def close_ballot(session: Session, principal: Principal, ballot_round_id: str) -> BallotRound:
    """Close a round: read, count, decide, store and audit in the caller's one transaction.

    Raises
    ------
    Conflict
        The round is closed already.
    """
    ballot_round = lock_ballot_round(session, ballot_round_id)
    defence = _conducted_defence(session, principal, ballot_round.defence_id)
    if ballot_round.closed_at is not None:
        raise Conflict(Text("这一轮表决已经结束。", "This round of voting is closed already."))
    tally = _count(session, ballot_round)
    decided = tally.verdict is not Verdict.INVALID
    _apply(defence, Move.CLOSE_BALLOT if decided else Move.VOID_BALLOT)
    if ballot_round.secret:
        _shuffle_ballots(session, ballot_round)
    now = utc_now()
    ballot_round.tally = tally.to_json()
    ballot_round.closed_at, ballot_round.closed_by_id = now, principal.account_id
    if decided:
        defence.outcome, defence.decided_at = Outcome(tally.verdict.value), now
    record_audit(
        session,
        "ballot.closed",
        f"defence:{defence.id}",
        {"ballot_round": ballot_round.id, "rule": ballot_round.rule, "tally": ballot_round.tally},
        principal.account_id,
    )
    return ballot_round


def lock_ballot_round(session: Session, ballot_round_id: str) -> BallotRound:
    """The round, locked until the caller's commit: a vote and the closing never overtake each other."""
    ballot_round = session.scalar(
        select(BallotRound)
        .where(BallotRound.id == ballot_round_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if ballot_round is None:
        raise NotFound(Text("没有这一轮表决。", "There is no such round of voting."))
    return ballot_round


def entitled_members(session: Session, defence: Defence) -> list[int]:
    """Ids of the attending experts who may vote on this candidate: all but the recused."""
    members = [member.expert for member in defence.sitting.members]
    conflicts = conflicts_of(session, defence.application, members)
    return sorted(expert.id for expert in members if expert.id not in conflicts)


def _conducted_defence(session: Session, principal: Principal, defence_id: int) -> Defence:
    defence = session.get(Defence, defence_id) if abs(defence_id) <= MAX_ROW_ID else None
    if defence is None or not may_watch(session, principal, defence.sitting):
        raise NotFound(Text("没有这场答辩。", "There is no such defence."))
    if not may_conduct(principal, defence.sitting):
        raise Forbidden(Text("只有本组秘书可以操作。", "Only the secretary of this panel may do that."))
    # One secretary and one stand-in may click at the same moment; the sitting's row orders them.
    session.refresh(defence.sitting, with_for_update=True)
    session.refresh(defence)
    return defence


def _require_room_free(session: Session, defence: Defence) -> None:
    busy = session.scalar(
        select(Defence.id).where(
            Defence.sitting_id == defence.sitting_id,
            Defence.id != defence.id,
            Defence.state.in_(LIVE_STATES),
        )
    )
    if busy is not None:
        raise IllegalState(
            Text(
                "上一位答辩人尚未结束，请先完成表决。",
                "The candidate before is not finished; close that vote first.",
            )
        )


def _apply(defence: Defence, move: Move) -> None:
    defence.state = next_state(DefenceState(defence.state), move)
    defence.sitting.seq += 1


def _count(session: Session, ballot_round: BallotRound) -> Tally:
    ballots = session.scalars(select(Ballot).where(Ballot.ballot_round_id == ballot_round.id)).all()
    receipts = sum(voter.receipt is not None for voter in ballot_round.voters)
    if len(ballots) != receipts:
        raise IllegalState(
            Text(
                f"表决票 {len(ballots)} 张与回执 {receipts} 份不符，数据可能被改动，不能结束表决。"
                "请保持现状并联系技术支持。",
                f"{len(ballots)} ballots but {receipts} receipts: somebody tampered with the data. "
                "The ballot stays open; change nothing and call technical support.",
            )
        )
    cast = [CastBallot(Choice(b.choice), b.veto_reason, b.comment) for b in ballots]
    return tally_ballots(ballot_round.rule, len(ballot_round.voters), ballot_round.quorum, cast)


def _shuffle_ballots(session: Session, ballot_round: BallotRound) -> None:
    """Write the ballots anew under new ids, so that no trace of arrival in the file joins them to voters."""
    ballots = session.scalars(select(Ballot).where(Ballot.ballot_round_id == ballot_round.id)).all()
    copies = [(b.choice, b.veto_reason, b.comment) for b in ballots]
    session.execute(delete(Ballot).where(Ballot.ballot_round_id == ballot_round.id))
    fresh_ids = sorted(random_id() for _ in copies)
    random.SystemRandom().shuffle(copies)
    session.add_all(
        Ballot(
            id=ballot_id,
            ballot_round_id=ballot_round.id,
            choice=choice,
            veto_reason=reason,
            comment=comment,
        )
        for ballot_id, (choice, reason, comment) in zip(fresh_ids, copies, strict=True)
    )
    session.flush()

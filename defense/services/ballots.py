"""The desk of the voting room: `voting.room.BallotDesk` on the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from defense.domain.errors import Conflict, Forbidden, InvalidInput
from defense.domain.text import Text
from defense.models import Ballot, BallotRound, Sitting, Voter
from defense.models.types import random_id
from defense.services.access import Principal, Role, principal_of
from defense.services.audit import record_audit
from defense.services.sittings import lock_ballot_round, require_watcher
from defense.services.transaction import begin_write
from voting.room import BallotRequest, Receipt, Snapshot, ballot_receipt
from voting.rules import Choice


class DatabaseBallotDesk:
    """One call, one transaction: the desk is the outermost caller and commits itself."""

    def __init__(self, current_session: Callable[[], Session]) -> None:
        self._current_session = current_session

    def enter(self, sign_in_id: str, sitting_id: int) -> Snapshot:
        """The snapshot of a sitting for this person."""
        session = self._current_session()
        try:
            principal = _require_principal(session, sign_in_id)
            sitting = require_watcher(session, principal, sitting_id)
            return Snapshot(sitting.seq, shared_view(session, sitting), own_view(sitting, principal))
        finally:
            session.rollback()

    def shared_snapshot(self, sitting_id: int) -> dict[str, Any]:
        """What everyone in the room may see, with its number."""
        session = self._current_session()
        try:
            sitting = session.get_one(Sitting, sitting_id)
            return {"seq": sitting.seq, "shared": shared_view(session, sitting)}
        finally:
            session.rollback()

    def cast_ballot(self, sign_in_id: str, request: BallotRequest) -> Receipt:
        """Store a ballot and return only when it is on disk."""
        session = self._current_session()
        begin_write(session)
        try:
            receipt = cast_ballot(session, _require_principal(session, sign_in_id), request)
            session.commit()
        except BaseException:
            session.rollback()
            raise
        return receipt


def cast_ballot(session: Session, principal: Principal, request: BallotRequest) -> Receipt:
    """Put one ballot into an open round, in the caller's transaction.

    The same ballot sent again gets the same receipt, before and after closing: its answer may have been
    lost on the way.

    Raises
    ------
    Forbidden
        This person is not entitled to vote in this round.
    Conflict
        Another ballot of this person stands, or the round is closed.
    InvalidInput
        A veto without one of the reasons of the round.
    """
    ballot_round = lock_ballot_round(session, request.ballot_round_id)
    voter = session.get(Voter, (ballot_round.id, principal.expert_id)) if principal.expert_id else None
    if voter is None:
        raise Forbidden(
            Text(
                "您不参加这一轮表决（未列席或已回避）。",
                "You have no vote in this round (absent or recused).",
            )
        )
    receipt = Receipt(ballot_receipt(request, voter.expert_id), ballot_round.defence.sitting_id)
    if voter.receipt is not None:
        if voter.receipt == receipt.receipt:
            return receipt
        raise Conflict(Text("您的表决票已经记录，不能更改。", "Your ballot has been recorded and stands."))
    if ballot_round.closed_at is not None:
        raise Conflict(
            Text("这一轮表决已经结束，您的票未被计入。", "This round is closed; your ballot was not counted.")
        )
    _check_reason(ballot_round, request)
    voter.receipt = receipt.receipt
    session.add(
        Ballot(
            id=random_id(),
            ballot_round_id=ballot_round.id,
            choice=request.choice,
            veto_reason=request.veto_reason,
            comment=request.comment,
            expert_id=None if ballot_round.secret else voter.expert_id,
        )
    )
    # In SQL, since a move of another defence in this sitting may count up at the same moment.
    ballot_round.defence.sitting.seq = Sitting.seq + 1
    record_audit(
        session,
        "ballot.cast",
        f"defence:{ballot_round.defence_id}",
        {"ballot_round": ballot_round.id},
        principal.account_id,
    )
    return receipt


def _check_reason(ballot_round: BallotRound, request: BallotRequest) -> None:
    if request.choice is Choice.VETO and request.veto_reason not in ballot_round.veto_reasons:
        raise InvalidInput(Text("投否决票须从列表中选择原因。", "A veto needs a reason from the list."))


def shared_view(session: Session, sitting: Sitting) -> dict[str, Any]:
    """What everyone in the room may see: states, how many have voted, and results of closed votes."""
    return {
        "sitting_id": sitting.id,
        "defences": [
            {
                "id": defence.id,
                "state": defence.state,
                "outcome": defence.outcome,
                "tally": _last_tally(defence),
            }
            for defence in sitting.defences
        ],
        "ballot": _open_ballot_view(session, sitting),
    }


def own_view(sitting: Sitting, principal: Principal) -> dict[str, Any]:
    """What concerns this person only: whether they may vote now, and that they did."""
    if principal.role is not Role.EXPERT:
        return {"may_vote": False, "receipt": None}
    ballot_round = open_ballot_round(sitting)
    voters = ballot_round.voters if ballot_round else []
    mine = next((voter for voter in voters if voter.expert_id == principal.expert_id), None)
    return {"may_vote": mine is not None, "receipt": mine.receipt if mine else None}


def open_ballot_round(sitting: Sitting) -> BallotRound | None:
    """The round that is open in this sitting now."""
    voting = (defence for defence in sitting.defences if defence.state == "voting")
    return next((defence.ballot_rounds[-1] for defence in voting), None)


def _open_ballot_view(session: Session, sitting: Sitting) -> dict[str, Any] | None:
    ballot_round = open_ballot_round(sitting)
    if ballot_round is None:
        return None
    entitled, voted = session.execute(
        select(func.count(), func.count(Voter.receipt)).where(Voter.ballot_round_id == ballot_round.id)
    ).one()
    return {
        "id": ballot_round.id,
        "defence_id": ballot_round.defence_id,
        "number": ballot_round.number,
        "entitled": entitled,
        "voted": voted,
    }


def _last_tally(defence: Any) -> dict[str, Any] | None:
    """The numbers of the newest closed round; its reasons and comments are on the record's page."""
    tallies = [round_.tally for round_ in defence.ballot_rounds if round_.tally]
    if not tallies:
        return None
    return {k: v for k, v in tallies[-1].items() if k not in ("veto_reasons", "comments")}


def _require_principal(session: Session, sign_in_id: str) -> Principal:
    principal = principal_of(session, sign_in_id)
    if principal is None:
        raise Forbidden(Text("登录已失效，请重新打开您的链接。", "You are signed out; open your link again."))
    return principal

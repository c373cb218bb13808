"""Putting ballots into open rounds: one transaction for all that are waiting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, insert, select, update
from sqlalchemy.orm import Session

from defense.domain.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound
from defense.domain.text import Text
from defense.models import BallotEnvelope, BallotRound, Defence, Sitting, Voter
from defense.models.types import random_id, table_of
from defense.services.access import Principal, Role, principals_of
from defense.services.audit import AuditRecord, append_audit, sitting_chain
from defense.services.room.ballot_box import seal_ballot
from voting.room import BallotRequest, Receipt, ballot_receipt
from voting.rules import Choice, Rule, choices_of
from voting.tally import CastBallot

SIGNED_OUT = Text("登录已失效，请重新打开您的链接。", "You are signed out; open your link again.")

# Statements are built once: for a single ballot their building took longer than their execution.
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_LOCK_SITTINGS = (
    select(Sitting.id)
    .where(
        Sitting.id.in_(
            select(Defence.sitting_id)
            .join(BallotRound, BallotRound.defence_id == Defence.id)
            .where(BallotRound.id.in_(_IDS))
        )
    )
    .order_by(Sitting.id)
    .with_for_update()
)
_ROUNDS = (
    select(
        BallotRound.id,
        BallotRound.defence_id,
        BallotRound.closed_at,
        BallotRound.secret,
        BallotRound.terms,
        BallotRound.veto_reasons,
        Defence.sitting_id,
    )
    .join(Defence, Defence.id == BallotRound.defence_id)
    .where(BallotRound.id.in_(_IDS))
)
_VOTERS = select(Voter.ballot_round_id, Voter.expert_id, Voter.receipt).where(Voter.ballot_round_id.in_(_IDS))
_RECORD_RECEIPT = (
    update(table_of(Voter))
    .where(
        Voter.ballot_round_id == bindparam("of_round"),
        Voter.expert_id == bindparam("of_expert"),
        Voter.receipt.is_(None),
    )
    .values(receipt=bindparam("new_receipt"))
)
_ADD_ENVELOPES = insert(table_of(BallotEnvelope))
_COUNT_UP = update(table_of(Sitting)).where(Sitting.id.in_(_IDS)).values(seq=Sitting.seq + 1)


@dataclass
class _OpenRound:
    """A round that ballots of this transaction are for, and the receipts of its voters so far."""

    row: Row[Any]
    """Of `_ROUNDS`."""
    choices: tuple[Choice, ...]
    receipts: dict[int, str | None]


def cast_ballots(
    session: Session, ballot_key: bytes, requests: Sequence[tuple[str, BallotRequest]]
) -> list[Receipt | DomainError]:
    """Put ballots into their rounds, in the caller's write transaction.

    The same ballot sent again gets the same receipt, before and after closing: its answer may have been
    lost on the way. The sittings' rows are locked first, in the order of their ids, as everybody does who
    touches a sitting's day: no ballot falls between the reading and the closing of its round.

    Parameters
    ----------
    ballot_key : what envelopes are sealed with.
    requests : sign-in and ballot of each.

    Returns
    -------
    For each request its receipt, or why it was refused: `Forbidden` (not entitled, signed out),
    `Conflict` (another ballot stands, or the round is closed), `InvalidInput` (not a choice of the
    round's rule, a veto without one of its reasons), `NotFound`.
    """
    rounds = _lock_rounds(session, {request.ballot_round_id for _, request in requests})
    principals = principals_of(session, {sign_in_id for sign_in_id, _ in requests})
    new = _NewBallots(ballot_key)
    answers: list[Receipt | DomainError] = []
    for sign_in_id, request in requests:
        try:
            answers.append(new.cast(principals.get(sign_in_id), rounds.get(request.ballot_round_id), request))
        except DomainError as error:
            answers.append(error)
    new.store(session)
    return answers


class _NewBallots:
    """The rows that a transaction will write."""

    def __init__(self, ballot_key: bytes) -> None:
        self._key = ballot_key
        self._receipts: list[dict[str, object]] = []
        self._envelopes: list[dict[str, object]] = []
        self._audit: dict[int, list[AuditRecord]] = defaultdict(list)

    def cast(
        self, principal: Principal | None, ballot_round: _OpenRound | None, request: BallotRequest
    ) -> Receipt:
        """One ballot; its receipt."""
        if principal is None:
            raise Forbidden(SIGNED_OUT)
        if ballot_round is None:
            raise NotFound(Text("没有这一轮表决。", "There is no such round of voting."))
        expert_id = principal.expert_id
        if principal.role is not Role.EXPERT or expert_id is None or expert_id not in ballot_round.receipts:
            raise Forbidden(
                Text(
                    "您不参加这一轮表决（未列席或已回避）。",
                    "You have no vote in this round (absent or recused).",
                )
            )
        row = ballot_round.row
        receipt = Receipt(ballot_receipt(request, expert_id), row.sitting_id)
        standing = ballot_round.receipts[expert_id]
        if standing is not None:
            if standing == receipt.receipt:
                return receipt
            raise Conflict(
                Text("您的表决票已经记录，不能更改。", "Your ballot has been recorded and stands.")
            )
        if row.closed_at is not None:
            raise Conflict(
                Text(
                    "这一轮表决已经结束，您的票未被计入。",
                    "This round is closed; your ballot was not counted.",
                )
            )
        _check_choice(ballot_round, request)
        ballot_round.receipts[expert_id] = receipt.receipt
        self._add(row, principal, request, receipt)
        return receipt

    def _add(
        self, ballot_round: Row[Any], principal: Principal, request: BallotRequest, receipt: Receipt
    ) -> None:
        self._receipts.append(
            {"of_round": ballot_round.id, "of_expert": principal.expert_id, "new_receipt": receipt.receipt}
        )
        voter_id = None if ballot_round.secret else principal.expert_id
        ballot = CastBallot(
            request.choice, request.veto_reason, request.comment, request.score_tenths, voter_id
        )
        envelope_id = random_id()
        content = seal_ballot(self._key, envelope_id, ballot_round.id, ballot)
        self._envelopes.append({"id": envelope_id, "ballot_round_id": ballot_round.id, "content": content})
        self._audit[ballot_round.sitting_id].append(
            AuditRecord(
                "ballot.cast",
                f"defence:{ballot_round.defence_id}",
                {"ballot_round": ballot_round.id},
                principal.account_id,
            )
        )

    def store(self, session: Session) -> None:
        """Write them."""
        if not self._receipts:
            return
        connection = session.connection()
        connection.execute(_RECORD_RECEIPT, self._receipts)
        # In the order of their random ids, not of their arrival.
        connection.execute(_ADD_ENVELOPES, sorted(self._envelopes, key=lambda row: str(row["id"])))
        connection.execute(_COUNT_UP, {"ids": sorted(self._audit)})
        append_audit(session, {sitting_chain(id_): records for id_, records in self._audit.items()})


def _lock_rounds(session: Session, ids: set[str]) -> dict[str, _OpenRound]:
    connection, of_these = session.connection(), {"ids": sorted(ids)}
    if connection.dialect.name != "sqlite":  # where the whole database is this writer's
        connection.execute(_LOCK_SITTINGS, of_these).all()
    rounds = {
        row.id: _OpenRound(row, choices_of(Rule.from_json(row.terms)), {})
        for row in connection.execute(_ROUNDS, of_these)
    }
    for round_id, expert_id, receipt in connection.execute(_VOTERS, of_these):
        rounds[round_id].receipts[expert_id] = receipt
    return rounds


def _check_choice(ballot_round: _OpenRound, request: BallotRequest) -> None:
    if request.choice not in ballot_round.choices:
        raise InvalidInput(
            Text("本轮表决规则没有这个选项，请刷新页面。", "This round's rule has no such choice; reload.")
        )
    if request.choice is Choice.VETO and request.veto_reason not in ballot_round.row.veto_reasons:
        raise InvalidInput(Text("投否决票须从列表中选择原因。", "A veto needs a reason from the list."))

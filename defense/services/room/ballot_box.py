"""Ballots of an open round: encrypted one by one, opened together when the round is counted.

The key is a setting and not in the database. Whoever reads the database, its log, its row versions or a
backup while a round is open sees who has voted and, for each ballot, the same number of random bytes.
"""

from __future__ import annotations

import json
import os
import random

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState
from defense.domain.text import Text
from defense.models import Ballot, BallotEnvelope, BallotRound, Voter
from defense.models.types import random_id
from voting.room import MAX_COMMENT_LENGTH
from voting.rules import Choice, Rule
from voting.tally import CastBallot, Tally, tally_ballots

PLAIN_BYTES = 4 * MAX_COMMENT_LENGTH + 512
"""Room for the longest remark in any script, with the rest of a ballot."""
NONCE_BYTES = 12


def seal_ballot(key: bytes, envelope_id: str, ballot_round_id: str, ballot: CastBallot) -> bytes:
    """A ballot as an envelope: AES-256-GCM, bound to its round and its id, always of the same length."""
    content = [ballot.choice, ballot.veto_reason, ballot.comment, ballot.score_tenths, ballot.expert_id]
    plain = json.dumps(content, ensure_ascii=False).encode().ljust(PLAIN_BYTES)
    if len(plain) > PLAIN_BYTES:
        raise ValueError("a ballot longer than any that `parse_ballot` lets through")
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, _bound_to(envelope_id, ballot_round_id))


def open_envelopes(session: Session, key: bytes, ballot_round: BallotRound) -> list[CastBallot]:
    """The ballots of an open round, in an order that tells nothing.

    Raises
    ------
    IllegalState
        There are not as many as receipts, or one does not open: somebody touched the data, or the key
        is another one. Nothing is counted then.
    """
    envelopes = session.execute(
        select(BallotEnvelope.id, BallotEnvelope.content).where(
            BallotEnvelope.ballot_round_id == ballot_round.id
        )
    ).all()
    receipts = session.scalar(
        select(func.count(Voter.receipt)).where(Voter.ballot_round_id == ballot_round.id)
    )
    if len(envelopes) != receipts:
        raise _tampered(
            Text(
                f"表决票 {len(envelopes)} 张与回执 {receipts} 份不符",
                f"{len(envelopes)} ballots but {receipts} receipts",
            )
        )
    cipher = AESGCM(key)
    try:
        plain = [
            cipher.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], _bound_to(id_, ballot_round.id))
            for id_, content in envelopes
        ]
    except InvalidTag as error:
        raise _tampered(
            Text(
                "有表决票无法打开（BALLOT_KEY 可能已更换）",
                "a ballot does not open (has BALLOT_KEY changed?)",
            )
        ) from error
    ballots = [_read(json.loads(content)) for content in plain]
    random.SystemRandom().shuffle(ballots)
    return ballots


def count_and_unseal(session: Session, key: bytes, ballot_round: BallotRound) -> Tally:
    """Count an open round and put plain ballots in the place of its envelopes.

    The plain ones are written together, in the order of fresh random ids: neither a time nor a place in
    the file nor a row version joins one of them to a voter.
    """
    ballots = open_envelopes(session, key, ballot_round)
    voters = session.execute(
        select(Voter.present, Voter.receipt).where(Voter.ballot_round_id == ballot_round.id)
    ).all()
    present = sum(present or receipt is not None for present, receipt in voters)
    tally = tally_ballots(
        Rule.from_json(ballot_round.terms), ballot_round.seats, len(voters), present, ballots
    )
    session.execute(delete(BallotEnvelope).where(BallotEnvelope.ballot_round_id == ballot_round.id))
    if ballots:
        session.execute(
            insert(Ballot),
            [
                {
                    "id": ballot_id,
                    "ballot_round_id": ballot_round.id,
                    "choice": ballot.choice,
                    "score_tenths": ballot.score_tenths,
                    "veto_reason": ballot.veto_reason,
                    "comment": ballot.comment,
                    "expert_id": None if ballot_round.secret else ballot.expert_id,
                }
                for ballot_id, ballot in zip(sorted(random_id() for _ in ballots), ballots, strict=True)
            ],
        )
    return tally


def _bound_to(envelope_id: str, ballot_round_id: str) -> bytes:
    return f"{ballot_round_id}:{envelope_id}".encode()


def _read(content: list[object]) -> CastBallot:
    choice, veto_reason, comment, score_tenths, expert_id = content
    return CastBallot(Choice(str(choice)), veto_reason, comment, score_tenths, expert_id)  # type: ignore[arg-type]


def _tampered(what: Text) -> IllegalState:
    return IllegalState(
        Text(
            "{what}，数据可能被改动，不能结束表决。请保持现状并联系技术支持。",
            "{what}: somebody may have tampered with the data. The ballot stays open; change nothing and "
            "call technical support.",
        ).format(what=what)
    )

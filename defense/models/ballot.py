"""Rounds of voting. With secret ballots nothing joins the table of who voted and that of what was voted."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.extensions import Model
from defense.models.types import UtcDateTime, random_id, utc_now

if TYPE_CHECKING:
    from defense.models.expert import Expert
    from defense.models.sitting import Defence


class BallotRound(Model):
    """One round of voting on one defence, with the rule as it was when it opened.

    A re-vote is a new round with the next `number`; the ones before it stay as they are.
    """

    __tablename__ = "ballot_round"
    __table_args__ = (UniqueConstraint("defence_id", "number"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=random_id)
    defence_id: Mapped[int] = mapped_column(ForeignKey("defence.id"), index=True)
    number: Mapped[int]
    rule: Mapped[str] = mapped_column(String(30))
    rule_version: Mapped[int]
    terms: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The whole rule (`voting.rules.Rule.to_json`): denominator, quorum, abstentions, absences."""
    seats: Mapped[int]
    """Members of the panel before recusal; `voters` are those entitled after it."""
    effect: Mapped[str] = mapped_column(String(20))
    secret: Mapped[bool]
    veto_reasons: Mapped[list[str]] = mapped_column(JSON)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    tally: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """The numbers and the verdict, written once, at closing."""
    void_reason: Mapped[str | None] = mapped_column(String(200))
    """Why the round was broken off without a count, such as a recusal during the vote."""

    defence: Mapped[Defence] = relationship(back_populates="ballot_rounds")
    voters: Mapped[list[Voter]] = relationship(order_by="Voter.expert_id")


class Voter(Model):
    """A member entitled to vote in a round, made when it opens; says that they voted, never what.

    `receipt` is a digest over the ballot and a 128-bit key that stays in the voter's browser: the same
    ballot sent again can be told from another one, yet nobody who reads the database can try the few
    possible ballots against it.
    """

    __tablename__ = "voter"

    ballot_round_id: Mapped[str] = mapped_column(ForeignKey("ballot_round.id"), primary_key=True)
    expert_id: Mapped[int] = mapped_column(ForeignKey("expert.id"), primary_key=True)
    receipt: Mapped[str | None] = mapped_column(String(64))
    present: Mapped[bool] = mapped_column(default=False)
    """Was in the room when the round opened."""
    nudged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    expert: Mapped[Expert] = relationship()


class BallotEnvelope(Model):
    """A ballot while its round is open: encrypted, always of the same length, gone when it is counted.

    Whoever reads the database, its log or its row versions learns when somebody voted and nothing of what
    (docs/decisions/0002-secret-ballots.md).
    """

    __tablename__ = "ballot_envelope"
    __table_args__ = {"sqlite_with_rowid": False}

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=random_id)
    ballot_round_id: Mapped[str] = mapped_column(ForeignKey("ballot_round.id"), index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Ballot(Model):
    """One counted ballot: no time, no sequence, and no voter when ballots are secret.

    Without a rowid SQLite keeps the rows in the order of their random ids, not of their arrival.
    """

    __tablename__ = "ballot"
    __table_args__ = {"sqlite_with_rowid": False}

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=random_id)
    ballot_round_id: Mapped[str] = mapped_column(ForeignKey("ballot_round.id"), index=True)
    choice: Mapped[str] = mapped_column(String(10))
    score_tenths: Mapped[int | None]
    """Points in tenths, 0 to 1000; only under a rule that scores."""
    veto_reason: Mapped[str | None] = mapped_column(String(50))
    comment: Mapped[str | None] = mapped_column(Text)
    expert_id: Mapped[int | None] = mapped_column(ForeignKey("expert.id"))
    """Only with named ballots."""

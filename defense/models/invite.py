"""Calendar invites and the outbox through which everything leaves the house."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.extensions import Model
from defense.models.types import UtcDateTime, utc_now

if TYPE_CHECKING:
    from defense.models.account import Account


class Invite(Model):
    """One calendar event of one person: a defence for a candidate, a sitting for a panelist."""

    __tablename__ = "invite"
    __table_args__ = (
        UniqueConstraint("account_id", "defence_id"),
        UniqueConstraint("account_id", "sitting_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    defence_id: Mapped[int | None] = mapped_column(ForeignKey("defence.id"))
    sitting_id: Mapped[int | None] = mapped_column(ForeignKey("sitting.id"))
    uid: Mapped[str] = mapped_column(String(100), unique=True)
    """Its own for every person, or attendees could be correlated."""
    sequence: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[bool] = mapped_column(default=False)
    content_digest: Mapped[str] = mapped_column(String(64))
    """Of what the reader sees; an unchanged one is not sent again."""
    stamped_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """DTSTAMP of the newest revision."""
    start_at: Mapped[datetime] = mapped_column(UtcDateTime)
    end_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """The time as last told to the person, so that a change can name the old one."""

    account: Mapped[Account] = relationship()
    messages: Mapped[list[OutboxMessage]] = relationship(order_by="OutboxMessage.id", back_populates="invite")


class OutboxMessage(Model):
    """One mail to one person, its bytes frozen when it was queued: a retry sends the same bytes."""

    __tablename__ = "outbox_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    invite_id: Mapped[int] = mapped_column(ForeignKey("invite.id"), index=True)
    to_address: Mapped[str] = mapped_column(String(200))
    message_id: Mapped[str] = mapped_column(String(200), unique=True)
    method: Mapped[str] = mapped_column(String(10))
    """REQUEST or CANCEL."""
    sequence: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    state: Mapped[str] = mapped_column(String(10), default="queued", index=True)
    """A `defense.services.outbox.MessageState`."""
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until then one sender is at work on it and no other may take it."""
    last_answer: Mapped[str | None] = mapped_column(Text)
    """The mail server's own words."""
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    invite: Mapped[Invite] = relationship(back_populates="messages")

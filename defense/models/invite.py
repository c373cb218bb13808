"""Calendar invites, what people answered, and the outbox through which everything leaves the house."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.extensions import Model
from defense.models.types import UtcDateTime, utc_now

if TYPE_CHECKING:
    from defense.models.account import Account


class Invite(Model):
    """One calendar event of one person.

    A defence for a candidate or a named attendee; a sitting for a panelist or a secretary.
    """

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
    answer: Mapped[str | None] = mapped_column(String(20))
    """A `defense.services.invites.replies.Answer` to the newest revision; None while there is none."""
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """DTSTAMP of the newest answer taken, or when it was given here; an older one comes too late."""

    account: Mapped[Account] = relationship()
    messages: Mapped[list[OutboxMessage]] = relationship(order_by="OutboxMessage.id", back_populates="invite")
    replies: Mapped[list[InviteReply]] = relationship(order_by="InviteReply.id", back_populates="invite")


class InviteReply(Model):
    """One answer of one person, kept as it came; the newest that counts is repeated in the invite."""

    __tablename__ = "invite_reply"

    id: Mapped[int] = mapped_column(primary_key=True)
    invite_id: Mapped[int] = mapped_column(ForeignKey("invite.id"), index=True)
    via: Mapped[str] = mapped_column(String(10))
    """`mail`, `page` (the person's own link) or `staff` (told by telephone)."""
    sequence: Mapped[int]
    """The revision that was answered."""
    answer: Mapped[str] = mapped_column(String(20))
    comment: Mapped[str] = mapped_column(String(500), default="")
    proposed_start_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    proposed_end_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The other time that was asked for."""
    suits_json: Mapped[list[list[str]] | None] = mapped_column(JSON)
    """Half-days each of which would do, as pairs of ISO times; None or empty for none."""
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    """The member of staff who noted it down."""
    settled_as: Mapped[str | None] = mapped_column(String(10))
    """What became of a request for another time: `moved` or `kept`; None while it is open."""
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    invite: Mapped[Invite] = relationship(back_populates="replies")


class ReceivedMail(Model):
    """A mail of the reply mailbox that was read, so that none is taken twice."""

    __tablename__ = "received_mail"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of its Message-ID, or of its bytes where it has none."""
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    verdict: Mapped[str] = mapped_column(String(30))
    """What it was: a `defense.services.invites.inbox.Verdict`."""
    invite_id: Mapped[int | None] = mapped_column(ForeignKey("invite.id"), index=True)
    excerpt: Mapped[str] = mapped_column(Text, default="")
    """For staff, of a mail that no rule could file: sender masked, subject, first lines."""
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When staff had dealt with it."""


class OutboxMessage(Model):
    """One mail to one person, its bytes frozen when it was queued: a retry or resend sends the same bytes."""

    __tablename__ = "outbox_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    invite_id: Mapped[int | None] = mapped_column(ForeignKey("invite.id"), index=True)
    """None for what is about no event, such as a result."""
    kind: Mapped[str] = mapped_column(String(20))
    """A `defense.services.invites.post.LetterKind`."""
    to_address: Mapped[str] = mapped_column(String(200))
    domain: Mapped[str] = mapped_column(String(200), default="")
    """Of the address, in lower case: servers limit by it."""
    message_id: Mapped[str] = mapped_column(String(200), unique=True)
    once_key: Mapped[str | None] = mapped_column(String(120), unique=True)
    """Of what must be queued once only, whoever tries: a reminder, a result."""
    method: Mapped[str | None] = mapped_column(String(20))
    """The iTIP method of its calendar part; None without one."""
    sequence: Mapped[int] = mapped_column(default=0)
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    """The sealed bytes (`defense.services.keeping.at_rest`); empty once nobody may need them again."""
    state: Mapped[str] = mapped_column(String(10), default="queued", index=True)
    """A `defense.services.invites.outbox.MessageState`."""
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until then one sender is at work on it and no other may take it."""
    last_answer: Mapped[str | None] = mapped_column(Text)
    """The mail server's own words."""
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    """Who of the staff gave it up, having told the person otherwise."""
    settled_note: Mapped[str | None] = mapped_column(String(500))

    invite: Mapped[Invite | None] = relationship(back_populates="messages")
    account: Mapped[Account] = relationship(foreign_keys=[account_id])


class MailDomain(Model):
    """How fast one domain may be written to, for all senders together."""

    __tablename__ = "mail_domain"

    domain: Mapped[str] = mapped_column(String(200), primary_key=True)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Before then the throttle lets no further message to it."""
    resting_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until then it is left alone, because it asked for it."""
    last_answer: Mapped[str | None] = mapped_column(Text)

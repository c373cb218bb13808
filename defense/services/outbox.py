"""Sending what is queued, crash-safely, while others may be sending too.

A message is claimed, handed to the mail server with no transaction open, and its outcome committed at once: a
crash in between repeats at most that one message. Within an invite a message waits while an older one is on
its way, and never goes once a newer one to the same address exists.

Source: invites.md "Life" and "Delivery".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from defense.domain.errors import IllegalState
from defense.domain.identity import mask_email
from defense.domain.text import Text
from defense.integrations.mail import AnswerKind, MailSender, SendAnswer
from defense.models import Invite, OutboxMessage
from defense.models.types import utc_now
from defense.services.audit import record_audit
from defense.services.post import STATE_METHODS, open_letter
from defense.services.transaction import begin_write
from defense.settings import Settings

LEASE = timedelta(minutes=15)
"""Longer than one message can take by the time-outs of SMTP."""
RETRY_DELAYS_MIN = (1, 2, 5, 15, 60)
"""After the first, second … refusal; the last one repeats."""
MAX_ATTEMPTS = 28
"""23 minutes and then hourly: a day of tries."""


class MessageState(StrEnum):
    """Where a message stands.

    A superseded one was never sent: a newer one says all it had to say. A bounced one was taken by the first
    server and sent back by a later one.
    """

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    BOUNCED = "bounced"


@dataclass(frozen=True)
class SendSummary:
    """What one call sent, put off, gave up, and found to be superseded, in messages."""

    sent: int = 0
    later: int = 0
    failed: int = 0
    superseded: int = 0


@dataclass(frozen=True)
class _Claimed:
    id: int
    to_address: str
    message_id: str
    data: bytes


def send_due(
    session_factory: Callable[[], Session],
    sender: MailSender,
    settings: Settings,
    now_fn: Callable[[], datetime],
    limit: int = 200,
) -> SendSummary:
    """Send the messages that are due, oldest first.

    Once a domain has put one message off, its other ones wait for the next call; when the mail server cannot
    be reached at all, the call ends.

    Parameters
    ----------
    session_factory : makes a new session for every short transaction; this function commits them.
    now_fn : the present moment, aware.
    limit : most messages looked at in one call.
    """
    superseded = _drop_superseded(session_factory, now_fn())
    counts = {MessageState.SENT: 0, MessageState.QUEUED: 0, MessageState.FAILED: 0}
    resting_domains: set[str] = set()
    try:
        for message_id, domain in _due(session_factory, now_fn(), limit):
            if domain in resting_domains:
                continue
            claimed = _claim(session_factory, message_id, now_fn())
            if claimed is None:
                continue
            answer = sender.send(claimed.to_address, open_letter(settings, claimed.message_id, claimed.data))
            counts[_settle(session_factory, claimed.id, answer, now_fn())] += 1
            if answer.unreachable:
                break
            if answer.kind is AnswerKind.LATER:
                resting_domains.add(domain)
    finally:
        sender.close()
    return SendSummary(
        sent=counts[MessageState.SENT],
        later=counts[MessageState.QUEUED],
        failed=counts[MessageState.FAILED],
        superseded=superseded,
    )


def retry_message(session: Session, message: OutboxMessage, account_id: int | None = None) -> None:
    """Queue a message that failed or came back once more, with a new day of tries; the caller commits.

    Parameters
    ----------
    account_id : who asked for it, for the audit log.

    Raises
    ------
    IllegalState
        The message neither failed nor came back, or a newer one to the same person has replaced it.
    """
    if message.state not in (MessageState.FAILED, MessageState.BOUNCED):
        raise IllegalState(
            Text(
                "只有发送失败或被退回的邮件才能重发，请刷新页面。",
                "Only a mail that failed or came back can be sent again; reload the page.",
            )
        )
    if session.scalar(select(_newer_exists()).where(OutboxMessage.id == message.id)):
        raise IllegalState(
            Text(
                "该邮件已被更新的通知取代，请重发最新的一封。",
                "A newer notice has replaced this mail; send the newest one again.",
            )
        )
    message.state = MessageState.QUEUED
    message.attempts = 0
    message.next_attempt_at = utc_now()
    record_audit(session, "mail.retried", f"outbox_message:{message.id}", {}, account_id)


def _free(message: type[OutboxMessage], now: datetime) -> ColumnElement[bool]:
    return or_(message.claimed_until.is_(None), message.claimed_until <= now)


def _newer_exists() -> ColumnElement[bool]:
    """A newer message of the same invite to the same address exists."""
    newer = aliased(OutboxMessage)
    return exists().where(
        newer.invite_id == OutboxMessage.invite_id,
        newer.to_address == OutboxMessage.to_address,
        newer.method.in_(STATE_METHODS),
        newer.id > OutboxMessage.id,
    )


def _sendable(now: datetime) -> ColumnElement[bool]:
    older = aliased(OutboxMessage)
    older_under_way = exists().where(
        older.invite_id == OutboxMessage.invite_id,
        older.id < OutboxMessage.id,
        older.state == MessageState.QUEUED,
        older.claimed_until > now,
    )
    return and_(
        OutboxMessage.state == MessageState.QUEUED,
        OutboxMessage.next_attempt_at <= now,
        _free(OutboxMessage, now),
        ~_newer_exists(),
        ~older_under_way,
    )


def _drop_superseded(session_factory: Callable[[], Session], now: datetime) -> int:
    stale = and_(OutboxMessage.state == MessageState.QUEUED, _free(OutboxMessage, now), _newer_exists())
    with session_factory() as session:
        ids = session.scalars(select(OutboxMessage.id).where(stale)).all()
        # Asked first, so that an idle service does not take the writer's place every few seconds.
        if ids:
            begin_write(session)
            session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.id.in_(ids), stale)
                .values(state=MessageState.SUPERSEDED, data=b"")
                .execution_options(synchronize_session=False)
            )
            session.commit()
        return len(ids)


def _due(session_factory: Callable[[], Session], now: datetime, limit: int) -> list[tuple[int, str]]:
    """Ids and recipients' domains of the messages that may go now."""
    with session_factory() as session:
        rows = session.execute(
            select(OutboxMessage.id, OutboxMessage.to_address)
            .where(_sendable(now))
            .order_by(OutboxMessage.id)
            .limit(limit)
        )
        return [(id_, address.rpartition("@")[2].lower()) for id_, address in rows]


def _claim(session_factory: Callable[[], Session], id_: int, now: datetime) -> _Claimed | None:
    """Take a message for this sender alone, or None when it is no longer to be sent."""
    with session_factory() as session:
        begin_write(session)
        # Whoever queues a newer revision holds the invite's row; without this lock both could be claimed.
        session.execute(
            select(Invite.id)
            .join(OutboxMessage, OutboxMessage.invite_id == Invite.id)
            .where(OutboxMessage.id == id_)
            .with_for_update(of=Invite)
        )
        row = session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == id_, _sendable(now))
            .values(claimed_until=now + LEASE)
            .returning(OutboxMessage.to_address, OutboxMessage.message_id, OutboxMessage.data)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        session.commit()
        return None if row is None else _Claimed(id_, row.to_address, row.message_id, row.data)


def _settle(
    session_factory: Callable[[], Session], id_: int, answer: SendAnswer, now: datetime
) -> MessageState:
    """Write down what became of a claimed message."""
    with session_factory() as session:
        begin_write(session)
        message = session.get_one(OutboxMessage, id_)
        message.attempts += 1
        message.claimed_until = None
        message.last_answer = answer.words.replace(message.to_address, mask_email(message.to_address))
        message.state = _state_after(answer, message.attempts)
        if message.state == MessageState.SENT:
            message.sent_at = now
        else:
            message.next_attempt_at = now + _delay_after(message.attempts)
        session.commit()
        return MessageState(message.state)


def _state_after(answer: SendAnswer, attempts: int) -> MessageState:
    if answer.kind is AnswerKind.SENT:
        return MessageState.SENT
    gave_up = answer.kind is AnswerKind.NEVER or attempts >= MAX_ATTEMPTS
    return MessageState.FAILED if gave_up else MessageState.QUEUED


def _delay_after(attempts: int) -> timedelta:
    return timedelta(minutes=RETRY_DELAYS_MIN[min(attempts, len(RETRY_DELAYS_MIN)) - 1])

"""What staff do about mails: see what is stuck, send it again, or give it up and telephone instead."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, or_, select, update
from sqlalchemy.orm import Session, joinedload

from defense.domain.errors import IllegalState, InvalidInput
from defense.domain.text import Text
from defense.models import Invite, OutboxMessage, Round
from defense.services.audit import record_audit
from defense.services.invites.outbox import MessageState, newer_exists
from defense.services.invites.post import LetterKind

MAX_NOTE = 500
STUCK = "stuck"
"""A filter of its own: mails that staff should look at, whatever their state."""
KEPT_AFTER_EVENT = timedelta(days=14)
"""The bytes of a letter, for a resend; afterwards only what became of it is kept."""
ESCALATED_STATES = (MessageState.FAILED, MessageState.BOUNCED)


def is_stuck() -> ColumnElement[bool]:
    """Staff should look at it: it failed, came back, or is being put off."""
    put_off = and_(OutboxMessage.state == MessageState.QUEUED, OutboxMessage.attempts > 0)
    return or_(OutboxMessage.state.in_(ESCALATED_STATES), put_off)


def messages_of(round_: Round, state: str) -> Select[OutboxMessage]:
    """The mails of a round, newest first.

    Parameters
    ----------
    state : `STUCK` or a `MessageState`; anything else narrows nothing.
    """
    of_round = select(OutboxMessage).where(OutboxMessage.round_id == round_.id)
    if state == STUCK:
        of_round = of_round.where(is_stuck())
    elif state in tuple(MessageState):
        of_round = of_round.where(OutboxMessage.state == state)
    return of_round.options(joinedload(OutboxMessage.account)).order_by(OutboxMessage.id.desc())


def send_again(session: Session, message: OutboxMessage, now: datetime, account_id: int | None) -> None:
    """Queue a message once more, the same bytes, with a new day of tries; the caller commits.

    Raises
    ------
    IllegalState
        It is on its way, was given up, a newer one has replaced it, or its bytes are no longer kept.
    """
    session.refresh(message, with_for_update=True)
    if message.state in (MessageState.SUPERSEDED, MessageState.GIVEN_UP) or _is_replaced(session, message):
        raise IllegalState(
            Text(
                "该邮件已被更新的通知取代，请重发最新的一封。",
                "A newer notice has replaced this mail; send the newest one again.",
            )
        )
    if message.claimed_until is not None and message.claimed_until > now:
        raise IllegalState(
            Text("该邮件正在发送，请稍后刷新。", "This mail is just being sent; reload the page in a while.")
        )
    if message.state == MessageState.QUEUED and not message.attempts:
        raise IllegalState(Text("该邮件已在发送队列中。", "This mail is waiting to be sent already."))
    if not message.data:
        raise IllegalState(
            Text(
                "该邮件的内容已按期清除，不能重发。",
                "The contents of this mail were deleted in due time; it cannot be sent again.",
            )
        )
    message.state, message.attempts, message.next_attempt_at = MessageState.QUEUED, 0, now
    record_audit(session, "mail.retried", f"outbox_message:{message.id}", {}, account_id)


def send_stuck_again(session: Session, round_: Round, now: datetime, account_id: int | None) -> int:
    """Queue every stuck mail of a round once more, but what a newer one has replaced; how many there were."""
    stuck = (
        select(OutboxMessage)
        .where(OutboxMessage.round_id == round_.id, is_stuck(), OutboxMessage.data != b"", ~newer_exists())
        .order_by(OutboxMessage.id)
    )
    queued = 0
    for message in session.scalars(stuck).all():
        if message.claimed_until is None or message.claimed_until <= now:
            send_again(session, message, now, account_id)
            queued += 1
    return queued


def give_up(session: Session, message: OutboxMessage, note: str, now: datetime, account_id: int) -> None:
    """Take a stuck message off the list: the person was told otherwise; the caller commits.

    Raises
    ------
    IllegalState
        It is not stuck, or it is just being sent.
    InvalidInput
        Nothing says how the person was told.
    """
    session.refresh(message, with_for_update=True)
    note = " ".join(note.split())[:MAX_NOTE]
    if not note:
        raise InvalidInput(
            Text(
                "请注明如何通知了本人，如“已电话通知”。",
                "Say how the person was told, such as “by telephone”.",
            )
        )
    put_off = message.state == MessageState.QUEUED and message.attempts > 0
    under_way = message.claimed_until is not None and message.claimed_until > now
    if under_way or not (put_off or message.state in ESCALATED_STATES):
        raise IllegalState(Text("该邮件没有滞留，请刷新页面。", "This mail is not stuck; reload the page."))
    message.state, message.settled_by_id, message.settled_note = MessageState.GIVEN_UP, account_id, note
    record_audit(session, "mail.given_up", f"outbox_message:{message.id}", {"reason": note}, account_id)


def forget_letters(session: Session, now: datetime) -> int:
    """Delete the bytes of letters that nobody can need again; the caller commits. How many there were."""
    over = select(Invite.id).where(Invite.end_at < now - KEPT_AFTER_EVENT)
    old_letter = and_(OutboxMessage.invite_id.is_(None), OutboxMessage.queued_at < now - KEPT_AFTER_EVENT)
    found = session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.data != b"",
            OutboxMessage.state != MessageState.QUEUED,
            or_(OutboxMessage.invite_id.in_(over), old_letter),
        )
        .values(data=b"")
        .execution_options(synchronize_session=False)
    )
    return found.rowcount  # type: ignore[attr-defined]


def _is_replaced(session: Session, message: OutboxMessage) -> bool:
    if message.kind == LetterKind.RESULT:
        return False
    return session.scalar(select(newer_exists()).where(OutboxMessage.id == message.id)) or False

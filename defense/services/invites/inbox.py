"""Filing the mails of the reply mailbox: answers to invites, bounces, and what staff have to look at.

An answer counts when the invite, the attendee and the sender fit together (invites.md "Life"). A mail is
filed in the transaction that does what it says, so that however often it is read it is taken once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from defense.domain.identity import mask_email
from defense.integrations.bounce_reading import Bounce, Delivery
from defense.integrations.inbox_reading import AutoReply, ReadMail, Unreadable, hide_persons, read_mail
from defense.integrations.itip_reading import CalendarAnswer
from defense.models import Invite, OutboxMessage, ReceivedMail
from defense.services.invites.bounces import mark_bounced, message_of, note_delay
from defense.services.invites.post import STATE_METHODS, slot_of
from defense.services.invites.replies import Answer, Reply, Via, take_reply
from defense.services.transaction import begin_write


class Verdict(StrEnum):
    """What a mail turned out to be."""

    REPLY_TAKEN = "reply_taken"
    COUNTER_TAKEN = "counter_taken"
    REPLY_LATE = "reply_late"
    """A newer revision or a newer answer has overtaken it, or the event is off."""
    REPLY_AHEAD = "reply_ahead"
    """Answers a revision that was never sent."""
    NO_ANSWER = "no_answer"
    """Neither yes, nor no, nor perhaps: delegated, or not decided yet."""
    NOT_FROM_ATTENDEE = "not_from_attendee"
    UNKNOWN_EVENT = "unknown_event"
    BOUNCED = "bounced"
    BOUNCED_LATER = "bounced_later"
    """A delay, or the return of an earlier copy: noted only."""
    DELIVERED = "delivered"
    UNKNOWN_BOUNCE = "unknown_bounce"
    AUTO_REPLY = "auto_reply"
    LETTER = "letter"
    UNREADABLE = "unreadable"
    SEEN_BEFORE = "seen_before"
    """Read again, after a crash or by a second process; not kept as a verdict."""


FOR_STAFF = (
    *(Verdict.LETTER, Verdict.NOT_FROM_ATTENDEE, Verdict.NO_ANSWER, Verdict.UNKNOWN_EVENT),
    *(Verdict.REPLY_AHEAD, Verdict.UNKNOWN_BOUNCE, Verdict.UNREADABLE),
)
"""What no rule could file: somebody has to look at it."""

_ANSWERS = {
    "ACCEPTED": Answer.ACCEPTED,
    "TENTATIVE": Answer.TENTATIVE,
    "DECLINED": Answer.DECLINED,
}


class MailReader(Protocol):
    """A mailbox with mails nobody has filed yet."""

    def read_new(self, file: Callable[[bytes], object]) -> int:
        """Hand over each unread mail, mark it as read once `file` has returned, and count them."""
        ...


def read_inbox(
    session_factory: Callable[[], Session],
    reader: MailReader,
    now_fn: Callable[[], datetime],
    read: Callable[[bytes], ReadMail] = read_mail,
) -> Counter[Verdict]:
    """File everything that is new in the mailbox, each mail in a transaction of its own.

    Parameters
    ----------
    now_fn : the present moment, aware.
    read : `read_mail`, or what calls it where a hostile mail holds nobody up.
    """
    verdicts: Counter[Verdict] = Counter()

    def file(raw: bytes) -> None:
        # Before the transaction begins, since a hostile mail may take a second.
        mail = read(raw)
        with session_factory() as session:
            begin_write(session)
            verdict = file_read_mail(session, mail, now_fn())
            session.commit()
        verdicts[verdict] += 1

    reader.read_new(file)
    return verdicts


def file_mail(session: Session, raw: bytes, now: datetime) -> Verdict:
    """Read one mail and do what it says; the caller commits."""
    return file_read_mail(session, read_mail(raw), now)


def file_read_mail(session: Session, mail: ReadMail, now: datetime) -> Verdict:
    """Do what a mail says, unless it was done before; the caller commits.

    Parameters
    ----------
    now : aware; when the mail was read.
    """
    row = ReceivedMail(key=mail.key, received_at=now, verdict=Verdict.SEEN_BEFORE)
    if session.get(ReceivedMail, mail.key) is not None or not _is_first(session, row):
        return Verdict.SEEN_BEFORE
    verdict, invite = _Filing(session, mail, now).file()
    row.verdict = verdict
    row.invite_id = invite.id if invite else None
    if verdict in FOR_STAFF:
        row.excerpt = _excerpt(mail)
    session.flush()
    return verdict


def _is_first(session: Session, row: ReceivedMail) -> bool:
    """Whether no other process has filed the same mail at the same moment."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


class _Filing:
    """One mail and what becomes of it."""

    def __init__(self, session: Session, mail: ReadMail, now: datetime) -> None:
        self._session, self._mail, self._now = session, mail, now

    def file(self) -> tuple[Verdict, Invite | None]:
        content = self._mail.content
        if isinstance(content, CalendarAnswer):
            return self._file_answer(content)
        if isinstance(content, Bounce):
            return self._file_bounce(content)
        if isinstance(content, AutoReply):
            return Verdict.AUTO_REPLY, None
        verdict = Verdict.UNREADABLE if isinstance(content, Unreadable) else Verdict.LETTER
        return verdict, self._replied_to()

    def _replied_to(self) -> Invite | None:
        """The invite that a letter answers in words: staff then see whose it is."""
        message = message_of(self._session, self._mail.replied_to)
        return message.invite if message else None

    def _file_answer(self, content: CalendarAnswer) -> tuple[Verdict, Invite | None]:
        invite = self._session.scalar(select(Invite).where(Invite.uid == content.uid))
        if invite is None:
            return Verdict.UNKNOWN_EVENT, None
        if not content.attendee == self._mail.sender == self._invited_address(invite):
            return Verdict.NOT_FROM_ATTENDEE, invite
        if content.sequence > invite.sequence:
            return Verdict.REPLY_AHEAD, invite
        answer = Answer.OTHER_TIME if content.method == "COUNTER" else _ANSWERS.get(content.partstat)
        if answer is None:
            return Verdict.NO_ANSWER, invite
        reply = Reply(
            answer=answer,
            via=Via.MAIL,
            sequence=content.sequence,
            given_at=self._given_at(content, invite),
            comment=hide_persons(content.comment),
            proposed=None if content.proposed == slot_of(invite) else content.proposed,
        )
        if take_reply(self._session, invite, reply, self._now) is None:
            return Verdict.REPLY_LATE, invite
        return Verdict.COUNTER_TAKEN if content.method == "COUNTER" else Verdict.REPLY_TAKEN, invite

    def _given_at(self, content: CalendarAnswer, invite: Invite) -> datetime:
        """When the answer was given, never later than now: a clock that is fast must not outlast the rest.

        Some programs send the stamp of the invite back instead of their own; then the mail's date tells.
        """
        stamped_at = content.stamped_at
        if stamped_at is None or stamped_at == invite.stamped_at:
            stamped_at = self._mail.written_at or self._now
        return min(stamped_at, self._now)

    def _invited_address(self, invite: Invite) -> str | None:
        """Where the invite went last, in lower case."""
        address = self._session.scalar(
            select(OutboxMessage.to_address)
            .where(OutboxMessage.invite_id == invite.id, OutboxMessage.method.in_(STATE_METHODS))
            .order_by(OutboxMessage.id.desc())
            .limit(1)
        )
        return address.lower() if address else None

    def _file_bounce(self, content: Bounce) -> tuple[Verdict, Invite | None]:
        message = message_of(self._session, content.message_ids)
        if content.delivery is Delivery.DELIVERED:
            return Verdict.DELIVERED, message.invite if message else None
        if message is None:
            return Verdict.UNKNOWN_BOUNCE, None
        words = hide_persons(content.words)
        if content.delivery is Delivery.FAILED and mark_bounced(self._session, message, words):
            return Verdict.BOUNCED, message.invite
        note_delay(message, words)
        return Verdict.BOUNCED_LATER, message.invite


def _excerpt(mail: ReadMail) -> str:
    """For staff: sender masked, subject, what it would have said, first words."""
    content = mail.content
    told = ""
    if isinstance(content, CalendarAnswer):
        told = f"{content.method} {content.partstat} {hide_persons(content.comment)}"
    elif isinstance(content, Bounce):
        told = hide_persons(content.words)
    elif isinstance(content, Unreadable):
        told = content.why
    return "\n".join(filter(None, (mask_email(mail.sender), mail.subject, told.strip(), mail.text)))

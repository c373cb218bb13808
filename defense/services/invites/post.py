"""Queuing letters: the one place where a row of the outbox is made.

A letter is built and frozen in the transaction of whatever it tells about, and leaves the house after the
commit (`defense.services.invites.outbox`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.people import Period
from defense.integrations.mail import Letter, Mailbox, build_message, parse_mailbox, usable_address
from defense.integrations.notices import RenderedNotice
from defense.models import Invite, OutboxMessage
from defense.models.types import random_id
from defense.services.keeping.at_rest import open_bytes, seal_bytes
from defense.settings import Settings

_PURPOSE = "outbox"


class LetterKind(StrEnum):
    """What a letter is about."""

    INVITE = "invite"
    CHANGE = "change"
    CANCEL = "cancel"
    REMINDER_DAY = "reminder_day"
    """A working day before."""
    REMINDER_SOON = "reminder_soon"
    """Half an hour before."""
    PLEASE_CONFIRM = "please_confirm"
    """Staff ask for the answer that has not come."""
    TIME_STAYS = "time_stays"
    """To a request for another time: the time stays (DECLINECOUNTER)."""
    RESULT = "result"


REMINDERS = (LetterKind.REMINDER_DAY, LetterKind.REMINDER_SOON)
"""Worth nothing any more once what they remind of has begun."""
STATE_METHODS = ("REQUEST", "CANCEL")
"""Methods of the letters that say how an event stands; a newer one makes the older ones pointless."""


@dataclass(frozen=True)
class Addressee:
    """Whom a letter goes to, and what it is about."""

    round_id: int
    account_id: int
    mailbox: Mailbox
    invite: Invite | None = None


def reachable_address(address: str, organizer: Mailbox) -> str | None:
    """The address if it can be written to.

    The organiser's own mailbox does not count: calendars would not ask it.
    """
    usable = usable_address(address)
    return None if usable is None or usable.lower() == organizer.address.lower() else usable


class PostOffice:
    """Queues letters in the caller's transaction.

    Parameters
    ----------
    now : aware; the Date of the letters.
    """

    def __init__(self, session: Session, settings: Settings, now: datetime) -> None:
        self._session = session
        self._settings = settings
        self._now = now
        self.organizer = parse_mailbox(settings.mail_from)

    def queue(
        self,
        kind: LetterKind,
        addressee: Addressee,
        notice: RenderedNotice,
        calendar: bytes = b"",
        method: str | None = None,
        send_at: datetime | None = None,
        once_key: str | None = None,
    ) -> OutboxMessage | None:
        """Freeze a letter and put it into the outbox; the caller commits.

        Parameters
        ----------
        calendar, method : the calendar file and its iTIP method; none for a plain letter.
        send_at : not before; now without it.
        once_key : a letter that was queued under the same key before is not queued again, and None returned.
        """
        if once_key is not None and self._was_queued(once_key):
            return None
        message_id = f"<{random_id()}@{self.organizer.address.partition('@')[2]}>"
        letter = Letter(
            sender=self.organizer,
            recipient=addressee.mailbox,
            subject=notice.subject,
            text=notice.text,
            html=notice.html,
            calendar=calendar,
            method=method,
            message_id=message_id,
            written_at=self._now,
        )
        message = OutboxMessage(
            round_id=addressee.round_id,
            account_id=addressee.account_id,
            invite=addressee.invite,
            kind=kind,
            to_address=addressee.mailbox.address,
            domain=addressee.mailbox.address.rpartition("@")[2].lower(),
            message_id=message_id,
            once_key=once_key,
            method=method,
            sequence=addressee.invite.sequence if addressee.invite else 0,
            data=seal_letter(self._settings, message_id, build_message(letter)),
            next_attempt_at=send_at or self._now,
            queued_at=self._now,
        )
        self._session.add(message)
        return message

    def _was_queued(self, once_key: str) -> bool:
        query = select(OutboxMessage.id).where(OutboxMessage.once_key == once_key)
        return self._session.scalar(query) is not None


def seal_letter(settings: Settings, message_id: str, data: bytes) -> bytes:
    """The bytes of a letter as they are kept: they hold a live personal link."""
    return seal_bytes(settings.secret_key, _PURPOSE, message_id, data)


def open_letter(settings: Settings, message_id: str, sealed: bytes) -> bytes:
    """The bytes of a letter as they go out; see `open_bytes`."""
    return open_bytes(settings.secret_key, _PURPOSE, message_id, sealed)


def slot_of(invite: Invite) -> Period:
    """The time as the person was last told."""
    return Period(invite.start_at, invite.end_at)

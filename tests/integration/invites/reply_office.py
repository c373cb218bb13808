"""The published round with its mail server and its reply mailbox, both real."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest
from icalendar import Calendar
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.people import Period
from defense.integrations.imap import ImapMailbox
from defense.integrations.mail import SmtpSender
from defense.models import Invite, OutboxMessage
from defense.services.invites.following import people_to_telephone, refresh_invites
from defense.services.invites.inbox import Verdict, read_inbox
from defense.services.invites.outbox import send_due
from defense.services.transaction import begin_write
from defense.settings import Settings
from tests.answers import Said
from tests.dovecot import Dovecot, dovecot, dovecot_server
from tests.invite_world import World
from tests.mail_server import MailServer

__all__ = ["ALI", "LI", "MINUTE", "WISHED", "Office", "dovecot", "dovecot_server", "office"]

Sessions = Callable[[], Session]
ALI, LI = "ali@example.org", "li@163.com"
WISHED = Period(datetime(2021, 11, 24, 7, tzinfo=UTC), datetime(2021, 11, 24, 7, 15, tzinfo=UTC))
MINUTE = timedelta(minutes=1)


class Office:
    """The published round, the mails it sent, its reply mailbox, and a clock that the tests move."""

    def __init__(
        self, world: World, settings: Settings, sessions: Sessions, server: MailServer, dovecot: Dovecot
    ) -> None:
        self.world, self.settings, self.sessions = world, settings, sessions
        self.server, self.dovecot = server, dovecot
        self.now = world.sitting.start_at - timedelta(days=7)

    def publish(self) -> None:
        begin_write(self.world.session)
        refresh_invites(self.world.session, self.world.round, self.settings, self.now)
        self.world.session.commit()
        send_due(self.sessions, [SmtpSender(self.server.url)], self.settings, lambda: self.now)

    def move(self) -> None:
        begin_write(self.world.session)
        self.world.defences[0].start_at += timedelta(days=1)
        self.world.defences[0].end_at += timedelta(days=1)
        self.world.session.commit()
        self.publish()

    def said(self, address: str = ALI, partstat: str = "ACCEPTED", minutes: float = 1) -> Said:
        """An answer to the newest invite that arrived at an address."""
        data = [data for recipient, data in self.server.taken if recipient == address][-1]
        part = list(message_from_bytes(data).walk())[-1]
        (event,) = Calendar.from_ical(part.get_payload(decode=True)).walk("VEVENT")
        uid, sequence = str(event["UID"]), int(event["SEQUENCE"])
        return Said(uid, address, partstat, self.now + minutes * MINUTE, sequence)

    def read(self, minutes: float = 10, url: str = "") -> Counter[Verdict]:
        self.now += minutes * MINUTE
        return read_inbox(self.sessions, ImapMailbox(url or self.dovecot.url), lambda: self.now)

    def invite(self, address: str = ALI) -> Invite:
        with self.sessions() as session:
            uid = select(OutboxMessage.invite_id).where(OutboxMessage.to_address == address)
            return session.scalars(select(Invite).where(Invite.id.in_(uid))).one()

    def message(self, address: str = ALI) -> OutboxMessage:
        with self.sessions() as session:
            query = select(OutboxMessage).where(OutboxMessage.to_address == address)
            return session.scalars(query.order_by(OutboxMessage.id.desc())).first() or OutboxMessage()

    def rows(self, kind: type) -> list:
        with self.sessions() as session:
            return list(session.scalars(select(kind)))

    def to_telephone(self) -> list[str]:
        with self.sessions() as session:
            round_ = session.merge(self.world.round, load=True)
            return [one.name for one in people_to_telephone(session, round_, self.settings)]


@pytest.fixture
def office(
    world: World, settings: Settings, sessions: Sessions, mail_server: MailServer, dovecot: Dovecot
) -> Office:
    office = Office(world, settings, sessions, mail_server, dovecot)
    world.session.commit()
    office.publish()
    return office

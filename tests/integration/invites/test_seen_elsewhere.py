"""What was seen going wrong in other people's invites, each named by its report.

Source: invites.md "Seen going wrong elsewhere".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.integrations.smtp_answers import AnswerKind, SendAnswer
from defense.models import Invite, NamedAttendee, OutboxMessage, SittingMember
from defense.services.invites.feeds import calendar_of_feed, live_feed, open_feed
from defense.services.invites.following import refresh_invites
from defense.services.invites.outbox import send_due
from defense.services.invites.outbox_care import send_again
from defense.services.invites.post import open_letter
from tests.calendar_client import CalendarClient
from tests.invite_world import World
from tests.parsers.ical_js import read_with_ical_js
from tests.parsers.libical import read_with_libical
from tests.parsers.mime_check import calendar_octet_faults, calendar_part_of, faults_of_mail
from tests.parsers.python_icalendar import read_with_icalendar
from tests.parsers.reading import DEVICE_ZONES

ALI, LI = "ali@example.org", "li@163.com"


class Mailboxes:
    """A way out into everybody's mailbox; it can be killed."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.killed_after: int | None = None

    def send(self, to_address: str, data: bytes) -> SendAnswer:
        self.taken.append((to_address, data))
        if len(self.taken) == self.killed_after:
            raise KeyboardInterrupt
        return SendAnswer(AnswerKind.SENT, "250")

    def close(self) -> None:
        """Nothing is held open."""

    def of(self, address: str) -> list[bytes]:
        return [data for to_address, data in self.taken if to_address == address]


class Office:
    """Publishes, and lets the outbox run, a minute apart."""

    def __init__(self, world: World, sessions: Callable[[], Session]) -> None:
        self.world, self.session, self.settings, self.sessions = (
            world,
            world.session,
            world.settings,
            sessions,
        )
        self.now = world.sitting.start_at - timedelta(days=7)
        self.mail = Mailboxes()

    def publish(self) -> None:
        self.now += timedelta(minutes=1)
        refresh_invites(self.session, self.world.round, self.settings, self.now)
        self.session.commit()

    def send(self) -> None:
        self.now += timedelta(minutes=1)
        send_due(self.sessions, [self.mail], self.settings, lambda: self.now)
        self.session.expire_all()

    def publish_and_send(self) -> None:
        self.publish()
        self.send()

    def move(self, number: int = 0) -> None:
        defence = self.world.defences[number]
        defence.start_at += timedelta(days=1)
        defence.end_at += timedelta(days=1)

    def every_letter(self) -> list[tuple[OutboxMessage, bytes]]:
        messages = self.session.scalars(select(OutboxMessage).where(OutboxMessage.data != b"")).all()
        return [(m, open_letter(self.settings, m.message_id, m.data)) for m in messages]


@pytest.fixture
def office(world: World, sessions: Callable[[], Session]) -> Office:
    return Office(world, sessions)


def unfolded(data: bytes) -> list[str]:
    return calendar_part_of(data).replace(b"\r\n ", b"").decode().split("\r\n")


def values(data: bytes, name: str) -> list[str]:
    """The values of a property of the calendar in a mail."""
    return [line.rpartition(":")[2] for line in unfolded(data) if re.match(rf"{name}[;:]", line)]


def test_calcom_29706_a_cancellation_is_a_cancel_and_takes_the_event_out(office: Office) -> None:
    office.publish_and_send()
    client = CalendarClient(ALI)
    client.take(office.mail.of(ALI)[0])
    assert len(client.shown) == 1
    office.world.defences[0].state = "cancelled"
    office.publish_and_send()
    cancel = office.mail.of(ALI)[1]
    assert b"method=CANCEL" in cancel
    assert (values(cancel, "METHOD"), values(cancel, "STATUS")) == (["CANCEL"], ["CANCELLED"])
    assert values(cancel, "SEQUENCE") == ["1"]
    client.take(cancel)
    assert client.shown == []


def test_calcom_9485_one_event_has_one_uid_for_life(office: Office) -> None:
    world = office.world
    for change in (
        lambda: None,
        office.move,
        lambda: setattr(world.defences[0], "state", "cancelled"),
        lambda: setattr(world.defences[0], "state", "waiting"),
        lambda: world.set_email(world.candidates[0], "new@example.org"),
    ):
        change()
        office.publish_and_send()
    mails = office.mail.of(ALI) + office.mail.of("new@example.org")
    assert [values(mail, "METHOD")[0] for mail in mails] == [
        *("REQUEST", "REQUEST", "CANCEL", "REQUEST", "CANCEL", "REQUEST"),
    ]
    assert {uid for mail in mails for uid in values(mail, "UID")} == {world.invite_of(world.defences[0]).uid}


def test_calcom_9485_mail_and_feed_name_the_same_event(office: Office) -> None:
    office.publish_and_send()
    of_panelist = select(Invite).where(Invite.sitting_id == office.world.sitting.id).order_by(Invite.id)
    invite = office.session.scalars(of_panelist).first()
    assert invite is not None
    open_feed(office.session, invite.account, invite.account_id)
    feed = live_feed(office.session, invite.account)
    assert feed is not None
    published = read_with_icalendar(calendar_of_feed(office.session, feed, office.settings), "Asia/Shanghai")
    (mail,) = office.mail.of(invite.messages[0].to_address)
    mailed = read_with_icalendar(calendar_part_of(mail), "Asia/Shanghai")
    assert (published.uid, published.sequence) == (mailed.uid, mailed.sequence)
    assert (published.start_ms, published.end_ms) == (mailed.start_ms, mailed.end_ms)


def test_calcom_28251_no_letter_names_another_attendee(office: Office) -> None:
    office.publish()
    for message, data in office.every_letter():
        assert values(data, "ATTENDEE") == [message.to_address]
        assert message_from_bytes(data)["To"].count("@") == 1


def test_calcom_5339_a_move_shows_no_hidden_attendee(office: Office) -> None:
    world = office.world
    office.publish_and_send()
    expert, account_id = world.experts[2], world.invite_of(world.defences[0]).account_id
    attendee = NamedAttendee(expert_id=expert.id, purpose="翻译", account_id=account_id)
    world.candidates[0].attendees = [attendee]
    world.remove_member(world.sitting, world.experts[2])
    office.publish_and_send()
    office.move()
    office.publish_and_send()
    mails = office.mail.of(ALI)
    assert (len(mails), len(office.mail.of(expert.email))) == (2, 4)
    for mail in mails:
        text = "\n".join(unfolded(mail))
        assert values(mail, "ATTENDEE") == [ALI]
        assert expert.name not in text and expert.email not in text


def test_calcom_13852_one_change_is_one_mail(office: Office) -> None:
    for _ in range(100):
        office.publish_and_send()
    assert set(Counter(address for address, _ in office.mail.taken).values()) == {1}
    for _ in range(100):
        office.move()
        office.publish()
    office.send()
    assert len(office.mail.of(ALI)) == 2
    assert values(office.mail.of(ALI)[1], "SEQUENCE") == ["100"]
    assert len(office.mail.of(LI)) == 1


def test_indico_4790_dtstamp_is_when_it_was_published(office: Office) -> None:
    office.publish()
    published_at = office.now
    office.send()
    office.now += timedelta(days=3)
    (message,) = office.session.scalars(select(OutboxMessage).where(OutboxMessage.to_address == ALI)).all()
    send_again(office.session, message, office.now, None)
    office.session.commit()
    office.send()
    first, again = office.mail.of(ALI)
    assert first == again
    assert values(first, "DTSTAMP") == [f"{published_at:%Y%m%dT%H%M%SZ}"]


def test_indico_5178_the_method_is_in_the_type_of_the_part(office: Office) -> None:
    office.publish_and_send()
    office.world.sitting.cancelled = True
    office.publish()
    methods = Counter[str]()
    for message, data in office.every_letter():
        (part,) = [p for p in message_from_bytes(data).walk() if p.get_content_type() == "text/calendar"]
        assert [part.get_param("method")] == values(data, "METHOD") == [message.method]
        methods[str(message.method)] += 1
    assert methods == {"REQUEST": 5, "CANCEL": 5}


def test_pretalx_2588_the_hour_is_the_same_in_every_program_and_place(office: Office) -> None:
    office.publish_and_send()
    wanted = 1000 * int(office.world.defences[0].start_at.timestamp())
    calendar = calendar_part_of(office.mail.of(ALI)[0])
    assert b"TZID=Asia/Shanghai:20211122T100000" in calendar
    for zone in DEVICE_ZONES:
        readings = [
            *(read_with_libical(calendar, zone), read_with_icalendar(calendar, zone)),
            *read_with_ical_js([calendar], zone),
        ]
        assert [reading.start_ms for reading in readings] == [wanted] * 3
        assert [reading.faults for reading in readings] == [()] * 3


def test_nextcloud_server_63242_a_replaced_panelist_gets_a_cancel(office: Office) -> None:
    world = office.world
    office.publish_and_send()
    world.remove_member(world.sitting, world.experts[1])
    office.publish_and_send()
    request, cancel = office.mail.of("expert1@qq.com")
    assert values(cancel, "METHOD") == ["CANCEL"]
    assert values(cancel, "ATTENDEE") == values(request, "ATTENDEE") == ["expert1@qq.com"]
    client = CalendarClient("expert1@qq.com")
    for mail in (cancel, request, cancel):  # in the wrong order, and twice
        client.take(mail)
    assert client.shown == []
    world.session.add(SittingMember(sitting_id=world.sitting.id, expert_id=world.experts[1].id))
    office.publish_and_send()
    client.take(office.mail.of("expert1@qq.com")[2])
    assert len(client.shown) == 1


def test_nextcloud_mail_10416_nothing_is_attached(office: Office) -> None:
    office.publish()
    for _message, data in office.every_letter():
        assert b"disposition" not in data.lower()
        assert faults_of_mail(data) == []


@pytest.mark.parametrize("name", ["مۇھەممەتئېلى", "买买提·艾力", "欧阳𠮷明", "👩🏽‍🏫"])
def test_ical4j_800_no_fold_splits_a_character(office: Office, name: str) -> None:
    for shift in range(4):
        office.world.candidates[0].name = "x" * shift + name * 12
        office.publish()
    letters = [data for message, data in office.every_letter() if message.to_address == ALI]
    assert len(letters) == 4
    for data in letters:
        assert calendar_octet_faults(calendar_part_of(data)) == []


def test_hypothesis_lms_5346_a_killed_worker_repeats_one_mail_at_most(office: Office) -> None:
    office.publish()
    office.mail.killed_after = 3
    with pytest.raises(KeyboardInterrupt):
        office.send()
    assert len(office.mail.taken) == 3
    office.now += timedelta(minutes=30)
    office.send()
    assert sorted(Counter(address for address, _ in office.mail.taken).values()) == [1, 1, 1, 1, 2]
    repeated = office.mail.of(office.mail.taken[2][0])
    assert repeated[0] == repeated[1]

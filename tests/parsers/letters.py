"""Letters as the service writes them, to people of any name, each with what a reader has to understand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random

from defense.domain.people import Period
from defense.domain.text import Text
from defense.integrations.calendar_feed import ListedEvent, build_feed
from defense.integrations.calendar_file import (
    DECLINE_COUNTER,
    CalendarEvent,
    build_calendar,
    build_decline_counter,
)
from defense.integrations.header_text import one_line
from defense.integrations.mail import Letter, Mailbox, build_message
from defense.integrations.notice_wordings import NoticeKind
from defense.integrations.notices import LOCATION, CandidateNotice, RenderedNotice, render_candidate_notice
from tests.calendar_client import CalendarClient, OutgoingAnswer
from tests.parsers.mime_check import calendar_part_of
from tests.parsers.reading import Reading

_CENTRE = Mailbox("自治区职称社会化评价中心", "defence@example.com")
_WRITTEN_AT = datetime(2021, 11, 8, 4, 5, 6, tzinfo=UTC)
_WIDE = str.maketrans('"\\^', "＂＼＾")
_FIRST_START = datetime(2021, 11, 22, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    """The bytes of a letter or of a feed, and what is in its calendar."""

    name: str
    data: bytes
    expected: Reading

    @cached_property
    def calendar(self) -> bytes:
        """The calendar file in it, or that it is."""
        is_calendar = self.data.startswith(b"BEGIN:VCALENDAR")
        return self.data if is_calendar else calendar_part_of(self.data)


def letters_to(names: Iterable[str], seed: int = 2021) -> Iterator[Sample]:
    """For every name an invite and its cancellation, at any quarter of an hour of a year."""
    random = Random(seed)
    for number, name in enumerate(names):
        start_at = _FIRST_START + timedelta(minutes=15 * random.randrange(4 * 24 * 365))
        for sequence, kind in enumerate((NoticeKind.INVITE, NoticeKind.CANCEL)):
            yield _letter(number, name, sequence, kind, Period(start_at, start_at + timedelta(minutes=15)))


def feeds_to(names: Iterable[str], seed: int = 2021) -> Iterator[Sample]:
    """For every name the feed that this person subscribes to, with one event; nobody is asked to answer."""
    for sample in letters_to(names, seed):
        expected = sample.expected
        if expected.method == "REQUEST":
            event = ListedEvent(
                uid=expected.uid,
                sequence=expected.sequence,
                stamped_at=_WRITTEN_AT,
                start_at=_at(expected.start_ms),
                end_at=_at(expected.end_ms),
                summary=expected.summary,
                description=expected.description,
                location=str(LOCATION),
                url=expected.url,
            )
            published = replace(expected, method="PUBLISH", attendees=(), attendee_names=())
            yield Sample(sample.name, build_feed(sample.name, _CENTRE, [event]), published)


def declined_counters_to(names: Iterable[str], seed: int = 2021) -> Iterator[Sample]:
    """For every name the letter that the time stays, to somebody whose calendar asked for another."""
    for sample in letters_to(names, seed):
        expected = sample.expected
        if expected.method != "REQUEST":
            continue
        notice = _notice(
            NoticeKind.TIME_STAYS,
            sample.name,
            Period(_at(expected.start_ms), _at(expected.end_ms)),
            expected.url,
            None,
        )
        event = CalendarEvent(
            uid=expected.uid,
            sequence=2,
            stamped_at=_WRITTEN_AT,
            start_at=_at(expected.start_ms),
            end_at=_at(expected.end_ms),
            summary=notice.summary,
            description="",
            location=str(LOCATION),
            url="",
            organizer_name=_CENTRE.name,
            organizer_address=_CENTRE.address,
            attendee_name=sample.name,
            attendee_address=expected.attendees[0].removeprefix("mailto:"),
        )
        letter = Letter(
            sender=_CENTRE,
            recipient=Mailbox(sample.name, event.attendee_address),
            subject=notice.subject,
            text=notice.text,
            html=notice.html,
            calendar=build_decline_counter(event),
            method=DECLINE_COUNTER,
            message_id=f"<stays.{expected.uid}>",
            written_at=_WRITTEN_AT,
        )
        stays = replace(reading_of(event), method=DECLINE_COUNTER, status="")
        yield Sample(sample.name, build_message(letter), stays)


def answers_from(names: Iterable[str], seed: int = 2021) -> Iterator[tuple[Sample, OutgoingAnswer]]:
    """For every name the answer of a calendar program to the invite, and what it holds."""
    random = Random(seed)
    for sample in letters_to(names, seed):
        expected = sample.expected
        if expected.method != "REQUEST":
            continue
        client = CalendarClient(expected.attendees[0].removeprefix("mailto:"), sample.name)
        client.take(sample.data)
        at = _WRITTEN_AT + timedelta(minutes=random.randrange(10_000))
        if random.random() < 0.3:
            start_at = _at(expected.start_ms) + timedelta(days=1)
            answer = client.counter(expected.uid, start_at, start_at + timedelta(minutes=15), at)
        else:
            partstat = random.choice(("ACCEPTED", "TENTATIVE", "DECLINED"))
            answer = client.reply(expected.uid, partstat, at, one_line(sample.name))
        yield sample, answer


def reading_of(event: CalendarEvent) -> Reading:
    """What a reader has to understand of an event of ours."""
    return Reading(
        method=event.method,
        uid=event.uid,
        sequence=event.sequence,
        status="CANCELLED" if event.cancelled else "CONFIRMED",
        summary=event.summary,
        description=event.description,
        stamped_ms=_ms(event.stamped_at),
        start_ms=_ms(event.start_at),
        end_ms=_ms(event.end_at),
        organizer=f"mailto:{event.organizer_address}",
        organizer_name=event.organizer_name,
        attendees=(f"mailto:{event.attendee_address}",),
        attendee_names=(one_line(event.attendee_name).translate(_WIDE),),
        url=event.url,
    )


def _letter(number: int, name: str, sequence: int, kind: NoticeKind, slot: Period) -> Sample:
    cancelled = kind is NoticeKind.CANCEL
    link = "" if cancelled else f"https://defence.example.org/link/{number:043}"
    notice = _notice(kind, name, slot, link, None if cancelled else 1 + number % 12)
    recipient = Mailbox(name, f"person{number}@example.org")
    event = CalendarEvent(
        uid=f"{number:032x}@defence.example.org",
        sequence=sequence,
        stamped_at=_WRITTEN_AT + timedelta(hours=sequence),
        start_at=slot.start_at,
        end_at=slot.end_at,
        summary=notice.summary,
        description=notice.description,
        location=str(LOCATION),
        url=link,
        organizer_name=_CENTRE.name,
        organizer_address=_CENTRE.address,
        attendee_name=recipient.name,
        attendee_address=recipient.address,
        cancelled=cancelled,
    )
    letter = Letter(
        sender=_CENTRE,
        recipient=recipient,
        subject=notice.subject,
        text=notice.text,
        html=notice.html,
        calendar=build_calendar(event),
        method=event.method,
        message_id=f"<{number:032x}.{sequence}@example.com>",
        written_at=_WRITTEN_AT,
    )
    return Sample(name, build_message(letter), reading_of(event))


def _notice(kind: NoticeKind, name: str, slot: Period, link: str, place: int | None) -> RenderedNotice:
    return render_candidate_notice(
        CandidateNotice(
            kind=kind,
            round_name=Text("2021年度评审", "Review of 2021"),
            name=name,
            series="工程系列",
            specialty="土木建筑",
            level=Text("正高级", "senior"),
            panel="第一组",
            slot=slot,
            place=place,
            previous=None,
            check_in_at=slot.start_at - timedelta(minutes=30),
            written_at=_WRITTEN_AT,
            link=link,
            telephones=("0991-1111111",),
            support_telephones=("0991-3333333",),
        )
    )


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _ms(at: datetime) -> int:
    return round(1000 * at.timestamp())

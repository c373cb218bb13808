"""Calendar files (iCalendar) as they go out by mail.

References: RFC 5545 (format), RFC 5546 sections 3.2.2, 3.2.5 and 3.2.8 (REQUEST,
CANCEL, DECLINECOUNTER), RFC 7986 section 5.11
(CONFERENCE).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from icalendar import Alarm, Calendar, Event, Timezone, TimezoneStandard, vCalAddress, vText, vUri

from defense.domain.round_rules import BEIJING
from defense.integrations.content_lines import octets_of
from defense.integrations.header_text import one_line

PRODUCT_ID = "-//Title review video defence//Invites//ZH"
_UNLIKE_IN_PARAMETERS = str.maketrans('"\\^', "＂＼＾")
"""To their wide twins: these three are escapes to one reader of parameters and plain text to the next, and a
backslash before the closing quote makes libical lose the address."""


DECLINE_COUNTER = "DECLINECOUNTER"
"""The iTIP method that turns a counter-proposal down."""


@dataclass(frozen=True)
class CalendarEvent:
    """One revision of one person's event.

    Times are aware. `url` is the person's own link to this service, never a provider's address; it is empty
    in a cancellation. `alarm_min` counts minutes before the start.
    """

    uid: str
    sequence: int
    stamped_at: datetime
    start_at: datetime
    end_at: datetime
    summary: str
    description: str
    location: str
    url: str
    organizer_name: str
    organizer_address: str
    attendee_name: str
    attendee_address: str
    alarm_min: int = 30
    cancelled: bool = False

    @property
    def method(self) -> str:
        """The iTIP method, the same in the calendar and in the type of its MIME part."""
        return "CANCEL" if self.cancelled else "REQUEST"


def build_calendar(event: CalendarEvent) -> bytes:
    """The calendar file of one revision, CRLF line ends, folded between characters at 75 octets.

    Source: invites.md "A right invite".
    """
    head, tail = _frame(event.method)
    return head + octets_of(_event_component(event)) + tail


def build_decline_counter(event: CalendarEvent) -> bytes:
    """The answer to a counter-proposal that is not taken up: the event stays as it is.

    Parameters
    ----------
    event : the present revision; `stamped_at` is the moment of this answer.

    Source: RFC 5546 section 3.2.8.
    """
    component = Event()
    component.add("uid", event.uid)
    component.add("sequence", event.sequence)
    component.add("dtstamp", event.stamped_at.astimezone(UTC))
    component.add("dtstart", event.start_at.astimezone(BEIJING))
    component.add("dtend", event.end_at.astimezone(BEIJING))
    component.add("summary", CalendarText(event.summary))
    component.add("organizer", mailbox_property(event.organizer_name, event.organizer_address))
    component.add("attendee", mailbox_property(event.attendee_name, event.attendee_address))
    head, tail = _frame(DECLINE_COUNTER)
    return head + octets_of(component) + tail


@lru_cache(maxsize=8)
def _frame(method: str) -> tuple[bytes, bytes]:
    """What stands before and after the event: a third of the work and always the same, so built once."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT_ID)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(beijing_timezone())
    head, end, rest = calendar.to_ical().rpartition(b"END:VCALENDAR")
    return head, end + rest


@lru_cache(maxsize=1)
def beijing_timezone() -> Timezone:
    """The one time zone of every event: +08:00 without summer times."""
    # The library's own component lists the summer times of 1986-91 and takes 14 ms to build.
    standard = TimezoneStandard()
    standard.add("dtstart", datetime(1970, 1, 1))  # noqa: DTZ001 (local time by RFC 5545 section 3.6.5)
    standard.add("tzoffsetfrom", timedelta(hours=8))
    standard.add("tzoffsetto", timedelta(hours=8))
    standard.add("tzname", "CST")
    timezone = Timezone()
    timezone.add("tzid", BEIJING.key)
    timezone.add_component(standard)
    return timezone


class CalendarText(vText):
    r"""Text as RFC 5545 section 3.3.11 escapes it; the library's own takes a typed `\N` for a line break."""

    def to_ical(self) -> bytes:
        r"""The octets: `\`, `;`, `,` and line breaks behind a backslash."""
        text = self.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
        return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n").encode()


def _event_component(event: CalendarEvent) -> Event:
    component = Event()
    component.add("uid", event.uid)
    component.add("sequence", event.sequence)
    component.add("dtstamp", event.stamped_at.astimezone(UTC))
    component.add("dtstart", event.start_at.astimezone(BEIJING))
    component.add("dtend", event.end_at.astimezone(BEIJING))
    component.add("status", "CANCELLED" if event.cancelled else "CONFIRMED")
    component.add("summary", CalendarText(event.summary))
    component.add("description", CalendarText(event.description))
    component.add("location", CalendarText(event.location))
    component.add("organizer", mailbox_property(event.organizer_name, event.organizer_address))
    component.add("attendee", _attendee(event))
    if event.url:
        component.add("url", event.url)
        component.add("conference", conference_property(event.url))
    if not event.cancelled:
        component.add_component(_alarm(event))
    return component


def mailbox_property(name: str, address: str) -> vCalAddress:
    """An organizer or attendee with their name."""
    person = vCalAddress(f"mailto:{address}")
    person.params["CN"] = one_line(name).translate(_UNLIKE_IN_PARAMETERS)
    return person


def _attendee(event: CalendarEvent) -> vCalAddress:
    attendee = mailbox_property(event.attendee_name, event.attendee_address)
    attendee.params["CUTYPE"] = "INDIVIDUAL"
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    if not event.cancelled:
        attendee.params["PARTSTAT"] = "NEEDS-ACTION"
        attendee.params["RSVP"] = "TRUE"
    return attendee


def conference_property(url: str) -> vUri:
    """Where to join, for programs that show a button for it (RFC 7986 section 5.11)."""
    conference = vUri(url)
    conference.params["VALUE"] = "URI"
    # A list, because as one string the comma would be quoted and the two features read as one.
    conference.params["FEATURE"] = ["AUDIO", "VIDEO"]
    return conference


def _alarm(event: CalendarEvent) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", CalendarText(event.summary))
    alarm.add("trigger", timedelta(minutes=-event.alarm_min))
    return alarm

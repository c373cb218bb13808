"""Calendars that programs subscribe to, and single objects for a calendar server.

Nobody is asked for an answer by either, so neither has attendees; only what is published has a METHOD.

References: RFC 5546 section 3.2.1 (PUBLISH), RFC 7986 (NAME, COLOR, REFRESH-INTERVAL), RFC 4791 section 4.1
(calendar objects carry no METHOD).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from defense.domain.clocks import both_clocks, both_clocks_range, day_with_weekday
from defense.domain.round_rules import BEIJING
from defense.domain.text import Text
from defense.integrations.calendar_file import (
    PRODUCT_ID,
    CalendarText,
    beijing_timezone,
    conference_property,
    mailbox_property,
)
from defense.integrations.content_lines import octets_of
from defense.integrations.header_text import one_line
from defense.integrations.mail import Mailbox

REFRESH_EVERY = timedelta(hours=1)
_COLOR = "steelblue"


@dataclass(frozen=True)
class ListedEvent:
    """One revision of an event as a calendar shows it. Times are aware; `url` is an address of this service.

    `joins`: whether `url` is where to join, so that programs may show a button for it.
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
    joins: bool = True


@dataclass(frozen=True)
class SittingFacts:
    """What the office's calendars say about a sitting; candidates are counted, never named."""

    panel: str
    start_at: datetime
    end_at: datetime
    candidate_count: int
    url: str


def build_feed(name: str, organizer: Mailbox, events: Iterable[ListedEvent]) -> bytes:
    """The calendar that a subscriber reads; the same events give the same bytes.

    An event that is called off is left out rather than kept as STATUS:CANCELLED: a subscriber replaces what
    it has with what it reads, so what is gone here is gone there, while some programs go on showing a
    cancelled event as busy time. That it was called off is told by mail.

    Parameters
    ----------
    name : of the calendar, on one line.
    organizer : the service's own mailbox, which PUBLISH asks for.
    """
    calendar = _empty_calendar()
    calendar.add("method", "PUBLISH")
    calendar.add("name", CalendarText(one_line(name)))
    calendar.add("x-wr-calname", CalendarText(one_line(name)))
    calendar.add("x-wr-timezone", BEIJING.key)
    calendar.add("color", _COLOR)
    calendar.add("refresh-interval", REFRESH_EVERY, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    calendar.add_component(beijing_timezone())
    for event in events:
        component = _event_component(event)
        component.add("organizer", mailbox_property(organizer.name, organizer.address))
        calendar.add_component(component)
    return octets_of(calendar)


def build_object(event: ListedEvent) -> bytes:
    """One event as a calendar server keeps it."""
    calendar = _empty_calendar()
    calendar.add_component(beijing_timezone())
    calendar.add_component(_event_component(event))
    return octets_of(calendar)


def sitting_event(facts: SittingFacts, uid: str, sequence: int, stamped_at: datetime) -> ListedEvent:
    """The event of a sitting for the office, in both languages and on both clocks."""
    panel = one_line(facts.panel)
    start = both_clocks(facts.start_at)
    day, clocks = day_with_weekday(facts.start_at), both_clocks_range(facts.start_at, facts.end_at)
    count = facts.candidate_count
    lines = (
        Text(f"答辩组：{panel}", f"Panel: {panel}"),
        Text(f"时段：{day.zh} {clocks.zh}", f"Half-day: {day.en}, {clocks.en}"),
        Text(f"答辩人数：{count}", f"Candidates: {count}"),
        Text(f"场次页面（需登录）：{facts.url}", f"Page of the sitting (sign in): {facts.url}"),
    )
    return ListedEvent(
        uid=uid,
        sequence=sequence,
        stamped_at=stamped_at,
        start_at=facts.start_at,
        end_at=facts.end_at,
        summary=f"视频答辩 {panel} {start.zh} / Defence panel {panel}, {start.en}",
        description="\n".join([*(line.zh for line in lines), "", *(line.en for line in lines)]),
        location="视频会议 / video meeting",
        url=facts.url,
        joins=False,
    )


def _empty_calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT_ID)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    return calendar


def _event_component(event: ListedEvent) -> Event:
    component = Event()
    component.add("uid", event.uid)
    component.add("sequence", event.sequence)
    # Of the revision: the time of the download would look like a change at every reading.
    component.add("dtstamp", event.stamped_at.astimezone(UTC))
    component.add("last-modified", event.stamped_at.astimezone(UTC))
    component.add("dtstart", event.start_at.astimezone(BEIJING))
    component.add("dtend", event.end_at.astimezone(BEIJING))
    component.add("status", "CONFIRMED")
    component.add("summary", CalendarText(event.summary))
    component.add("description", CalendarText(event.description))
    component.add("location", CalendarText(event.location))
    component.add("url", event.url)
    if event.joins:
        component.add("conference", conference_property(event.url))
    return component

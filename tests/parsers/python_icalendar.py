"""Reading with the icalendar package, the least of the witnesses: it builds our calendars too."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar

from tests.parsers.reading import Reading


def read_with_icalendar(calendar: bytes, device_zone: str) -> Reading:
    """What icalendar understands on a device in that time zone.

    Raises
    ------
    ValueError
        It is no calendar with exactly one event.
    """
    root: Any = Calendar.from_ical(calendar)
    events = root.walk("VEVENT")
    if len(events) != 1:
        raise ValueError(f"icalendar reads {len(events)} events")
    event: Any = events[0]
    found = event.get("ATTENDEE", [])
    attendees = found if isinstance(found, list) else [found]
    organizer = event.get("ORGANIZER")
    return Reading(
        method=str(root.get("METHOD", "")),
        uid=str(event["UID"]),
        sequence=int(event.get("SEQUENCE", 0)),
        status=str(event.get("STATUS", "")),
        summary=str(event.get("SUMMARY", "")),
        description=str(event.get("DESCRIPTION", "")),
        stamped_ms=_instant_ms(event.decoded("DTSTAMP"), device_zone),
        start_ms=_instant_ms(event.decoded("DTSTART"), device_zone),
        end_ms=_instant_ms(event.decoded("DTEND"), device_zone),
        organizer=str(organizer or ""),
        organizer_name=str(organizer.params.get("CN", "")) if organizer else "",
        attendees=tuple(str(attendee) for attendee in attendees),
        attendee_names=tuple(str(attendee.params.get("CN", "")) for attendee in attendees),
        url=str(event.get("URL", "")),
        faults=tuple(f"{name}: {words}" for part in root.walk() for name, words in part.errors),
    )


def _instant_ms(at: datetime, device_zone: str) -> int:
    aware = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(device_zone))
    return round(1000 * aware.timestamp())

"""The calendar file, read back by a parser and looked at as octets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar, Event

from defense.integrations.calendar_file import CalendarEvent, build_calendar, build_decline_counter
from tests.parsers.libical import read_with_libical

ONCE = ("UID", "DTSTAMP", "DTSTART", "DTEND", "ORGANIZER", "SUMMARY", "SEQUENCE", "STATUS", "ATTENDEE")


def unfolded(data: bytes) -> list[str]:
    return data.replace(b"\r\n ", b"").decode().split("\r\n")


def the_event(data: bytes) -> Event:
    (event,) = Calendar.from_ical(data).walk("VEVENT")
    assert isinstance(event, Event)
    return event


@pytest.mark.parametrize("cancelled", [False, True])
def test_one_of_each_property(event: CalendarEvent, cancelled: bool) -> None:
    lines = unfolded(build_calendar(replace(event, cancelled=cancelled)))
    body = lines[lines.index("BEGIN:VEVENT") : lines.index("END:VEVENT")]
    if not cancelled:
        body = body[: body.index("BEGIN:VALARM")] + body[body.index("END:VALARM") :]
    names = [line.replace(":", ";").split(";")[0] for line in body]
    assert {name: names.count(name) for name in ONCE} == dict.fromkeys(ONCE, 1)
    assert not {"RRULE", "RDATE", "RECURRENCE-ID"} & set(names)


def test_request(event: CalendarEvent) -> None:
    calendar = Calendar.from_ical(build_calendar(event))
    assert calendar["METHOD"] == "REQUEST"
    component = the_event(build_calendar(event))
    assert component["STATUS"] == "CONFIRMED"
    assert component["SEQUENCE"] == 0
    assert component["UID"] == event.uid
    assert component["SUMMARY"] == event.summary
    assert component["DESCRIPTION"] == event.description
    assert component.decoded("DTSTAMP") == event.stamped_at
    attendee = component["ATTENDEE"]
    assert attendee == "mailto:ali@example.org"
    assert attendee.params["CN"] == "买买提·艾力"
    assert (attendee.params["PARTSTAT"], attendee.params["RSVP"]) == ("NEEDS-ACTION", "TRUE")
    assert component["ORGANIZER"] == "mailto:defence@example.com"


def test_cancel_keeps_person_and_uid_and_has_nothing_to_open(event: CalendarEvent) -> None:
    data = build_calendar(replace(event, cancelled=True, sequence=3, url=""))
    component = the_event(data)
    assert Calendar.from_ical(data)["METHOD"] == "CANCEL"
    assert component["STATUS"] == "CANCELLED"
    assert (component["UID"], component["SEQUENCE"]) == (event.uid, 3)
    assert component["ATTENDEE"] == "mailto:ali@example.org"
    assert not {"URL", "CONFERENCE"} & set(component)
    assert component.walk("VALARM") == []


def test_time_zone_is_named_and_defined_once(event: CalendarEvent) -> None:
    lines = unfolded(build_calendar(event))
    assert "DTSTART;TZID=Asia/Shanghai:20211122T100000" in lines
    assert "DTEND;TZID=Asia/Shanghai:20211122T101500" in lines
    zone = lines[lines.index("BEGIN:VTIMEZONE") : lines.index("END:VTIMEZONE")]
    assert zone.count("BEGIN:STANDARD") == 1
    assert "TZOFFSETTO:+0800" in zone
    assert "BEGIN:DAYLIGHT" not in zone
    assert not [line for line in zone if line.startswith(("RDATE", "RRULE"))]
    assert the_event(build_calendar(event)).decoded("DTSTART") == event.start_at


def test_the_personal_link_is_in_three_places(event: CalendarEvent) -> None:
    data = build_calendar(replace(event, description=f"链接 {event.url}"))
    component = the_event(data)
    assert component["URL"] == event.url
    assert component["CONFERENCE"] == event.url
    assert event.url in str(component["DESCRIPTION"])
    (line,) = [line for line in unfolded(data) if line.startswith("CONFERENCE")]
    assert "FEATURE=AUDIO,VIDEO" in line
    assert "VALUE=URI" in line


def test_alarm(event: CalendarEvent) -> None:
    (alarm,) = the_event(build_calendar(replace(event, alarm_min=45))).walk("VALARM")
    assert alarm["ACTION"] == "DISPLAY"
    assert alarm.decoded("TRIGGER") == timedelta(minutes=-45)


@pytest.mark.parametrize("shift", range(4))
@pytest.mark.parametrize("word", ["مۇھەممەتئېلى", "买买提艾力", "欧阳𠮷明"])
def test_folding_counts_octets_and_splits_no_character(event: CalendarEvent, word: str, shift: int) -> None:
    text = "x" * shift + word * 60
    data = build_calendar(replace(event, summary=text, attendee_name=text))
    lines = data.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    for line in lines:
        line.decode()  # raises when a character was split
    assert b"\n" not in data.replace(b"\r\n", b"")
    component = the_event(data)
    assert component["SUMMARY"] == text
    assert component["ATTENDEE"].params["CN"] == text


def test_a_name_cannot_write_properties(event: CalendarEvent) -> None:
    evil = 'A"\r\nATTENDEE:mailto:spy@example.net\x00\x07;CN="x,y:z'
    component = the_event(build_calendar(replace(event, attendee_name=evil, organizer_name=evil)))
    assert component["ATTENDEE"] == "mailto:ali@example.org"
    assert component["ORGANIZER"] == "mailto:defence@example.com"
    assert component["ATTENDEE"].params["CN"] == "A＂ ATTENDEE:mailto:spy@example.net ;CN=＂x,y:z"


@pytest.mark.parametrize("text", [r"C:\New \n, ; \\", "一\n二", 'a "b" ^n ^^', r"\N\n\\N"])
def test_text_comes_back_as_it_was(event: CalendarEvent, text: str) -> None:
    component = the_event(build_calendar(replace(event, summary=text, description=text, location=text)))
    assert {component[name] for name in ("SUMMARY", "DESCRIPTION", "LOCATION")} == {text}


def test_carriage_returns_begin_no_line(event: CalendarEvent) -> None:
    component = the_event(build_calendar(replace(event, description="一\r二\r\n三")))
    assert component["DESCRIPTION"] == "一\n二\n三"


def test_no_parameter_ends_in_a_backslash(event: CalendarEvent) -> None:
    """Before a closing quote libical takes it for an escape, and loses the address behind."""
    data = build_calendar(replace(event, attendee_name="王, 建国\\", organizer_name="中心^"))
    assert b'\\"' not in data.replace(b"\r\n ", b"")
    assert the_event(data)["ATTENDEE"].params["CN"] == "王, 建国＼"


def test_revisions_share_no_state(event: CalendarEvent) -> None:
    later = replace(event, sequence=1, stamped_at=datetime(2021, 11, 2, tzinfo=UTC))
    first = build_calendar(event)
    assert build_calendar(later) != first
    assert build_calendar(event) == first
    changed = [a for a, b in zip(unfolded(first), unfolded(build_calendar(later)), strict=True) if a != b]
    assert sorted(line.split(":")[0] for line in changed) == ["DTSTAMP", "SEQUENCE"]


def test_a_counter_proposal_is_declined_with_the_event_as_it_is(event: CalendarEvent) -> None:
    data = build_decline_counter(replace(event, sequence=2))
    assert Calendar.from_ical(data)["METHOD"] == "DECLINECOUNTER"
    component = the_event(data)
    assert (component["UID"], component["SEQUENCE"]) == (event.uid, 2)
    assert component["ORGANIZER"] == "mailto:defence@example.com"
    assert component["ATTENDEE"] == "mailto:ali@example.org"
    assert component.decoded("DTSTART") == event.start_at
    assert event.url not in data.decode()
    for zone in ("Asia/Urumqi", "Asia/Shanghai"):
        reading = read_with_libical(data, zone)
        # Its table for this method has no optional rows, so it counts even the SEQUENCE as one too many.
        assert all("Expected 0 instances" in fault for fault in reading.faults)
        assert (reading.method, reading.uid, reading.sequence) == ("DECLINECOUNTER", event.uid, 2)

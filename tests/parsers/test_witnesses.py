"""The witnesses see what is wrong: each of these was seen going wrong in somebody's invites."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.parsers.ical_js import read_with_ical_js
from tests.parsers.letters import Sample, letters_to
from tests.parsers.libical import read_with_libical
from tests.parsers.mime_check import calendar_octet_faults, faults_of_mail
from tests.parsers.python_icalendar import read_with_icalendar
from tests.parsers.reading import Reading, differences

HOUR_MS = 3_600_000


def request() -> Sample:
    return next(letters_to(["买买提·艾力"]))


def without(calendar: bytes, *starts: bytes) -> bytes:
    """A calendar without the lines, and what they continue in, that begin so."""
    lines = calendar.replace(b"\r\n ", b"").split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.startswith(starts))


def without_zone(calendar: bytes) -> bytes:
    start, end = calendar.index(b"BEGIN:VTIMEZONE"), calendar.index(b"BEGIN:VEVENT")
    return calendar[:start] + calendar[end:]


@pytest.mark.parametrize("left_out", [b"ORGANIZER", b"ATTENDEE", b"SUMMARY", b"DTSTART", b"DTSTAMP"])
def test_libical_misses_what_a_request_has_to_hold(left_out: bytes) -> None:
    broken = without(request().calendar, left_out)
    assert read_with_libical(broken, "Asia/Shanghai").faults


def test_libical_misses_the_sequence_of_a_cancel() -> None:
    _request, cancel = letters_to(["王"])
    assert read_with_libical(without(cancel.calendar, b"SEQUENCE"), "Asia/Shanghai").faults


def test_ical_js_sees_that_no_zone_came_with_it() -> None:
    sample = request()
    zoneless = without_zone(sample.calendar)
    (at_home,) = read_with_ical_js([zoneless], "Asia/Shanghai")
    (in_urumqi,) = read_with_ical_js([zoneless], "Asia/Urumqi")
    assert at_home.faults and in_urumqi.faults
    assert at_home.start_ms == sample.expected.start_ms
    # 10:00 Beijing is read as 12:00 Beijing.
    assert in_urumqi.start_ms == sample.expected.start_ms + 2 * HOUR_MS


@pytest.mark.parametrize(
    "read",
    [
        read_with_libical,
        lambda calendar, zone: read_with_ical_js([calendar], zone)[0],
        read_with_icalendar,
    ],
    ids=["libical", "ical.js", "icalendar"],
)
def test_every_parser_takes_a_time_without_a_zone_for_the_devices(
    read: Callable[[bytes, str], Reading],
) -> None:
    sample = request()
    floating = sample.calendar.replace(b";TZID=Asia/Shanghai", b"")
    assert read(floating, "Asia/Urumqi").start_ms == sample.expected.start_ms + 2 * HOUR_MS
    assert differences(sample.expected, read(floating, "Asia/Urumqi"))
    assert not differences(sample.expected, read(sample.calendar, "Asia/Urumqi"))


def test_none_of_them_reads_two_events_as_one() -> None:
    calendar = request().calendar
    start, end = calendar.index(b"BEGIN:VEVENT"), calendar.index(b"END:VCALENDAR")
    double = calendar[:end] + calendar[start:end] + calendar[end:]
    with pytest.raises(ValueError, match="events"):
        read_with_libical(double, "Asia/Shanghai")
    with pytest.raises(ValueError, match="2 events"):
        read_with_ical_js([double], "Asia/Shanghai")
    with pytest.raises(ValueError, match="2 events"):
        read_with_icalendar(double, "Asia/Shanghai")


def test_differences_name_the_field_and_the_complaints() -> None:
    expected = request().expected
    assert differences(expected, replace(expected, summary="x", faults=("y",))) == [
        "complains: y",
        f"summary: 'x' instead of {expected.summary!r}",
    ]


def swap_parts(data: bytes) -> bytes:
    """The calendar first."""
    boundary = data.split(b'boundary="', 1)[1].split(b'"', 1)[0]
    head, plain, html, calendar, tail = data.split(b"--" + boundary)
    return (b"--" + boundary).join([head, calendar, plain, html, tail])


WRONG_MAILS: dict[str, Callable[[bytes], bytes]] = {
    "no method": lambda d: d.replace(b"; method=REQUEST", b""),
    "another method": lambda d: d.replace(b"method=REQUEST", b"method=CANCEL"),
    "small letters": lambda d: d.replace(b"method=REQUEST", b"method=request"),
    "attached": lambda d: d.replace(
        b"method=REQUEST\r\n", b"method=REQUEST\r\nContent-Disposition: attachment\r\n"
    ),
    "order of parts": swap_parts,
    "mixed": lambda d: d.replace(b"multipart/alternative", b"multipart/mixed"),
    "not ASCII": lambda d: d.replace(b"Subject: ", "Subject: 通知".encode(), 1),
    "lone line feeds": lambda d: d.replace(b"\r\n", b"\n"),
    "long line": lambda d: d.replace(b"Subject: ", b"Subject: " + b"x" * 999, 1),
    "blind copy": lambda d: b"Bcc: spy@example.net\r\n" + d,
    "second recipient": lambda d: d.replace(b"<person0@example.org>", b"<person0@example.org>, <x@y.cn>"),
    "two senders": lambda d: b"From: <x@y.cn>\r\n" + d,
}


@pytest.mark.parametrize("what", sorted(WRONG_MAILS))
def test_wrong_mails_are_seen(what: str) -> None:
    data = request().data
    wrong = WRONG_MAILS[what](data)
    assert wrong != data
    assert faults_of_mail(data) == []
    assert faults_of_mail(wrong) != []


def test_wrong_octets_of_a_calendar_are_seen() -> None:
    calendar = request().calendar
    assert calendar_octet_faults(calendar) == []
    split = calendar.replace("北京".encode(), b"\xe5\x8c\r\n \x97\xe4\xba\xac", 1)
    assert "calendar: a fold splits a character" in calendar_octet_faults(split)
    unfolded = calendar.replace(b"\r\n ", b"")
    assert any("octets" in fault for fault in calendar_octet_faults(unfolded))
    assert calendar_octet_faults(calendar.replace(b"\r\n", b"\n"))
    wrapped = request().data.replace(base64.encodebytes(calendar)[:60], b"", 1)
    assert wrapped != request().data

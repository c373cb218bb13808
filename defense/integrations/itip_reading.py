"""Reading what calendar programs answer to an invite: one REPLY or COUNTER.

Only the few properties that count are read, line by line, so that a calendar of any size or
shape costs little.

References: RFC 5546 sections 3.2.3 and 3.2.7, RFC 6047 section 2.4, RFC 5545 section 3.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from email.message import Message
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from icalendar import Timezone
from icalendar.parser import Contentline, Parameters
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from defense.domain.errors import InvalidInput
from defense.domain.people import Period
from defense.domain.round_rules import BEIJING
from defense.domain.text import Text
from defense.integrations.mail_parts import charset_of, content_bytes, decode_text, leaves

ANSWERING_METHODS = ("REPLY", "COUNTER")
MAX_CALENDARS = 10
MAX_LINE = 4_000
MAX_ATTENDEES = 50
MAX_COMMENT = 500
MAX_SEQUENCE = 2**31 - 1
_LONGEST_PROPOSAL = timedelta(hours=24)
_TYPES = ("text/calendar", "application/ics", "application/x-ics", "text/x-vcalendar")
_WANTED = frozenset(("UID", "ATTENDEE", "SEQUENCE", "DTSTAMP", "COMMENT", "DTSTART", "DTEND", "DURATION"))
_VALUE = re.compile(r'[^:"]*(?:"[^"]*"[^:"]*)*:(.*)', re.DOTALL)
"""Of a content line; a colon in quotes is one of a parameter."""
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)", re.ASCII)
_DURATION = re.compile(r"\+?P(?:(\d{1,3})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:\d{1,5}S)?)?", re.ASCII)


@dataclass(frozen=True)
class CalendarAnswer:
    """What one person answered.

    Parameters
    ----------
    method : REPLY or COUNTER.
    attendee : address in lower case.
    partstat : in capitals, as RFC 5545 has it; whether it is one that can be taken is not said here.
    stamped_at : DTSTAMP; None if there is no readable one.
    proposed : the other time that a COUNTER asks for, if it names one that can be read.
    """

    method: str
    uid: str
    attendee: str
    partstat: str
    sequence: int = 0
    stamped_at: datetime | None = None
    comment: str = ""
    proposed: Period | None = None


@dataclass(frozen=True)
class _Line:
    name: str
    params: Mapping[str, str]
    value: str


def read_answer(message: Message, sender: str) -> CalendarAnswer | None:
    """The answer in a mail; None if it holds no calendar that answers anything.

    Parameters
    ----------
    sender : address in lower case; among several attendees it tells who answers.

    Raises
    ------
    InvalidInput
        There is an answer in it, and it is malformed or ambiguous.
    """
    answers = set()
    parts = [part for part in leaves(message) if _is_calendar(part)]
    for part in parts[:MAX_CALENDARS]:
        answer = _read_part(part, sender)
        if answer is not None:
            answers.add(answer)
    if len(answers) > 1:
        raise _unreadable("一封邮件中有多个不同的答复。", "One mail holds several different answers.")
    return answers.pop() if answers else None


def _is_calendar(part: Message) -> bool:
    name = part.get_filename() or ""
    return part.get_content_type() in _TYPES or str(name).lower().endswith(".ics")


def _read_part(part: Message, sender: str) -> CalendarAnswer | None:
    declared = str(part.get_param("method") or "").upper()
    lines = _unfolded(content_bytes(part), charset_of(part))
    method = _method(lines) or declared
    if declared and declared != method and {declared, method} & set(ANSWERING_METHODS):
        raise _unreadable("邮件与日历的答复类型不一致。", "The mail and its calendar name different methods.")
    if method not in ANSWERING_METHODS:
        return None
    events = {tuple(event) for event in _blocks(lines, "VEVENT")}
    if len(events) != 1:
        raise _unreadable("日历中的事项不是一个。", "The calendar does not hold exactly one event.")
    return _read_event(method, list(_parsed(events.pop())), lines, sender)


def _unfolded(data: bytes, charset: str) -> list[str]:
    """The content lines; joined before decoding, since some programs fold inside a character."""
    if b"\0" in data[:200]:
        data = decode_text(data, charset).encode("utf-8", "replace")
    joined = re.sub(rb"\r?\n[ \t]", b"", data)
    return [line[:MAX_LINE].strip() for line in re.split("\r\n?|\n", decode_text(joined, charset))]


def _method(lines: Iterable[str]) -> str:
    for line in lines:
        if line[:7].upper() == "METHOD:":
            return line[7:].strip().upper()
        if line[:12].upper() == "BEGIN:VEVENT":
            break
    return ""


def _blocks(lines: Iterable[str], kind: str) -> Iterator[list[str]]:
    """The lines of every component of a kind, without those of components inside it."""
    open_: list[str] = []
    block: list[str] = []
    for line in lines:
        head, _, name = line.partition(":")
        if head.upper() == "BEGIN":
            open_.append(name.upper())
            if name.upper() == kind:
                block = []
        elif head.upper() == "END":
            if open_ and open_.pop() == kind:
                yield block
        elif open_ and open_[-1] == kind:
            block.append(line)


def _parsed(lines: Iterable[str]) -> Iterator[_Line]:
    attendees = 0
    for line in lines:
        name = re.split("[;:]", line, maxsplit=1)[0].upper()
        attendees += name == "ATTENDEE"
        if attendees > MAX_ATTENDEES:
            raise _unreadable("答复中参加人过多。", "The answer names too many attendees.")
        if name not in _WANTED:
            continue
        try:
            _name, params, value = Contentline(line).parts()
        except ValueError:
            continue
        # The library takes one backslash of two away, and then nobody knows what stood there.
        raw = _VALUE.fullmatch(line)
        yield _Line(name, _plain(params), raw[1] if raw else value)


def _plain(params: Parameters) -> dict[str, str]:
    return {str(k).upper(): v if isinstance(v, str) else ",".join(map(str, v)) for k, v in params.items()}


def _read_event(method: str, event: list[_Line], lines: list[str], sender: str) -> CalendarAnswer:
    uids = {line.value.strip() for line in event if line.name == "UID"}
    uid = uids.pop() if len(uids) == 1 else ""
    if not 0 < len(uid) <= 200:
        raise _unreadable("答复中没有可用的UID。", "The answer has no usable UID.")
    attendee = _attendee(event, sender)
    comments = [_unescaped(line.value) for line in event if line.name == "COMMENT"]
    return CalendarAnswer(
        method=method,
        uid=uid,
        attendee=_address(attendee),
        partstat=attendee.params.get("PARTSTAT", "NEEDS-ACTION").strip().upper()[:30],
        sequence=_sequence(event),
        stamped_at=_first_moment(event, "DTSTAMP", lines),
        comment="\n".join(text.strip() for text in comments if text.strip())[:MAX_COMMENT],
        proposed=_proposed(event, lines) if method == "COUNTER" else None,
    )


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value)


def _attendee(event: list[_Line], sender: str) -> _Line:
    attendees = [line for line in event if line.name == "ATTENDEE"]
    if len({_address(line) for line in attendees}) > 1:
        attendees = [line for line in attendees if _address(line) == sender]
    if not attendees or len({line.params.get("PARTSTAT", "").upper() for line in attendees}) > 1:
        raise _unreadable("无法确定是谁作的答复。", "It cannot be told who answers.")
    return attendees[0]


def _address(line: _Line) -> str:
    value = line.value.strip().lower()
    while value.startswith("mailto:"):
        value = value.removeprefix("mailto:").strip()
    if "@" not in value:
        # Exchange puts its own kind of name there; RFC 7986 has a parameter for the address.
        value = line.params.get("EMAIL", "").strip().lower()
    return unquote(value)[:200]


def _sequence(event: list[_Line]) -> int:
    """Missing means 0 (RFC 5546 section 2.1.5)."""
    values = {line.value.strip() for line in event if line.name == "SEQUENCE"}
    if not values:
        return 0
    text = values.pop()
    if values or not re.fullmatch(r"\d{1,10}", text, re.ASCII) or int(text) > MAX_SEQUENCE:
        raise _unreadable("答复中的版本号不可用。", "The answer has no usable SEQUENCE.")
    return int(text)


def _proposed(event: list[_Line], lines: list[str]) -> Period | None:
    start_at = _first_moment(event, "DTSTART", lines)
    end_at = _first_moment(event, "DTEND", lines)
    if start_at is None:
        return None
    if end_at is None:
        duration = next((_duration(line.value) for line in event if line.name == "DURATION"), None)
        end_at = start_at + duration if duration else None
    usable = end_at is not None and start_at < end_at <= start_at + _LONGEST_PROPOSAL
    return Period(start_at, end_at) if usable and end_at is not None else None


def _duration(value: str) -> timedelta | None:
    found = _DURATION.fullmatch(value.strip().upper())
    if found is None:
        return None
    days, hours, minutes = (int(number or 0) for number in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def _first_moment(event: list[_Line], name: str, lines: list[str]) -> datetime | None:
    line = next((line for line in event if line.name == name), None)
    return None if line is None else _moment(line, lines)


def _moment(line: _Line, lines: list[str]) -> datetime | None:
    """An aware time; one without a zone is meant as the invite's own, Beijing's."""
    found = _MOMENT.fullmatch(line.value.strip().upper())
    if found is None:
        return None
    *numbers, is_utc = found.groups()
    zone: tzinfo | None = UTC
    if not is_utc:
        zone = _zone(line.params["TZID"], lines) if line.params.get("TZID") else BEIJING
    try:
        year, month, day, hour, minute, second = (int(number) for number in numbers)
        if zone is None or not 2000 <= year <= 2200:
            return None
        local = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(tzid: str, lines: list[str]) -> tzinfo | None:
    """By its usual name, by Microsoft's, else by the rules that came along."""
    name = tzid.strip().strip('"')[:200]
    name = WINDOWS_TO_OLSON.get(name, name)
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # unknown, a folder's name, or a path
        return _zone_that_came_along(tzid, lines)


def _zone_that_came_along(tzid: str, lines: list[str]) -> tzinfo | None:
    block: list[str] = []
    for line in lines:
        if line.upper() == "BEGIN:VTIMEZONE":
            block = []
        block.append(line)
        if line.upper() == "END:VTIMEZONE" and any(part == f"TZID:{tzid}" for part in block):
            break
    else:
        return None
    rules = [line.upper() for line in block if line[:5].upper() == "RRULE"]
    # Rules by the second would keep the library busy for ever.
    if len(block) > 60 or any("FREQ=YEARLY" not in rule for rule in rules):
        return None
    try:
        component = Timezone.from_ical("\r\n".join(block) + "\r\n")
        return component.to_tz(lookup_tzid=False) if isinstance(component, Timezone) else None
    except Exception:  # whatever the library finds wrong with it
        return None


def _unreadable(zh: str, en: str) -> InvalidInput:
    return InvalidInput(Text(zh, en))

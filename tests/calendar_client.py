"""A small calendar program of one mailbox, as RFC 5546 has it; it shares no code with the service.

It takes mails in any order and any number of times, and answers them as Outlook and others do.

Source: RFC 5546 sections 2.1.5 (which message is newer) and 3.2 (methods for events); RFC 6047 section 2.4.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from itertools import count

BEIJING = timezone(timedelta(hours=8))
_MESSAGE_IDS = count(1)


class WrongMessage(Exception):
    """A message that no calendar program ought to be sent."""


@dataclass(frozen=True)
class Event:
    """One revision of one event. Times are aware."""

    uid: str
    sequence: int
    stamped_at: datetime
    start_at: datetime
    end_at: datetime
    summary: str
    url: str
    organizer: str
    cancelled: bool

    @property
    def revision(self) -> tuple[int, datetime]:
        """Of two messages about one event the one with the greater revision is newer."""
        return self.sequence, self.stamped_at


@dataclass(frozen=True)
class OutgoingAnswer:
    """A REPLY or COUNTER on its way to the organizer; `data` is the mail, the rest what is in it."""

    method: str
    uid: str
    sequence: int
    stamped_at: datetime
    attendee: str
    partstat: str
    proposed: tuple[datetime, datetime] | None
    data: bytes


@dataclass
class CalendarClient:
    """The calendar of one mailbox. `address` is its owner's, in the ATTENDEE of whatever is for it."""

    address: str
    name: str = ""
    events: dict[str, Event] = field(default_factory=dict)
    """By UID; a cancelled one is remembered, or a request that comes late would bring it back."""
    published: dict[str, Event] = field(default_factory=dict)
    """What somebody publishes and nobody is asked to."""
    open_counters: set[str] = field(default_factory=set)
    _seen: dict[tuple[str, int], bytes] = field(default_factory=dict)

    def take(self, mail: bytes) -> None:
        """Take one mail.

        Raises
        ------
        WrongMessage
            No calendar program could make sense of it, or would show it to the wrong person.
        """
        method, calendar = _calendar_of(mail)
        event, attendees = _read(calendar)
        if method == "PUBLISH":
            _require(not attendees, "PUBLISH names attendees")
            self._publish(event)
            return
        _require(attendees == [f"mailto:{self.address}"], f"meant for {attendees}, came to {self.address}")
        _require(event.organizer not in ("", f"mailto:{self.address}"), "organizer missing or the recipient")
        if method in ("REQUEST", "CANCEL"):
            _require(b"\r\nSTATUS:" in calendar, "no STATUS")
            # A resend is the same message again, never another one under the same number.
            first = self._seen.setdefault((event.uid, event.sequence), calendar)
            _require(first == calendar, "two different messages with one SEQUENCE")
        if method == "REQUEST":
            _require(not event.cancelled, "a REQUEST that says CANCELLED")
            self._request(event)
        elif method == "CANCEL":
            _require(event.cancelled, "a CANCEL that does not say CANCELLED")
            self._cancel(event)
        elif method == "DECLINECOUNTER":
            self.open_counters.discard(event.uid)
        else:
            raise WrongMessage(f"method {method}")

    @property
    def shown(self) -> list[Event]:
        """What the owner sees, earliest first."""
        live = (event for event in self.events.values() if not event.cancelled)
        return sorted(live, key=lambda event: event.start_at)

    def reply(self, uid: str, partstat: str, at: datetime, comment: str = "") -> OutgoingAnswer:
        """ACCEPTED, TENTATIVE or DECLINED to the revision that is shown."""
        return self._answer("REPLY", uid, partstat, at, None, comment)

    def counter(self, uid: str, start_at: datetime, end_at: datetime, at: datetime) -> OutgoingAnswer:
        """Ask for another time."""
        self.open_counters.add(uid)
        return self._answer("COUNTER", uid, "TENTATIVE", at, (start_at, end_at), "")

    @property
    def _common_name(self) -> str:
        """A parameter can hold no quotes and no line breaks, and these programs know no escapes there."""
        shown = "".join(" " if sign < " " or sign in "\x7f\x85\u2028\u2029" else sign for sign in self.name)
        return ';CN="' + shown.replace('"', "'").replace("\\", "/") + '"' if self.name else ""

    def _request(self, event: Event) -> None:
        known = self.events.get(event.uid)
        if known is None or event.revision > known.revision:
            self.events[event.uid] = event
            self.open_counters.discard(event.uid)

    def _cancel(self, event: Event) -> None:
        known = self.events.get(event.uid)
        if known is None:
            self.events[event.uid] = event
        elif event.sequence >= known.sequence:
            newest = max(event.revision, known.revision)
            self.events[event.uid] = replace(event, sequence=newest[0], stamped_at=newest[1])
            self.open_counters.discard(event.uid)

    def _publish(self, event: Event) -> None:
        known = self.published.get(event.uid)
        if known is None or event.revision > known.revision:
            self.published[event.uid] = event

    def _answer(
        self,
        method: str,
        uid: str,
        partstat: str,
        at: datetime,
        proposed: tuple[datetime, datetime] | None,
        comment: str,
    ) -> OutgoingAnswer:
        event = self.events[uid]
        start_at, end_at = proposed or (event.start_at, event.end_at)
        lines = [
            "BEGIN:VCALENDAR",
            "PRODID:-//Tests//Calendar client//EN",
            "VERSION:2.0",
            f"METHOD:{method}",
            "BEGIN:VEVENT",
            f"UID:{uid}",
            f"SEQUENCE:{event.sequence}",
            f"DTSTAMP:{_utc(at)}",
            f"DTSTART:{_utc(start_at)}",
            f"DTEND:{_utc(end_at)}",
            f"ORGANIZER:{event.organizer}",
            f"ATTENDEE{self._common_name};PARTSTAT={partstat}:mailto:{self.address}",
            f"SUMMARY:{_escaped(event.summary)}",
            *([f"COMMENT:{_escaped(comment)}"] if comment else []),
            "END:VEVENT",
            "END:VCALENDAR",
        ]
        calendar = "".join(_folded(line) for line in lines)
        mail = _mail(self.address, event.organizer.removeprefix("mailto:"), method, calendar, at)
        return OutgoingAnswer(method, uid, event.sequence, at, self.address, partstat, proposed, mail)


def _require(holds: bool, words: str) -> None:
    if not holds:
        raise WrongMessage(words)


def _calendar_of(mail: bytes) -> tuple[str, bytes]:
    """The method, which type and calendar have to agree on, and the calendar."""
    parts = [part for part in message_from_bytes(mail).walk() if part.get_content_type() == "text/calendar"]
    _require(len(parts) == 1, f"{len(parts)} calendar parts")
    stated, calendar = parts[0].get_param("method"), parts[0].get_payload(decode=True)
    _require(isinstance(stated, str) and isinstance(calendar, bytes), "no method in the type of the part")
    assert isinstance(stated, str) and isinstance(calendar, bytes)
    _require(parts[0].get_content_disposition() is None, "attached, and so without buttons")
    found = [line.removeprefix("METHOD:") for line in _lines(calendar) if line.startswith("METHOD:")]
    _require(found == [stated], f"method {stated} outside, {found} inside")
    return stated, calendar


def _read(calendar: bytes) -> tuple[Event, list[str]]:
    """The one event, and its attendees."""
    lines = _lines(calendar)
    _require(lines.count("BEGIN:VEVENT") == 1, "not exactly one event")
    zone = lines.index("BEGIN:VTIMEZONE") if "BEGIN:VTIMEZONE" in lines else -1
    has_zone = zone >= 0 and {"TZID:Asia/Shanghai", "TZOFFSETTO:+0800"} <= set(lines[zone:])
    values: dict[str, list[tuple[str, str]]] = {}
    inside: list[str] = []
    for line in lines:
        name, params, value = _split(line)
        if name == "BEGIN":
            inside.append(value)
        elif name == "END":
            inside.pop()
        elif inside == ["VCALENDAR", "VEVENT"]:
            values.setdefault(name, []).append((params, value))

    def one(name: str) -> tuple[str, str]:
        _require(len(values.get(name, [])) == 1, f"{len(values.get(name, []))} {name}")
        return values[name][0]

    event = Event(
        uid=one("UID")[1],
        sequence=int(one("SEQUENCE")[1]),
        stamped_at=_instant(*one("DTSTAMP"), has_zone),
        start_at=_instant(*one("DTSTART"), has_zone),
        end_at=_instant(*one("DTEND"), has_zone),
        summary=_unescaped(one("SUMMARY")[1]),
        url=values.get("URL", [("", "")])[0][1],
        organizer=values.get("ORGANIZER", [("", "")])[0][1],
        # A calendar that is told no status keeps the one it has.
        cancelled="STATUS" in values and one("STATUS")[1] == "CANCELLED",
    )
    _require(event.start_at < event.end_at, "ends before it begins")
    return event, [value for _params, value in values.get("ATTENDEE", [])]


def _lines(calendar: bytes) -> list[str]:
    return calendar.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]


def _split(line: str) -> tuple[str, str, str]:
    """Name, parameters and value of a line; a colon in quotes ends nothing."""
    quoted = False
    for i, sign in enumerate(line):
        if sign == '"':
            quoted = not quoted
        elif sign == ":" and not quoted:
            name, _, params = line[:i].partition(";")
            return name, params, line[i + 1 :]
    raise WrongMessage(f"no property: {line!r}")


def _instant(params: str, value: str, has_zone: bool) -> datetime:
    if value.endswith("Z"):
        return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    _require(params == "TZID=Asia/Shanghai" and has_zone, "a time in no zone that is known")
    return datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=BEIJING)


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _unescaped(text: str) -> str:
    signs, after_backslash = [], False
    for sign in text:
        if after_backslash:
            signs.append("\n" if sign in "nN" else sign)
        elif sign != "\\":
            signs.append(sign)
        after_backslash = sign == "\\" and not after_backslash
    return "".join(signs)


def _folded(line: str) -> str:
    pieces, length = [""], 0
    for sign in line:
        size = len(sign.encode())
        if length + size > 75:
            pieces.append(" ")
            length = 1
        pieces[-1] += sign
        length += size
    return "\r\n".join(pieces) + "\r\n"


def _mail(sender: str, recipient: str, method: str, calendar: str, at: datetime) -> bytes:
    lines = [
        f"From: <{sender}>",
        f"To: <{recipient}>",
        "Subject: answer",
        f"Date: {at.astimezone(UTC):%a, %d %b %Y %H:%M:%S +0000}",
        f"Message-ID: <answer{next(_MESSAGE_IDS)}@client.example>",
        "MIME-Version: 1.0",
        f"Content-Type: text/calendar; charset=utf-8; method={method}",
        "Content-Transfer-Encoding: base64",
        "",
        base64.encodebytes(calendar.encode()).decode().replace("\n", "\r\n"),
    ]
    return "\r\n".join(lines).encode()

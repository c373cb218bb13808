"""Asking all witnesses about many letters at once, and collecting where one of them disagrees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from defense.domain.people import Period
from defense.integrations.header_text import one_line
from defense.integrations.inbox_reading import read_mail
from defense.integrations.itip_reading import CalendarAnswer
from tests.calendar_client import OutgoingAnswer
from tests.parsers.ical_js import read_with_ical_js
from tests.parsers.letters import Sample
from tests.parsers.libical import read_with_libical
from tests.parsers.mime_check import faults_of_mail
from tests.parsers.python_icalendar import read_with_icalendar
from tests.parsers.reading import Reading, differences


@dataclass(frozen=True)
class Disagreement:
    """One letter that one witness does not read as it was meant."""

    witness: str
    device_zone: str
    name: str
    method: str
    lines: tuple[str, ...]


def one_by_one(
    read: Callable[[bytes, str], Reading],
) -> Callable[[Sequence[bytes], str], list[Reading]]:
    """A parser that takes one calendar, as one that takes many."""
    return lambda calendars, zone: [read(calendar, zone) for calendar in calendars]


PARSERS: dict[str, Callable[[Sequence[bytes], str], list[Reading]]] = {
    "libical": one_by_one(read_with_libical),
    "ical.js": read_with_ical_js,
    "icalendar": one_by_one(read_with_icalendar),
}


def misread(samples: Sequence[Sample], parser: str, device_zone: str) -> list[Disagreement]:
    """The letters whose calendar one parser reads otherwise than it was meant."""
    readings = PARSERS[parser]([sample.calendar for sample in samples], device_zone)
    return [
        Disagreement(parser, device_zone, sample.name, sample.expected.method, tuple(lines))
        for sample, reading in zip(samples, readings, strict=True)
        if (lines := differences(sample.expected, reading))
    ]


def badly_wrapped(samples: Sequence[Sample]) -> list[Disagreement]:
    """The letters that are wrong as mails."""
    return [
        Disagreement("MIME", "", sample.name, sample.expected.method, tuple(lines))
        for sample in samples
        if (lines := faults_of_mail(sample.data))
    ]


def faults_of_answer(sample: Sample, answer: OutgoingAnswer) -> list[str]:
    """Where the service understands an answer otherwise than it was given."""
    mail = read_mail(answer.data)
    found = mail.content
    if not isinstance(found, CalendarAnswer):
        return [f"read as {found!r}"]
    proposed = Period(*answer.proposed) if answer.proposed else None
    pairs = {
        "sender": (mail.sender, answer.attendee),
        "method": (found.method, answer.method),
        "uid": (found.uid, answer.uid),
        "attendee": (found.attendee, answer.attendee),
        "partstat": (found.partstat, answer.partstat),
        "sequence": (found.sequence, answer.sequence),
        "stamped_at": (found.stamped_at, answer.stamped_at),
        "proposed": (found.proposed if answer.method == "COUNTER" else None, proposed),
        "comment": (found.comment, "" if answer.method == "COUNTER" else one_line(sample.name)),
    }
    return [f"{name}: {got!r} instead of {given!r}" for name, (got, given) in pairs.items() if got != given]

"""What the service writes is read right by every parser on every device, whatever people are called.

A sample of the names; `make bench-invites` takes ten times as many.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.parser import BytesParser
from email.utils import parseaddr

import pytest

from defense.integrations.header_text import one_line
from tests.calendar_client import CalendarClient
from tests.parsers.ical_js import read_with_ical_js
from tests.parsers.letters import Sample, answers_from, declined_counters_to, feeds_to, letters_to
from tests.parsers.libical import read_with_libical
from tests.parsers.mime_check import calendar_octet_faults, calendar_part_of
from tests.parsers.names import generated_names
from tests.parsers.reading import DEVICE_ZONES
from tests.parsers.witnesses import PARSERS, badly_wrapped, faults_of_answer, misread

NAMES = 1_000
AT = datetime(2021, 11, 9, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return list(letters_to(generated_names(NAMES)))


@pytest.fixture(scope="module")
def feeds() -> list[Sample]:
    return list(feeds_to(generated_names(NAMES)))


@pytest.mark.parametrize("device_zone", DEVICE_ZONES)
@pytest.mark.parametrize("parser", sorted(PARSERS))
def test_every_calendar_is_read_as_it_was_meant(samples: list[Sample], parser: str, device_zone: str) -> None:
    assert misread(samples, parser, device_zone) == []


@pytest.mark.parametrize("device_zone", DEVICE_ZONES)
@pytest.mark.parametrize("parser", sorted(PARSERS))
def test_every_feed_is_read_as_it_was_meant(feeds: list[Sample], parser: str, device_zone: str) -> None:
    assert misread(feeds, parser, device_zone) == []


@pytest.fixture(scope="module")
def declined() -> list[Sample]:
    return list(declined_counters_to(generated_names(NAMES)))


@pytest.mark.parametrize("device_zone", DEVICE_ZONES)
@pytest.mark.parametrize("parser", sorted(PARSERS))
def test_that_the_time_stays_is_read_as_it_was_meant(
    declined: list[Sample], parser: str, device_zone: str
) -> None:
    assert misread(declined, parser, device_zone) == []


def test_every_letter_that_the_time_stays_is_well_formed(declined: list[Sample]) -> None:
    assert badly_wrapped(declined) == []


def test_a_calendar_program_closes_its_proposal(samples: list[Sample], declined: list[Sample]) -> None:
    invites = [sample for sample in samples if sample.expected.method == "REQUEST"]
    for invite, stays in list(zip(invites, declined, strict=True))[:100]:
        expected = invite.expected
        client = CalendarClient(expected.attendees[0].removeprefix("mailto:"), invite.name)
        client.take(invite.data)
        (shown,) = client.shown
        client.counter(expected.uid, shown.end_at, shown.end_at + (shown.end_at - shown.start_at), AT)
        assert client.open_counters == {expected.uid}
        client.take(stays.data)
        assert client.open_counters == set() and client.shown == [shown], "nothing else changes"


def test_every_feed_is_well_folded(feeds: list[Sample]) -> None:
    assert [fault for feed in feeds for fault in calendar_octet_faults(feed.data)] == []


def test_every_answer_is_understood() -> None:
    for sample, answer in answers_from(generated_names(NAMES)):
        assert faults_of_answer(sample, answer) == [], sample.name


def test_libical_and_ical_js_would_take_the_answers_too() -> None:
    """So that the model of a calendar program answers as a real one does."""
    answers = [answer for _sample, answer in answers_from(generated_names(NAMES))]
    calendars = [calendar_part_of(answer.data) for answer in answers]
    assert [fault for calendar in calendars for fault in calendar_octet_faults(calendar)] == []
    by_libical = [read_with_libical(calendar, "Asia/Urumqi") for calendar in calendars]
    for readings in (by_libical, read_with_ical_js(calendars, "Asia/Urumqi")):
        for answer, reading in zip(answers, readings, strict=True):
            assert reading.faults == ()
            assert (reading.method, reading.uid, reading.sequence) == (answer.method, answer.uid, 0)
            assert reading.attendees == (f"mailto:{answer.attendee}",)


def test_every_mail_is_well_formed(samples: list[Sample]) -> None:
    assert badly_wrapped(samples) == []


def test_every_mail_names_its_recipient(samples: list[Sample]) -> None:
    for sample in samples:
        # The older parser, since the newer one of Python 3.11 puts blanks between the parts of a long name.
        raw = BytesParser().parsebytes(sample.data, headersonly=True)["To"]
        address = sample.expected.attendees[0].removeprefix("mailto:")
        assert str(make_header(decode_header(raw))) == f"{one_line(sample.name)} <{address}>"
        assert parseaddr(raw)[1] == address


def test_the_names_are_of_all_scripts_and_hostile_too(samples: list[Sample]) -> None:
    names = "".join(sample.name for sample in samples)
    for sign in [*"王𠮷·ئүÉ🎓\\;,:^\n", '"', "\u200d", "\u2028"]:
        assert sign in names
    assert len({sample.name for sample in samples}) == NAMES

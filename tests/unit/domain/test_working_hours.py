"""Seasons of working hours, as data and as the lines of a form."""

from __future__ import annotations

from datetime import date, time

import pytest

from defense.domain.errors import InvalidInput
from defense.domain.working_hours import (
    Season,
    read_seasons,
    read_windows,
    season_on,
    seasons_from,
    seasons_to_json,
    write_seasons,
)

TEXT = "05-01 10:00-14:00, 16:00-20:00\n10-01 10:00-14:00, 15:30-19:30"


@pytest.mark.parametrize(
    ("day", "begins"),
    [
        (date(2026, 5, 1), "05-01"),
        (date(2026, 9, 30), "05-01"),
        (date(2026, 10, 1), "10-01"),
        (date(2026, 12, 31), "10-01"),
        (date(2027, 1, 1), "10-01"),
        (date(2027, 4, 30), "10-01"),
    ],
)
def test_a_season_holds_until_the_next_one_begins(day: date, begins: str) -> None:
    assert season_on(read_seasons(TEXT), day).from_month_day == begins


def test_what_is_written_is_read_back() -> None:
    seasons = read_seasons(TEXT)
    assert write_seasons(seasons) == TEXT
    assert seasons_from(seasons_to_json(seasons)) == seasons


def test_people_write_hours_in_many_ways() -> None:
    expected = ((time(10), time(14)), (time(16), time(20)))
    for text in ("16:00-20:00，10:00-14:00", "10：00—14：00；16:00~20:00", "10:00至14:00、16:00至20:00"):
        assert read_windows(text) == expected
    assert read_seasons("5月1日 10:00-14:00")[0].from_month_day == "05-01"


@pytest.mark.parametrize(
    "text",
    ["", "10:00", "14:00-10:00", "10:00-14:00, 13:00-18:00", "25:00-26:00", "10:00-14:00 and so on"],
)
def test_wrong_hours_are_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidInput, match="工作时间"):
        read_windows(text)


@pytest.mark.parametrize(
    "text", ["", "13-01 10:00-14:00", "02-30 10:00-14:00", "10:00-14:00", f"{TEXT}\n05-01 9:00-10:00"]
)
def test_wrong_seasons_are_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidInput, match="工作时间"):
        read_seasons(text)


def test_a_season_without_hours_is_refused() -> None:
    with pytest.raises(InvalidInput):
        Season("05-01", ())

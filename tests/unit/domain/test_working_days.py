"""Working days of China, with 调休 and the round's own days off."""

from datetime import date

import pytest

from defense.domain.errors import InvalidInput
from defense.domain.working_days import count_working_days
from defense.integrations.calendar_days import ChineseWorkingCalendar


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (date(2021, 9, 6), date(2021, 9, 10), 5),
        (date(2021, 9, 6), date(2021, 9, 6), 1),
        (date(2021, 9, 4), date(2021, 9, 5), 0),
        (date(2021, 9, 10), date(2021, 9, 6), 0),
        (date(2021, 9, 18), date(2021, 9, 18), 1),  # Saturday worked before 中秋
        (date(2021, 9, 19), date(2021, 9, 21), 0),
        (date(2021, 9, 30), date(2021, 10, 9), 3),  # 30 September, 8 October, Saturday the 9th
    ],
)
def test_count_includes_both_days(start, end, days, calendar):
    assert count_working_days(start, end, calendar) == days


def test_round_adds_days_off():
    day = date(2021, 7, 20)
    assert ChineseWorkingCalendar().is_working_day(day)
    assert not ChineseWorkingCalendar(frozenset({day})).is_working_day(day)


@pytest.mark.parametrize("year", [2003, 2099])
def test_unknown_year_is_refused_by_name(year, calendar):
    with pytest.raises(InvalidInput) as caught:
        calendar.is_working_day(date(year, 5, 6))
    assert str(year) in caught.value.text.zh
    assert "chinesecalendar" in caught.value.text.en

"""Half-days made from the working hours, and what is odd about others."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from defense.domain.errors import InvalidInput
from defense.domain.half_days import HalfDayWish, half_day_warnings, half_days_wished
from defense.domain.people import Period
from defense.domain.round_rules import BEIJING, RoundRules
from defense.integrations.calendar_days import ChineseWorkingCalendar

EID = date(2021, 7, 20)


def span(day: date, start: time, end: time) -> Period:
    return Period(datetime.combine(day, start, BEIJING), datetime.combine(day, end, BEIJING))


def test_the_hours_of_the_season_are_made_and_days_off_left_out(
    rules: RoundRules, calendar: ChineseWorkingCalendar
) -> None:
    made = half_days_wished(HalfDayWish(date(2021, 9, 27), date(2021, 10, 9)), rules, calendar)
    days = sorted({period.start_at.date() for period in made})
    # 1 to 7 October is the national holiday; Saturday the 9th is worked for it.
    assert [day.isoformat() for day in days] == [
        *("2021-09-27", "2021-09-28", "2021-09-29", "2021-09-30", "2021-10-08", "2021-10-09"),
    ]
    assert span(date(2021, 9, 27), time(16), time(20)) in made, "summer"
    assert span(date(2021, 10, 8), time(15, 30), time(19, 30)) in made, "winter"


def test_other_hours_and_days_off_can_be_asked_for(
    rules: RoundRules, calendar: ChineseWorkingCalendar
) -> None:
    windows = ((time(8), time(9)), (time(21), time(22)))
    made = half_days_wished(HalfDayWish(EID, EID, windows, skips_days_off=False), rules, calendar)
    assert made == (span(EID, *windows[0]), span(EID, *windows[1]))


def test_what_is_odd_is_said(rules: RoundRules, calendar: ChineseWorkingCalendar) -> None:
    usual = span(date(2021, 11, 22), time(10), time(14))
    assert half_day_warnings(usual, rules, calendar) == ()
    (late,) = half_day_warnings(span(date(2021, 11, 22), time(16), time(20)), rules, calendar)
    assert "工作时间" in late.zh and "15:30-19:30" in late.zh and "15:30-19:30" in late.en
    (weekend,) = half_day_warnings(span(date(2021, 11, 21), time(10), time(14)), rules, calendar)
    assert "周末" in weekend.zh
    (eid,) = half_day_warnings(span(EID, time(10), time(14)), rules, calendar)
    assert "额外放假日" in eid.zh and "extra day off" in eid.en


def test_a_year_without_a_calendar_knows_weekends(
    rules: RoundRules, calendar: ChineseWorkingCalendar
) -> None:
    made = half_days_wished(HalfDayWish(date(2050, 1, 7), date(2050, 1, 10)), rules, calendar)
    assert {period.start_at.date() for period in made} == {date(2050, 1, 7), date(2050, 1, 10)}


@pytest.mark.parametrize("last", [date(2021, 11, 21), date(2022, 11, 22)])
def test_an_impossible_span_is_refused(last: date) -> None:
    with pytest.raises(InvalidInput, match="结束日期"):
        HalfDayWish(date(2021, 11, 22), last)

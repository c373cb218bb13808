"""Working days of China, with 调休 and the round's own days off."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defense.domain.errors import InvalidInput
from defense.domain.working_days import (
    RememberingCalendar,
    count_working_days,
    working_days_after,
    working_days_before,
)
from defense.integrations.calendar_days import CalendarFolder, ChineseWorkingCalendar, use_calendars_of


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


DAYS = st.dates(date(2020, 1, 1), date(2026, 6, 30))


@given(DAYS, st.integers(0, 60), st.frozensets(DAYS, max_size=5))
def test_so_many_working_days_lie_between(day, count, extra):
    calendar = ChineseWorkingCalendar(extra)
    later = working_days_after(day, count, calendar)
    if count:
        assert count_working_days(day + timedelta(days=1), later, calendar) == count
    before = working_days_before(day, count, calendar)
    assert before <= day <= later
    if count:
        assert calendar.is_working_day(later) and calendar.is_working_day(before)
        assert count_working_days(before, day - timedelta(days=1), calendar) == count
        assert working_days_before(later, count, calendar) <= day


def test_counting_over_a_holiday(calendar):
    # National Day 2026: 1 to 7 October off, Saturday the 10th worked.
    assert working_days_before(date(2026, 10, 8), 1, calendar) == date(2026, 9, 30)
    assert working_days_after(date(2026, 10, 9), 1, calendar) == date(2026, 10, 10)
    assert working_days_before(date(2026, 10, 12), 0, calendar) == date(2026, 10, 12)


def test_counting_into_a_year_without_a_calendar_stops(imported, calendar):
    use_calendars_of(imported.path_of(2027).parent)
    with pytest.raises(InvalidInput) as caught:
        working_days_after(date(2026, 12, 31), 1, calendar)
    assert "flask import-calendar 2027.toml" in caught.value.text.zh


GOOD = """
year = 2027
source = "国办发明电〔2026〕0号"
days_off = [2027-01-01, 2027-02-05, 2027-02-06, 2027-02-07, 2027-02-08, 2027-02-09, 2027-02-10, 2027-02-11,
            2027-04-05, 2027-05-01, 2027-06-09, 2027-09-15, 2027-10-01, 2027-10-02, 2027-10-03]
worked = [2027-02-13]
"""


@pytest.fixture
def imported(tmp_path):
    yield CalendarFolder(tmp_path / "calendars")
    use_calendars_of(tmp_path / "none")


def test_an_imported_year_counts(imported, tmp_path, calendar):
    use_calendars_of(tmp_path / "calendars")
    (tmp_path / "2027.toml").write_text(GOOD, encoding="utf-8")
    assert imported.take(tmp_path / "2027.toml").year == 2027
    assert calendar.is_working_day(date(2027, 2, 13)) and not calendar.is_working_day(date(2027, 2, 14))
    assert working_days_after(date(2026, 12, 31), 1, calendar) == date(2027, 1, 4)
    assert not ChineseWorkingCalendar(frozenset({date(2027, 3, 10)})).is_working_day(date(2027, 3, 10))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (GOOD.replace("year = 2027", "year = '2027'"), "year"),
        (GOOD.replace('source = "国办发明电〔2026〕0号"', ""), "source"),
        (GOOD.replace("2027-04-05", "2026-04-05"), "2026-04-05"),
        (GOOD.replace("worked = [2027-02-13]", "worked = [2027-02-06]"), "2027-02-06"),
        (GOOD.replace("worked = [2027-02-13]", "worked = [2027-02-15]"), "2027-02-15"),
        (GOOD.replace("2027-10-02, ", ""), "2027-10-02"),
        (GOOD.replace("worked = [2027-02-13]", ""), "worked"),
        ("year 2027", "TOML"),
    ],
)
def test_a_file_with_a_fault_is_refused_by_its_name_and_nothing_is_kept(imported, tmp_path, wrong, said):
    (tmp_path / "2027.toml").write_text(wrong, encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        imported.take(tmp_path / "2027.toml")
    assert said in caught.value.text.en
    assert imported.of_year(2027) is None


def test_a_remembering_calendar_says_the_same_and_asks_once(calendar):
    asked = []

    class Counting:
        def is_working_day(self, day):
            asked.append(day)
            return calendar.is_working_day(day)

    remembering = RememberingCalendar(Counting())
    for _ in range(3):
        assert count_working_days(date(2021, 9, 14), date(2021, 9, 22), remembering) == 6
    assert len(asked) == len(set(asked)) == 9

"""Both clocks, by examples that can be checked by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from defense.domain.clocks import both_clocks, both_clocks_range, day_with_weekday

AT = datetime(2021, 11, 22, 2, 0, tzinfo=UTC)


def test_both_clocks_in_both_languages() -> None:
    text = both_clocks(AT)
    assert text.zh == "北京时间 10:00（新疆时间 08:00）"
    assert text.en == "10:00 Beijing time (08:00 Xinjiang time)"


def test_the_zone_a_time_comes_in_does_not_matter() -> None:
    assert both_clocks(AT.astimezone(timezone(timedelta(hours=-5)))) == both_clocks(AT)


def test_range() -> None:
    text = both_clocks_range(AT, AT + timedelta(minutes=15))
    assert text.zh == "北京时间 10:00–10:15（新疆时间 08:00–08:15）"
    assert text.en == "10:00–10:15 Beijing time (08:00–08:15 Xinjiang time)"


def test_after_midnight_the_other_clock_shows_the_day_before() -> None:
    text = both_clocks(datetime(2021, 11, 21, 17, 0, tzinfo=UTC))
    assert text.zh == "北京时间 01:00（新疆时间 前一日 23:00）"
    assert text.en.endswith("(23:00 Xinjiang time of the day before)")


def test_the_day_is_that_of_beijing() -> None:
    text = day_with_weekday(datetime(2021, 11, 21, 16, 30, tzinfo=UTC))
    assert text.zh == "2021年11月22日 星期一"
    assert text.en == "Monday, 22 November 2021"
    assert day_with_weekday(datetime(2021, 11, 28, 4, tzinfo=UTC)).zh.endswith("星期日")

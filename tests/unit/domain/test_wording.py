"""Vague words, and the periods that a résumé names."""

from datetime import date

import pytest

from defense.domain.wording import find_future, find_overlaps, find_periods, find_vague_words

TODAY = date(2021, 9, 15)


def test_vague_words_are_named():
    assert find_vague_words("完成若干项目，多次获奖", ("多次", "若干", "左右")) == ("多次", "若干")
    assert find_vague_words("完成3项项目", ("若干",)) == ()


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("2005-2010", (2005 * 12, 2010 * 12)),
        ("2005年7月至2012年8月", (2005 * 12 + 6, 2012 * 12 + 7)),
        ("2005.07—2012.08", (2005 * 12 + 6, 2012 * 12 + 7)),
        ("2010年3月至今", (2010 * 12 + 2, 2021 * 12 + 8)),
        ("2010-03到2011/4", (2010 * 12 + 2, 2011 * 12 + 3)),
    ],
)
def test_periods_are_read(text, months):
    (period,) = find_periods(f"在某单位 {text} 工作", TODAY)
    assert (period.start_month, period.end_month) == months
    assert period.wording == text


def test_a_single_year_is_no_period():
    assert find_periods("2019年获奖，编号20210035", TODAY) == ()


def test_touching_periods_do_not_overlap():
    assert find_overlaps(find_periods("2005-2010甲；2010-2015乙", TODAY)) == ()
    assert len(find_overlaps(find_periods("2005-2011甲；2010-2015乙", TODAY))) == 1


def test_this_month_is_not_the_future():
    assert find_future(find_periods("2015年1月至2021年9月", TODAY), TODAY) == ()
    assert len(find_future(find_periods("2015年1月至2021年10月", TODAY), TODAY)) == 1


def test_long_runs_of_dashes_are_read_at_once():
    assert find_periods("2005" + "—" * 20_000 + "x", TODAY) == ()

"""How single cells are read."""

from contextlib import suppress
from datetime import date, datetime, time
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defense.domain.errors import InvalidInput
from defense.domain.round_rules import BEIJING
from defense.domain.vocabulary import PREFECTURES, Affiliation, Level
from defense.integrations.workbooks import (
    application_columns,
    cells,
    dates,
    expert_columns,
    panel_columns,
    session_columns,
    wordings,
)


@pytest.mark.parametrize(
    "value",
    [
        date(2021, 9, 1),
        datetime(2021, 9, 1, 10, 20),
        "2021-09-01",
        "2021/9/1",
        "2021.9.1",
        "2021年9月1日",
        " 2021 年 9 月 1 日 ",
        "20210901",
        20210901,
        "２０２１-０９-０１",
        44440,
        44440.43,
    ],
)
def test_days(value):
    assert dates.as_day(value) == date(2021, 9, 1)


@pytest.mark.parametrize(
    "value",
    [
        "2021-02-29",
        "2021-9",
        "9月1日",
        "21-09-01",
        2021.9,
        2021,
        "无",
        "昨天",
        True,
        time(10),
        "0021-09-01",
        10**30,
        float("nan"),
        float("inf"),
    ],
)
def test_no_days(value):
    with pytest.raises(InvalidInput) as caught:
        dates.as_day(value)
    assert "2021-09-01" in caught.value.text.zh


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2021-10-08 23:59:59", datetime(2021, 10, 8, 23, 59, 59, tzinfo=BEIJING)),
        ("2021-10-08T08:05", datetime(2021, 10, 8, 8, 5, tzinfo=BEIJING)),
        ("2021年10月8日 8时5分", datetime(2021, 10, 8, 8, 5, tzinfo=BEIJING)),
        ("2021/10/8", datetime(2021, 10, 8, tzinfo=BEIJING)),
        (44477.5, datetime(2021, 10, 8, 12, tzinfo=BEIJING)),
        (datetime(2021, 10, 8, 9, 29, 59, 999_700), datetime(2021, 10, 8, 9, 30, tzinfo=BEIJING)),
    ],
)
def test_moments_are_in_beijing(value, moment):
    assert dates.as_moment(value) == moment


def test_none_wording_is_no_day():
    assert dates.as_day_or_none("无") is None


@pytest.mark.parametrize(
    "value",
    [
        "13899012345",
        13899012345,
        13899012345.0,
        "138 9901 2345",
        "138-9901-2345",
        "+8613899012345",
        "1.3899012345E+10",
        "13899012345.0",
        "\u200b13899012345",
    ],
)
def test_phones_are_repaired_when_no_digit_is_lost(value):
    assert cells.as_phone(value) == "13899012345"


@pytest.mark.parametrize(
    "value", ["1.3899E+10", "١٣٨٩٩٠١٢٣٤٥", "1E+999999999", "1389901234", "23899012345", 1389901234.5, "无"]
)
def test_phones_that_are_none(value):
    with pytest.raises(InvalidInput):
        cells.as_phone(value)


@pytest.mark.parametrize("value", [650102199001011000, 6.50102199001011e17])
def test_id_number_stored_as_a_number_is_refused(value):
    with pytest.raises(InvalidInput) as caught:
        cells.as_id_number(value)
    assert "文本" in caught.value.text.zh


@pytest.mark.parametrize("value", ["是", "有", "√", "已缴", "通过", " 有 ", True, 1, "y"])
def test_yes(value):
    assert cells.as_yes_no(value) is True


@pytest.mark.parametrize("value", ["否", "无", "×", "X", "未缴", "不通过", False, 0, "ｎ"])
def test_no(value):
    assert cells.as_yes_no(value) is False


@pytest.mark.parametrize("value", ["可能", "?", 2])
def test_neither_yes_nor_no(value):
    with pytest.raises(InvalidInput):
        cells.as_yes_no(value)


@pytest.mark.parametrize(
    ("value", "years"),
    [
        ("2016-2020", range(2016, 2021)),
        ("2016 — 2020年", range(2016, 2021)),
        ("2016至2018，2020", [2016, 2017, 2018, 2020]),
        ("2016、2017", [2016, 2017]),
        ("2016年 2017年", [2016, 2017]),
        (2021, [2021]),
        (2021.0, [2021]),
        ("2021年度", [2021]),
        ("无", []),
    ],
)
def test_years(value, years):
    assert cells.as_years(value) == frozenset(years)


@pytest.mark.parametrize("value", ["16-20", "2020-2016", "近五年", "2016-20", "20162017", "9999"])
def test_no_years(value):
    with pytest.raises(InvalidInput):
        cells.as_years(value)


@pytest.mark.parametrize(
    "text", ["甲、乙", "甲,乙", "甲，乙", "甲;乙", "甲；乙", "甲/乙", "甲  乙", "甲\n乙", "甲、 乙、"]
)
def test_list_separators(text):
    assert cells.as_list(text) == ("甲", "乙")


@pytest.mark.parametrize("address", ["a@example.com", "a.b+c@mail.example.com.cn", "ａ@example.com"])
def test_email(address):
    assert cells.as_email(address).endswith(("example.com", "example.com.cn"))


@pytest.mark.parametrize(
    "address", ["a@", "a@example", "a b@example.com", "无", "a@b@example.com", "a@example.com\nb"]
)
def test_no_email(address):
    with pytest.raises(InvalidInput):
        cells.as_email(address)


@pytest.mark.parametrize("value", ["0", "100", "1.5", "三", -1])
def test_no_count(value):
    with pytest.raises(InvalidInput):
        cells.as_count(value)


def test_text_limits():
    assert cells.as_long_text("工" * 20_000)
    with pytest.raises(InvalidInput):
        cells.as_long_text("工" * 20_001)
    with pytest.raises(InvalidInput):
        cells.as_named("无")


@pytest.mark.parametrize(
    ("reads", "fits", "text"),
    [
        (cells.as_name, 100, "李"),
        (cells.as_title, 100, "组"),
        (cells.as_code, 50, "X"),
        (cells.as_code, 25, "㎏"),
        (cells.as_named, 200, "院"),
        (cells.as_short_text, 200, "师"),
        (cells.as_codes, 50, "X"),
    ],
)
def test_texts_are_as_long_as_their_columns(reads, fits, text):
    assert reads(text * fits)
    with pytest.raises(InvalidInput) as caught:
        reads(text * (fits + 1))
    assert "精简" in caught.value.text.zh


def test_an_email_address_is_as_long_as_its_column():
    domain = "b." * 92 + "example.com"
    assert len(cells.as_email("a@" + "c" * 3 + domain)) == 200
    with pytest.raises(InvalidInput):
        cells.as_email("a@" + "c" * 4 + domain)
    with pytest.raises(InvalidInput):
        cells.as_email("a@" + "㎏." * 70 + "example.com")


def test_numbers_stay_exact_as_text():
    assert cells.as_code(202100001) == "202100001"
    assert cells.as_code(202100001.0) == "202100001"
    for damaged in (10**16, 1e16, 1.5):
        with pytest.raises(InvalidInput):
            cells.as_code(damaged)


@pytest.mark.parametrize(
    ("reads", "value", "meaning"),
    [
        (wordings.as_level, "正高", Level.SENIOR),
        (wordings.as_level, "副 高 级", Level.ASSOCIATE),
        (wordings.as_affiliation, "县(市、区)", Affiliation.COUNTY),
        (wordings.as_affiliation, "地(州、市)", Affiliation.PREFECTURE),
        (wordings.as_affiliation, "中央驻疆单位", Affiliation.CENTRAL),
        (wordings.as_prefecture, "巴州", "巴音郭楞蒙古自治州"),
        (wordings.as_prefecture, "喀什", "喀什地区"),
        (wordings.as_in_xinjiang, "外省", False),
        (wordings.as_in_xinjiang, "新疆", True),
        (wordings.as_objection, "有异议", True),
        (wordings.as_specialties, "不限", ()),
    ],
)
def test_closed_lists(reads, value, meaning):
    assert reads(value) == meaning


@pytest.mark.parametrize(
    ("reads", "value"),
    [
        (wordings.as_level, "中级"),
        (wordings.as_level, "高级"),
        (wordings.as_affiliation, "国外"),
        (wordings.as_prefecture, "北京市"),
        (wordings.as_objection, "无"),
        (wordings.as_specialties, "无"),
    ],
)
def test_closed_lists_refuse_the_rest_and_name_what_fits(reads, value):
    with pytest.raises(InvalidInput):
        reads(value)


def test_every_prefecture_is_read_by_its_own_name():
    assert tuple(wordings.as_prefecture(name) for name in PREFECTURES) == PREFECTURES


CELL_VALUES = st.one_of(
    st.text(),
    st.text(alphabet="0123456789.-/年月日至E+ 、上午", max_size=24),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
)


@given(value=CELL_VALUES)
def test_any_value_is_read_or_refused_in_both_languages(value, rules):
    groups = (application_columns(rules), expert_columns(rules), panel_columns(rules), session_columns())
    for column in (column for group in groups for column in group):
        try:
            column.reads(value)
        except InvalidInput as error:
            assert error.text.zh != error.text.en


@pytest.mark.parametrize("text", ["2021-09-01" + " " * 15_000 + "x", "1至" * 7_000, "(" * 15_000 + "x"])
def test_no_text_of_bearable_length_holds_the_reader_up(text, rules):
    started = perf_counter()
    for column in (*application_columns(rules), *expert_columns(rules)):
        with suppress(InvalidInput):
            column.reads(text)
    assert perf_counter() - started < 2


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("新疆\n大学", "新疆大学"),
        ("新疆大学\r\n（本部）", "新疆大学（本部）"),
        ("Xinjiang\nUniversity", "Xinjiang University"),
        ("第一 水利院", "第一 水利院"),
    ],
)
def test_a_name_broken_to_fit_its_cell_is_one_name(typed, read):
    assert cells.as_named(typed) == read

"""Identity numbers by GB 11643, names, and masks."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defense.domain.errors import InvalidInput
from defense.domain.identity import (
    id_check_digit,
    mask_email,
    mask_id_number,
    mask_name,
    mask_phone,
    normalise_name,
    parse_id_number,
)

SAMPLE = "11010519491231002X"


def refusal(text, **kwargs):
    with pytest.raises(InvalidInput) as caught:
        parse_id_number(text, **kwargs)
    return caught.value.text


def test_public_sample_passes():
    assert parse_id_number(SAMPLE) == SAMPLE


@pytest.mark.parametrize(
    "text",
    [
        "11010519491231002x",
        " 110105 19491231 002X ",
        "'" + SAMPLE,
        "\u202d" + SAMPLE + "\u202c",
        "１１０１０５19491231002Ｘ",
    ],
)
def test_spelling_is_forgiven(text):
    assert parse_id_number(text) == SAMPLE


def test_exactly_one_check_digit_of_eleven_fits():
    for sequence in range(1000):
        first = f"65010219700101{sequence:03d}"
        fitting = []
        for check in "0123456789X":
            try:
                fitting.append(parse_id_number(first + check)[17])
            except InvalidInput:
                continue
        assert fitting == [id_check_digit(first)]


@given(st.integers(0, 16), st.integers(1, 9))
def test_any_single_wrong_digit_is_seen(position, shift):
    digit = (int(SAMPLE[position]) + shift) % 10
    refusal(SAMPLE[:position] + str(digit) + SAMPLE[position + 1 :])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1101051949123100", "16位"),
        ("110105491231002", "15位旧号码"),
        ("110105194912310021", "校验码"),
        ("6.50102E+17", "当作数字"),
        ("650102199001011000", "当作数字"),
        ("650102199001011234.0", "当作数字"),
        ("11010519491231OO2X", "其他字符"),
        ("", "0位"),
    ],
)
def test_refusal_says_what_is_wrong(text, said):
    reason = refusal(text)
    assert said in reason.zh
    assert text == "" or text not in str(reason)


@pytest.mark.parametrize("birth", ["19491331", "20210229", "00000101", "18991231", "20211123"])
def test_impossible_birth_dates(birth):
    first = f"110105{birth}002"
    reason = refusal(first + id_check_digit(first), today=date(2021, 11, 22))
    assert "出生日期" in reason.zh


def test_birth_today_is_possible():
    first = "11010520211122002"
    assert parse_id_number(first + id_check_digit(first), today=date(2021, 11, 22))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("姓 名", "姓名"),
        ("张　三", "张三"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿依古丽 . 买买提", "阿依古丽·买买提"),
        ("  John   Smith ", "John Smith"),
    ],
)
def test_names_are_normalised(text, name):
    assert normalise_name(text) == name


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        (mask_id_number, "65010119900101123X", "6501**********123X"),
        (mask_id_number, "1234567", "*******"),
        (mask_phone, "13812341234", "138****1234"),
        (mask_phone, "110", "***"),
        (mask_name, "张三", "张*"),
        (mask_name, "张", "*"),
        (mask_name, "", ""),
        (mask_name, "欧阳小明", "欧**明"),
        (mask_name, "阿依古丽·买买提", "阿***·***"),
        (mask_email, "zhang@example.com", "z***@example.com"),
        (mask_email, "zhang", "*****"),
    ],
)
def test_masks(mask, value, shown):
    assert mask(value) == shown

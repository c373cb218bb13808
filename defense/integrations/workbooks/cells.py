"""Reads single cells as people fill them in: every function takes a cell's value and raises `InvalidInput`.

Source: domain.md rows 5 and 12 and "What staff expect".
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Any

from defense.domain.errors import InvalidInput
from defense.domain.identity import normalise_name, parse_id_number, without_invisible
from defense.domain.text import Text

NONE_WORDING = "无"
MAX_SHORT_CHARACTERS = 200
"""As long as a unit (工作单位) or an e-mail address may be kept."""
MAX_NAME_CHARACTERS = 100
MAX_CODE_CHARACTERS = 50
MAX_TEXT_CHARACTERS = 20_000

_LIST_SEPARATORS = re.compile(r"[、,，;；/\n]|\s+")
_BREAK_IN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff（）])[ \t]*[\r\n]+\s*(?=[\u3400-\u9fff（）])")
_YEAR_RANGE = re.compile(r"(\d{4})年?度?(?:[-–—~～至到]+)(\d{4})年?度?", re.ASCII)
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?E\+?\d+", re.IGNORECASE | re.ASCII)

_YES = {"是", "有", "√", "✓", "✔", "对", "Y", "YES", "TRUE", "1"}
_NO = {"否", "无", "×", "✗", "✘", "X", "没有", "N", "NO", "FALSE", "0"}
_YES |= {"已缴", "已缴费", "已缴纳", "已交", "已上传", "通过", "已通过", "同意", "参加"}
_NO |= {"未缴", "未缴费", "未缴纳", "未交", "未上传", "未通过", "不通过", "不同意", "未参加"}


def invalid(zh: str, en: str) -> InvalidInput:
    """An `InvalidInput` with both languages."""
    return InvalidInput(Text(zh, en))


def as_text(value: Any) -> str:
    """The value as the person sees it; numbers only when no digit is in doubt."""
    if isinstance(value, float):
        if not value.is_integer() or abs(value) >= 10**15:
            raise invalid(
                "数字不完整：请将该列设为“文本”格式后重新录入",
                "the number may have lost digits: format the column as text and type it again",
            )
        return str(int(value))
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**15:
        raise invalid(
            "数字超过15位，末位已失真：请将该列设为“文本”格式后重新录入",
            "a number of over 15 digits has lost its last ones: format the column as text, type it again",
        )
    return unicodedata.normalize("NFC", without_invisible(str(value))).strip()


def as_short_text(value: Any) -> str:
    """A text of one line and at most 200 characters, 无 included."""
    # A name that was broken into lines to fit its cell is the same name.
    text = " ".join(_BREAK_IN_CHINESE.sub("", as_text(value)).split())
    return _within(text, MAX_SHORT_CHARACTERS)


def as_text_or_none(value: Any) -> str:
    """A short text; empty for 无."""
    text = as_short_text(value)
    return "" if text == NONE_WORDING else text


def as_named(value: Any) -> str:
    """A short text that must say something: 无 is refused."""
    text = as_short_text(value)
    if text == NONE_WORDING:
        raise invalid("此栏必须填写，不能填“无”", "this field must be filled; 无 is not enough")
    return text


def as_long_text(value: Any) -> str:
    """A text of several lines, 无 included."""
    return _within(as_text(value), MAX_TEXT_CHARACTERS)


def as_code(value: Any) -> str:
    """A number or code without any space and of at most 50 characters, e.g. 申报编号."""
    # Normalising can lengthen a text: ㎏ becomes two letters.
    return _within("".join(unicodedata.normalize("NFKC", as_named(value)).split()), MAX_CODE_CHARACTERS)


def as_title(value: Any) -> str:
    """The name of a thing in at most 100 characters, e.g. 组名."""
    return _within(as_named(value), MAX_NAME_CHARACTERS)


def as_name(value: Any) -> str:
    """A person's name without the spaces between its characters."""
    return _within(normalise_name(as_named(value)), MAX_NAME_CHARACTERS)


def as_gender(value: Any) -> str:
    """男 or 女."""
    text = as_text(value)
    if text not in ("男", "女"):
        raise invalid("性别应填“男”或“女”", "gender is 男 or 女")
    return text


def as_id_number(value: Any) -> str:
    """An identity number; one that the spreadsheet stored as a number is refused, its end is lost."""
    if isinstance(value, str):
        return parse_id_number(value)
    raise invalid(
        "身份证号被存为数字，末几位已丢失：请将该列设为“文本”格式后重新录入18位号码",
        "the ID number was stored as a number and lost its last digits: format the column as text and "
        "type the 18 characters again",
    )


def as_phone(value: Any) -> str:
    """A mobile number of 11 digits; 1.3899012345E+10 is repaired, as no digit of it is lost."""
    text = re.sub(r"[\s\-()]", "", unicodedata.normalize("NFKC", as_text(value)))
    if _SCIENTIFIC.fullmatch(text):
        text = _from_scientific(text)
    text = text.removesuffix(".0").removeprefix("+").removeprefix("86") if len(text) > 11 else text
    if not _MOBILE.fullmatch(text):
        raise invalid(
            "手机号码应为11位，以1开头：请核对",
            "a mobile number has 11 digits and begins with 1: please check",
        )
    return text


def as_email(value: Any) -> str:
    """An e-mail address."""
    text = unicodedata.normalize("NFKC", as_short_text(value))
    if not _EMAIL.fullmatch(text):
        raise invalid(
            "电子邮箱格式不对，应如 name@example.com", "not an e-mail address like name@example.com"
        )
    return _within(text, MAX_SHORT_CHARACTERS)


def as_yes_no(value: Any) -> bool:
    """是/否, 有/无, √/×, 已缴/未缴 and their like."""
    if isinstance(value, bool):
        return value
    text = unicodedata.normalize("NFKC", as_text(value)).upper()
    if text in _YES or text in _NO:
        return text in _YES
    raise invalid(
        "应填“是”或“否”（也可填 有/无、√/×、已缴/未缴、通过/未通过）",
        "say 是 or 否 (also 有/无, √/×, 已缴/未缴, 通过/未通过)",
    )


def as_count(value: Any) -> int:
    """A whole number from 1 to 99."""
    text = as_text(value)
    if not re.fullmatch(r"[1-9][0-9]?", text):
        raise invalid("应填1至99的整数", "a whole number from 1 to 99")
    return int(text)


def as_count_or_none(value: Any) -> int | None:
    """A whole number from 1 to 99, or None for 无."""
    return None if value == NONE_WORDING else as_count(value)


def as_list(value: Any) -> tuple[str, ...]:
    """Items set apart by 、 , ; / or spaces; 无 is an empty list."""
    items = tuple(item.strip() for item in _LIST_SEPARATORS.split(as_long_text(value)) if item.strip())
    return () if items == (NONE_WORDING,) else items


def as_codes(value: Any) -> tuple[str, ...]:
    """Several numbers or codes."""
    return tuple(as_code(item) for item in as_list(value))


def as_years(value: Any) -> frozenset[int]:
    """Years such as 2016-2020 or 2016、2017; 无 is no year."""
    years: set[int] = set()
    for item in as_list(re.sub(r"\s*([-–—~～至到])\s*", r"\1", as_short_text(value))):
        match = _YEAR_RANGE.fullmatch(item) or re.fullmatch(r"([0-9]{4})()年?度?", item)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1990 <= first <= last <= 2100:
            raise invalid(
                "年度应写作“2016-2020”或“2016、2017”，没有的填“无”",
                "years are written 2016-2020 or 2016、2017, or 无 for none",
            )
        years.update(range(first, last + 1))
    return frozenset(years)


def _within(text: str, limit: int) -> str:
    if len(text) > limit:
        raise invalid(f"超过{limit}字：请精简", f"more than {limit} characters: please shorten")
    return text


def _from_scientific(text: str) -> str:
    mantissa, _, exponent = text.upper().partition("E")
    digits_kept = len(mantissa.partition(".")[2])
    if digits_kept < int(exponent) or int(exponent) > 20:
        return text
    return str(int(Decimal(text)))

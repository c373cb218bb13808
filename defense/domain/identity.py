"""Identity numbers by GB 11643, names, and what of a person may be shown by default.

Source: domain.md "Reference data" and row 12.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from zoneinfo import ZoneInfo

from defense.domain.errors import InvalidInput
from defense.domain.text import Text

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"

_EARLIEST_BIRTH_YEAR = 1900
_AS_A_NUMBER = re.compile(r"\d(\.\d+)?E\+?\d+|\d+\.\d+", re.ASCII)
# Zero-width and direction marks come along when text is copied from web pages and certificates.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_NAME_DOTS = str.maketrans(dict.fromkeys("•・‧∙⋅．.", "·"))

_DAMAGED = Text(
    "身份证号被电子表格当作数字而损坏：请将该列设为“文本”格式后重新录入18位号码",
    "the ID number was damaged by the spreadsheet, which took it for a number: format the column as text "
    "and type the 18 characters again",
)

_ADDRESS = re.compile(r"[^\s@，。；（）()<>]+@[^\s@，。；（）()<>]+")
_DIGITS = re.compile(r"(?<![0-9])[0-9]{11,17}[0-9Xx]?(?![0-9])")


def without_invisible(text: str) -> str:
    """The text without characters that nobody sees and nobody typed."""
    return _INVISIBLE.sub("", text)


def id_check_digit(first_17_digits: str) -> str:
    """The check character for 17 digits: weighted sum modulo 11 (GB 11643)."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, first_17_digits, strict=True))
    return CHECK_DIGITS[total % 11]


def parse_id_number(text: str, today: date | None = None) -> str:
    """Read a resident identity number.

    Parameters
    ----------
    text
        What was typed; spaces, full-width characters and a small x are forgiven.
    today
        The day a birth date is compared with; by default today in Beijing.

    Returns
    -------
    str
        18 characters, the last one a digit or a capital X.

    Raises
    ------
    InvalidInput
        Saying what is wrong and the way out; the number itself is not in the text.
    """
    number = re.sub(r"[\s'‘’`-]", "", unicodedata.normalize("NFKC", without_invisible(text))).upper()
    if _AS_A_NUMBER.fullmatch(number):
        raise InvalidInput(_DAMAGED)
    _check_form(number)
    if id_check_digit(number[:17]) != number[17]:
        if number.endswith("000"):
            raise InvalidInput(_DAMAGED)
        raise _invalid(
            "身份证号校验码不符：请对照证件逐位核对",
            "the check digit of the ID number does not fit: compare it with the card, digit by digit",
        )
    _check_birth_date(number[6:14], today or datetime.now(ZoneInfo("Asia/Shanghai")).date())
    return number


def _check_form(number: str) -> None:
    if len(number) == 15 and number.isdigit():
        raise _invalid(
            "身份证号是15位旧号码：请填写18位号码",
            "this is an old ID number of 15 digits: give the one of 18 characters",
        )
    if len(number) != 18:
        raise _invalid(
            f"身份证号应为18位，现为{len(number)}位：请对照证件补全",
            f"an ID number has 18 characters, this one has {len(number)}: complete it from the card",
        )
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise _invalid(
            "身份证号应为17位数字加1位数字或X：请删除其他字符",
            "an ID number is 17 digits and one digit or X: remove the other characters",
        )


def _check_birth_date(digits: str, today: date) -> None:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        born = None
    if born is None or born.year < _EARLIEST_BIRTH_YEAR or born > today:
        raise _invalid(
            "身份证号第7至14位不是有效的出生日期：请对照证件核对",
            "characters 7 to 14 of the ID number are not a possible date of birth: compare it with the card",
        )


def _invalid(zh: str, en: str) -> InvalidInput:
    return InvalidInput(Text(zh, en))


def normalise_name(text: str) -> str:
    """A name without the spaces put between its characters, and with one kind of dot (·).

    Spaces inside a name in letters (Latin, Uyghur and others) are kept, as single ones.
    """
    words = unicodedata.normalize("NFKC", without_invisible(text).translate(_NAME_DOTS)).split()
    has_letters = any(_is_of_words(c) for word in words for c in word)
    return re.sub(r"\s*·\s*", "·", (" " if has_letters else "").join(words))


def _is_of_words(character: str) -> bool:
    """Whether the character belongs to a script that sets words apart by spaces, as Chinese does not."""
    return unicodedata.category(character) in ("Ll", "Lu") or unicodedata.bidirectional(character) in (
        "AL",
        "R",
    )


def mask_id_number(number: str) -> str:
    """`6501**********123X`; a string too short to hide its middle is hidden whole."""
    return _mask_middle(number, 4, 4)


def mask_phone(number: str) -> str:
    """`138****1234`."""
    return _mask_middle(number, 3, 4)


def mask_name(name: str) -> str:
    """`张*`, `欧**明`; of a name with dots only its first character: `阿***·***`."""
    if "·" in name:
        return name[0] + re.sub(r"[^·]", "*", name[1:])
    if len(name) < 3:
        return name[:1] + "*" if len(name) == 2 else "*" * len(name)
    return name[0] + "*" * (len(name) - 2) + name[-1]


def mask_email(address: str) -> str:
    """`z***@example.com`; the number of stars tells nothing."""
    local, at, domain = address.partition("@")
    return f"{local[:1]}***{at}{domain}" if at else "*" * len(address)


def mask_certificate(number: str) -> str:
    """The last four characters of a certificate's or receipt's number; of a short one nothing."""
    return _mask_middle(number, 0, 4) if len(number) > 7 else "*" * len(number)


def without_numbers(text: str) -> str:
    """A text without whatever looks like an ID number, a telephone number or an address."""
    text = _ADDRESS.sub(lambda found: mask_email(found[0]), text)
    return _DIGITS.sub(lambda found: mask_id_number(found[0]), text)


def _mask_middle(text: str, kept_first: int, kept_last: int) -> str:
    hidden = len(text) - kept_first - kept_last
    if hidden <= 0:
        return "*" * len(text)
    return text[:kept_first] + "*" * hidden + text[-kept_last:]

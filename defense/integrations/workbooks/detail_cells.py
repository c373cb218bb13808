"""Cells that only the detail sheets have."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from defense.domain.record_parts import TrainingKind
from defense.integrations.workbooks import cells, dates
from defense.integrations.workbooks.cells import NONE_WORDING, as_text, invalid

_UNTIL_NOW = ("至今", "现在", "今", NONE_WORDING)
_MAX_BYTES = 10 * 1024**3


def long_or_none(value: Any) -> str:
    """A text of several lines; empty for 无."""
    text = cells.as_long_text(value)
    return "" if text == NONE_WORDING else text


def code_or_none(value: Any) -> str:
    """A number or code; empty for 无."""
    return "" if value == NONE_WORDING else cells.as_code(value)


def day_or_now(value: Any) -> date | None:
    """A day; None for 无 and for what still goes on (至今)."""
    return None if isinstance(value, str) and value.strip() in _UNTIL_NOW else dates.as_day(value)


def moment_or_none(value: Any) -> Any:
    """A moment; None for 无."""
    return None if value == NONE_WORDING else dates.as_moment(value)


def as_year(value: Any) -> int:
    """One year."""
    years = cells.as_years(value)
    if len(years) != 1:
        raise invalid("应填一个年度，如 2020", "one year, such as 2020")
    return next(iter(years))


def as_hours(value: Any) -> int | None:
    """Hours of training (学时); None for 无."""
    text = as_text(value).removesuffix("学时").strip()
    if text == NONE_WORDING:
        return None
    if not re.fullmatch(r"[0-9]{1,4}", text):
        raise invalid("学时应填整数", "the hours are a whole number")
    return int(text)


def as_training_kind(value: Any) -> TrainingKind:
    """专业科目 or 公需科目."""
    text = "".join(as_text(value).split())
    words = {"专业": TrainingKind.PROFESSIONAL, "公需": TrainingKind.PUBLIC}
    kind = words.get(text.removesuffix("课").removesuffix("科目"))
    if kind is None:
        raise invalid("科目类别应填“专业科目”或“公需科目”", "the kind is 专业科目 or 公需科目")
    return kind


def as_passed(value: Any) -> bool:
    """通过 or 退回, and all that says yes or no."""
    text = as_text(value)
    if text in ("退回", "退回修改"):
        return False
    return cells.as_yes_no(value)


def as_size(value: Any) -> int | None:
    """A number of bytes; None for 无."""
    text = as_text(value).replace(",", "").removesuffix("字节").strip()
    if text == NONE_WORDING:
        return None
    if not re.fullmatch(r"[0-9]{1,11}", text) or int(text) > _MAX_BYTES:
        raise invalid("文件大小应填字节数，如 204800", "the size is a number of bytes, such as 204800")
    return int(text)


def as_digest(value: Any) -> str:
    """A SHA-256 digest in lower-case hexadecimal digits; empty for 无."""
    text = as_text(value).lower()
    if text == NONE_WORDING:
        return ""
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise invalid("SHA-256 摘要应为64位十六进制数字", "a SHA-256 digest has 64 hexadecimal digits")
    return text

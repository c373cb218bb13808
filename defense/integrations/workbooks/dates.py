"""Reads the ways in which days and moments are written into cells."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import Any

from openpyxl.utils.datetime import from_excel

from defense.domain.errors import InvalidInput
from defense.domain.identity import without_invisible
from defense.domain.round_rules import BEIJING
from defense.integrations.workbooks.cells import NONE_WORDING, invalid

_DAY = r"(\d{4})\s*(?:[-/.]|年)\s*(\d{1,2})\s*(?:[-/.]|月)\s*(\d{1,2})\s*日?"
_COMPACT_DAY = r"(\d{4})(\d{2})(\d{2})"
_CLOCK = r"(?:[T\s]*(\d{1,2})\s*[:时点]\s*(\d{1,2})\s*分?(?:\s*:?\s*(\d{1,2})\s*秒?)?)?"
_MOMENT = re.compile(rf"(?:{_DAY}|{_COMPACT_DAY})\s*{_CLOCK}", re.ASCII)
# Bare numbers outside these years are no days: 1954 to 2064.
_SERIAL_RANGE = (20_000, 60_000)
_YEARS = (1900, 2100)
_LONGEST_WORDING = 60


def as_moment(value: Any) -> datetime:
    """A moment in Beijing, aware; without a time of day it is midnight at the day's beginning."""
    moment = _naive_moment(value)
    if not _YEARS[0] <= moment.year <= _YEARS[1]:
        raise _not_a_day()
    return (moment + timedelta(microseconds=500_000)).replace(microsecond=0, tzinfo=BEIJING)


def as_day(value: Any) -> date:
    """A day: a real date, 2021-09-01, 2021/9/1, 2021.9.1, 2021年9月1日, 20210901, or a serial number."""
    return as_moment(value).date()


def as_day_or_none(value: Any) -> date | None:
    """A day, or None for 无."""
    return None if value == NONE_WORDING else as_day(value)


def _naive_moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime.combine(value, time())
    if isinstance(value, int | float) and not isinstance(value, bool):
        if _SERIAL_RANGE[0] <= value <= _SERIAL_RANGE[1]:
            return _from_serial(value)
        value = str(value).removesuffix(".0")
    if isinstance(value, str):
        return _from_wording(unicodedata.normalize("NFKC", without_invisible(value)).strip())
    raise _not_a_day()


def _from_serial(value: float) -> datetime:
    moment = from_excel(value)
    if not isinstance(moment, datetime):
        raise _not_a_day()
    return moment


def _from_wording(wording: str) -> datetime:
    match = _MOMENT.fullmatch(wording) if len(wording) <= _LONGEST_WORDING else None
    if not match:
        raise _not_a_day()
    numbers = [int(group) for group in match.groups() if group is not None]
    try:
        return datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001 - made aware by the caller
    except ValueError as error:
        raise _not_a_day() from error


def _not_a_day() -> InvalidInput:
    return invalid(
        "日期不可识别：应写作 2021-09-01（年月日齐全）",
        "not a date: write it like 2021-09-01, with year, month and day",
    )

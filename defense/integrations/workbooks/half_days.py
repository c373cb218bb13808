"""Reads half-days (上午, 下午) of days as stretches of time, by the round's working hours."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from typing import Any

from defense.domain.people import Period
from defense.domain.round_rules import RoundRules
from defense.integrations.workbooks.cells import NONE_WORDING, as_long_text, as_text, invalid
from defense.integrations.workbooks.dates import as_day

_SESSIONS = ("上午", "下午", "全天")
_SEPARATORS = re.compile(r"[;,、\n]")
_ENTRY = re.compile(
    r"(?P<first>.*?\d日?)\s*(?:[至到~—–]+\s*(?P<last>.*?\d日?)\s*)?\(?(?P<session>上午|下午|全天)?\)?"
)
_MIDDAY_HOUR = 13
_LONGEST_RANGE_DAYS = 366
_LONGEST_ENTRY = 60


def as_session(value: Any) -> str:
    """上午, 下午 or 全天."""
    text = "".join(as_text(value).split())
    if text not in _SESSIONS:
        raise invalid("时段应填“上午”“下午”或“全天”", "the half-day is 上午, 下午 or 全天")
    return text


def half_days_of(day: date, session: str, rules: RoundRules) -> tuple[Period, ...]:
    """The working half-days of a day that a session names; a half-day belongs to where it starts."""
    return tuple(
        Period(start_at, end_at)
        for start_at, end_at in rules.half_days_on(day)
        if session == "全天" or (session == "上午") == (start_at.hour < _MIDDAY_HOUR)
    )


def read_unavailable(value: Any, rules: RoundRules) -> tuple[Period, ...]:
    """Entries such as `2021-11-22；2021-11-23上午；2021-11-25至2021-11-26`, or 无.

    Returns
    -------
    tuple of Period
        In order of time, each half-day once.
    """
    if not isinstance(value, str):
        return half_days_of(as_day(value), "全天", rules)
    text = unicodedata.normalize("NFKC", as_long_text(value))
    if text == NONE_WORDING:
        return ()
    entries = [entry.strip() for entry in _SEPARATORS.split(text) if entry.strip()]
    periods = {period for entry in entries for period in _read_entry(entry, rules)}
    return tuple(sorted(periods, key=lambda period: period.start_at))


def _read_entry(entry: str, rules: RoundRules) -> tuple[Period, ...]:
    match = _ENTRY.fullmatch(entry) if len(entry) <= _LONGEST_ENTRY else None
    if not match:
        raise invalid(
            "应写作“2021-11-22；2021-11-23上午”，没有的填“无”",
            "write it like 2021-11-22；2021-11-23上午, or 无 for none",
        )
    first = as_day(match["first"])
    last = as_day(match["last"]) if match["last"] else first
    if not 0 <= (last - first).days <= _LONGEST_RANGE_DAYS:
        raise invalid(
            "日期区间的结束早于开始或超过一年", "a range of days that ends before it starts or exceeds a year"
        )
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return tuple(period for day in days for period in half_days_of(day, match["session"] or "全天", rules))

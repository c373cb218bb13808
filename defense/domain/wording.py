"""What the wording of a free text gives away: vague words, and periods that cannot be as written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import combinations

_POINT = r"((?:19|20)\d\d)(?:[./年-](0?[1-9]|1[0-2])(?!\d)月?|年)?"
_PERIOD = re.compile(_POINT + r"\s*[-–—~～至到]+\s*(?:" + _POINT + r"|今|现在)")


@dataclass(frozen=True)
class WrittenPeriod:
    """A period as a résumé names it; months counted from year 0, `end_month` not included."""

    wording: str
    start_month: int
    end_month: int


def find_vague_words(text: str, vague_words: Iterable[str]) -> tuple[str, ...]:
    """Those of the vague words that occur in a text (notice 三(二): 不得出现含糊的词语)."""
    return tuple(word for word in vague_words if word in text)


def period_between(start: date, end: date) -> WrittenPeriod:
    """The period from the month of one day to the month of another, worded as its days."""
    return WrittenPeriod(f"{start}至{end}", start.year * 12 + start.month - 1, end.year * 12 + end.month - 1)


def find_periods(text: str, today: date) -> tuple[WrittenPeriod, ...]:
    """Every period like 2005-2010, 2005.7至2010.8, 2010年3月至今 in a text; 至今 ends with `today`."""
    return tuple(
        WrittenPeriod(
            match[0],
            _month(match[1], match[2]),
            _month(match[3], match[4]) if match[3] else today.year * 12 + today.month - 1,
        )
        for match in _PERIOD.finditer(text)
    )


def find_overlaps(periods: tuple[WrittenPeriod, ...]) -> tuple[tuple[WrittenPeriod, WrittenPeriod], ...]:
    """Pairs that share a month; one that ends where the next starts does not overlap it."""
    return tuple(
        (a, b)
        for a, b in combinations(periods, 2)
        if a.start_month < b.end_month and b.start_month < a.end_month
    )


def find_future(periods: tuple[WrittenPeriod, ...], today: date) -> tuple[WrittenPeriod, ...]:
    """Periods that begin or end after the month of `today`."""
    this_month = today.year * 12 + today.month - 1
    return tuple(p for p in periods if max(p.start_month, p.end_month) > this_month)


def _month(year: str, month: str | None) -> int:
    return int(year) * 12 + int(month or 1) - 1

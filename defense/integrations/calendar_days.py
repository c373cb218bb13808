"""The published working calendar of China, with the days off that a round adds.

A year comes from the package `chinesecalendar`, or from a file `<year>.toml` that the administrator imported
before the package knew that year.
"""

from __future__ import annotations

import shutil
import tempfile
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import chinese_calendar

from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.settings import PROJECT_DIR

_PUBLISHED_YEARS = range(
    min(chinese_calendar.constants.holidays).year, max(chinese_calendar.constants.holidays).year + 1
)
_ALWAYS_OFF = ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3))
_STATUTORY_DAYS = 11
"""Fewest days off of any year since 2008, weekends within the holidays aside."""


@dataclass(frozen=True)
class YearCalendar:
    """One year's notice of the State Council, as a file holds it.

    Parameters
    ----------
    days_off : every day of the holidays, weekends in them included or not.
    worked : weekend days that are worked (调休).
    source : the number of the notice.
    """

    year: int
    source: str
    days_off: frozenset[date]
    worked: frozenset[date]

    def is_working_day(self, day: date) -> bool:
        """Whether a day of this year is worked."""
        return day in self.worked or (day not in self.days_off and day.weekday() < 5)


class CalendarFolder:
    """Where imported calendars lie: one file a year, read again when it changed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path_of(self, year: int) -> Path:
        """Where the file of a year is, or would be."""
        return self._directory / f"{year}.toml"

    def of_year(self, year: int) -> YearCalendar | None:
        """The imported calendar of a year.

        Raises
        ------
        InvalidInput
            There is a file and it cannot be used.
        """
        path = self.path_of(year)
        try:
            return _read_file(path, path.stat().st_mtime_ns)
        except FileNotFoundError:
            return None

    def take(self, file: Path) -> YearCalendar:
        """Check a file and copy it here in one step; one of the same year is replaced."""
        calendar = read_calendar(file.read_bytes())
        self._directory.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._directory, suffix=".part", delete=False) as copy:
            copy.write(file.read_bytes())
        shutil.move(copy.name, self.path_of(calendar.year))
        return calendar


_folder = CalendarFolder(PROJECT_DIR / "instance" / "calendars")
"""Reference data of the installation, like the package's own tables; set once, at the start."""


def use_calendars_of(directory: Path) -> None:
    """Look for imported calendars in this folder from now on."""
    global _folder  # noqa: PLW0603
    _folder = CalendarFolder(directory)


@dataclass(frozen=True)
class ChineseWorkingCalendar:
    """The State Council's yearly calendar (调休 included), minus `extra_days_off` of the round.

    肉孜节 and 古尔邦节 are announced in the autonomous region only, so they come with the round
    (`RoundRules.extra_days_off`) and win over a 调休 working day. An imported year wins over the package's.
    """

    extra_days_off: Collection[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        """Whether `day` is worked.

        Raises
        ------
        InvalidInput
            When no calendar of that year is known; guessing by weekday would miscount every holiday.
        """
        imported = _folder.of_year(day.year)
        if imported is not None:
            worked = imported.is_working_day(day)
        elif day.year in _PUBLISHED_YEARS:
            worked = _is_worked_nationwide(day)
        else:
            raise _unknown_year(day.year)
        return day not in self.extra_days_off and worked


def is_published(year: int) -> bool:
    """Whether the package knows the year."""
    return year in _PUBLISHED_YEARS


def read_calendar(data: bytes) -> YearCalendar:
    """Read and check a calendar file: `year`, `source`, `days_off`, `worked`.

    Raises
    ------
    InvalidInput
        Naming what is missing or wrong.
    """
    try:
        table = tomllib.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unusable(Text(f"格式错误：{error}", f"not a TOML file: {error}")) from error
    year, source = table.get("year"), table.get("source")
    if type(year) is not int or not 2000 <= year <= 2100:
        raise _unusable(Text("缺少 year，如 year = 2027", "it needs a year, such as year = 2027"))
    if not isinstance(source, str) or not source.strip():
        raise _unusable(Text("缺少 source（通知文号）", "it needs a source: the number of the notice"))
    calendar = YearCalendar(
        year, source.strip(), _days(table, "days_off", year), _days(table, "worked", year)
    )
    _check(calendar)
    return calendar


def _days(table: dict[str, Any], name: str, year: int) -> frozenset[date]:
    days = table.get(name)
    if not isinstance(days, list) or not all(type(day) is date for day in days):
        raise _unusable(
            Text(
                f"{name} 应为日期列表，如 [{year}-01-01]",
                f"{name} has to be a list of days, such as [{year}-01-01]",
            )
        )
    strangers = sorted(day for day in days if day.year != year)
    if strangers:
        raise _unusable(
            Text(f"{name} 中的 {strangers[0]} 不在 {year} 年", f"{strangers[0]} in {name} is not in {year}")
        )
    return frozenset(days)


def _check(calendar: YearCalendar) -> None:
    both = sorted(calendar.days_off & calendar.worked)
    if both:
        raise _unusable(
            Text(f"{both[0]} 既放假又上班", f"{both[0]} stands in both days_off and worked"),
        )
    weekdays = sorted(day for day in calendar.worked if day.weekday() < 5)
    if weekdays:
        raise _unusable(
            Text(f"worked 中的 {weekdays[0]} 不是周末", f"{weekdays[0]} in worked is no weekend day"),
        )
    missing = [
        day for day in (date(calendar.year, *md) for md in _ALWAYS_OFF) if day not in calendar.days_off
    ]
    if missing or len(calendar.days_off) < _STATUTORY_DAYS:
        named = f"{missing[0]}" if missing else f"{len(calendar.days_off)}"
        raise _unusable(
            Text(
                f"days_off 不完整（{named}）：应列出全部放假日",
                f"days_off is not complete ({named}): list every day off of the year",
            )
        )


def _unusable(reason: Text) -> InvalidInput:
    return InvalidInput(
        Text("放假安排文件不可用：{r}。", "The calendar file cannot be used: {r}.").format(r=reason)
    )


def _unknown_year(year: int) -> InvalidInput:
    path = _folder.path_of(year)
    return InvalidInput(
        Text(
            f"没有{year}年的放假安排，无法计算工作日：请核对日期；日期无误时，请管理员在国务院公布放假安排后"
            f"更新 chinesecalendar，或运行 flask import-calendar {path.name} 导入（见 docs/deployment.md）",
            f"the working calendar of {year} is not known, so working days cannot be counted: check the date;"
            " if it is right, the administrator updates chinesecalendar once that year's holidays are "
            f"published, or imports them: flask import-calendar {path.name} (see docs/deployment.md)",
        )
    )


@lru_cache(maxsize=16)
def _read_file(path: Path, _changed_ns: int) -> YearCalendar:
    """Cached by the file's time of change."""
    return read_calendar(path.read_bytes())


@lru_cache(maxsize=10_000)
def _is_worked_nationwide(day: date) -> bool:
    return bool(chinese_calendar.is_workday(day))

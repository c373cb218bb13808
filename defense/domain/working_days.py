"""Working days (工作日) of China, where weekends are worked and weekdays are free by yearly notice (调休)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Protocol

_ONE_DAY = timedelta(days=1)


class WorkingCalendar(Protocol):
    """Knows which days are worked."""

    def is_working_day(self, day: date) -> bool:
        """Whether `day` is worked.

        Raises
        ------
        InvalidInput
            When the calendar of that year is not known: an answer must not be guessed.
        """
        ...


class RememberingCalendar:
    """Asks another calendar once about each day; for judging thousands of applications at one time."""

    def __init__(self, calendar: WorkingCalendar) -> None:
        self._calendar = calendar
        self._known: dict[date, bool] = {}

    def is_working_day(self, day: date) -> bool:
        """See `WorkingCalendar`."""
        if day not in self._known:
            self._known[day] = self._calendar.is_working_day(day)
        return self._known[day]


def count_working_days(start: date, end: date, calendar: WorkingCalendar) -> int:
    """How many working days lie between two days, both included; 0 when `end` is before `start`.

    Source: notice 四(二), domain.md row 20.
    """
    days = (end - start).days + 1
    return sum(calendar.is_working_day(start + n * _ONE_DAY) for n in range(days))


def working_days_before(day: date, count: int, calendar: WorkingCalendar) -> date:
    """The working day that lies `count` working days before a day; `day` itself is not counted.

    With 1 it is the last working day before it; whoever is told then has `count` working days' notice.
    """
    while count > 0:
        day -= _ONE_DAY
        count -= calendar.is_working_day(day)
    return day


def working_days_after(day: date, count: int, calendar: WorkingCalendar) -> date:
    """The working day that lies `count` working days after a day; `day` itself is not counted."""
    while count > 0:
        day += _ONE_DAY
        count -= calendar.is_working_day(day)
    return day

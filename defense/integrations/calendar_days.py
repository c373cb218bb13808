"""The published working calendar of China, with the days off that a round adds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import chinese_calendar

from defense.domain.errors import InvalidInput
from defense.domain.text import Text

_PUBLISHED_YEARS = range(
    min(chinese_calendar.constants.holidays).year, max(chinese_calendar.constants.holidays).year + 1
)


@dataclass(frozen=True)
class ChineseWorkingCalendar:
    """The State Council's yearly calendar (调休 included), minus `extra_days_off` of the round.

    肉孜节 and 古尔邦节 are announced in the autonomous region only, so they come with the round
    (`RoundRules.extra_days_off`) and win over a 调休 working day.
    """

    extra_days_off: Collection[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        """Whether `day` is worked.

        Raises
        ------
        InvalidInput
            When no calendar of that year is known; guessing by weekday would miscount every holiday.
        """
        if day.year not in _PUBLISHED_YEARS:
            raise InvalidInput(
                Text(
                    f"没有{day.year}年的放假安排，无法计算工作日：请核对日期；日期无误时，请管理员在国务院公布该年放假安排"
                    "后更新 chinesecalendar",
                    f"the working calendar of {day.year} is not known, so working days cannot be counted: "
                    "check the date; if it is right, the administrator updates chinesecalendar once that "
                    "year's holidays are published",
                )
            )
        return day not in self.extra_days_off and _is_worked_nationwide(day)


@lru_cache(maxsize=10_000)
def _is_worked_nationwide(day: date) -> bool:
    return bool(chinese_calendar.is_workday(day))

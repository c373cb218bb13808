"""Half-days on which a panel could sit: made from the working hours, and held against them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from defense.domain.errors import InvalidInput
from defense.domain.people import Period
from defense.domain.round_rules import BEIJING, RoundRules
from defense.domain.text import Text
from defense.domain.working_days import WorkingCalendar
from defense.domain.working_hours import Window, write_windows

LONGEST_SPAN_DAYS = 92


@dataclass(frozen=True)
class HalfDayWish:
    """Half-days that staff ask for: both days included.

    Parameters
    ----------
    windows : hours of each day on the clock of Beijing; empty for the working hours of the season.
    skips_days_off : leave out weekends, public holidays and the round's extra days off.
    """

    first: date
    last: date
    windows: tuple[Window, ...] = ()
    skips_days_off: bool = True

    def __post_init__(self) -> None:
        if not 0 <= (self.last - self.first).days < LONGEST_SPAN_DAYS:
            raise InvalidInput(
                Text(
                    f"结束日期应不早于开始日期，且一次不超过 {LONGEST_SPAN_DAYS} 天。",
                    f"The last day lies before the first, or the span exceeds {LONGEST_SPAN_DAYS} days.",
                )
            )


def half_days_wished(wish: HalfDayWish, rules: RoundRules, calendar: WorkingCalendar) -> tuple[Period, ...]:
    """The half-days of a wish, in order of time."""
    found = []
    for n in range((wish.last - wish.first).days + 1):
        day = wish.first + timedelta(days=n)
        if wish.skips_days_off and _is_day_off(day, rules, calendar):
            continue
        if wish.windows:
            found += [Period(_at(day, window, 0), _at(day, window, 1)) for window in wish.windows]
        else:
            found += [Period(start_at, end_at) for start_at, end_at in rules.half_days_on(day)]
    return tuple(found)


def half_day_warnings(period: Period, rules: RoundRules, calendar: WorkingCalendar) -> tuple[Text, ...]:
    """What is odd about a half-day: on a day off, or outside the working hours of its season.

    Source: domain.md "The day".
    """
    day = period.start_at.astimezone(BEIJING).date()
    warnings = []
    if day in rules.extra_days_off:
        warnings.append(
            Text(
                f"{day} 是本批次的额外放假日，该半天不会安排答辩",
                f"{day} is an extra day off of the round: nobody will be seated then",
            )
        )
    elif _is_day_off(day, rules, calendar):
        warnings.append(
            Text(f"{day} 是周末或法定节假日", f"{day} is a weekend or a public holiday"),
        )
    hours = rules.half_days_on(day)
    if not any(start_at <= period.start_at and period.end_at <= end_at for start_at, end_at in hours):
        usual = write_windows([(start_at.time(), end_at.time()) for start_at, end_at in hours])
        warnings.append(
            Text(
                f"超出 {day} 所在季节的工作时间（{usual}）",
                f"outside the working hours of {day} ({usual})",
            )
        )
    return tuple(warnings)


def _is_day_off(day: date, rules: RoundRules, calendar: WorkingCalendar) -> bool:
    if day in rules.extra_days_off:
        return True
    try:
        return not calendar.is_working_day(day)
    except InvalidInput:  # no calendar of that year yet: the weekend is all that is known
        return day.weekday() >= 5


def _at(day: date, window: Window, which: int) -> datetime:
    return datetime.combine(day, window[which], BEIJING)

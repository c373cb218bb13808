"""Times as people here read them: office clocks show Beijing time, many private ones Xinjiang time.

Source: domain.md "The day": print both clocks.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from defense.domain.round_rules import BEIJING
from defense.domain.text import Text

XINJIANG_OFFSET = timedelta(hours=-2)
"""What a clock in Xinjiang time shows, seen from one in Beijing time."""

_WEEKDAYS_ZH = "一二三四五六日"
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# fmt: off
_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)
# fmt: on


def both_clocks(at: datetime) -> Text:
    """A moment on both clocks: 北京时间 10:00（新疆时间 08:00）.

    Parameters
    ----------
    at : aware, in any zone.
    """
    return _on_both_clocks((at,))


def both_clocks_range(start: datetime, end: datetime) -> Text:
    """A stretch of time on both clocks: 北京时间 10:00–10:15（新疆时间 08:00–08:15）.

    Parameters
    ----------
    start, end : aware, in any zone.
    """
    return _on_both_clocks((start, end))


def day_with_weekday(at: datetime) -> Text:
    """The day in Beijing at a moment: 2021年11月22日 星期一; Monday, 22 November 2021.

    Parameters
    ----------
    at : aware, in any zone.
    """
    day = at.astimezone(BEIJING)
    return Text(
        f"{day.year}年{day.month}月{day.day}日 星期{_WEEKDAYS_ZH[day.weekday()]}",
        f"{_WEEKDAYS_EN[day.weekday()]}, {day.day} {_MONTHS_EN[day.month - 1]} {day.year}",
    )


def _on_both_clocks(moments: tuple[datetime, ...]) -> Text:
    beijing = [moment.astimezone(BEIJING) for moment in moments]
    xinjiang = [moment + XINJIANG_OFFSET for moment in beijing]
    there, here = (
        "–".join(moment.strftime("%H:%M") for moment in moments_) for moments_ in (beijing, xinjiang)
    )
    # Shortly after midnight in Beijing the other clock still shows the day before.
    day_before = xinjiang[0].date() < beijing[0].date()
    return Text(
        f"北京时间 {there}（新疆时间 {'前一日 ' if day_before else ''}{here}）",
        f"{there} Beijing time ({here} Xinjiang time{' of the day before' if day_before else ''})",
    )

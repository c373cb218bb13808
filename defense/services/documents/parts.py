"""What the documents have in common: the words of a day, of a moment, of what somebody applies for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from defense.domain.clocks import XINJIANG_OFFSET, both_clocks, both_clocks_range, day_with_weekday
from defense.domain.identity import mask_id_number
from defense.domain.vocabulary import LEVEL_TEXT, Level
from defense.domain.zone import BEIJING
from defense.models import Application, Round
from defense.models.types import utc_now

_AFTERNOON = 14
_EVENING = 20


def common(round_: Round, title: str) -> dict[str, Any]:
    """The heading of every document: its title, the round, whom to call, and when it was made."""
    now, rules = utc_now(), round_.rules
    return {
        "title": title,
        "round": {"code": round_.code, "name": rules.name.zh, "year": rules.year},
        "telephones": list(rules.telephones),
        "support_telephones": list(rules.support_telephones),
        "made_on": day_words(now.astimezone(BEIJING).date()),
        "made_at": moment_words(now),
    }


def day_words(day: date | None) -> str:
    """2021年11月22日; nothing for a day that is not known."""
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def day_to_fill(day: date | None, year: int) -> str:
    """The day, or room to write it by hand in that year."""
    return day_words(day) or f"{year}年　　月　　日"


def month_words(day: date) -> str:
    """2021年11月."""
    return f"{day.year}年{day.month}月"


def moment_words(at: datetime | None) -> str:
    """2021年11月22日 星期一 北京时间 10:00（新疆时间 08:00）; nothing for None."""
    return f"{day_with_weekday(at).zh} {both_clocks(at).zh}" if at else ""


def half_day_name(start_at: datetime) -> str:
    """上午, 下午 or 晚上, as the office calls it: its mornings last until two by the clock of Beijing."""
    hour = start_at.astimezone(BEIJING).hour
    return "上午" if hour < _AFTERNOON else "下午" if hour < _EVENING else "晚上"


def span(start_at: datetime, end_at: datetime) -> dict[str, str]:
    """A slot on each clock: 10:00–10:15 and 08:00–08:15."""
    return {
        "beijing": f"{time_words(start_at)}–{time_words(end_at)}",
        "xinjiang": f"{time_words(start_at + XINJIANG_OFFSET)}–{time_words(end_at + XINJIANG_OFFSET)}",
    }


def entry(at: datetime) -> dict[str, str]:
    """When somebody enters the waiting room, on each clock."""
    return {"entry_beijing": time_words(at), "entry_xinjiang": time_words(at + XINJIANG_OFFSET)}


def when(start_at: datetime, end_at: datetime) -> dict[str, str]:
    """Day, half-day and hours of a sitting."""
    return {
        "day": day_with_weekday(start_at).zh,
        "period": half_day_name(start_at),
        "clocks": both_clocks_range(start_at, end_at).zh,
    }


def time_words(at: datetime) -> str:
    """10:05 by the clock of Beijing."""
    return at.astimezone(BEIJING).strftime("%H:%M")


def level_words(level: str) -> str:
    """正高级."""
    return LEVEL_TEXT[Level(level)].zh


def person(application: Application) -> dict[str, Any]:
    """Who applies for what: the columns of every list."""
    return {
        "number": application.number,
        "name": application.name,
        "unit": application.unit,
        "series": application.series,
        "specialty": application.specialty,
        "level": level_words(application.level),
    }


def applies_for(series: str, specialty: str, level: str) -> str:
    """工程系列水利水电专业正高级, in the order of the notice's annexes.

    A series such as 干部院校教师 is completed; 经济系列人力资源管理 names its specialty already.

    Source: notice 附件1-3.
    """
    if specialty in series:
        field = series if series.endswith("专业") else f"{series}专业"
    else:
        named = series if "系列" in series else f"{series}系列"
        field = f"{named}{specialty.removesuffix('专业')}专业"
    return f"{field}{level_words(level)}"


def shown_id(number: str, whole: bool) -> str:
    """The ID number, masked unless it was asked for whole."""
    return number if whole else mask_id_number(number)

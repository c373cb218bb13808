"""Working hours by season, on the clock of Beijing: read from data or from the lines of a form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise
from typing import Any

from defense.domain.errors import InvalidInput
from defense.domain.text import Text

_LEAP_YEAR = 2024
"""So that a season may begin on 02-29."""
_CLOCK = r"\d{1,2}[:：]\d{2}"
_WINDOW = re.compile(rf"({_CLOCK})\s*[-–—~至]\s*({_CLOCK})")
_SEASON = re.compile(r"(\d{1,2})[-月/](\d{1,2})日?\s*[ :：]\s*(.+)")

Window = tuple[time, time]


@dataclass(frozen=True)
class Season:
    """Working windows of a day from a day of the year on, by the clock of Beijing."""

    from_month_day: str
    half_days: tuple[Window, ...]

    def __post_init__(self) -> None:
        month, _, day = self.from_month_day.partition("-")
        try:
            date(_LEAP_YEAR, int(month), int(day))
        except ValueError:
            raise _invalid(self.from_month_day) from None
        require_windows(self.half_days)


def require_windows(windows: Sequence[Window]) -> None:
    """Refuse windows that end before they begin, overlap, or are none at all.

    Raises
    ------
    InvalidInput
    """
    in_order = all(start < end for start, end in windows)
    apart = all(earlier[1] <= later[0] for earlier, later in pairwise(windows))
    if not windows or not in_order or not apart:
        raise _invalid(write_windows(windows))


def seasons_from(data: Sequence[dict[str, Any]]) -> tuple[Season, ...]:
    """Seasons as the rule file, or the round's settings, write them."""
    return tuple(
        Season(
            item["from_month_day"],
            tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in item["half_days"]),
        )
        for item in data
    )


def seasons_to_json(seasons: Sequence[Season]) -> list[dict[str, Any]]:
    """The inverse of `seasons_from`."""
    return [
        {
            "from_month_day": season.from_month_day,
            "half_days": [[f"{start:%H:%M}", f"{end:%H:%M}"] for start, end in season.half_days],
        }
        for season in seasons
    ]


def season_on(seasons: Sequence[Season], day: date) -> Season:
    """The season that holds on a day: the one that began last, at the year's start last year's."""
    in_order = sorted(seasons, key=lambda season: season.from_month_day)
    begun = [season for season in in_order if season.from_month_day <= f"{day:%m-%d}"]
    return begun[-1] if begun else in_order[-1]


def read_windows(text: str) -> tuple[Window, ...]:
    """Windows such as ``10:00-14:00, 16:00-20:00``, in order of time.

    Raises
    ------
    InvalidInput
    """
    try:
        windows = tuple(sorted((_clock(start), _clock(end)) for start, end in _WINDOW.findall(text)))
    except ValueError:
        raise _invalid(text) from None
    if _WINDOW.sub("", text).strip(" ,，;；、\t"):
        raise _invalid(text)
    require_windows(windows)
    return windows


def write_windows(windows: Sequence[Window]) -> str:
    """The inverse of `read_windows`."""
    return ", ".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in windows)


def read_seasons(text: str) -> tuple[Season, ...]:
    """One season a line, such as ``05-01 10:00-14:00, 16:00-20:00``.

    Raises
    ------
    InvalidInput
    """
    seasons = []
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _SEASON.fullmatch(line)
        if match is None:
            raise _invalid(line)
        month_day = f"{int(match[1]):02}-{int(match[2]):02}"
        seasons.append(Season(month_day, read_windows(match[3])))
    if not seasons or len({season.from_month_day for season in seasons}) < len(seasons):
        raise _invalid(text.strip())
    return tuple(seasons)


def write_seasons(seasons: Sequence[Season]) -> str:
    """The inverse of `read_seasons`."""
    return "\n".join(f"{season.from_month_day} {write_windows(season.half_days)}" for season in seasons)


def _clock(text: str) -> time:
    hour, minute = text.replace("：", ":").split(":")
    return time(int(hour), int(minute))


def _invalid(what: str) -> InvalidInput:
    return InvalidInput(
        Text(
            f"工作时间“{what}”无法识别：请写作“05-01 10:00-14:00, 16:00-20:00”，各段先后不重叠。",
            f"The working hours “{what}” cannot be read: write them like “05-01 10:00-14:00, 16:00-20:00”, "
            "in order and without overlap.",
        )
    )

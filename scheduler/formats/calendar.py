"""Sittings from working hours: seasons with their windows of the day, days off, and the panels they hold for.

A calendar is a convenience of the file format. It is expanded into plain sittings before an instance is
built, so that solver and checker know nothing of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from scheduler.errors import InstanceError
from scheduler.formats.codec import decode

DAY_MIN = 24 * 60
SITTINGS_LIMIT = 1_000_000
"""Most sittings that one calendar may make; 700 panels in two windows on 365 days are 511,000."""


@dataclass(frozen=True)
class Window:
    """Working hours [start_min, end_min) in minutes after midnight of each day."""

    start_min: int
    end_min: int

    def __post_init__(self) -> None:
        for name in ("start_min", "end_min"):
            if not 0 <= getattr(self, name) <= DAY_MIN:
                raise InstanceError(name, f"must lie between 0 and {DAY_MIN}")
        if self.end_min <= self.start_min:
            raise InstanceError("end_min", f"must lie after start_min {self.start_min}, got {self.end_min}")


@dataclass(frozen=True)
class Season:
    """Days first_day to last_day, both included, that share their working hours (作息季节)."""

    first_day: int
    last_day: int
    windows: tuple[Window, ...]

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise InstanceError("last_day", f"must be at least {self.first_day}, got {self.last_day}")
        if not self.windows:
            raise InstanceError("windows", "expected a window or more, got an empty list")
        ordered = sorted(enumerate(self.windows), key=lambda item: item[1].start_min)
        for (_, before), (index, after) in pairwise(ordered):
            if after.start_min < before.end_min:
                raise InstanceError(
                    f"windows[{index}]", f"overlaps the window {before.start_min}-{before.end_min}"
                )


@dataclass(frozen=True)
class DayRange:
    """`count` days from `first` on."""

    first: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.count <= SITTINGS_LIMIT:
            raise InstanceError("count", f"must lie between 1 and {SITTINGS_LIMIT}")


@dataclass(frozen=True)
class Calendar:
    """When the panels could sit.

    Parameters
    ----------
    days : DayRange or tuple of int
        The days of the round, counted from `SchedulingInstance.midnight_min`.
    seasons : tuple of Season
        Working hours; every day of `days` that is not off lies in exactly one season.
    days_off : tuple of int
        Days on which nobody sits; days outside `days` are allowed, as a list of holidays serves many rounds.
    panel_ids : tuple of str, optional
        The panels that get sittings; by default every panel that has no sitting of its own.
    """

    days: DayRange | tuple[int, ...]
    seasons: tuple[Season, ...]
    days_off: tuple[int, ...] = ()
    panel_ids: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not self.listed_days:
            raise InstanceError("days", "expected a day or more, got an empty list")
        _require_once("days", self.listed_days)
        _require_once("panel_ids", self.panel_ids or ())
        _require_apart(self.seasons)

    @property
    def listed_days(self) -> tuple[int, ...]:
        """The days of the round, days off included."""
        if isinstance(self.days, DayRange):
            return tuple(range(self.days.first, self.days.first + self.days.count))
        return self.days

    def windows(self) -> Iterator[tuple[int, int, Window]]:
        """Yield (day, number of the window in its day, window) for every working day.

        Raises
        ------
        InstanceError
            A working day lies in no season: it is more likely forgotten than free.
        """
        off = frozenset(self.days_off)
        for day in self.listed_days:
            if day in off:
                continue
            season = next((s for s in self.seasons if s.first_day <= day <= s.last_day), None)
            if season is None:
                raise InstanceError("days", f"day {day} lies in no season")
            for number, window in enumerate(season.windows):
                yield day, number, window


def expand_calendar(data: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON values of an instance with its calendar, if any, turned into sittings.

    Parameters
    ----------
    data : dict
        An instance as JSON values; it is not changed. Sittings that it lists already stay and come first.

    Returns
    -------
    dict
        Without ``calendar``; the sitting of panel ``p1`` in the first window of day 12 is called ``p1@12.0``.

    Raises
    ------
    InstanceError
        With the path of the field of the calendar at fault.
    """
    if "calendar" not in data:
        return data
    calendar: Calendar = decode(Calendar, data["calendar"], "calendar")
    own = data.get("sittings", [])
    panel_ids = _panel_ids(calendar, data, own)
    midnight_min = data.get("midnight_min", 0)
    try:
        windows = list(calendar.windows())
    except InstanceError as error:
        raise error.within("calendar") from None
    if len(windows) * len(panel_ids) > SITTINGS_LIMIT:
        raise InstanceError("calendar", f"makes more than {SITTINGS_LIMIT} sittings")
    if not isinstance(own, list) or type(midnight_min) is not int:
        return _without_calendar(data)  # SchedulingInstance.from_json names the fault
    made = [
        _sitting(panel_id, day, number, midnight_min, window)
        for panel_id in panel_ids
        for day, number, window in windows
    ]
    return _without_calendar(data) | {"sittings": [*own, *made]}


def _without_calendar(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != "calendar"}


def _sitting(panel_id: str, day: int, number: int, midnight_min: int, window: Window) -> dict[str, Any]:
    begin_min = midnight_min + day * DAY_MIN
    return {
        "id": f"{panel_id}@{day}.{number}",
        "panel_id": panel_id,
        "start_min": begin_min + window.start_min,
        "end_min": begin_min + window.end_min,
    }


def _panel_ids(calendar: Calendar, data: Mapping[str, Any], own_sittings: object) -> list[str]:
    all_ids = _texts(data.get("panels"), "id")
    if calendar.panel_ids is None:
        served = set(_texts(own_sittings, "panel_id"))
        return [panel_id for panel_id in all_ids if panel_id not in served]
    for index, panel_id in enumerate(calendar.panel_ids):
        if panel_id not in all_ids:
            raise InstanceError(f"calendar.panel_ids[{index}]", f"{panel_id!r} does not exist")
    return list(calendar.panel_ids)


def _texts(items: object, field: str) -> list[str]:
    """Return the texts in one field of a list of objects, passing over whatever is not of that shape."""
    found = [item.get(field) for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return [value for value in found if isinstance(value, str)]


def _require_once(path: str, values: tuple[Any, ...]) -> None:
    first_index: dict[Any, int] = {}
    for index, value in enumerate(values):
        if first_index.setdefault(value, index) != index:
            raise InstanceError(
                f"{path}[{index}]", f"{value!r} is already used by {path}[{first_index[value]}]"
            )


def _require_apart(seasons: tuple[Season, ...]) -> None:
    ordered = sorted(enumerate(seasons), key=lambda item: item[1].first_day)
    for (first, before), (second, after) in pairwise(ordered):
        if after.first_day <= before.last_day:
            raise InstanceError(
                f"seasons[{second}].first_day", f"day {after.first_day} lies in seasons[{first}] too"
            )

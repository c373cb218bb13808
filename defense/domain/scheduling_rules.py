"""What a good timetable of a round is, how late it may change, and what the solver may use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.domain.vocabulary import Level
from defense.domain.working_days import WorkingCalendar, working_days_after

TERM_TEXT = {
    "moved": Text("已公布时段变动的人数", "people whose published slot changes"),
    "opened": Text("开场的半天数", "half-days used"),
    "conflicts": Text("有到会专家须回避的人数", "people heard while an expert present must step out"),
    "idle": Text("场内空闲分钟数", "idle minutes within half-days"),
    "switches": Text("场内换专业、级别的次数", "changes of specialty or level within half-days"),
    "load": Text("最忙的组与最忙的一天的场次数之和", "half-days of the busiest panel and of the busiest day"),
    "region_days": Text("同一地州分散的天数", "days over which prefectures are spread"),
    "wishes": Text("未满足的意愿", "wishes not met"),
    "lateness": Text("开场偏晚的程度", "how late half-days lie"),
}
"""The soft terms of the scheduler by name (scheduling.md, "The problem here")."""

NOTICE_UNIT_TEXT = {
    "days": Text("天", "days"),
    "working_days": Text("个工作日", "working days"),
    "hours": Text("小时", "hours"),
}

PRIORITY_TEXT = Text("未能全部排入时的优先级", "Who is placed first when not all can be")

_GOAL = re.compile(r"(?:(\d+)\*)?([a-z_]+)")
_MAX_WEIGHT, _MAX_PRIORITY, _MAX_PARALLEL, _MAX_NOTICE = 1_000, 9, 1_000, 720
_MAX_FIRST_NOTICE = 60

WeightedTerm = tuple[str, int]
"""Name of a term and its weight."""


def read_tier(text: str) -> tuple[WeightedTerm, ...]:
    """Terms that are added up, such as ``2*idle+switches``.

    Raises
    ------
    InvalidInput
    """
    goals = []
    for part in text.replace(" ", "").split("+"):
        match = _GOAL.fullmatch(part)
        if match is None or match[2] not in TERM_TEXT:
            raise _invalid("objective", text)
        goals.append((match[2], int(match[1] or 1)))
    return tuple(goals)


def write_tier(tier: Sequence[WeightedTerm]) -> str:
    """The inverse of `read_tier`; also the name of the tier in the solver's results."""
    return "+".join(name if weight == 1 else f"{weight}*{name}" for name, weight in tier)


DEFAULT_OBJECTIVE = tuple(
    read_tier(name)
    for name in ("moved", "opened", "conflicts", "idle", "switches", "load", "region_days", "wishes")
)


@dataclass(frozen=True)
class SchedulingRules:
    """The `[scheduling]` table of a round.

    Parameters
    ----------
    objective : what counts after the placed candidates, most important first; terms of one tier are added up
        with their weights.
    max_parallel_sittings : rooms, meeting licences, secretaries; None is no limit.
    change_notice, change_notice_unit : how long before a slot its candidate must know of a change. Days and
        working days are whole: with 1 day the slots of today and tomorrow stay.
    first_notice : how many working days before their slot people should have their first invite.
    remind_day, remind_soon : remind people on the last working day before, and half an hour before.
    time_limit_s : of the solver; None leaves it to the installation.
    memory_limit_mb : of the solver's process.
    priority : by level, higher is placed first.
    """

    objective: tuple[tuple[WeightedTerm, ...], ...] = DEFAULT_OBJECTIVE
    max_parallel_sittings: int | None = None
    change_notice: int = 1
    change_notice_unit: str = "working_days"
    first_notice: int = 7
    remind_day: bool = True
    remind_soon: bool = True
    time_limit_s: int | None = None
    memory_limit_mb: int = 4096
    priority: Mapping[Level, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [name for tier in self.objective for name, _weight in tier]
        weights = [weight for tier in self.objective for _name, weight in tier]
        if len(set(names)) < len(names) or not all(1 <= weight <= _MAX_WEIGHT for weight in weights):
            raise _invalid("objective", ", ".join(map(write_tier, self.objective)))
        if self.change_notice_unit not in NOTICE_UNIT_TEXT:
            raise _invalid("change_notice_unit", self.change_notice_unit)
        _require_range("max_parallel_sittings", self.max_parallel_sittings, 1, _MAX_PARALLEL)
        _require_range("change_notice", self.change_notice, 0, _MAX_NOTICE)
        _require_range("first_notice", self.first_notice, 0, _MAX_FIRST_NOTICE)
        _require_range("time_limit_s", self.time_limit_s, 1, 24 * 3600)
        _require_range("memory_limit_mb", self.memory_limit_mb, 512, 1_048_576)
        for priority in self.priority.values():
            _require_range("priority", priority, 0, _MAX_PRIORITY)

    def frozen_until(self, now: datetime, zone: tzinfo, calendar: WorkingCalendar) -> datetime:
        """The moment up to which slots stay: who is due before it has been told already.

        Parameters
        ----------
        now : aware.
        zone : where days begin at midnight.

        Raises
        ------
        InvalidInput
            The notice counts working days of a year whose calendar is not known.
        """
        if self.change_notice_unit == "hours":
            return now + timedelta(hours=self.change_notice)
        day = now.astimezone(zone).date()
        if self.change_notice_unit == "days":
            day += timedelta(days=self.change_notice)
        else:
            day = working_days_after(day, self.change_notice, calendar)
        return datetime.combine(day + timedelta(days=1), time(0), zone)


def scheduling_rules_from(data: Mapping[str, Any]) -> SchedulingRules:
    """Read the `[scheduling]` table; what it does not say has its default, 0 stands for no limit.

    Raises
    ------
    InvalidInput
        Naming the key that is unknown or wrong.
    """
    values = dict(data)
    unknown = values.keys() - SchedulingRules.__dataclass_fields__.keys()
    if unknown:
        raise _invalid(min(unknown), "?")
    for name in ("max_parallel_sittings", "change_notice", "first_notice", "time_limit_s", "memory_limit_mb"):
        if type(values.get(name, 0)) is not int:
            raise _invalid(name, values[name])
    for name in ("remind_day", "remind_soon"):
        if type(values.get(name, True)) is not bool:
            raise _invalid(name, values[name])
    for name in ("max_parallel_sittings", "time_limit_s"):
        values[name] = values.get(name) or None
    if "objective" in values:
        values["objective"] = tuple(read_tier(str(tier)) for tier in values["objective"])
    values["priority"] = {Level(level): n for level, n in values.get("priority", {}).items()}
    return SchedulingRules(**values)


def scheduling_rules_to_json(rules: SchedulingRules) -> dict[str, Any]:
    """The inverse of `scheduling_rules_from`."""
    return {
        "objective": [write_tier(tier) for tier in rules.objective],
        "max_parallel_sittings": rules.max_parallel_sittings or 0,
        "change_notice": rules.change_notice,
        "change_notice_unit": rules.change_notice_unit,
        "first_notice": rules.first_notice,
        "remind_day": rules.remind_day,
        "remind_soon": rules.remind_soon,
        "time_limit_s": rules.time_limit_s or 0,
        "memory_limit_mb": rules.memory_limit_mb,
        "priority": {level.value: priority for level, priority in rules.priority.items()},
    }


def read_days(text: str) -> frozenset[date]:
    """Days such as ``2026-03-20, 2026-05-27``, separated by anything.

    Raises
    ------
    InvalidInput
    """
    words = re.split(r"[\s,，;；、]+", text.strip())
    try:
        return frozenset(date.fromisoformat(word) for word in words if word)
    except ValueError:
        raise InvalidInput(
            Text(
                f"日期“{text.strip()}”无法识别：请写作“2026-03-20, 2026-05-27”。",
                f"The days “{text.strip()}” cannot be read: write them like “2026-03-20, 2026-05-27”.",
            )
        ) from None


def _require_range(key: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise _invalid(key, value)


def _invalid(key: str, value: object) -> InvalidInput:
    return InvalidInput(
        Text(
            f"排期设置 scheduling.{key} 的值不可用：{value}",
            f"scheduling.{key} has a value that cannot be used: {value}",
        )
    )

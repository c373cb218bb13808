"""What staff may change about the timetables of a round: aims, limits, working hours, days off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.scheduling_rules import SchedulingRules, scheduling_rules_to_json
from defense.domain.text import Text
from defense.domain.working_hours import Season, seasons_to_json
from defense.models import Round
from defense.services.audit import record_audit

SCHEDULING_TEXT = {
    "objective": Text("排期目标（先后与权重）", "Aims of the timetable, in order"),
    "max_parallel_sittings": Text(
        "同时开场数上限（0 为不限）", "Half-days at the same time, at most (0: no limit)"
    ),
    "change_notice": Text("变动提前量（此期限内的时段不动）", "Notice of a change (slots within it stay)"),
    "change_notice_unit": Text("提前量单位", "Unit of the notice"),
    "first_notice": Text("首次通知提前量（工作日）", "First notice, working days before the slot"),
    "remind_day": Text("前一工作日提醒", "Remind on the last working day before"),
    "remind_soon": Text("开始前 30 分钟提醒", "Remind 30 minutes before"),
    "time_limit_s": Text(
        "求解时限（秒，0 为系统默认）", "Time limit of the solver, seconds (0: the installation's)"
    ),
    "memory_limit_mb": Text("求解内存上限（MB）", "Memory limit of the solver, MB"),
    "priority": Text("各级别优先级（0–9，大者先排）", "Priority by level (0–9, higher first)"),
    "working_hours": Text(
        "工作时间（每季一行，北京时间）", "Working hours, a line for each season, Beijing time"
    ),
    "extra_days_off": Text("额外放假日（肉孜节、古尔邦节等）", "Extra days off (肉孜节, 古尔邦节 …)"),
}


@dataclass(frozen=True)
class TimetableSettings:
    """The changeable settings of a round's timetables."""

    scheduling: SchedulingRules
    seasons: tuple[Season, ...]
    extra_days_off: frozenset[date]

    def to_json(self) -> dict[str, Any]:
        """As `Round.scheduling_settings` keeps them."""
        return {
            "scheduling": scheduling_rules_to_json(self.scheduling),
            "working_hours": seasons_to_json(self.seasons),
            "extra_days_off": [day.isoformat() for day in sorted(self.extra_days_off)],
        }


def timetable_settings_of(round_: Round) -> TimetableSettings:
    """The settings in force."""
    rules = round_.rules
    return TimetableSettings(rules.scheduling, rules.seasons, rules.extra_days_off)


def change_timetable_settings(
    session: Session, round_: Round, wanted: TimetableSettings, account_id: int
) -> None:
    """Keep the settings that staff want, on top of the round's rule file; later timetables follow them."""
    session.refresh(round_, with_for_update=True)
    before, after = _flat(timetable_settings_of(round_)), _flat(wanted)
    changed = {name: _shown(value) for name, value in after.items() if before[name] != value}
    if changed:
        round_.scheduling_settings = wanted.to_json()
        record_audit(session, "round.scheduling_changed", f"round:{round_.id}", changed, account_id)


def _flat(settings: TimetableSettings) -> dict[str, Any]:
    data = settings.to_json()
    scheduling: dict[str, Any] = data.pop("scheduling")
    return scheduling | data


def _shown(value: Any) -> Any:
    """Short enough for the audit log: hours and days as text."""
    if isinstance(value, list):
        return [
            item if isinstance(item, str) else f"{item['from_month_day']} {item['half_days']}"
            for item in value
        ]
    return value

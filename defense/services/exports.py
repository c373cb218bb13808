"""Tables that leave the house: the timetable (答辩安排表) and the summary of results (汇总表)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.clocks import day_with_weekday
from defense.domain.errors import NotFound
from defense.domain.identity import mask_id_number
from defense.domain.result import CONCLUSION_TEXT, OUTCOME_TEXT, Outcome
from defense.domain.round_rules import BEIJING
from defense.domain.text import Text
from defense.domain.vocabulary import AFFILIATION_TEXT, LEVEL_TEXT, Affiliation, Level
from defense.integrations.workbooks import Tables
from defense.models import Round, Schedule
from defense.services.results import ResultRow, result_rows
from defense.services.room.rule_words import terms_text
from defense.services.timetable.instance_building import attending_members
from defense.services.timetable.publishing import published_schedule
from defense.services.timetable.schedules import latest_schedule
from defense.services.wording import EFFECT_TEXT, REQUIREMENT_TEXT, RULE_TEXT

TIMETABLE_HEADERS = (
    "日期", "北京时间", "新疆时间", "答辩组", "场内序号", "申报编号", "姓名",
    "工作单位", "申报系列", "申报专业", "申报级别", "专家",
)  # fmt: skip
RESULT_HEADERS = (
    "申报编号", "姓名", "身份证号", "工作单位", "单位隶属", "申报系列", "申报专业", "申报级别",
    "是否答辩", "答辩组", "答辩时间（北京时间）",
    "答辩结果", "应到", "通过", "否决", "平均分", "评分人数", "总分", "弃权", "未投", "否决原因",
    "表决规则", "规则版本", "规则全文", "规则效力", "结论",
)  # fmt: skip


def export_timetable(session: Session, round_: Round) -> Tables:
    """The published timetable, or the newest one while none is published, as a workbook.

    Raises
    ------
    NotFound
        The round has no timetable yet.
    """
    schedule = published_schedule(session, round_) or latest_schedule(session, round_)
    if schedule is None:
        raise NotFound(Text("本批次还没有排期。", "This round has no timetable yet."))
    unplaced = [
        (u.application.number, u.application.name, u.application.series, u.reason["zh"])
        for u in schedule.unplaced
    ]
    return {
        "答辩安排表": (TIMETABLE_HEADERS, _timetable_rows(schedule)),
        "未排入人员": (("申报编号", "姓名", "申报系列", "原因"), unplaced),
    }


def export_results(session: Session, round_: Round) -> Tables:
    """The summary of every application with its conclusion; ID numbers are masked."""
    rows = (_result_row(row) for row in result_rows(session, round_))
    return {"汇总表": (RESULT_HEADERS, rows)}


def _timetable_rows(schedule: Schedule) -> Iterator[tuple[Any, ...]]:
    orders: dict[int, int] = {}
    for slot in sorted(schedule.slots, key=lambda s: (s.start_at, s.half_day.panel_id)):
        panel, application = slot.half_day.panel, slot.application
        orders[slot.half_day_id] = orders.get(slot.half_day_id, 0) + 1
        local = slot.start_at.astimezone(BEIJING)
        experts = "、".join(m.expert.name for m in attending_members(panel, slot.half_day))
        yield (
            day_with_weekday(slot.start_at).zh,
            f"{local:%H:%M}–{slot.end_at.astimezone(BEIJING):%H:%M}",
            f"{(local.hour - 2) % 24:02}:{local:%M}",
            panel.name,
            orders[slot.half_day_id],
            application.number,
            application.name,
            application.unit,
            application.series,
            application.specialty,
            LEVEL_TEXT[Level(application.level)].zh,
            experts,
        )


def _result_row(row: ResultRow) -> tuple[Any, ...]:
    application, defence, decided_by = row.application, row.defence, row.ballot_round
    tally = (decided_by.tally or {}) if decided_by else {}
    return (
        application.number,
        application.name,
        mask_id_number(application.record.id_number),
        application.unit,
        AFFILIATION_TEXT[Affiliation(application.record.affiliation)].zh,
        application.series,
        application.specialty,
        LEVEL_TEXT[Level(application.level)].zh,
        REQUIREMENT_TEXT[application.effective_requirement].zh,
        defence.sitting.panel.name if defence else None,
        defence.start_at if defence else None,
        OUTCOME_TEXT[Outcome(defence.outcome)].zh if defence and defence.outcome else None,
        tally.get("entitled"),
        tally.get("passes"),
        tally.get("vetoes"),
        # As the pages write it: cut off, so that a mean below 60 never reads 60.0. The sum tells it exactly.
        tally.get("mean"),
        tally.get("scores"),
        tally["sum_tenths"] / 10 if "sum_tenths" in tally else None,
        tally.get("abstentions"),
        tally.get("unused"),
        "；".join(f"{reason}×{n}" for reason, n in tally.get("veto_reasons", [])) or None,
        RULE_TEXT[decided_by.rule].zh if decided_by else None,
        decided_by.rule_version if decided_by else None,
        terms_text(decided_by.terms).zh if decided_by else None,
        EFFECT_TEXT[decided_by.effect].zh if decided_by else None,
        CONCLUSION_TEXT[row.conclusion].zh,
    )

"""Lists that staff see, as workbooks: what the page shows, with personal values masked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from defense.domain.identity import mask_email, mask_phone
from defense.domain.result import CONCLUSION_TEXT
from defense.domain.vocabulary import LEVEL_TEXT, Level
from defense.integrations.workbooks import Tables
from defense.models import Application, Expert, Panel, PanelMember, Round
from defense.services.records.applications import ApplicationFilter, all_applications
from defense.services.results import conclusion_of, seated_defence
from defense.services.wording import REQUIREMENT_TEXT

APPLICATION_HEADERS = (
    "申报编号", "姓名", "工作单位", "申报系列", "申报专业", "申报级别", "申报有效", "是否答辩", "已缴费",
    "答辩组", "答辩时间（北京时间）", "结论",
)  # fmt: skip
EXPERT_HEADERS = ("专家编号", "姓名", "工作单位", "职称级别", "系列", "专业", "手机号码", "电子邮箱")
PANEL_HEADERS = ("组名", "系列", "级别", "专业", "组长", "成员", "秘书", "半天数")


def export_applications(session: Session, round_: Round, wanted: ApplicationFilter) -> Tables:
    """The applications that a filter lets through, all pages of them."""
    rows = (_application(application) for application in all_applications(session, round_, wanted))
    return {"申报人员": (APPLICATION_HEADERS, rows)}


def export_people(session: Session, round_: Round) -> Tables:
    """The pool of experts and the panels."""
    experts = session.scalars(select(Expert).where(Expert.round_id == round_.id).order_by(Expert.number))
    panels = session.scalars(
        select(Panel)
        .where(Panel.round_id == round_.id)
        .options(selectinload(Panel.members).selectinload(PanelMember.expert))
        .order_by(Panel.id)
    )
    return {
        "专家库": (EXPERT_HEADERS, [_expert(expert) for expert in experts]),
        "答辩组": (PANEL_HEADERS, [_panel(panel) for panel in panels]),
    }


def _application(application: Application) -> tuple[Any, ...]:
    defence = seated_defence(application)
    requirement = application.ruled_requirement or application.requirement
    return (
        application.number,
        application.name,
        application.unit,
        application.series,
        application.specialty,
        LEVEL_TEXT[Level(application.level)].zh,
        "是" if application.effective_valid else "否",
        REQUIREMENT_TEXT[requirement].zh,
        "是" if application.fee_paid else "否",
        defence.sitting.panel.name if defence else "",
        defence.start_at if defence else None,
        CONCLUSION_TEXT[conclusion_of(application)].zh,
    )


def _expert(expert: Expert) -> tuple[Any, ...]:
    specialties = _listed(expert.specialties) or "全部"
    own = (expert.number, expert.name, expert.unit, LEVEL_TEXT[Level(expert.level)].zh)
    return (*own, _listed(expert.series), specialties, mask_phone(expert.phone), mask_email(expert.email))


def _panel(panel: Panel) -> tuple[Any, ...]:
    heads = [member.expert.name for member in panel.members if member.is_head]
    return (
        panel.name,
        _listed(panel.series),
        _listed(LEVEL_TEXT[Level(level)].zh for level in panel.levels),
        _listed(panel.specialties) or "全部",
        _listed(heads),
        _listed(member.expert.name for member in panel.members),
        panel.secretary.display_name if panel.secretary else "",
        len(panel.half_days),
    )


def _listed(words: Iterable[str]) -> str:
    return "、".join(words)

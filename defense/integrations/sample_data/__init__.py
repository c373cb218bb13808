"""Invented workbooks to try the service with: applications, experts and panels of a whole round."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

from defense.domain.people import ExpertRecord, PanelRecord, Period
from defense.domain.round_rules import RoundRules
from defense.domain.vocabulary import LEVEL_TEXT
from defense.integrations.sample_data.detail_faults import MARK, spoil_details
from defense.integrations.sample_data.details import MOST_WHOLE, invent_details
from defense.integrations.sample_data.faults import UNREADABLE, spoil_some
from defense.integrations.sample_data.files import write_workbook
from defense.integrations.sample_data.panels_plan import plan_panels
from defense.integrations.sample_data.people import invent_applicant, write_day
from defense.integrations.workbooks import (
    application_columns,
    expert_columns,
    panel_columns,
    session_columns,
)
from defense.integrations.workbooks.details import detail_sheets

__all__ = ["SampleSummary", "write_sample_data"]

_MIDDAY_HOUR = 13


@dataclass(frozen=True)
class SampleSummary:
    """What was written."""

    candidates: int
    """Rows of the applications workbook."""
    heard: int
    """Valid applications whose author must or may have to defend."""
    experts: int
    panels: int
    panel_half_days: int
    unreadable: dict[str, int]
    """Rows that the reader refuses, by kind of fault."""
    found: dict[str, int]
    """Rows that are read and on which the rules find one thing, by the code of the finding."""


def write_sample_data(
    directory: Path,
    candidates: int,
    seed: int,
    first_day: date,
    rules: RoundRules,
    whole: int = MOST_WHOLE,
) -> SampleSummary:
    """Write applications.xlsx, experts.xlsx and panels.xlsx.

    Parameters
    ----------
    directory
        Where to write; made when it does not exist.
    candidates
        Rows of applications, from 12 to about 5,000; one in twelve has a fault.
    seed
        The same arguments give the same files, byte for byte.
    first_day
        Panels sit on the five weekdays from this day on; holidays are not looked up.
    rules
        The round the applications belong to.
    whole
        So many applicants, the first ones, get details in the sheets beside the main one.

    Returns
    -------
    SampleSummary
        Counts, so that what is read back can be compared with what was made.
    """
    rng = Random(seed)  # noqa: S311 - invented data, no secret
    applicants = [invent_applicant(index, rules, rng) for index in range(candidates)]
    counts, lost = spoil_some(applicants, rules, rng)
    heard = [a for index, a in enumerate(applicants) if a.defends and index not in lost]
    plan = plan_panels(heard, candidates, first_day, rules, rng)
    directory.mkdir(parents=True, exist_ok=True)
    columns = application_columns(rules)
    # A generator of its own: the people stay who they were before there were details.
    shown = [a for index, a in enumerate(applicants) if index < whole or MARK in a.cells]
    details = invent_details(shown, rules, Random(f"{seed} details"))  # noqa: S311
    for applicant in shown:
        if MARK in applicant.cells:
            details = spoil_details(applicant.cells, details, rules)
    rows = [[applicant.cells.get(column.key) for column in columns] for applicant in applicants]
    sheets = {"申报人员": ([c.header for c in columns], rows)}
    sheets |= {s.title: ([c.header for c in s.columns], details[s.title]) for s in detail_sheets()}
    _write(directory / "applications.xlsx", rules, sheets)
    experts = [_expert_row(expert) for expert in plan.experts]
    _write(
        directory / "experts.xlsx", rules, {"专家库": ([c.header for c in expert_columns(rules)], experts)}
    )
    _write(
        directory / "panels.xlsx",
        rules,
        {
            "答辩组": ([c.header for c in panel_columns(rules)], [_panel_row(p) for p in plan.panels]),
            "场次": ([c.header for c in session_columns()], list(_session_rows(plan.panels, rng))),
        },
    )
    unreadable = {fault.kind for fault in UNREADABLE}
    return SampleSummary(
        candidates=candidates,
        heard=len(heard),
        experts=len(plan.experts),
        panels=len(plan.panels),
        panel_half_days=sum(len(panel.half_days) for panel in plan.panels),
        unreadable={kind: count for kind, count in counts.items() if kind in unreadable},
        found={kind: count for kind, count in counts.items() if kind not in unreadable},
    )


def _write(path: Path, rules: RoundRules, sheets: dict[str, tuple[list[str], list[list[object]]]]) -> None:
    path.write_bytes(write_workbook(rules.name.zh, sheets))


def _expert_row(expert: ExpertRecord) -> list[object]:
    return [
        expert.number,
        expert.name,
        expert.unit,
        LEVEL_TEXT[expert.level].zh,
        "、".join(expert.series),
        "、".join(expert.specialties) or "全部",
        expert.phone,
        expert.email,
        "；".join(f"{p.start_at:%Y-%m-%d}{_session(p)}" for p in expert.unavailable) or "无",
    ]


def _panel_row(panel: PanelRecord) -> list[object]:
    return [
        panel.name,
        "、".join(panel.series),
        "、".join(LEVEL_TEXT[level].zh for level in panel.levels),
        "、".join(panel.specialties) or "全部",
        panel.head_number,
        "、".join(panel.member_numbers),
        panel.secretary_name,
    ]


def _session_rows(panels: list[PanelRecord], rng: Random) -> Iterator[list[object]]:
    for panel in panels:
        for day in sorted({period.start_at.date() for period in panel.half_days}):
            sessions = [_session(p) for p in panel.half_days if p.start_at.date() == day]
            yield [panel.name, write_day(day, rng), sessions[0] if len(sessions) == 1 else "全天"]


def _session(period: Period) -> str:
    return "上午" if period.start_at.hour < _MIDDAY_HOUR else "下午"

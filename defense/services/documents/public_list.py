"""公示名单: who passed, for the public; names and ID numbers masked, so that the number tells who it is."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.document_kinds import DocumentRefused
from defense.domain.errors import InvalidInput
from defense.domain.identity import mask_id_number, mask_name
from defense.domain.result import CONCLUSION_TEXT, Conclusion
from defense.domain.text import Text
from defense.domain.working_days import working_days_after
from defense.domain.zone import BEIJING
from defense.integrations.calendar_days import ChineseWorkingCalendar
from defense.models import Round
from defense.services.documents.parts import common, day_to_fill, day_words, person
from defense.services.results import result_rows

_WORKING_DAYS = 5
"""Usual length of a publicity; where the centre decides otherwise, its template says so."""


def public_list_content(session: Session, round_: Round) -> dict[str, Any]:
    """Those who passed, by series, specialty and number.

    Raises
    ------
    DocumentRefused
        The results are not released, or nobody passed.
    """
    released_at = round_.results_released_at
    if released_at is None:
        raise DocumentRefused(
            Text(
                "本批次答辩结果尚未公布，不能生成公示名单：请先在“结果”页面公布。",
                "The results of this round are not released yet: release them on their page first.",
            )
        )
    passed = [row.application for row in result_rows(session, round_) if row.conclusion is Conclusion.PASSED]
    if not passed:
        raise DocumentRefused(
            Text("本批次没有答辩通过的人员，公示名单为空。", "Nobody passed: the list is empty.")
        )
    passed.sort(key=lambda a: (a.series, a.specialty, a.number))
    released_on = released_at.astimezone(BEIJING).date()
    return (
        common(round_, "视频答辩通过人员公示名单")
        | _period(round_, released_on)
        | {
            "released_on": day_words(released_on),
            "working_days": _WORKING_DAYS,
            "total": len(passed),
            "rows": [
                {"order": order}
                | person(application)
                | {
                    "name": mask_name(application.name),
                    "id_number": mask_id_number(application.record.id_number),
                    "result": CONCLUSION_TEXT[Conclusion.PASSED].zh,
                }
                for order, application in enumerate(passed, 1)
            ],
        }
    )


def _period(round_: Round, released_on: date) -> dict[str, str]:
    """From the working day after the release; left to be written by hand where no calendar is known."""
    calendar = ChineseWorkingCalendar(round_.rules.extra_days_off)
    first, last = None, None
    try:
        first = working_days_after(released_on, 1, calendar)
        last = working_days_after(released_on, _WORKING_DAYS, calendar)
    except InvalidInput:
        first = None
    year = released_on.year
    return {"period_start": day_to_fill(first, year), "period_end": day_to_fill(last, year)}

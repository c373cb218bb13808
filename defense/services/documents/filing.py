"""附件1 公示, 附件2 公示结果 and 附件3 推荐意见, from the record of an application.

What the platform has no field for is left blank, to be filled by hand: 思想政治条件, the office and telephone
for objections, names of those who sign. Names, series, level and days are never blank.

Source: notice 四(二), 四(三) and its annexes; domain.md rows 20-22 and 35-37.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from defense.domain.application import ApplicationRecord
from defense.domain.record_parts import Achievement
from defense.models import Application
from defense.services.documents.parts import (
    applies_for,
    common,
    day_to_fill,
    day_words,
    level_words,
    month_words,
    shown_id,
)
from defense.services.documents.publicity import (
    publicity_days,
    require_favourable_outcome,
    require_named,
    require_no_refusal,
    require_same_days,
)

_YEARS_OF_ACHIEVEMENTS = 5
"""近五年 (附件1)."""


def publicity_content(application: Application, whole_id_number: bool) -> dict[str, Any]:
    """附件1, with the days of the publicity as they are recorded.

    Raises
    ------
    DocumentRefused
        A day is missing, cannot be counted, or there are too few working days.
    """
    record, rules = application.record, application.round.rules
    require_named(record)
    days = publicity_days(record, rules)
    since = _years_before(days.start, _YEARS_OF_ACHIEVEMENTS)
    return _heading(application, record, "公示", None) | {
        "gender": record.gender,
        "ethnicity": record.ethnicity,
        "political_status": record.political_status,
        "id_number": shown_id(record.id_number, whole_id_number),
        "present_title": record.present_title,
        "present_title_on": day_words(record.present_title_on),
        "professional_years": "" if record.professional_years is None else str(record.professional_years),
        "political_conditions": "",
        "achievements_from": month_words(since),
        "achievement_text": record.achievements.strip(),
        "achievements": [_achievement(item) for item in record.achievement_items if _is_recent(item, since)],
        "publicity_start": day_words(days.start),
        "publicity_end": day_words(days.end),
        "working_days": days.working_days,
        "min_working_days": rules.min_publicity_working_days,
        "objection_office": "",
        "supervision_phone": "",
    }


def outcome_content(application: Application) -> dict[str, Any]:
    """附件2; the days it names are those of 附件1.

    Raises
    ------
    DocumentRefused
        As for 附件1; the number of days that is recorded is another; the publicity is not over; an objection
        is open, or the record tells of another outcome.
    """
    record, rules = application.record, application.round.rules
    require_named(record)
    days = publicity_days(record, rules)
    require_same_days(record, days)
    require_favourable_outcome(record, rules, days)
    opinion = record.recommending_opinion
    return _heading(application, record, "公示结果", opinion.signed_on if opinion else None) | {
        "publicity_start": day_words(days.start),
        "publicity_end": day_words(days.end),
        "days": days.working_days,
        "min_working_days": rules.min_publicity_working_days,
    }


def recommendation_content(application: Application) -> dict[str, Any]:
    """附件3, in the notice's fixed wording.

    Raises
    ------
    DocumentRefused
        The record says that the supervising unit does not agree.
    """
    record = application.record
    require_named(record)
    opinion = record.supervising_opinion
    require_no_refusal(opinion)
    return _heading(application, record, "推荐意见", opinion.signed_on if opinion else None) | {
        "supervising_unit": opinion.unit.strip() if opinion else "",
    }


def _heading(
    application: Application, record: ApplicationRecord, what: str, signed_on: date | None
) -> dict[str, Any]:
    wanted = applies_for(record.series, record.specialty, record.level)
    title = f"关于{record.name}同志申报{wanted}职称的{what}"
    return common(application.round, title) | {
        "number": record.number,
        "name": record.name,
        "unit": record.unit,
        "series": record.series,
        "specialty": record.specialty,
        "level": level_words(record.level),
        "applies_for": wanted,
        "dated": day_to_fill(signed_on, application.round.rules.year),
    }


def _achievement(item: Achievement) -> dict[str, str]:
    ends = [month_words(day) for day in (item.start, item.end) if day]
    return {
        "title": item.title,
        "period": "至".join(dict.fromkeys(ends)),
        "role": item.role,
        "description": item.description,
    }


def _is_recent(item: Achievement, since: date) -> bool:
    """Whether it reaches into the last years; one without days is left in, as nobody knows better."""
    last = item.end or item.start
    return last is None or last >= since


def _years_before(day: date, years: int) -> date:
    """The first day of that month, so many years earlier."""
    return date(day.year - years, day.month, 1)

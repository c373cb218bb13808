"""Whether the people of a timetable will have their notice in time, counted in working days.

Source: domain.md "The day" (first notice seven working days before; a setting of the round).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from defense.domain.round_rules import BEIJING
from defense.domain.working_days import working_days_before
from defense.integrations.calendar_days import ChineseWorkingCalendar
from defense.models import Round, Schedule
from defense.services.timetable.publishing import preview_changes


@dataclass(frozen=True)
class ShortNotice:
    """Candidates of one day who would hear of a first place, or of a new one, later than the round wants."""

    day: date
    candidates: int
    due: date
    """The last day on which the notice would have been in time."""


def short_notices(session: Session, schedule: Schedule, now: datetime) -> tuple[ShortNotice, ...]:
    """The days of a timetable, in order, whose news would come too late if it were published now.

    Raises
    ------
    InvalidInput
        The working calendar of a year is not known; the text names what to import.
    """
    rules = session.get_one(Round, schedule.round_id).rules
    calendar = ChineseWorkingCalendar(rules.extra_days_off)
    changes = preview_changes(session, schedule)
    news = {*changes.added, *changes.moved}
    days = Counter(
        slot.start_at.astimezone(BEIJING).date()
        for slot in schedule.slots
        if slot.application_id in news and slot.start_at > now
    )
    today = now.astimezone(BEIJING).date()
    due = {day: working_days_before(day, rules.scheduling.first_notice, calendar) for day in days}
    return tuple(ShortNotice(day, days[day], due[day]) for day in sorted(days) if due[day] < today)

"""When people and panels can sit, as staff change it: absences, attendees, half-days made and cancelled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState, InvalidInput, NotFound
from defense.domain.half_days import HalfDayWish, half_day_warnings, half_days_wished
from defense.domain.lifecycle import NOT_BEGUN_STATES
from defense.domain.people import Period
from defense.domain.text import Text
from defense.domain.vocabulary import Level
from defense.integrations.calendar_days import ChineseWorkingCalendar
from defense.models import Defence, Expert, ExpertAbsence, Panel, PanelHalfDay, Round, Sitting
from defense.models.types import utc_now
from defense.services.audit import record_audit
from defense.services.timetable.candidate_needs import require_span

_NO_REASON = Text("请填写原因。", "Give the reason.")


@dataclass(frozen=True)
class ProposedHalfDay:
    """A half-day that could be made for a panel."""

    period: Period
    warnings: tuple[Text, ...]
    is_taken: bool
    """The panel has a half-day at that time already; this one is not made."""


def note_absence(
    session: Session, expert: Expert, start_at: datetime, end_at: datetime, reason: str, account_id: int
) -> ExpertAbsence:
    """Note that an expert cannot come; the timetable is to be changed after that.

    Raises
    ------
    InvalidInput
    """
    require_span(start_at, end_at)
    if not reason.strip():
        raise InvalidInput(_NO_REASON)
    absence = ExpertAbsence(start_at=start_at, end_at=end_at, reason=reason.strip(), account_id=account_id)
    expert.absences.append(absence)
    session.flush()
    _record_absence(session, "absence.noted", absence, account_id)
    return absence


def withdraw_absence(session: Session, expert: Expert, absence_id: int, account_id: int) -> None:
    """The expert can come after all."""
    absence = next((a for a in expert.absences if a.id == absence_id), None)
    if absence is None:
        raise NotFound(Text("没有这条缺席记录。", "There is no such absence."))
    _record_absence(session, "absence.withdrawn", absence, account_id)
    expert.absences.remove(absence)


def add_attendee_only(
    session: Session, round_: Round, name: str, unit: str, phone: str, account_id: int
) -> Expert:
    """Add somebody who sits on no panel but can be named to attend a defence, such as an interpreter.

    Raises
    ------
    InvalidInput
    """
    name, unit = name.strip()[:100], unit.strip()[:200]
    if not name:
        raise InvalidInput(Text("请填写姓名。", "Give the name."))
    count = select(func.count()).select_from(Expert).where(Expert.round_id == round_.id)
    number = (session.scalar(count.where(Expert.is_attendee_only)) or 0) + 1
    expert = Expert(
        round_id=round_.id,
        number=f"到场{number:03}",
        name=name,
        unit=unit,
        level=Level.ASSOCIATE.value,
        series=[],
        specialties=[],
        phone=phone.strip()[:50],
        email="",
        unavailable_json=[],
        is_attendee_only=True,
    )
    session.add(expert)
    session.flush()
    record_audit(session, "attendee.added", f"expert:{expert.id}", {}, account_id)
    return expert


def propose_half_days(session: Session, panel: Panel, wish: HalfDayWish) -> list[ProposedHalfDay]:
    """The half-days that a wish would make for a panel, with what is odd about each."""
    rules = session.get_one(Round, panel.round_id).rules
    calendar = ChineseWorkingCalendar(rules.extra_days_off)
    there = [Period(h.start_at, h.end_at) for h in panel.half_days]
    return [
        ProposedHalfDay(
            period,
            half_day_warnings(period, rules, calendar),
            any(period.overlaps(other) for other in there),
        )
        for period in half_days_wished(wish, rules, calendar)
    ]


def add_half_days(session: Session, panel: Panel, wish: HalfDayWish, account_id: int) -> int:
    """Make the half-days of a wish that the panel does not have yet; returns how many."""
    made = [p.period for p in propose_half_days(session, panel, wish) if not p.is_taken]
    panel.half_days += [PanelHalfDay(start_at=p.start_at, end_at=p.end_at, is_added=True) for p in made]
    session.flush()
    if made:
        detail = {"panel": panel.name, "added": len(made), "first_at": made[0].start_at.isoformat()}
        record_audit(session, "half_day.added", f"round:{panel.round_id}", detail, account_id)
    return len(made)


def cancel_half_day(session: Session, half_day: PanelHalfDay, reason: str, account_id: int) -> None:
    """Nobody is to be seated in this half-day any more; who is seated there is moved by the next change.

    Raises
    ------
    InvalidInput, IllegalState
        No reason; a defence in it has begun.
    """
    if not reason.strip():
        raise InvalidInput(_NO_REASON)
    # Somebody may be called in at this moment: whoever holds the sitting's row goes first.
    sittings = select(Sitting.id).where(Sitting.half_day_id == half_day.id).with_for_update()
    begun = select(Defence.id).where(
        Defence.sitting_id.in_(session.scalars(sittings).all()),
        Defence.state.not_in(NOT_BEGUN_STATES),
    )
    if session.scalar(begun.limit(1)) is not None:
        raise IllegalState(
            Text("该半天已有答辩开始或结束，不能取消。", "A defence in this half-day has begun; it stays.")
        )
    if half_day.cancelled_at is None:
        half_day.cancelled_at = utc_now()
        _record_half_day(session, "half_day.cancelled", half_day, {"reason": reason.strip()}, account_id)


def restore_half_day(session: Session, half_day: PanelHalfDay, account_id: int) -> None:
    """People may be seated in this half-day again."""
    if half_day.cancelled_at is not None:
        half_day.cancelled_at = None
        _record_half_day(session, "half_day.restored", half_day, {}, account_id)


def warnings_of(round_: Round, panel: Panel) -> dict[int, tuple[Text, ...]]:
    """What is odd about the half-days of a panel, by id; those without a fault are left out."""
    calendar = ChineseWorkingCalendar(round_.rules.extra_days_off)
    found = {
        h.id: half_day_warnings(Period(h.start_at, h.end_at), round_.rules, calendar) for h in panel.half_days
    }
    return {id_: warnings for id_, warnings in found.items() if warnings}


def _record_absence(session: Session, action: str, absence: ExpertAbsence, account_id: int) -> None:
    detail = {
        "start_at": absence.start_at.isoformat(),
        "end_at": absence.end_at.isoformat(),
        "reason": absence.reason,
    }
    record_audit(session, action, f"expert:{absence.expert_id}", detail, account_id)


def _record_half_day(
    session: Session, action: str, half_day: PanelHalfDay, detail: dict[str, str], account_id: int
) -> None:
    what = {"panel": half_day.panel.name, "start_at": half_day.start_at.isoformat(), **detail}
    record_audit(session, action, f"round:{half_day.panel.round_id}", what, account_id)

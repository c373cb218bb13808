"""What a candidate needs of the timetable, as staff note it: wishes, times, attendees, priority."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import Conflict, InvalidInput, NotFound
from defense.domain.text import Text
from defense.models import Application, CandidateWish, Expert, NamedAttendee
from defense.services.audit import record_audit
from defense.services.room.recusals import conflicts_of

WISH_TEXT = {
    "preferred": Text("希望安排在", "would like"),
    "avoided": Text("希望避开", "would rather not"),
    "unavailable": Text("不能参加", "cannot come"),
}
MAX_PRIORITY = 9
_MAX_TEXT = 200


def note_wish(
    session: Session,
    application: Application,
    kind: str,
    start_at: datetime,
    end_at: datetime,
    asked_by: str,
    account_id: int,
) -> CandidateWish:
    """Note a time that suits a candidate, that does not, or at which the candidate cannot come.

    Raises
    ------
    InvalidInput
        Unknown kind, a span that ends before it begins, or nobody named who asked.
    """
    asked_by = asked_by.strip()[:_MAX_TEXT]
    if kind not in WISH_TEXT or not asked_by:
        raise InvalidInput(Text("请选择意愿种类并填写提出人。", "Choose a kind and say who asked."))
    require_span(start_at, end_at)
    wish = CandidateWish(
        kind=kind, start_at=start_at, end_at=end_at, asked_by=asked_by, account_id=account_id
    )
    application.wishes.append(wish)
    session.flush()
    _record(session, "wish.noted", application, _wish_detail(wish), account_id)
    return wish


def withdraw_wish(session: Session, application: Application, wish_id: int, account_id: int) -> None:
    """Take a wish back; the audit log keeps it."""
    wish = next((w for w in application.wishes if w.id == wish_id), None)
    if wish is None:
        raise NotFound(Text("没有这条意愿。", "There is no such wish."))
    _record(session, "wish.withdrawn", application, _wish_detail(wish), account_id)
    application.wishes.remove(wish)


def name_attendee(
    session: Session, application: Application, expert_id: int, purpose: str, account_id: int
) -> None:
    """Name a person without whom this defence cannot be held, such as an interpreter.

    Raises
    ------
    InvalidInput, NotFound, Conflict
        No purpose; no such person in this round; the person must step out for this candidate.
    """
    purpose = purpose.strip()[:_MAX_TEXT]
    expert = session.get(Expert, expert_id)
    if expert is None or expert.round_id != application.round_id:
        raise NotFound(Text("本批次没有这个人。", "This round has no such person."))
    if not purpose:
        raise InvalidInput(Text("请填写此人到场的原因，如“翻译”。", "Say what this person attends for."))
    # Whoever only attends judges nobody, so being of the same unit is no reason to step out.
    if not expert.is_attendee_only and conflicts_of(session, application, [expert]):
        raise Conflict(
            Text(
                f"{expert.name}对该申报人须回避，不能指定到场。",
                f"{expert.name} is recused from this candidate and cannot be made to attend.",
            )
        )
    if any(attendee.expert_id == expert_id for attendee in application.attendees):
        return
    application.attendees.append(NamedAttendee(expert=expert, purpose=purpose, account_id=account_id))
    session.flush()
    _record(session, "attendee.named", application, {"expert": expert_id, "reason": purpose}, account_id)


def release_attendee(session: Session, application: Application, expert_id: int, account_id: int) -> None:
    """The person need not attend after all."""
    attendee = next((a for a in application.attendees if a.expert_id == expert_id), None)
    if attendee is None:
        raise NotFound(Text("没有指定这个人到场。", "This person is not named to attend."))
    application.attendees.remove(attendee)
    _record(session, "attendee.released", application, {"expert": expert_id}, account_id)


def set_priority(session: Session, application: Application, priority: int, account_id: int) -> None:
    """Who is placed first when not all can be; 0 is usual.

    Raises
    ------
    InvalidInput
    """
    if not 0 <= priority <= MAX_PRIORITY:
        raise InvalidInput(Text("优先级应为 0 至 9。", "The priority is a number from 0 to 9."))
    if priority != application.priority:
        application.priority = priority
        _record(session, "priority.set", application, {"priority": priority}, account_id)


def possible_attendees(session: Session, application: Application) -> list[Expert]:
    """People of the round who can be named, those who only attend first."""
    named = {attendee.expert_id for attendee in application.attendees}
    query = select(Expert).where(Expert.round_id == application.round_id)
    rows = session.scalars(query.order_by(Expert.is_attendee_only.desc(), Expert.name, Expert.number))
    return [expert for expert in rows if expert.id not in named]


def require_span(start_at: datetime, end_at: datetime) -> None:
    """Refuse a span that ends before it begins.

    Raises
    ------
    InvalidInput
    """
    if end_at <= start_at:
        raise InvalidInput(Text("结束时间应晚于开始时间。", "The end must lie after the start."))


def _wish_detail(wish: CandidateWish) -> dict[str, str]:
    return {
        "wish_kind": wish.kind,
        "start_at": wish.start_at.isoformat(),
        "end_at": wish.end_at.isoformat(),
        "asked_by": wish.asked_by,
    }


def _record(
    session: Session, action: str, application: Application, detail: Mapping[str, object], account_id: int
) -> None:
    record_audit(session, action, f"application:{application.id}", detail, account_id)

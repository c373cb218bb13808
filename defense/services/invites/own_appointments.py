"""What somebody is invited to, as their own page shows it, and the answers given there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from defense.domain.errors import Conflict, IllegalState, InvalidInput, NotFound
from defense.domain.people import Period
from defense.domain.text import Text
from defense.integrations.notice_wordings import Audience
from defense.models import (
    Application,
    Defence,
    Invite,
    InviteReply,
    NamedAttendee,
    Panel,
    PanelHalfDay,
    Sitting,
)
from defense.services.access import Role
from defense.services.invites.replies import MAX_COMMENT, Answer, Reply, Via, asked_spans, take_reply
from defense.services.meetings.entering import OVERRUN

MAX_CHOICES = 60
FARTHEST = timedelta(days=366)
REASON = Text("原因", "Reason")
OTHER_TIME = Text("希望的时间", "Time that suits")

_CHANGED = Text(
    "安排已有变更，刚才的答复未采用。请按页面上的新安排重新答复。",
    "The arrangement has changed, so this answer was not taken. Look at the new one and answer again.",
)
_ANSWERED_MEANWHILE = Text(
    "您已另行答复，刚才的提交未采用。请核对页面上的答复；如需更改，请重新选择。",
    "You have answered otherwise meanwhile, so this was not taken. Look at your answer; choose again to"
    " change it.",
)
_BEGUN = Text(
    "已到约定时间，不能再在网页上答复；请致电评价中心。",
    "The time has come, so it cannot be answered here any more; telephone the centre.",
)


@dataclass(frozen=True)
class OwnAppointment:
    """One invite of one person.

    Parameters
    ----------
    newest : the newest answer to the present revision, if any.
    seen : id of the newest answer to any revision, 0 for none; a form carries it.
    """

    invite: Invite
    audience: Audience
    sitting: Sitting
    defence: Defence | None
    newest: InviteReply | None
    seen: int
    is_open: bool


@dataclass(frozen=True)
class PageAnswer:
    """What a form says.

    Parameters
    ----------
    sequence, seen : revision and newest answer that the form was made for.
    """

    answer: Answer
    sequence: int
    seen: int
    comment: str = ""
    proposed: Period | None = None
    suits: tuple[Period, ...] = ()


def own_appointments(session: Session, account_id: int, now: datetime) -> list[OwnAppointment]:
    """What an account is invited to and what is not over yet, over all rounds, in order of time."""
    invites = session.scalars(
        select(Invite)
        .where(Invite.account_id == account_id, Invite.cancelled.is_(False), Invite.end_at > now - OVERRUN)
        .order_by(Invite.start_at, Invite.id)
    )
    return [_appointment(session, invite, now) for invite in invites]


def own_appointment(session: Session, account_id: int, invite_id: int, now: datetime) -> OwnAppointment:
    """One of them.

    Raises
    ------
    NotFound
        There is no such invite, or it is somebody else's.
    """
    invite = session.get(Invite, invite_id)
    if invite is None or invite.account_id != account_id:
        raise NotFound(Text("没有这项安排。", "There is no such appointment."))
    return _appointment(session, invite, now)


def count_unanswered(session: Session, account_id: int, now: datetime) -> int:
    """How many invites of an account wait for an answer that can still be given."""
    waiting = select(func.count()).where(
        Invite.account_id == account_id,
        Invite.cancelled.is_(False),
        Invite.answer.is_(None),
        Invite.start_at > now,
    )
    return session.scalar(waiting) or 0


def attended_defence(session: Session, appointment: OwnAppointment) -> Defence:
    """The defence that a named attendee may enter.

    Raises
    ------
    NotFound
        The appointment is off or is for something else, or the person need not attend any more.
    """
    defence, expert_id = appointment.defence, appointment.invite.account.expert_id
    named = defence and session.scalar(
        select(NamedAttendee.id).where(
            NamedAttendee.application_id == defence.application_id, NamedAttendee.expert_id == expert_id
        )
    )
    if defence is None or named is None or appointment.invite.cancelled:
        raise NotFound(Text("没有这项安排。", "There is no such appointment."))
    return defence


def answer_own(
    session: Session, account_id: int, invite_id: int, said: PageAnswer, now: datetime
) -> InviteReply:
    """Take an answer from somebody's own page; the same form twice counts once. The caller commits.

    Raises
    ------
    NotFound
        As `own_appointment`.
    Conflict
        The form was made for an earlier revision, or another answer came in after it.
    IllegalState
        It has begun.
    InvalidInput
        Naming the field.
    """
    appointment = _locked(session, own_appointment(session, account_id, invite_id, now), now)
    if _is_new(appointment, said, Via.PAGE):
        if not appointment.is_open:
            raise IllegalState(_BEGUN)
        _require_complete(said, now)
        _require_another_time(appointment.invite, said)
    return _take(session, appointment, said, Via.PAGE, None, now)


def note_answer(
    session: Session, invite: Invite, said: PageAnswer, now: datetime, account_id: int
) -> InviteReply:
    """Staff note what somebody said on the telephone; the caller commits.

    Parameters
    ----------
    account_id : the member of staff.

    Raises
    ------
    Conflict, IllegalState, InvalidInput
        As `answer_own`; neither a reason nor a time need be given.
    """
    appointment = _locked(session, _appointment(session, invite, now), now)
    if _is_new(appointment, said, Via.STAFF):
        if now >= invite.end_at:
            raise IllegalState(Text("该安排已结束，不再登记。", "It is over; nothing is noted any more."))
        _require_reason_that_fits(said)
        _require_spans(said, now)
        _require_another_time(appointment.invite, said)
    return _take(session, appointment, said, Via.STAFF, account_id, now)


def _locked(session: Session, appointment: OwnAppointment, now: datetime) -> OwnAppointment:
    """The appointment once nobody else can answer it at the same moment."""
    invite = session.get_one(Invite, appointment.invite.id, with_for_update=True, populate_existing=True)
    return _appointment(session, invite, now)


def _is_new(appointment: OwnAppointment, said: PageAnswer, via: Via) -> bool:
    """Whether a form was not taken before, and was made for what holds now.

    Raises
    ------
    Conflict
    """
    if appointment.invite.cancelled or said.sequence != appointment.invite.sequence:
        raise Conflict(_CHANGED)
    newest = appointment.newest
    if newest is not None and _is_same(newest, said, via):
        return newest.settled_as is not None and said.seen == appointment.seen
    if said.seen != appointment.seen:
        raise Conflict(_ANSWERED_MEANWHILE)
    return True


def _take(
    session: Session,
    appointment: OwnAppointment,
    said: PageAnswer,
    via: Via,
    account_id: int | None,
    now: datetime,
) -> InviteReply:
    if appointment.newest is not None and not _is_new(appointment, said, via):
        return appointment.newest
    reply = Reply(
        answer=said.answer,
        via=via,
        sequence=said.sequence,
        given_at=now,
        comment=said.comment,
        proposed=said.proposed,
        suits=said.suits,
        account_id=account_id,
    )
    row = take_reply(session, appointment.invite, reply, now)
    if row is None:
        raise Conflict(_ANSWERED_MEANWHILE)
    return row


def half_days_to_choose(session: Session, appointment: OwnAppointment, now: datetime) -> list[Period]:
    """Half-days still to come that the person can ask for: those of panels that could hear the candidate.

    Of a panelist or a secretary they are those of the panel itself.
    """
    panels = select(PanelHalfDay).join(Panel).where(Panel.round_id == appointment.invite.round_id)
    if appointment.defence is None:
        panels = panels.where(Panel.id == appointment.sitting.panel_id)
    half_days = session.scalars(
        panels.where(PanelHalfDay.cancelled_at.is_(None), PanelHalfDay.start_at > now).order_by(
            PanelHalfDay.start_at, PanelHalfDay.end_at
        )
    )
    application = appointment.defence.application if appointment.defence else None
    present = Period(appointment.invite.start_at, appointment.invite.end_at)
    found = {
        Period(half_day.start_at, half_day.end_at): None
        for half_day in half_days
        if application is None or _hears(half_day.panel, application)
    }
    return [span for span in found if not span.overlaps(present)][:MAX_CHOICES]


def _hears(panel: Panel, application: Application) -> bool:
    return (
        application.series in panel.series
        and application.level in panel.levels
        and (not panel.specialties or application.specialty in panel.specialties)
    )


def audience_of(invite: Invite) -> Audience:
    """What the person is there."""
    if invite.account.application_id is not None:
        return Audience.CANDIDATE
    if invite.account.role == Role.SECRETARY:
        return Audience.SECRETARY
    return Audience.ATTENDEE if invite.defence_id is not None else Audience.PANELIST


def _appointment(session: Session, invite: Invite, now: datetime) -> OwnAppointment:
    defence = session.get(Defence, invite.defence_id) if invite.defence_id else None
    replies = session.scalars(
        select(InviteReply).where(InviteReply.invite_id == invite.id).order_by(InviteReply.id)
    ).all()
    newest = replies[-1] if replies and replies[-1].sequence == invite.sequence else None
    return OwnAppointment(
        invite=invite,
        audience=audience_of(invite),
        sitting=defence.sitting if defence else session.get_one(Sitting, invite.sitting_id),
        defence=defence,
        newest=newest,
        seen=replies[-1].id if replies else 0,
        is_open=not invite.cancelled and now < invite.start_at,
    )


def _is_same(newest: InviteReply, said: PageAnswer, via: Via) -> bool:
    asked: Sequence[Period] = (said.proposed, *said.suits) if said.proposed else said.suits
    told = (newest.via, newest.answer, newest.comment, asked_spans(newest))
    return told == (via, said.answer, said.comment.strip(), list(asked))


def _require_complete(said: PageAnswer, now: datetime) -> None:
    _require_reason_that_fits(said)
    if said.answer is not Answer.OTHER_TIME:
        return
    if not said.comment.strip():
        raise _invalid(REASON, "请填写申请调整的原因。", "say why you ask for another time.")
    if said.proposed is None and not said.suits:
        raise _invalid(
            OTHER_TIME,
            "请勾选合适的半天，或填写日期和起止时间。",
            "tick the half-days that suit, or give a day with from and to.",
        )
    _require_spans(said, now)


def _require_reason_that_fits(said: PageAnswer) -> None:
    length = len(said.comment.strip())
    if length > MAX_COMMENT:
        raise _invalid(
            REASON,
            f"最多 {MAX_COMMENT} 个字符，现为 {length} 个。",
            f"at most {MAX_COMMENT} characters, and these are {length}.",
        )


def _require_spans(said: PageAnswer, now: datetime) -> None:
    for span in (said.proposed, *said.suits) if said.proposed else said.suits:
        if span.end_at <= span.start_at:
            raise _invalid(OTHER_TIME, "结束时间应晚于开始时间。", "the end must lie after the start.")
        if not now < span.start_at < now + FARTHEST:
            raise _invalid(
                OTHER_TIME, "应在现在之后、一年之内。", "it must lie ahead, and within a year from now."
            )


def _require_another_time(invite: Invite, said: PageAnswer) -> None:
    """The present time would be a wish for it and one against it."""
    if said.proposed == Period(invite.start_at, invite.end_at):
        raise _invalid(
            OTHER_TIME, "与现在的安排相同，请另选时间。", "it is the present time; choose another."
        )


def _invalid(field: Text, zh: str, en: str) -> InvalidInput:
    return InvalidInput(Text(f"{field.zh}：{zh}", f"{field.en}: {en}"))

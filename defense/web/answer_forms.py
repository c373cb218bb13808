"""The cards with which somebody answers an invite, and the reading of what they send."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from flask import request
from werkzeug.datastructures import MultiDict

from defense.auth import require_principal
from defense.domain.errors import InvalidInput
from defense.domain.people import Period
from defense.domain.round_rules import BEIJING
from defense.domain.text import Text
from defense.extensions import db
from defense.models import Round
from defense.models.types import utc_now
from defense.services.invites.own_appointments import (
    OwnAppointment,
    PageAnswer,
    half_days_to_choose,
    own_appointments,
)
from defense.services.invites.replies import Answer, asked_spans
from defense.services.meetings.entering import candidate_window
from defense.web.forms import whole

ANSWERS = (Answer.ACCEPTED, Answer.DECLINED, Answer.OTHER_TIME)
_NAMES = {
    "day": Text("日期", "Day"),
    "from": Text("开始时间", "From"),
    "to": Text("结束时间", "To"),
    "half_day": Text("合适的半天", "Half-days that suit"),
}


@dataclass(frozen=True)
class Card:
    """An appointment with its form.

    Parameters
    ----------
    window : when a named attendee may enter the meeting.
    half_days : what can be ticked, with the key that the form sends.
    asked : the times that were asked for in the newest answer.
    typed, error : what was sent and cannot be taken, and why.
    """

    appointment: OwnAppointment
    round_name: Text
    window: Period | None
    half_days: tuple[tuple[str, Period], ...]
    asked: tuple[Period, ...]
    typed: MultiDict[str, str]
    error: Text | None

    @property
    def opened(self) -> str:
        """The answer whose part of the form is to stand open."""
        return self.typed.get("answer", "")


def own_cards(invite_id: int = 0, error: Text | None = None) -> list[Card]:
    """The cards of whoever is asking; one of them with what was typed and what is wrong with it."""
    session, now = db.session(), utc_now()
    cards = []
    for appointment in own_appointments(session, require_principal().account_id, now):
        invite, is_wrong = appointment.invite, appointment.invite.id == invite_id and error is not None
        choices = half_days_to_choose(session, appointment, now) if appointment.is_open else []
        cards.append(
            Card(
                appointment=appointment,
                round_name=session.get_one(Round, invite.round_id).rules.name,
                window=candidate_window(appointment.defence) if appointment.defence else None,
                half_days=tuple((_key_of(span), span) for span in choices),
                asked=tuple(asked_spans(appointment.newest)) if appointment.newest else (),
                typed=request.form if is_wrong else MultiDict(),
                error=error if is_wrong else None,
            )
        )
    return cards


def read_answer(appointment: OwnAppointment) -> PageAnswer:
    """What the form of this request says.

    Raises
    ------
    InvalidInput
        Naming the field.
    """
    chosen = request.form.get("answer", "")
    if chosen not in ANSWERS:
        raise InvalidInput(Text("请选择一项答复。", "Choose one of the answers."))
    asks = chosen == Answer.OTHER_TIME
    return PageAnswer(
        answer=Answer(chosen),
        sequence=whole("sequence", Text("邀请版本", "Revision")),
        seen=whole("seen", Text("已有答复", "Answer before")),
        comment=request.form.get("comment", "").replace("\r\n", "\n"),
        proposed=_proposed() if asks else None,
        suits=_half_days(appointment) if asks else (),
    )


def read_noted_answer() -> PageAnswer:
    """What staff note of a telephone call; a time may be named, a half-day is not ticked.

    Raises
    ------
    InvalidInput
        Naming the field.
    """
    chosen = request.form.get("answer", "")
    if chosen not in ANSWERS:
        raise InvalidInput(Text("请选择一项答复。", "Choose one of the answers."))
    return PageAnswer(
        answer=Answer(chosen),
        sequence=whole("sequence", Text("邀请版本", "Revision")),
        seen=whole("seen", Text("已有答复", "Answer before")),
        comment=request.form.get("comment", "").replace("\r\n", "\n"),
        proposed=_proposed() if chosen == Answer.OTHER_TIME else None,
    )


def _half_days(appointment: OwnAppointment) -> tuple[Period, ...]:
    """The ticked half-days, all of them among those that were offered."""
    ticked = request.form.getlist("half_day")
    if not ticked:
        return ()
    choices = half_days_to_choose(db.session(), appointment, utc_now())
    offered = {_key_of(span): span for span in choices}
    if not set(ticked) <= offered.keys():
        raise _invalid("half_day", "请从列表中选择。", "choose from the list.")
    return tuple(offered[key] for key in offered if key in ticked)


def _key_of(span: Period) -> str:
    """A half-day in a form."""
    return f"{int(span.start_at.timestamp())}-{int(span.end_at.timestamp())}"


def _proposed() -> Period | None:
    names = ("day", "from", "to")
    typed = {name: request.form.get(name, "").strip() for name in names}
    if not any(typed.values()):
        return None
    try:
        day = date.fromisoformat(typed["day"])
    except ValueError:
        raise _invalid("day", "请填写日期。", "enter a day.") from None
    start_at, end_at = (_moment(name, typed[name], day) for name in ("from", "to"))
    if end_at <= start_at:
        raise _invalid("to", "应晚于开始时间。", "must lie after the start.")
    return Period(start_at, end_at)


def _moment(name: str, typed: str, day: date) -> datetime:
    wrong = _invalid(name, "请填写时间，如 10:30。", "enter a time such as 10:30.")
    try:
        at = time.fromisoformat(typed)
    except ValueError:
        raise wrong from None
    if at.tzinfo is not None:
        # Another clock's time would be taken for Beijing's.
        raise wrong
    return datetime.combine(day, at, BEIJING)


def _invalid(name: str, zh: str, en: str) -> InvalidInput:
    field = _NAMES[name]
    return InvalidInput(Text(f"{field.zh}：{zh}", f"{field.en}: {en}"))

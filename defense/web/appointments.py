"""Own appointments: confirm, decline or ask for another time, where the mail program has no buttons."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from defense.auth import access, require_principal
from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.extensions import db
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.invites.own_appointments import answer_own, attended_defence, own_appointment
from defense.services.invites.replies import Answer
from defense.web.answer_forms import own_cards, read_answer
from defense.web.candidate import enter_defence, show_own_page
from defense.web.format import localise

pages = Blueprint("appointments", __name__, url_prefix="/appointments")

THANKS = {
    Answer.ACCEPTED: Text("已收到：您确认参加。", "Noted: you will come."),
    Answer.DECLINED: Text(
        "已收到：您不能参加。评价中心将与您联系。", "Noted: you cannot come. The centre will be in touch."
    ),
    Answer.OTHER_TIME: Text(
        "已收到您的调整申请。在评价中心另行通知之前，请按原时间参加。",
        "Your request is noted. Until the centre writes to you, the time stays as it is.",
    ),
}


@pages.get("")
@access(Role.EXPERT, Role.SECRETARY)
def index() -> ResponseReturnValue:
    """What this person is invited to, over all rounds, with the answers they can give."""
    return render_template("appointments/index.html", cards=own_cards())


@pages.post("/<int:invite_id>/answer")
@access(Role.CANDIDATE, Role.EXPERT, Role.SECRETARY)
def answer(invite_id: int) -> ResponseReturnValue:
    """Take the answer of a form; what was typed stays when something is missing."""
    session, account_id, now = db.session(), require_principal().account_id, utc_now()
    appointment = own_appointment(session, account_id, invite_id, now)
    try:
        said = read_answer(appointment)
        answer_own(session, account_id, invite_id, said, now)
    except InvalidInput as error:
        session.rollback()
        return _show_again(invite_id, error.text), HTTPStatus.UNPROCESSABLE_ENTITY
    session.commit()
    flash(localise(THANKS[said.answer]), "success")
    return _back(invite_id)


@pages.get("/<int:invite_id>/answer")
@access(Role.CANDIDATE, Role.EXPERT, Role.SECRETARY)
def answered(invite_id: int) -> ResponseReturnValue:
    """Where a browser goes back to from a form that could not be taken: the card."""
    return _back(invite_id)


@pages.get("/<int:invite_id>/meeting")
@access(Role.EXPERT)
def meeting(invite_id: int) -> ResponseReturnValue:
    """Into the video meeting of a defence that this person has to attend, as its candidate enters it."""
    session = db.session()
    appointment = own_appointment(session, require_principal().account_id, invite_id, utc_now())
    return enter_defence(attended_defence(session, appointment))


def _back(invite_id: int) -> ResponseReturnValue:
    is_candidate = require_principal().role is Role.CANDIDATE
    home = "candidate.mine" if is_candidate else "appointments.index"
    return redirect(url_for(home, _anchor=f"invite-{invite_id}"))


def _show_again(invite_id: int, error: Text) -> str:
    cards = own_cards(invite_id, error)
    if require_principal().role is Role.CANDIDATE:
        return show_own_page(cards)
    return render_template("appointments/index.html", cards=cards)

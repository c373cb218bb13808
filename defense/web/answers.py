"""Who comes and who does not: counts, lists, asking for answers, and requests for another time."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from defense.auth import access, require_principal
from defense.extensions import db
from defense.models import InviteReply, Panel, Round
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.invites.answer_desk import (
    UNANSWERED,
    AnswerFilter,
    AnswerRow,
    answer_row,
    count_answers,
    days_of,
    declined_panelists,
    find_answers,
    open_requests,
    show_invited_phone,
)
from defense.services.invites.answer_letters import AnswerOffice
from defense.services.invites.following import people_to_telephone
from defense.services.invites.own_appointments import note_answer
from defense.services.invites.post_exports import export_answers
from defense.services.invites.replies import Answer, asked_spans
from defense.web.answer_forms import read_noted_answer
from defense.web.downloads import recorded_workbook
from defense.web.rounds import round_or_404

pages = Blueprint("answers", __name__, url_prefix="/rounds/<code>/invites/answers")

TABS = (*Answer, UNANSWERED)
MAX_ID_DIGITS = 9
FIRST_YEAR, LAST_YEAR = 1900, 2999


@pages.get("")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """The answers of a round, those first that somebody has to do something about."""
    return _render(round_or_404(code))


@pages.post("/answers.xlsx")
@access(Role.STAFF)
def export(code: str) -> Response:
    """The answers of the filter, refusals and requests as a workbook; it is audited."""
    wanted, now = _filter(), utc_now()
    return recorded_workbook(code, "参加答复", lambda s, r: export_answers(s, r, wanted, now))


@pages.post("/remind")
@access(Role.STAFF)
def remind_all(code: str) -> ResponseReturnValue:
    """Ask everybody who has not answered; whoever was asked today is not asked again."""
    queued = _office(round_or_404(code)).remind_all(require_principal().account_id)
    db.session.commit()
    flash(_("%(n)s reminders were queued; who was asked today is not asked twice.", n=queued), "success")
    return _back(code)


@pages.post("/<int:invite_id>/remind")
@access(Role.STAFF)
def remind(code: str, invite_id: int) -> ResponseReturnValue:
    """Ask one person."""
    round_ = round_or_404(code)
    row = answer_row(db.session(), round_, invite_id)
    queued = _office(round_).remind(row.invite, require_principal().account_id)
    db.session.commit()
    if queued:
        flash(_("The reminder was queued."), "success")
    else:
        words = _("Not sent: asked today already, answered meanwhile, over, or not to be reached by mail.")
        flash(words, "warning")
    return _back(code)


@pages.post("/<int:invite_id>/note")
@access(Role.STAFF)
def note(code: str, invite_id: int) -> ResponseReturnValue:
    """Note what somebody said on the telephone."""
    row = answer_row(db.session(), round_or_404(code), invite_id)
    said, account_id = read_noted_answer(), require_principal().account_id
    note_answer(db.session(), row.invite, said, utc_now(), account_id)
    db.session.commit()
    flash(_("The answer was noted."), "success")
    return _back(code)


@pages.post("/<int:invite_id>/keep")
@access(Role.STAFF)
def keep(code: str, invite_id: int) -> ResponseReturnValue:
    """Turn a request for another time down, and tell the person."""
    round_ = round_or_404(code)
    row = answer_row(db.session(), round_, invite_id)
    kept = _office(round_).keep_time(_request_or_404(row), require_principal().account_id)
    db.session.commit()
    if kept:
        flash(_("The time stays; the person is told by mail."), "success")
    else:
        flash(_("Somebody else has settled this request."), "warning")
    return _back(code)


@pages.post("/<int:invite_id>/phone")
@access(Role.STAFF)
def phone(code: str, invite_id: int) -> ResponseReturnValue:
    """The page with the whole telephone number on it, this once."""
    round_ = round_or_404(code)
    row = answer_row(db.session(), round_, invite_id)
    account_id = require_principal().account_id
    number = show_invited_phone(db.session(), row.invite, request.form.get("reason", ""), account_id)
    db.session.commit()
    return _render(round_, row, number)


@pages.get("/<int:invite_id>/phone")
@access(Role.STAFF)
def phone_again(code: str, invite_id: int) -> ResponseReturnValue:
    """Where a browser goes back to from the page with the number: the list, without it."""
    answer_row(db.session(), round_or_404(code), invite_id)
    return _back(code)


def _render(round_: Round, phone_of: AnswerRow | None = None, number: str = "") -> str:
    session, now, wanted = db.session(), utc_now(), _filter()
    requests = open_requests(session, round_)
    return render_template(
        "invites/answers.html",
        round=round_,
        counts=count_answers(session, round_),
        unreachable=len(people_to_telephone(session, round_, current_app.extensions["settings"])),
        declined=declined_panelists(session, round_, now),
        requests=[(row, reply, asked_spans(reply)) for row, reply in requests],
        wanted=wanted,
        narrowed=_arguments(wanted),
        found=find_answers(session, round_, wanted, request.args.get("page", 1, type=int)),
        panels=session.scalars(select(Panel).where(Panel.round_id == round_.id).order_by(Panel.id)).all(),
        days=days_of(session, round_),
        phone_of=phone_of,
        number=number,
        now=now,
    )


def _filter() -> AnswerFilter:
    """What the address asks for; nonsense narrows nothing."""
    panel = request.args.get("panel", "")
    try:
        day = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        day = None
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        # The ends of the calendar have no midnight in every time zone.
        day = None
    known = panel.isascii() and panel.isdigit() and len(panel) <= MAX_ID_DIGITS
    answer, audience = request.args.get("answer", ""), request.args.get("audience", "")
    return AnswerFilter(answer, audience, int(panel) if known else 0, day)


def _arguments(wanted: AnswerFilter) -> dict[str, Any]:
    """The filter as it stands in an address."""
    arguments = {
        "answer": wanted.answer,
        "audience": wanted.audience,
        "panel": str(wanted.panel_id or ""),
        "day": wanted.day.isoformat() if wanted.day else "",
    }
    return {name: value for name, value in arguments.items() if value}


def _back(code: str) -> ResponseReturnValue:
    return redirect(url_for("answers.index", code=code, **_arguments(_filter())))


def _office(round_: Round) -> AnswerOffice:
    return AnswerOffice(db.session(), round_, current_app.extensions["settings"], utc_now())


def _request_or_404(row: AnswerRow) -> InviteReply:
    """The request that a form was made for, of this invite."""
    id_ = request.form.get("request", "")
    found = next((reply for reply in row.invite.replies if str(reply.id) == id_), None)
    if found is None or found.answer != Answer.OTHER_TIME:
        abort(404)
    return found

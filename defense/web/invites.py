"""The outbox: who was told what, what is stuck, and sending it again."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select

from defense.auth import access, require_principal
from defense.extensions import db
from defense.models import OutboxMessage
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.invites.answer_desk import count_open_requests
from defense.services.invites.following import people_to_telephone
from defense.services.invites.inbox_desk import count_open_mails
from defense.services.invites.outbox import MessageState
from defense.services.invites.outbox_care import (
    STUCK,
    give_up,
    is_stuck,
    messages_of,
    send_again,
    send_stuck_again,
)
from defense.services.invites.post_exports import TELEPHONE, export_mails, export_people_to_telephone
from defense.services.invites.text_messages import export_text_messages
from defense.web.downloads import recorded_workbook, written
from defense.web.rounds import round_or_404

pages = Blueprint("invites", __name__, url_prefix="/rounds/<code>/invites")

PAGE_SIZE = 50
STATES = (STUCK, *MessageState)


@pages.get("")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """Mails, newest first, with their state and the mail server's words; and whom no mail can reach."""
    round_ = round_or_404(code)
    settings = current_app.extensions["settings"]
    state = request.args.get("state", "")
    messages = db.paginate(messages_of(round_, state), per_page=PAGE_SIZE, error_out=False)
    rows = db.session.execute(
        select(OutboxMessage.state, func.count())
        .where(OutboxMessage.round_id == round_.id)
        .group_by(OutboxMessage.state)
    )
    stuck = (
        select(func.count()).select_from(OutboxMessage).where(OutboxMessage.round_id == round_.id, is_stuck())
    )
    return render_template(
        "invites/index.html",
        round=round_,
        messages=messages,
        counts=dict(rows.all()),
        stuck=db.session.scalar(stuck),
        state=state,
        now=utc_now(),
        request_count=count_open_requests(db.session(), round_),
        inbox_count=count_open_mails(db.session(), round_),
        to_telephone=people_to_telephone(db.session(), round_, settings),
    )


@pages.post("/<int:message_id>/retry")
@access(Role.STAFF)
def retry(code: str, message_id: int) -> ResponseReturnValue:
    """Queue a mail again; the same bytes go out."""
    message = _message_or_404(code, message_id)
    send_again(db.session(), message, utc_now(), require_principal().account_id)
    db.session.commit()
    flash(_("Queued again."), "success")
    return _back(code)


@pages.post("/<int:message_id>/give-up")
@access(Role.STAFF)
def abandon(code: str, message_id: int) -> ResponseReturnValue:
    """Take a stuck mail off the list, with a note of how the person was told."""
    message = _message_or_404(code, message_id)
    note = request.form.get("note", "")
    give_up(db.session(), message, note, utc_now(), require_principal().account_id)
    db.session.commit()
    flash(_("Recorded; the mail is not tried any more."), "success")
    return _back(code)


@pages.post("/retry-stuck")
@access(Role.STAFF)
def retry_stuck(code: str) -> ResponseReturnValue:
    """Queue every mail again that failed, such as after a wrong password of the mail server was put right."""
    round_, now, account_id = round_or_404(code), utc_now(), require_principal().account_id
    queued = send_stuck_again(db.session(), round_, now, account_id)
    db.session.commit()
    flash(_("%(n)s mails were queued again.", n=queued), "success")
    return _back(code)


@pages.post("/mails.xlsx")
@access(Role.STAFF)
def export(code: str) -> Response:
    """The mails of the filter as a workbook, or whom no mail can reach; it is audited."""
    settings, state = current_app.extensions["settings"], request.args.get("state", "")
    if state == TELEPHONE:
        return recorded_workbook(
            code, "电话通知名单", lambda s, r: export_people_to_telephone(s, r, settings)
        )
    return recorded_workbook(code, "通知", lambda s, r: export_mails(s, r, state))


def _back(code: str) -> ResponseReturnValue:
    state = request.form.get("state", "")
    return redirect(url_for("invites.index", code=code, state=state if state in STATES else STUCK))


def _message_or_404(code: str, message_id: int) -> OutboxMessage:
    message = db.session.get(OutboxMessage, message_id)
    if message is None or message.round_id != round_or_404(code).id:
        abort(404)
    return message


@pages.post("/sms.xlsx")
@access(Role.STAFF)
def text_messages(code: str) -> ResponseReturnValue:
    """The list for text messages; a POST, because taking it is recorded."""
    round_, account_id = round_or_404(code), require_principal().account_id
    settings = current_app.extensions["settings"]
    reason = request.form.get("reason", "")
    tables = export_text_messages(db.session(), round_, settings, utc_now(), reason, account_id)
    db.session.commit()
    return written(tables, f"短信名单-{code}.xlsx")

"""The outbox: who was told what, what is stuck, and sending it again."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from defense.auth import access, require_principal
from defense.extensions import db
from defense.models import OutboxMessage
from defense.services.access import Role
from defense.services.inbox_desk import count_open_mails
from defense.services.invites import people_to_telephone
from defense.services.outbox import retry_message
from defense.web.rounds import round_or_404

pages = Blueprint("invites", __name__, url_prefix="/rounds/<code>/invites")

PAGE_SIZE = 50
STATES = ("queued", "sent", "failed", "bounced")


@pages.get("")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """Mails, newest first, with their state and the mail server's words; and whom no mail can reach."""
    round_ = round_or_404(code)
    settings = current_app.extensions["settings"]
    state = request.args.get("state", "")
    of_round = select(OutboxMessage).where(OutboxMessage.round_id == round_.id)
    chosen = of_round.where(OutboxMessage.state == state) if state in STATES else of_round
    messages = db.paginate(
        chosen.options(joinedload(OutboxMessage.account)).order_by(OutboxMessage.id.desc()),
        per_page=PAGE_SIZE,
        error_out=False,
    )
    rows = db.session.execute(
        select(OutboxMessage.state, func.count())
        .where(OutboxMessage.round_id == round_.id)
        .group_by(OutboxMessage.state)
    )
    counts = dict(rows.all())
    return render_template(
        "invites/index.html",
        round=round_,
        messages=messages,
        counts=counts,
        state=state,
        inbox_count=count_open_mails(db.session(), round_),
        to_telephone=people_to_telephone(db.session(), round_, settings),
    )


@pages.post("/<int:message_id>/retry")
@access(Role.STAFF)
def retry(code: str, message_id: int) -> ResponseReturnValue:
    """Queue a failed mail again; the same bytes go out."""
    message = _message_or_404(code, message_id)
    retry_message(db.session(), message, require_principal().account_id)
    db.session.commit()
    flash(_("Queued again."), "success")
    return redirect(url_for("invites.index", code=code, state="failed"))


def _message_or_404(code: str, message_id: int) -> OutboxMessage:
    message = db.session.get(OutboxMessage, message_id)
    if message is None or message.round_id != round_or_404(code).id:
        abort(404)
    return message

"""Incoming mails that no rule could file: staff look at them and say when they have dealt with them."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from defense.auth import access, require_principal
from defense.extensions import db
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.invites.inbox_desk import VERDICT_TEXT, count_open_mails, open_mails, settle_mail
from defense.services.invites.post_exports import export_inbox
from defense.web.downloads import recorded_workbook
from defense.web.rounds import round_or_404

pages = Blueprint("inbox", __name__, url_prefix="/rounds/<code>/invites/inbox")


@pages.get("")
@access(Role.STAFF)
def index(code: str) -> ResponseReturnValue:
    """The mails nobody has dealt with, oldest first."""
    round_ = round_or_404(code)
    session = db.session()
    return render_template(
        "invites/inbox.html",
        round=round_,
        mails=open_mails(session, round_),
        total=count_open_mails(session, round_),
        verdict_words=VERDICT_TEXT,
        has_mailbox=current_app.extensions["settings"].imap_url is not None,
    )


@pages.post("/inbox.xlsx")
@access(Role.STAFF)
def export(code: str) -> Response:
    """The mails nobody has dealt with as a workbook; it is audited."""
    return recorded_workbook(code, "来信", export_inbox)


@pages.post("/<key>/settle")
@access(Role.STAFF)
def settle(code: str, key: str) -> ResponseReturnValue:
    """Note that a mail was dealt with."""
    settle_mail(db.session(), round_or_404(code), key, utc_now(), require_principal().account_id)
    db.session.commit()
    flash(_("Noted as dealt with."), "success")
    return redirect(url_for("inbox.index", code=code))

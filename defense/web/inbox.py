"""Incoming mails that no rule could file: staff look at them and say when they have dealt with them."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from defense.auth import access, require_principal
from defense.domain.text import Text
from defense.extensions import db
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.inbox import Verdict
from defense.services.inbox_desk import count_open_mails, open_mails, settle_mail
from defense.web.rounds import round_or_404

pages = Blueprint("inbox", __name__, url_prefix="/rounds/<code>/invites/inbox")

VERDICT_TEXT = {
    Verdict.LETTER: Text("普通来信", "a letter"),
    Verdict.NOT_FROM_ATTENDEE: Text(
        "答复未采用：发件人不是受邀邮箱", "answer not taken: not sent from the invited address"
    ),
    Verdict.NO_ANSWER: Text(
        "答复未采用：既不是参加，也不是不参加", "answer not taken: neither yes nor no, perhaps delegated"
    ),
    Verdict.UNKNOWN_EVENT: Text(
        "答复未采用：不是本系统的邀请", "answer to an invite this service does not know"
    ),
    Verdict.REPLY_AHEAD: Text(
        "答复未采用：版本号不是本系统发出的", "answer not taken: to a revision that was never sent"
    ),
    Verdict.UNKNOWN_BOUNCE: Text("退信：找不到原邮件", "a mail came back, and which one cannot be told"),
    Verdict.UNREADABLE: Text("无法读取的邮件", "a mail that cannot be read"),
}


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


@pages.post("/<key>/settle")
@access(Role.STAFF)
def settle(code: str, key: str) -> ResponseReturnValue:
    """Note that a mail was dealt with."""
    settle_mail(db.session(), round_or_404(code), key, utc_now(), require_principal().account_id)
    db.session.commit()
    flash(_("Noted as dealt with."), "success")
    return redirect(url_for("inbox.index", code=code))

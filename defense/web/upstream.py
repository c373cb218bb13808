"""The platform that owns the applications: reading it, what differs, what cannot be read."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from defense.auth import access, require_principal
from defense.extensions import db
from defense.models import UpstreamFeed
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.upstream.differences import (
    STATUS_TEXT,
    accept_difference,
    keep_ours,
    platform_page,
)
from defense.services.upstream.exports import export_differences
from defense.services.upstream.pulling import want_fees, want_pull
from defense.web.downloads import recorded_workbook
from defense.web.rounds import round_or_404

pages = Blueprint("upstream", __name__, url_prefix="/rounds/<code>/upstream")


@pages.get("")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """How far the reading is, what waits for staff, and what cannot be taken in."""
    round_ = round_or_404(code)
    feed = db.session.get(UpstreamFeed, round_.id)
    now = utc_now()
    at_work = feed is not None and (
        feed.wanted_at is not None
        or feed.fees_wanted_at is not None
        or (feed.claimed_until is not None and feed.claimed_until > now)
    )
    return render_template(
        "upstream/index.html",
        round=round_,
        platform=current_app.extensions["settings"].upstream,
        feed=feed,
        at_work=at_work,
        lists=platform_page(
            db.session(),
            round_,
            request.args.get("page", 1, type=int),
            request.args.get("faults_page", 1, type=int),
        ),
        status_words=STATUS_TEXT,
    )


@pages.post("/differences.xlsx")
@access(Role.STAFF)
def export(code: str) -> Response:
    """What waits for staff, and what cannot be taken in, as a workbook; it is audited."""
    return recorded_workbook(code, "平台变动", export_differences)


@pages.post("/pull")
@access(Role.STAFF)
def pull(code: str) -> ResponseReturnValue:
    """Ask for a reading; the page shows how it goes."""
    want_pull(db.session(), round_or_404(code), utc_now())
    db.session.commit()
    return redirect(url_for("upstream.index", code=code))


@pages.post("/fees")
@access(Role.STAFF)
def fees(code: str) -> ResponseReturnValue:
    """Ask who has paid meanwhile."""
    want_fees(db.session(), round_or_404(code), utc_now())
    db.session.commit()
    return redirect(url_for("upstream.index", code=code))


@pages.post("/differences/<int:difference_id>")
@access(Role.STAFF)
def settle(code: str, difference_id: int) -> ResponseReturnValue:
    """Accept the platform's version, or keep ours; with a reason."""
    decide = accept_difference if request.form.get("decision") == "accept" else keep_ours
    is_new = decide(
        db.session(),
        round_or_404(code),
        difference_id,
        request.form.get("reason", ""),
        utc_now(),
        require_principal().account_id,
    )
    db.session.commit()
    flash(_("Recorded.") if is_new else _("This was decided already."), "success" if is_new else "info")
    return redirect(url_for("upstream.index", code=code, page=request.args.get("page", 1, type=int)))

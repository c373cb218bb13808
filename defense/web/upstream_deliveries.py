"""What the upstream platform is told: how far it is, and what it refused."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from defense.auth import access, require_principal
from defense.extensions import db
from defense.models import UpstreamDelivery
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.upstream.care import (
    KIND_TEXT,
    STATE_TEXT,
    delivery_of,
    give_up,
    overview_of,
    try_again,
    try_all_again,
)
from defense.services.upstream.exports import export_deliveries
from defense.web.downloads import recorded_workbook
from defense.web.rounds import round_or_404

pages = Blueprint("upstream_deliveries", __name__, url_prefix="/rounds/<code>/upstream/deliveries")


@pages.get("")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """Counts by state, what failed with the platform's own words, and what is being retried."""
    round_ = round_or_404(code)
    return render_template(
        "upstream/deliveries.html",
        round=round_,
        overview=overview_of(db.session(), round_),
        state_words=STATE_TEXT,
        kind_words=KIND_TEXT,
    )


@pages.post("/deliveries.xlsx")
@access(Role.STAFF)
def export(code: str) -> Response:
    """What failed and what is held up as a workbook; it is audited."""
    return recorded_workbook(code, "向平台推送", export_deliveries)


@pages.post("/<int:delivery_id>/retry")
@access(Role.STAFF)
def retry(code: str, delivery_id: int) -> ResponseReturnValue:
    """Let one go again, unchanged."""
    delivery = _delivery(code, delivery_id)
    if try_again(db.session(), delivery, utc_now(), require_principal().account_id):
        flash(_("It goes again within a minute."), "success")
    else:
        flash(_("It is on its way already."), "info")
    db.session.commit()
    return redirect(url_for("upstream_deliveries.index", code=code))


@pages.post("/retry-failed")
@access(Role.STAFF)
def retry_failed(code: str) -> ResponseReturnValue:
    """Let everything go again that failed, such as after a key was put right."""
    count = try_all_again(db.session(), round_or_404(code), utc_now(), require_principal().account_id)
    db.session.commit()
    flash(_("Going again within a minute: %(n)s.", n=count), "success")
    return redirect(url_for("upstream_deliveries.index", code=code))


@pages.post("/<int:delivery_id>/give-up")
@access(Role.STAFF)
def abandon(code: str, delivery_id: int) -> ResponseReturnValue:
    """Tell the platform no more of one, and why; what is behind it goes."""
    delivery, note = _delivery(code, delivery_id), request.form.get("note", "")
    give_up(db.session(), delivery, note, utc_now(), require_principal().account_id)
    db.session.commit()
    flash(_("Recorded; the platform is not told of it any more."), "success")
    return redirect(url_for("upstream_deliveries.index", code=code))


def _delivery(code: str, delivery_id: int) -> UpstreamDelivery:
    return delivery_of(db.session(), round_or_404(code), delivery_id)

"""The video meetings of a round: which provider holds which half-day, and what to do where one cannot."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from defense.auth import access, require_principal
from defense.extensions import db
from defense.models import Meeting
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.meetings.desk import list_meetings, try_again, use_other_provider
from defense.services.meetings.rows import lock_meeting
from defense.services.meetings.settings import PROVIDER_TEXT
from defense.services.timetable.half_day_exports import export_meetings
from defense.web.downloads import recorded_workbook
from defense.web.rounds import round_or_404

pages = Blueprint("meetings", __name__, url_prefix="/rounds/<code>/meetings")


@pages.get("")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """Every half-day with its provider, the state there, and the provider's words where it fails."""
    round_ = round_or_404(code)
    providers = current_app.extensions["meeting_providers"]
    return render_template(
        "meetings/index.html",
        round=round_,
        lines=list_meetings(db.session(), round_, providers),
        names=PROVIDER_TEXT,
        configured=providers,
        now=utc_now(),
    )


@pages.post("/meetings.xlsx")
@access(Role.STAFF)
def export(code: str) -> Response:
    """The half-days with their meetings as a workbook, without any address; it is audited."""
    providers, now = current_app.extensions["meeting_providers"], utc_now()
    return recorded_workbook(code, "视频会议", lambda s, r: export_meetings(s, r, providers, now))


@pages.post("/<int:meeting_id>/retry")
@access(Role.STAFF)
def retry(code: str, meeting_id: int) -> ResponseReturnValue:
    """Ask the provider again at the next look."""
    try_again(db.session(), _meeting_or_404(code, meeting_id), utc_now(), require_principal().account_id)
    db.session.commit()
    flash(_("The provider is asked again within a minute; then reload this page."), "success")
    return redirect(url_for("meetings.index", code=code))


@pages.post("/<int:meeting_id>/change")
@access(Role.STAFF)
def change(code: str, meeting_id: int) -> ResponseReturnValue:
    """Let the other provider hold this meeting."""
    meeting, account_id = _meeting_or_404(code, meeting_id), require_principal().account_id
    providers = current_app.extensions["meeting_providers"]
    use_other_provider(db.session(), providers, meeting, utc_now(), account_id)
    db.session.commit()
    flash(
        _("The other provider is asked within a minute. The personal links of all participants stay valid."),
        "success",
    )
    return redirect(url_for("meetings.index", code=code))


def _meeting_or_404(code: str, meeting_id: int) -> Meeting:
    meeting = lock_meeting(db.session(), meeting_id)
    if meeting is None or meeting.round_id != round_or_404(code).id:
        abort(404)
    return meeting

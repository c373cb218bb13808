"""Forms on an application's page: wishes, times, named attendees, priority."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from defense.auth import access, require_principal
from defense.domain.text import Text
from defense.extensions import db
from defense.models import Application, Expert
from defense.services.access import Role
from defense.services.timetable.candidate_needs import (
    name_attendee,
    note_wish,
    release_attendee,
    set_priority,
    withdraw_wish,
)
from defense.web.forms import chosen_row, moment, whole
from defense.web.rounds import application_or_404

pages = Blueprint("candidate_needs", __name__, url_prefix="/applications/<int:application_id>")

_PRIORITY = Text("优先级", "Priority")


@pages.post("/wishes")
@access(Role.STAFF)
def add_wish(application_id: int) -> ResponseReturnValue:
    """Note a wish, or a time at which the candidate cannot come."""
    application = application_or_404(application_id)
    note_wish(
        db.session(),
        application,
        request.form.get("kind", ""),
        moment("start_at"),
        moment("end_at"),
        request.form.get("asked_by", ""),
        require_principal().account_id,
    )
    return _done(application)


@pages.post("/wishes/<int:wish_id>/withdraw")
@access(Role.STAFF)
def drop_wish(application_id: int, wish_id: int) -> ResponseReturnValue:
    """Take a wish back."""
    application = application_or_404(application_id)
    withdraw_wish(db.session(), application, wish_id, require_principal().account_id)
    return _done(application)


@pages.post("/attendees")
@access(Role.STAFF)
def add_attendee(application_id: int) -> ResponseReturnValue:
    """Name a person who must attend."""
    application = application_or_404(application_id)
    expert = chosen_row(Expert, "expert_id")
    purpose = request.form.get("purpose", "")
    name_attendee(db.session(), application, expert.id, purpose, require_principal().account_id)
    return _done(application)


@pages.post("/attendees/<int:expert_id>/release")
@access(Role.STAFF)
def drop_attendee(application_id: int, expert_id: int) -> ResponseReturnValue:
    """The person need not attend after all."""
    application = application_or_404(application_id)
    release_attendee(db.session(), application, expert_id, require_principal().account_id)
    return _done(application)


@pages.post("/priority")
@access(Role.STAFF)
def priority(application_id: int) -> ResponseReturnValue:
    """Who is placed first."""
    application = application_or_404(application_id)
    set_priority(db.session(), application, whole("priority", _PRIORITY), require_principal().account_id)
    return _done(application)


def _done(application: Application) -> ResponseReturnValue:
    db.session.commit()
    flash(_("Recorded. The next timetable follows it."), "success")
    return redirect(url_for("applications.show", application_id=application.id, _anchor="needs"))

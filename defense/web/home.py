"""The start page: where the round stands and what comes next, or the way to a person's own page."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from defense.auth import access, require_principal
from defense.extensions import db
from defense.models import Round
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.invites.own_appointments import count_unanswered
from defense.services.overview import overview_of, sittings_for
from defense.services.rounds import codes_to_open, ensure_round
from defense.services.timetable.half_day_exports import export_sittings
from defense.web.downloads import recorded_office_workbook

pages = Blueprint("home", __name__)


@pages.get("/")
@access(*Role)
def index() -> ResponseReturnValue:
    """Send each role where its day is."""
    principal = require_principal()
    if principal.role is Role.CANDIDATE:
        return redirect(url_for("candidate.mine"))
    if principal.role in (Role.EXPERT, Role.SECRETARY):
        # Who only attends a defence has no sitting to look at.
        only_attends = not sittings_for(db.session(), principal)
        return redirect(url_for("appointments.index" if only_attends else "home.sittings"))
    rounds = db.session.scalars(select(Round).order_by(Round.code.desc())).all()
    overviews = [(round_, overview_of(db.session(), round_)) for round_ in rounds]
    return render_template("home/index.html", overviews=overviews, codes_to_open=codes_to_open(db.session()))


@pages.post("/rounds")
@access(Role.STAFF)
def open_round() -> ResponseReturnValue:
    """Open the round of a rule file."""
    round_ = ensure_round(db.session(), request.form.get("code", ""))
    db.session.commit()
    return redirect(url_for("imports.index", code=round_.code))


@pages.get("/sittings")
@access(Role.EXPERT, Role.SECRETARY, Role.STAFF, Role.SUPERVISOR)
def sittings() -> ResponseReturnValue:
    """The sittings of this person, by day."""
    principal = require_principal()
    return render_template(
        "home/sittings.html",
        days=sittings_for(db.session(), principal),
        unanswered=count_unanswered(db.session(), principal.account_id, utc_now()),
    )


@pages.post("/sittings.xlsx")
@access(Role.STAFF)
def export_all_sittings() -> Response:
    """All sittings as a workbook; it is audited."""
    principal = require_principal()
    return recorded_office_workbook("答辩现场", lambda session: export_sittings(session, principal))

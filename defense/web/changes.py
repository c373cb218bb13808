"""Changing the published timetable: somebody falls ill, a half-day is lost, another day is asked for."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from defense.auth import access, require_principal
from defense.extensions import db
from defense.models import Expert, Panel, PanelHalfDay, Round
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.invites.answer_desk import count_open_requests
from defense.services.timetable.availability import cancel_half_day, note_absence, withdraw_absence
from defense.services.timetable.rescheduling import frozen_until, standing_of
from defense.services.timetable.schedules import latest_schedule
from defense.services.timetable.solving import newest_run
from defense.web.forms import chosen_row, moment
from defense.web.rounds import round_or_404

pages = Blueprint("changes", __name__, url_prefix="/rounds/<code>/schedule/change")


@pages.get("")
@access(Role.STAFF)
def index(code: str) -> ResponseReturnValue:
    """What happened, whose place no longer holds, and the button that changes as little as possible."""
    round_, now = round_or_404(code), utc_now()
    experts = db.session.scalars(
        select(Expert).where(Expert.round_id == round_.id).order_by(Expert.name, Expert.number)
    ).all()
    run = newest_run(db.session(), round_)
    return render_template(
        "schedule/change.html",
        round=round_,
        experts=experts,
        absences=[absence for expert in experts for absence in expert.absences],
        half_days=_half_days(round_),
        standing=standing_of(db.session(), round_, now),
        schedule=latest_schedule(db.session(), round_),
        frozen_until=frozen_until(round_, now),
        asking=request.args.get("candidate", 0, type=int),
        away=request.args.get("expert", 0, type=int),
        requests=count_open_requests(db.session(), round_),
        running=run is not None and run.state in ("queued", "running"),
    )


@pages.post("/absences")
@access(Role.STAFF)
def add_absence(code: str) -> ResponseReturnValue:
    """An expert cannot come."""
    expert = _expert_or_404(round_or_404(code), chosen_row(Expert, "expert_id").id)
    reason = request.form.get("reason", "")
    account_id = require_principal().account_id
    note_absence(db.session(), expert, moment("start_at"), moment("end_at"), reason, account_id)
    return _done(code)


@pages.post("/absences/<int:expert_id>/<int:absence_id>/withdraw")
@access(Role.STAFF)
def drop_absence(code: str, expert_id: int, absence_id: int) -> ResponseReturnValue:
    """The expert can come after all."""
    expert = _expert_or_404(round_or_404(code), expert_id)
    withdraw_absence(db.session(), expert, absence_id, require_principal().account_id)
    return _done(code)


@pages.post("/half-days")
@access(Role.STAFF)
def cancel(code: str) -> ResponseReturnValue:
    """A half-day is lost."""
    half_day = chosen_row(PanelHalfDay, "half_day_id")
    if half_day.panel.round_id != round_or_404(code).id:
        abort(404)
    cancel_half_day(db.session(), half_day, request.form.get("reason", ""), require_principal().account_id)
    return _done(code)


def _done(code: str) -> ResponseReturnValue:
    db.session.commit()
    flash(_("Recorded. Below is whose published place no longer holds."), "success")
    return redirect(url_for("changes.index", code=code, _anchor="standing"))


def _half_days(round_: Round) -> list[PanelHalfDay]:
    """Half-days that can still be lost, in order of time."""
    return list(
        db.session.scalars(
            select(PanelHalfDay)
            .join(Panel)
            .where(Panel.round_id == round_.id, PanelHalfDay.cancelled_at.is_(None))
            .order_by(PanelHalfDay.start_at, Panel.id)
            .options(selectinload(PanelHalfDay.panel))
        )
    )


def _expert_or_404(round_: Round, expert_id: int) -> Expert:
    expert = db.session.get(Expert, expert_id)
    if expert is None or expert.round_id != round_.id:
        abort(404)
    return expert

"""The timetable: solving, looking, moving, publishing."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from defense.auth import access, require_principal
from defense.domain.errors import InvalidInput
from defense.domain.round_rules import BEIJING
from defense.domain.text import Text
from defense.errors import language
from defense.extensions import db
from defense.models import Panel, PanelHalfDay, Round, Schedule, ScheduledSlot, Sitting
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.exports import export_timetable
from defense.services.overview import has_data
from defense.services.timetable.comparing import compare_schedules, figures_of, list_schedules, status_of
from defense.services.timetable.instance_building import attending_members
from defense.services.timetable.moves import list_legal_slots, move_candidate, remove_candidate
from defense.services.timetable.notice_periods import ShortNotice, short_notices
from defense.services.timetable.outrun import outrun_by
from defense.services.timetable.pictures import draw
from defense.services.timetable.publishing import preview_changes, publish, published_schedule
from defense.services.timetable.rescheduling import CandidateChange, list_changes
from defense.services.timetable.schedules import latest_schedule
from defense.services.timetable.solving import explanation_of, newest_run
from defense.web.downloads import recorded_workbook
from defense.web.rounds import application_or_404, round_or_404

pages = Blueprint("schedule", __name__, url_prefix="/rounds/<code>/schedule")


@pages.get("")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """The newest timetable, days × panels, and what to do next."""
    round_ = round_or_404(code)
    schedule = latest_schedule(db.session(), round_)
    short, problem = _notices(schedule) if schedule and not schedule.published_at else ((), None)
    return render_template(
        "schedule/index.html",
        short_notices=short,
        notice_problem=problem,
        first_notice=round_.rules.scheduling.first_notice,
        round=round_,
        run=newest_run(db.session(), round_),
        schedule=schedule,
        published=published_schedule(db.session(), round_),
        changes=preview_changes(db.session(), schedule) if schedule else None,
        moves=_moves(schedule) if schedule and not schedule.published_at else [],
        figures=figures_of(schedule) if schedule else (),
        status=status_of(schedule) if schedule else None,
        explained=explanation_of(db.session(), schedule) if schedule else None,
        grid=_grid(round_, schedule) if schedule else None,
        outrun=outrun_by(db.session(), schedule) if schedule else None,
        solvable=has_data(db.session(), round_),
    )


@pages.post("/<int:schedule_id>/publish")
@access(Role.STAFF)
def publish_schedule(code: str, schedule_id: int) -> ResponseReturnValue:
    """Publish: sittings, defences and invites in one transaction."""
    schedule = _newest_or_none(code, schedule_id)
    if schedule is None:
        return redirect(url_for("schedule.index", code=code))
    if request.form.get("told_ok") != "1" and any(change.is_told for change in _moves(schedule)):
        flash(_("Somebody who has been told already would be moved: tick the box to confirm it."), "danger")
        return redirect(url_for("schedule.index", code=code))
    if short_notices(db.session(), schedule, utc_now()) and request.form.get("short_ok") != "1":
        flash(_("Some people would be told later than the round wants: tick the box to confirm."), "danger")
        return redirect(url_for("schedule.index", code=code))
    settings = current_app.extensions["settings"]
    changes, invites = publish(db.session(), schedule, settings, utc_now(), require_principal().account_id)
    round_id = schedule.round_id
    db.session.commit()
    for sitting_id in db.session.scalars(select(Sitting.id).where(Sitting.round_id == round_id)).all():
        current_app.extensions["room_news"].changed(sitting_id)
    flash(
        _(
            "Published: %(added)s added, %(moved)s moved, %(removed)s taken out. Invites: %(created)s new, "
            "%(updated)s changed, %(cancelled)s cancelled.",
            added=len(changes.added),
            moved=len(changes.moved),
            removed=len(changes.removed),
            created=invites.created,
            updated=invites.updated,
            cancelled=invites.cancelled,
        ),
        "success",
    )
    if invites.without_address:
        names = "、".join(invites.without_address)
        flash(_("No usable e-mail address, please telephone: %(names)s", names=names), "warning")
    return redirect(url_for("schedule.index", code=code))


@pages.get("/<int:schedule_id>/half-days/<int:half_day_id>")
@access(Role.STAFF, Role.SUPERVISOR)
def half_day(code: str, schedule_id: int, half_day_id: int) -> ResponseReturnValue:
    """One panel's half-day: experts and candidates in order."""
    schedule = _schedule_or_404(code, schedule_id)
    half_day_row = db.session.get(PanelHalfDay, half_day_id) or abort(404)
    return render_template(
        "schedule/half_day.html",
        round=round_or_404(code),
        schedule=schedule,
        half_day=half_day_row,
        members=attending_members(half_day_row.panel, half_day_row),
        slots=[slot for slot in schedule.slots if slot.half_day_id == half_day_id],
    )


@pages.get("/<int:schedule_id>/candidates/<int:application_id>")
@access(Role.STAFF)
def candidate(code: str, schedule_id: int, application_id: int) -> ResponseReturnValue:
    """Where one candidate is, and every half-day where they could be."""
    schedule = _schedule_or_404(code, schedule_id)
    application = application_or_404(application_id)
    slots = list_legal_slots(db.session(), schedule, application)
    return render_template(
        "schedule/candidate.html",
        round=round_or_404(code),
        schedule=schedule,
        application=application,
        slot=next((s for s in schedule.slots if s.application_id == application_id), None),
        legal=slots,
    )


@pages.post("/<int:schedule_id>/candidates/<int:application_id>")
@access(Role.STAFF)
def change_candidate(code: str, schedule_id: int, application_id: int) -> ResponseReturnValue:
    """Move or remove one candidate; the result is a new timetable, to be published."""
    schedule = _newest_or_none(code, schedule_id)
    if schedule is None:
        return redirect(url_for("schedule.index", code=code))
    application = application_or_404(application_id)
    account_id = require_principal().account_id
    if request.form.get("place") == "remove":
        remove_candidate(db.session(), schedule, application, account_id)
    else:
        half_day_id, start_at = _parse_place(request.form.get("place", ""))
        move_candidate(db.session(), schedule, application, half_day_id, start_at, account_id)
    db.session.commit()
    flash(_("The timetable has been changed. Publish it to tell the people concerned."), "success")
    return redirect(url_for("schedule.index", code=code))


@pages.get("/<int:schedule_id>/picture.svg")
@access(Role.STAFF, Role.SUPERVISOR)
def picture(code: str, schedule_id: int) -> Response:
    """The timetable as a picture: panels by time, one bar for each candidate."""
    schedule = _schedule_or_404(code, schedule_id)
    response = Response(draw(db.session(), schedule, language()), mimetype="image/svg+xml")
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return response


@pages.get("/compare")
@access(Role.STAFF, Role.SUPERVISOR)
def compare(code: str) -> ResponseReturnValue:
    """Two schedules of the round side by side; without a choice the newest two."""
    round_ = round_or_404(code)
    schedules = list_schedules(db.session(), round_)
    known = {schedule.id: schedule for schedule in schedules}
    newest = [*known, 0, 0]
    left = known.get(request.args.get("left", newest[1], type=int))
    right = known.get(request.args.get("right", newest[0], type=int))
    return render_template(
        "schedule/compare.html",
        round=round_,
        schedules=schedules,
        left=left,
        right=right,
        status={schedule.id: status_of(schedule) for schedule in schedules},
        comparison=compare_schedules(left, right) if left and right else None,
    )


@pages.post("/timetable.xlsx")
@access(Role.STAFF, Role.SUPERVISOR)
def download(code: str) -> Response:
    """The timetable as a workbook."""
    return recorded_workbook(code, "答辩安排表", export_timetable)


def _schedule_or_404(code: str, schedule_id: int) -> Schedule:
    schedule = db.session.get(Schedule, schedule_id)
    if schedule is None or schedule.round_id != round_or_404(code).id:
        abort(404)
    return schedule


def _newest_or_none(code: str, schedule_id: int) -> Schedule | None:
    """The schedule, if it is still the newest; a tab left open must not undo what somebody did since."""
    schedule = _schedule_or_404(code, schedule_id)
    newest = latest_schedule(db.session(), round_or_404(code))
    if newest is None or newest.id == schedule.id:
        return schedule
    flash(_("Somebody else changed the timetable meanwhile; this is the newest one."), "warning")
    return None


def _parse_place(text: str) -> tuple[int, datetime]:
    half_day_id, _separator, start = text.partition("@")
    try:
        start_at = datetime.fromisoformat(start)
        if start_at.tzinfo is None:
            raise ValueError
        return int(half_day_id), start_at
    except ValueError:
        abort(400)


def _moves(schedule: Schedule) -> list[CandidateChange]:
    """Whose published place the schedule changes or takes away; a first place is no news to anybody."""
    changes = list_changes(db.session(), schedule, utc_now())
    return [change for change in changes if change.before is not None]


def _notices(schedule: Schedule) -> tuple[tuple[ShortNotice, ...], Text | None]:
    """Whose news would come too late, or why that cannot be counted out; the page is there either way."""
    try:
        return short_notices(db.session(), schedule, utc_now()), None
    except InvalidInput as error:
        return (), error.text


def _grid(round_: Round, schedule: Schedule) -> dict[str, object]:
    """Rows are panels, columns are days; a cell lists the half-days of that panel on that day."""
    slots: dict[int, list[ScheduledSlot]] = defaultdict(list)
    for slot in schedule.slots:
        slots[slot.half_day_id].append(slot)
    panels = db.session.scalars(select(Panel).where(Panel.round_id == round_.id).order_by(Panel.id)).all()
    cells: dict[tuple[int, object], list[tuple[PanelHalfDay, list[ScheduledSlot]]]] = defaultdict(list)
    for panel in panels:
        for half_day_row in panel.half_days:
            day = half_day_row.start_at.astimezone(BEIJING).date()
            cells[panel.id, day].append((half_day_row, slots.get(half_day_row.id, [])))
    return {"panels": panels, "days": sorted({day for _, day in cells}, key=str), "cells": cells}

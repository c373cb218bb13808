"""Experts and panels of a round, and the experts' personal links."""

from __future__ import annotations

from collections import defaultdict

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from defense.auth import access, require_principal
from defense.extensions import db
from defense.models import Account, Expert, Panel, PanelMember, Round
from defense.models.types import utc_now
from defense.services.access import Role, expert_account, revoke_account_links
from defense.services.invites.calendar_keeping import CalendarState, calendar_state
from defense.services.list_exports import export_people
from defense.services.timetable.availability import add_attendee_only, warnings_of
from defense.web.downloads import recorded_workbook
from defense.web.links import show_new_link
from defense.web.rounds import round_or_404

pages = Blueprint("people", __name__, url_prefix="/rounds/<code>/people")


@pages.get("")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """Panels first, then the expert pool."""
    round_ = round_or_404(code)
    panels = _panels(round_)
    seats: dict[int, list[Panel]] = defaultdict(list)
    for panel in panels:
        for member in panel.members:
            seats[member.expert_id].append(panel)
    experts = db.session.scalars(
        select(Expert).where(Expert.round_id == round_.id).order_by(Expert.number)
    ).all()
    return render_template(
        "people/index.html",
        round=round_,
        panels=panels,
        experts=experts,
        seats=seats,
        odd_panels={panel.id for panel in panels if warnings_of(round_, panel)},
        calendar=_calendar_state(),
    )


@pages.post("/export.xlsx")
@access(Role.STAFF)
def export(code: str) -> Response:
    """Experts and panels as a workbook; it is audited."""
    return recorded_workbook(code, "专家和答辩组", export_people)


@pages.post("/attendees")
@access(Role.STAFF)
def add_attendee(code: str) -> ResponseReturnValue:
    """Add somebody who only attends, such as an interpreter."""
    name, unit, phone = (request.form.get(field, "") for field in ("name", "unit", "phone"))
    add_attendee_only(db.session(), round_or_404(code), name, unit, phone, require_principal().account_id)
    db.session.commit()
    flash(_("Recorded."), "success")
    return redirect(url_for("people.index", code=code, _anchor="attendees"))


@pages.post("/experts/<int:expert_id>/link")
@access(Role.STAFF)
def new_link(code: str, expert_id: int) -> ResponseReturnValue:
    """Hand out a new personal link of an expert."""
    round_ = round_or_404(code)
    account = _account_or_404(round_, expert_id)
    return show_new_link(account, url_for("people.index", code=code), round_)


@pages.post("/experts/<int:expert_id>/revoke")
@access(Role.STAFF)
def revoke(code: str, expert_id: int) -> ResponseReturnValue:
    """Make every personal link of an expert worthless."""
    account = _account_or_404(round_or_404(code), expert_id)
    revoke_account_links(db.session(), account, require_principal().account_id)
    db.session.commit()
    flash(_("All personal links of %(name)s are void.", name=account.display_name), "success")
    return redirect(url_for("people.index", code=code))


def _calendar_state() -> CalendarState | None:
    settings = current_app.extensions["settings"]
    return calendar_state(db.session(), settings, utc_now()) if settings.caldav else None


def _panels(round_: Round) -> list[Panel]:
    query = select(Panel).where(Panel.round_id == round_.id).order_by(Panel.id)
    return list(
        db.session.scalars(
            query.options(
                selectinload(Panel.members).joinedload(PanelMember.expert),
                selectinload(Panel.half_days),
                joinedload(Panel.secretary),
            )
        )
    )


def _account_or_404(round_: Round, expert_id: int) -> Account:
    expert = db.session.get(Expert, expert_id)
    if expert is None or expert.round_id != round_.id:
        abort(404)
    return expert_account(db.session(), expert)

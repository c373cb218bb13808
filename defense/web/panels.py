"""One panel: its half-days, those that can be made for it, those that are cancelled."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from defense.auth import access, require_principal
from defense.domain.half_days import HalfDayWish
from defense.domain.working_hours import read_windows, write_seasons
from defense.extensions import db
from defense.models import Panel, PanelHalfDay, Round
from defense.services.access import Role
from defense.services.invites.feeds import live_feed
from defense.services.meetings.settings import PanelRoom, forget_panel_room, keep_panel_room, masked_room
from defense.services.timetable.availability import (
    ProposedHalfDay,
    add_half_days,
    cancel_half_day,
    propose_half_days,
    restore_half_day,
    warnings_of,
)
from defense.web.forms import day
from defense.web.rounds import round_or_404

pages = Blueprint("panels", __name__, url_prefix="/rounds/<code>/panels/<int:panel_id>")


@pages.get("")
@access(Role.STAFF, Role.SUPERVISOR)
def show(code: str, panel_id: int) -> ResponseReturnValue:
    """The panel's half-days, and the form that makes more of them."""
    round_ = round_or_404(code)
    return _render(round_, panel_or_404(round_, panel_id))


@pages.post("/half-days/preview")
@access(Role.STAFF)
def preview(code: str, panel_id: int) -> ResponseReturnValue:
    """What the form would make; nothing is changed yet."""
    round_ = round_or_404(code)
    panel = panel_or_404(round_, panel_id)
    return _render(round_, panel, propose_half_days(db.session(), panel, _wish()))


@pages.post("/half-days")
@access(Role.STAFF)
def add(code: str, panel_id: int) -> ResponseReturnValue:
    """Make the half-days."""
    panel = panel_or_404(round_or_404(code), panel_id)
    made = add_half_days(db.session(), panel, _wish(), require_principal().account_id)
    db.session.commit()
    flash(_("%(n)s half-days made.", n=made), "success" if made else "warning")
    return redirect(url_for("panels.show", code=code, panel_id=panel_id))


@pages.post("/half-days/<int:half_day_id>/cancel")
@access(Role.STAFF)
def cancel(code: str, panel_id: int, half_day_id: int) -> ResponseReturnValue:
    """Nobody is to be seated in this half-day any more."""
    half_day = _half_day_or_404(code, panel_id, half_day_id)
    cancel_half_day(db.session(), half_day, request.form.get("reason", ""), require_principal().account_id)
    db.session.commit()
    flash(
        _("Cancelled. Change the timetable so that whoever was seated there gets another place."), "success"
    )
    return redirect(url_for("changes.index", code=code))


@pages.post("/half-days/<int:half_day_id>/restore")
@access(Role.STAFF)
def restore(code: str, panel_id: int, half_day_id: int) -> ResponseReturnValue:
    """People may be seated in this half-day again."""
    restore_half_day(
        db.session(), _half_day_or_404(code, panel_id, half_day_id), require_principal().account_id
    )
    db.session.commit()
    flash(_("Recorded."), "success")
    return redirect(_page(code, panel_id))


@pages.post("/room")
@access(Role.STAFF)
def keep_room(code: str, panel_id: int) -> ResponseReturnValue:
    """Keep the address of the panel's standing conference room."""
    panel = panel_or_404(round_or_404(code), panel_id)
    parts = [request.form.get(name, "").strip() for name in ("address", "number", "password")]
    settings = current_app.extensions["settings"]
    keep_panel_room(db.session(), settings, panel, PanelRoom(*parts), require_principal().account_id)
    db.session.commit()
    flash(
        _("The conference room is kept; only whoever may enter at that time sees its address."),
        "success",
    )
    return redirect(_page(code, panel_id))


@pages.post("/room/forget")
@access(Role.STAFF)
def forget_room(code: str, panel_id: int) -> ResponseReturnValue:
    """The panel has no standing conference room any more."""
    panel = panel_or_404(round_or_404(code), panel_id)
    forget_panel_room(db.session(), panel, require_principal().account_id)
    db.session.commit()
    flash(_("Recorded."), "success")
    return redirect(_page(code, panel_id))


def _render(round_: Round, panel: Panel, proposed: list[ProposedHalfDay] | None = None) -> str:
    return render_template(
        "panels/show.html",
        round=round_,
        panel=panel,
        warnings=warnings_of(round_, panel),
        hours=write_seasons(round_.rules.seasons).splitlines(),
        proposed=proposed,
        form=request.form,
        feed=live_feed(db.session(), panel),
        room=masked_room(current_app.extensions["settings"], panel),
    )


def _wish() -> HalfDayWish:
    windows = request.form.get("windows", "").strip()
    return HalfDayWish(
        first=day("first"),
        last=day("last"),
        windows=read_windows(windows) if windows else (),
        skips_days_off=request.form.get("skips_days_off") == "1",
    )


def _page(code: str, panel_id: int) -> str:
    return url_for("panels.show", code=code, panel_id=panel_id)


def panel_or_404(round_: Round, panel_id: int) -> Panel:
    """The panel of an address, if it is of this round."""
    panel = db.session.get(Panel, panel_id)
    if panel is None or panel.round_id != round_.id:
        abort(404)
    return panel


def _half_day_or_404(code: str, panel_id: int, half_day_id: int) -> PanelHalfDay:
    panel = panel_or_404(round_or_404(code), panel_id)
    half_day = db.session.get(PanelHalfDay, half_day_id)
    if half_day is None or half_day.panel_id != panel.id:
        abort(404)
    return half_day

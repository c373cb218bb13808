"""Subscribing to a calendar: one's own on `/calendar`, a panel's on the panel's page for staff."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from defense.auth import access, require_principal
from defense.extensions import db
from defense.models import Account, Panel, Round
from defense.services.access import Role
from defense.services.invites.feeds import live_feed, open_feed, revoke_feed
from defense.web.panels import panel_or_404
from defense.web.rounds import round_or_404

pages = Blueprint("calendar_feed", __name__)


@pages.get("/calendar")
@access(Role.EXPERT, Role.SECRETARY)
def own() -> ResponseReturnValue:
    """Whether there is a feed, and the ways to make and end it."""
    account = _own_account()
    return render_template("calendar/own.html", feed=live_feed(db.session(), account))


@pages.post("/calendar")
@access(Role.EXPERT, Role.SECRETARY)
def open_own() -> ResponseReturnValue:
    """Make one's feed; the address is on this page only."""
    return _show_address(_own_account(), url_for("calendar_feed.own"))


@pages.post("/calendar/revoke")
@access(Role.EXPERT, Role.SECRETARY)
def revoke_own() -> ResponseReturnValue:
    """End one's feed."""
    return _revoke(_own_account(), url_for("calendar_feed.own"))


@pages.post("/rounds/<code>/panels/<int:panel_id>/feed")
@access(Role.STAFF)
def open_of_panel(code: str, panel_id: int) -> ResponseReturnValue:
    """Make the feed of a panel; the address is on this page only."""
    round_ = round_or_404(code)
    panel = panel_or_404(round_, panel_id)
    return _show_address(panel, url_for("panels.show", code=code, panel_id=panel_id), round_)


@pages.post("/rounds/<code>/panels/<int:panel_id>/feed/revoke")
@access(Role.STAFF)
def revoke_of_panel(code: str, panel_id: int) -> ResponseReturnValue:
    """End the feed of a panel."""
    panel = panel_or_404(round_or_404(code), panel_id)
    return _revoke(panel, url_for("panels.show", code=code, panel_id=panel_id))


def _show_address(of: Account | Panel, back: str, round_: Round | None = None) -> str:
    path = open_feed(db.session(), of, require_principal().account_id)
    db.session.commit()
    address = current_app.extensions["settings"].public_url + path
    return render_template(
        "calendar/address.html",
        round=round_,
        panel=of if isinstance(of, Panel) else None,
        address=address,
        # The scheme by which a click opens the calendar program.
        webcal=f"webcal:{address.partition(':')[2]}",
        back=back,
    )


def _revoke(of: Account | Panel, back: str) -> ResponseReturnValue:
    revoke_feed(db.session(), of, require_principal().account_id)
    db.session.commit()
    flash(_("The calendar address is void. Programs that read it show nothing new from now on."), "success")
    return redirect(back)


def _own_account() -> Account:
    return db.session.get_one(Account, require_principal().account_id)

"""The minutes of a sitting (会议记录), to be read, printed and signed."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from defense.auth import access, require_principal
from defense.extensions import db
from defense.services.access import Role
from defense.services.room.minutes import minutes_of
from defense.services.room.sittings import require_watcher
from defense.services.transaction import begin_snapshot

pages = Blueprint("minutes", __name__)


@pages.get("/sittings/<int:sitting_id>/minutes")
@access(Role.EXPERT, Role.SECRETARY, Role.STAFF, Role.SUPERVISOR)
def show(sitting_id: int) -> ResponseReturnValue:
    """The minutes as they stand, for whoever has a place in the room."""
    principal = require_principal()
    begin_snapshot(db.session())
    sitting = require_watcher(db.session(), principal, sitting_id)
    return render_template("minutes/show.html", minutes=minutes_of(db.session(), principal, sitting))

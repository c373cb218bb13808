"""The seal that ends a sitting."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from defense.auth import access, require_principal
from defense.extensions import db
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.room.sealing import seal_sitting

pages = Blueprint("sealing", __name__)


@pages.post("/sittings/<int:sitting_id>/seal")
@access(Role.SUPERVISOR)
def seal(sitting_id: int) -> ResponseReturnValue:
    """Seal a sitting: nothing in it changes any more."""
    key = current_app.extensions["settings"].seal_key
    seal_sitting(db.session(), require_principal(), sitting_id, key, utc_now())
    db.session.commit()
    current_app.extensions["room_news"].changed(sitting_id)
    flash(_("The sitting is sealed. Print the minutes now: they carry the head of its log."), "success")
    return redirect(url_for("sittings.show", sitting_id=sitting_id))

"""The click that leads into a video meeting."""

from __future__ import annotations

from flask import current_app, redirect, render_template
from flask.typing import ResponseReturnValue

from defense.auth import require_principal
from defense.domain.errors import IllegalState
from defense.domain.people import Period
from defense.extensions import db
from defense.models import Sitting
from defense.models.types import utc_now
from defense.services.meetings.entering import Door, find_door, knock, no_meeting_text, take_second_provider
from defense.services.transaction import begin_write


def enter_meeting(sitting: Sitting, moderator: bool, window: Period) -> ResponseReturnValue:
    """Send this person into the sitting's meeting; the address is made now and stored nowhere.

    Where it is a standing conference room, a page of ours shows what has to be typed in there.
    """
    sitting_id, providers = sitting.id, current_app.extensions["meeting_providers"]
    door = _find(sitting_id, moderator, window)
    answer = knock(providers, door, utc_now())
    if answer.failure is not None:
        begin_write(db.session())
        goes_on = take_second_provider(db.session(), providers, door, answer.failure, utc_now())
        db.session.commit()
        if goes_on:
            door = _find(sitting_id, moderator, window)
            answer = knock(providers, door, utc_now())
    if answer.address is None:
        raise IllegalState(no_meeting_text(db.session(), sitting_id))
    if door.room is None:
        return redirect(answer.address)
    return render_template("meetings/room.html", address=answer.address, room=door.room, window=window)


def _find(sitting_id: int, moderator: bool, window: Period) -> Door:
    """Look everything up, and leave no transaction open: a provider may take seconds to answer."""
    session, extensions = db.session(), current_app.extensions
    settings, providers = extensions["settings"], extensions["meeting_providers"]
    sitting = session.get_one(Sitting, sitting_id)
    door = find_door(session, settings, providers, sitting, require_principal(), moderator, window, utc_now())
    session.rollback()
    return door

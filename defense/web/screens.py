"""The public waiting screen: for a television in the hall and the phones in front of it; no sign-in."""

from __future__ import annotations

import hashlib

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue

from defense.auth import public
from defense.extensions import db
from defense.models.types import utc_now
from defense.services.room.screens import screen_of

pages = Blueprint("screens", __name__)


@pages.get("/screens/<screen_key>")
@public
def show(screen_key: str) -> ResponseReturnValue:
    """The screen; whoever has its address may look."""
    now = utc_now()
    screen = screen_of(db.session(), screen_key, now)
    return render_template("screens/show.html", screen=screen, screen_key=screen_key, now=now)


@pages.get("/screens/<screen_key>/state")
@public
def state(screen_key: str) -> ResponseReturnValue:
    """What changes on the screen; asked every second, and answered with 304 while nothing did."""
    body = render_template("screens/_state.html", screen=screen_of(db.session(), screen_key, utc_now()))
    answer = make_response(body)
    answer.set_etag(hashlib.sha256(body.encode()).hexdigest())
    return answer.make_conditional(request)

"""Feeds as calendar programs read them: without signing in, by an address that is the key."""

from __future__ import annotations

import hashlib
from http import HTTPStatus

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from defense.auth import public
from defense.extensions import db
from defense.models.types import utc_now
from defense.services.invites.feeds import calendar_of_feed, find_feed, is_reading_to_note, note_reading
from defense.services.throttle import AttemptLimiter
from defense.services.transaction import begin_write

pages = Blueprint("feeds", __name__)

FRESH_S = 300
"""For so long a program need not ask again."""


@pages.get("/feeds/<token>.ics")
@public
def read(token: str) -> ResponseReturnValue:
    """The calendar of a feed; who asks is told by nothing but the address, and no cookie is set."""
    if not _may_ask(token):
        refused = _words("Too many readings; come back later.", HTTPStatus.TOO_MANY_REQUESTS)
        refused.headers["Retry-After"] = str(FRESH_S)
        return refused
    feed = find_feed(db.session(), token)
    if feed is None:
        # A plain answer: a page would set a cookie, and calendar programs show no pages.
        return _words("There is no such calendar, or its address was revoked.", HTTPStatus.NOT_FOUND)
    data = calendar_of_feed(db.session(), feed, current_app.extensions["settings"])
    if is_reading_to_note(feed, utc_now()):
        begin_write(db.session())
        note_reading(db.session(), feed, utc_now())
        db.session.commit()
    return _calendar(data)


def _may_ask(token: str) -> bool:
    """Whether this feed and this address have readings left; a digest, so that Redis learns no token."""
    of_feed: AttemptLimiter = current_app.extensions["feed_limiter"]
    of_address: AttemptLimiter = current_app.extensions["feed_address_limiter"]
    key = hashlib.sha256(token.encode()).hexdigest()[:32]
    return of_address.allows(f"feeds from {request.remote_addr}") and of_feed.allows(f"feed {key}")


def _calendar(data: bytes) -> Response:
    response = Response(data, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = "inline; filename=defences.ics"
    response.headers["Cache-Control"] = f"private, max-age={FRESH_S}"
    response.headers["X-Robots-Tag"] = "noindex"
    response.set_etag(hashlib.sha256(data).hexdigest()[:32])
    response.make_conditional(request)
    return response


def _words(words: str, status: HTTPStatus) -> Response:
    return Response(words + "\n", status, content_type="text/plain; charset=utf-8")

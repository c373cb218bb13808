"""What a test, or a newcomer at the keyboard, may do to the platform from outside its contract."""

from __future__ import annotations

import hmac
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, abort, jsonify, render_template, request

from sandbox.api import platform
from sandbox.faults import Faults, Lies

SHOWN = 100
"""So many of each on the page, the newest first."""
debugging = Blueprint("debugging", __name__, template_folder="templates")


@debugging.before_request
def _admit() -> None:
    # A page somebody else wrote must not reach the platform through the newcomer's browser.
    if request.path.startswith("/sandbox/"):
        key = request.headers.get("X-Sandbox-Key", "")
        if not hmac.compare_digest(key.encode(), platform().debug_key.encode()):
            abort(403)


@debugging.get("/")
def look() -> str:
    """What the platform holds and what it was told, as a page."""
    store = platform().store
    rounds = [
        (round_, list(reversed(store.changed_since(round_, 0, 10**6)))[:SHOWN], store.count(round_))
        for round_ in store.rounds()
    ]
    return render_template(
        "platform.html",
        rounds=rounds,
        told=list(reversed(store.all_told()))[:SHOWN],
        platform=platform(),
        address=request.host_url.rstrip("/"),
        shown=SHOWN,
    )


@debugging.get("/sandbox/told")
def told() -> Response:
    """Everything that was taken, in order, and how often each came again."""
    return jsonify([asdict(one) for one in platform().store.all_told()])


@debugging.get("/sandbox/rounds/<round_>/applications/<number>")
def show(round_: str, number: str) -> Response:
    """One application, without faults and without asking who looks."""
    return jsonify((platform().store.find(round_, number) or abort(404)).to_json())


@debugging.put("/sandbox/rounds/<round_>/applications/<number>")
def change(round_: str, number: str) -> Response:
    """Change fields of a record, or its status, as people at the platform do; a new number makes a record."""
    body: dict[str, Any] = request.get_json()
    before = platform().store.find(round_, number)
    record = (before.record if before else {}) | body.get("record", {}) | {"number": number}
    status = body.get("status", before.status if before else "approved")
    return jsonify(platform().store.put(round_, record, status).to_json())


@debugging.put("/sandbox/attachments/<id_>")
def change_attachment(id_: str) -> Response:
    """Put other bytes in the place of a file."""
    found = platform().store.attachment(id_)
    platform().store.put_attachment(id_, found[0] if found else f"{id_}.pdf", request.get_data())
    return jsonify({})


@debugging.delete("/sandbox/attachments/<id_>")
def take_attachment_away(id_: str) -> Response:
    """The file is gone from now on."""
    name, _ = platform().store.attachment(id_) or abort(404)
    platform().store.put_attachment(id_, name, None)
    return jsonify({})


@debugging.put("/sandbox/faults")
def faults() -> Response:
    """`{"shares": {"429": 0.1}, "seed": 7, "hold_s": 1.5}` from now on; `{}` for none."""
    platform().faults = Faults(**request.get_json())
    return jsonify({})


@debugging.put("/sandbox/lies")
def lies() -> Response:
    """`{"total": 3, "has_more": true, "repeat_cursor": true}` from now on; `{}` for none."""
    platform().lies = Lies(**request.get_json())
    return jsonify({})


@debugging.put("/sandbox/keys")
def keys() -> Response:
    """`{"rate": 5, "ahead_s": 900, "forget_tokens": true}`: how fast one may ask, the clock, lost tokens."""
    body, ours = request.get_json(), platform().keys
    ours.rate = body.get("rate", ours.rate)
    ours.clock.ahead_s = body.get("ahead_s", ours.clock.ahead_s)
    ours.clock.frozen_at = body.get("frozen_at", ours.clock.frozen_at)
    if body.get("forget_tokens"):
        ours.forget_tokens()
    return jsonify({})

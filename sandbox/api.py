"""The platform's interface, as docs/upstream-openapi.yaml says it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, abort, current_app, g, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox.bodies import body_of
from sandbox.faults import BEFORE, Faults, Lies
from sandbox.keys import Keys
from sandbox.line import cut, hang, spoil
from sandbox.store import Item, Store, digest_of

LARGEST_PAGE, USUAL_PAGE = 200, 100
api = Blueprint("api", __name__, url_prefix="/api/v1")
gate = Blueprint("gate", __name__)

_TOKEN_TYPE = "Bearer"  # noqa: S105 - a scheme, not a secret


@dataclass
class Platform:
    """All of the running platform."""

    store: Store
    keys: Keys
    auth: str
    """`oauth2` or `hmac`."""
    faults: Faults = field(default_factory=Faults)
    lies: Lies = field(default_factory=Lies)
    debug_key: str = field(default_factory=lambda: secrets.token_urlsafe(12))


def platform() -> Platform:
    """The platform of the current application."""
    found: Platform = current_app.extensions["platform"]
    return found


@gate.post("/oauth/token")
def token() -> Response:
    """Client credentials (RFC 6749, section 4.4)."""
    fault = platform().faults.draw() if platform().faults.at_gate else ""
    if fault in BEFORE:
        return _fail_before(fault)
    answer = _token()
    return spoil(answer, fault, platform().faults.hold_s) if fault else answer


def _token() -> Response:
    keys, basic = platform().keys, request.authorization
    is_known = basic is not None and basic.type == "basic" and keys.is_client(basic.username, basic.password)
    if not is_known:
        return _oauth_error("invalid_client", 401)
    if request.form.get("grant_type") != "client_credentials":
        return _oauth_error("unsupported_grant_type", 400)
    answer = jsonify(access_token=keys.new_token(), token_type=_TOKEN_TYPE, expires_in=int(keys.lifetime_s))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@api.before_request
def _admit() -> Response | None:
    """Faults first, as a gateway in front would show them; then who asks, then how fast."""
    g.fault = platform().faults.draw()
    if g.fault in BEFORE:
        return _fail_before(g.fault)
    if reason := _fault_of_sender():
        answer = problem(401, "not signed in", reason)
        answer.headers["WWW-Authenticate"] = "Bearer" if platform().auth == "oauth2" else "Signature"
        return answer
    if wait_s := platform().keys.wait_s():
        return _too_fast(wait_s)
    return None


@api.after_request
def _spoil(answer: Response) -> Response:
    fault = g.pop("fault", "")
    return spoil(answer, fault, platform().faults.hold_s) if fault and fault not in BEFORE else answer


@api.app_errorhandler(HTTPException)
def _refuse(error: HTTPException) -> Response:
    answer = problem(error.code or 500, error.name, error.description or "")
    answer.headers.extend({name: text for name, text in error.get_headers() if name == "Allow"})
    return answer


@api.get("/rounds/<round_>/applications")
def changes(round_: str) -> Response:
    """One page of the change feed."""
    limit, since = _limit(), _place_of(round_, request.args.get("cursor", ""))
    store, lies = platform().store, platform().lies
    found = store.changed_since(round_, since, limit + 1)
    items = found[:limit]
    place = since if lies.repeat_cursor or not items else items[-1].changed
    return jsonify(
        items=[item.to_json() for item in items],
        next_cursor=_cursor_at(round_, place),
        has_more=len(found) > limit if lies.has_more is None else lies.has_more,
        total=store.count(round_) if lies.total is None else lies.total,
    )


@api.get("/rounds/<round_>/applications/<number>")
def one(round_: str, number: str) -> Response:
    """One application; 304 when the caller has it."""
    item = _item_or_404(round_, number)
    if item.etag in [tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")]:
        answer = current_app.response_class(status=304)
    else:
        answer = jsonify(item.to_json())
    answer.headers["ETag"] = item.etag
    return answer


@api.get("/rounds/<round_>/applications/<number>/fee")
def fee(round_: str, number: str) -> Response:
    """Whether the review fee was paid, when and by whom."""
    record = _item_or_404(round_, number).record
    payment = record.get("fee_payment") or {}
    return jsonify(
        paid=record["fee_paid"],
        paid_on=payment.get("paid_on"),
        payer=payment.get("payer", ""),
        receipt_number=payment.get("receipt_number", ""),
    )


@api.get("/attachments/<id_>")
def attachment(id_: str) -> Response:
    """The bytes of an uploaded file."""
    name, data = platform().store.attachment(id_) or abort(404, "no such file")
    if data is None:
        abort(410, "the file was taken away")
    answer = current_app.response_class(data, mimetype=_media_type(name))
    answer.headers["Digest"] = "sha-256=" + base64.b64encode(hashlib.sha256(data).digest()).decode()
    answer.headers["Content-Disposition"] = "attachment"
    return answer


@api.put("/rounds/<round_>/applications/<number>/decision")
def decision(round_: str, number: str) -> Response:
    """What the centre ruled."""
    return _take(round_, number, "decision")


@api.put("/rounds/<round_>/applications/<number>/result")
def result(round_: str, number: str) -> Response:
    """What became of the defence."""
    return _take(round_, number, "result")


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """An error as RFC 9457 wants it."""
    text = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail} | more)
    return current_app.response_class(text, status=status, mimetype="application/problem+json")


def _take(round_: str, number: str, kind: str) -> Response:
    """Once for each key, in order, and only by who knows the newest version."""
    body, key = body_of(kind), request.headers.get("Idempotency-Key", "")
    if not 8 <= len(key) <= 100:
        return problem(400, "no idempotency key", "Idempotency-Key has to have 8 to 100 characters")
    store = platform().store
    with store.transaction() as connection:
        item = _item_or_404(round_, number)
        if (told := store.told(connection, key)) is not None:
            if (told.round, told.number, told.kind, told.digest) != (round_, number, kind, digest_of(body)):
                return problem(422, "key used before", "this Idempotency-Key came with another request")
            store.note_repeat(connection, key)
            return _taken(told.etag)
        refusal = _refusal(item, request.headers.get("If-Match"), body, store.last_sequence(connection, item))
        return refusal or _taken(store.take(connection, item, kind, key, body).etag)


def _refusal(item: Item, tag: str | None, body: dict[str, Any], last: int) -> Response | None:
    if tag is None:
        return problem(428, "If-Match is missing", "say which version you know")
    if tag != item.etag:
        return problem(412, "changed meanwhile", "this is not the newest version", etag=item.etag)
    if body["sequence"] <= last:
        return problem(409, "out of order", f"sequence {last} was taken already")
    return None


def _taken(etag: str) -> Response:
    answer = jsonify(etag=etag)
    answer.headers["ETag"] = etag
    return answer


def _item_or_404(round_: str, number: str) -> Item:
    return platform().store.find(round_, number) or abort(404, "no such application")


def _limit() -> int:
    text = request.args.get("limit", str(USUAL_PAGE))
    if not (text.isascii() and text.isdecimal() and len(text) < 4 and 1 <= int(text) <= LARGEST_PAGE):
        abort(400, f"limit is a whole number from 1 to {LARGEST_PAGE}")
    return int(text)


def _cursor_at(round_: str, place: int) -> str:
    text = f"{round_}:{place}".encode()
    seal = hmac.new(platform().store.cursor_key, text, hashlib.sha256).digest()[:12]
    return base64.urlsafe_b64encode(seal + text).decode().rstrip("=")


def _place_of(round_: str, cursor: str) -> int:
    if not cursor:
        return 0
    try:
        both = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        name, _, text = both[12:].decode().rpartition(":")
        place = int(text)
    except ValueError:
        name, place = "", 0
    if name != round_ or not hmac.compare_digest(_cursor_at(round_, place), cursor):
        abort(400, "this cursor was never given out for this round")
    return place


def _fault_of_sender() -> str:
    keys, headers = platform().keys, request.headers
    if platform().auth == "oauth2":
        scheme, _, token_ = headers.get("Authorization", "").partition(" ")
        is_right = scheme.lower() == "bearer" and keys.is_token(token_)
        return "" if is_right else "the token is missing, unknown or has run out"
    return keys.fault_of_signature(
        key_id=headers.get("X-Key-Id", ""),
        timestamp=headers.get("X-Timestamp", ""),
        nonce=headers.get("X-Nonce", ""),
        signature=headers.get("X-Signature", ""),
        method=request.method,
        path=request.environ["RAW_URI"],
        body=request.get_data(),
    )


def _fail_before(fault: str) -> Response:
    if fault == "timeout":
        hang(platform().faults.hold_s)
    if fault in ("timeout", "cut"):
        return cut()
    if fault == "429":
        return _too_fast(0.2)
    return problem(int(fault), "out of order", "a fault that was asked for")


def _too_fast(wait_s: float) -> Response:
    answer = problem(429, "too fast", "wait, then ask again")
    answer.headers["Retry-After"] = str(max(1, round(wait_s + 0.5)))
    return answer


def _oauth_error(code: str, status: int) -> Response:
    answer = jsonify(error=code)
    answer.status_code = status
    return answer


def _media_type(name: str) -> str:
    suffix = name.rpartition(".")[2].lower()
    return {"pdf": "application/pdf", "jpg": "image/jpeg", "png": "image/png"}.get(
        suffix, "application/octet-stream"
    )

"""What a decision and a result have to look like."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from flask import abort, request

_BODIES: dict[str, dict[str, Any]] = {
    "decision": {"kind": str, "decision": str, "reason": str, "made_at": str, "sequence": int},
    "result": {
        "conclusion": str,
        "outcome": str | None,
        "attempt": int,
        "held_at": str | None,
        "panel": str,
        "rule": str,
        "rule_version": int | str,
        "tally": dict | None,
        "audit_head": dict | None,
        "sequence": int,
    },
}
"""Field → type of what can be told; no other field may be there."""
_HEAD = {"chain": str, "seq": int, "digest": str}
_DECISIONS = ("requirement", "validity", "fee")
_MOMENTS = ("made_at", "held_at")


def body_of(kind: str) -> dict[str, Any]:
    """The body of the current request, when it is a `decision` or `result`; 400 when it is not."""
    body, wanted = request.get_json(silent=True), _BODIES[kind]
    if not isinstance(body, dict) or body.keys() != wanted.keys():
        abort(400, f"the body has to be an object with {', '.join(wanted)}")
    for name, type_ in wanted.items():
        if not isinstance(body[name], type_) or isinstance(body[name], bool):
            abort(400, f"{name} has the wrong type")
        if name in _MOMENTS and body[name] is not None:
            _check_moment(name, body[name])
    if kind == "decision" and body["kind"] not in _DECISIONS:
        abort(400, f"kind is one of {', '.join(_DECISIONS)}")
    if kind == "result" and not _is_head(body["audit_head"]):
        abort(400, "audit_head has to be null or an object with chain, seq, digest")
    if not 1 <= body["sequence"] < 2**63:
        abort(400, "sequence counts from 1")
    if _has_half_characters(body):
        abort(400, "there is half a character (a surrogate) in a text")
    return body


def _is_head(head: dict[str, Any] | None) -> bool:
    return head is None or {name: type(value) for name, value in head.items()} == _HEAD


def _has_half_characters(body: dict[str, Any]) -> bool:
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _check_moment(name: str, text: str) -> None:
    try:
        if datetime.fromisoformat(text).tzinfo is not None:
            return
    except ValueError:
        pass
    abort(400, f"{name} has to be a date and time with its offset")

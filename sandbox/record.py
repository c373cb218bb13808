"""Records the platform's answers, one file each: `python -m sandbox.record DIR`.

The same every time: clients can be tried against them, and the platform against its own past.
"""

from __future__ import annotations

import argparse
import base64
import json
import tempfile
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from defense.domain.round_rules import parse_round_rules
from sandbox.api import Platform
from sandbox.faults import Faults
from sandbox.inventing import fill, hold
from sandbox.keys import Client, Clock, Keys
from sandbox.serving import create_platform
from sandbox.store import Store

RULE_FILE = Path(__file__).parent.parent / "rounds" / "2021.toml"
APPLICATIONS, SEED = 3, 11
_NOW = 1_635_732_000.0
"""2021-11-01 10:00 in Beijing."""
_TOLD_HEADERS = ("Content-Type", "ETag", "Retry-After", "Digest", "WWW-Authenticate")
_FEED = "/api/v1/rounds/2021/applications"
_DECISION = {
    "kind": "requirement",
    "decision": "required",
    "reason": "按通知五（三）参加答辩",
    "made_at": "2021-11-01T10:00:00+08:00",
    "sequence": 1,
}
_RESULT = {
    "conclusion": "passed",
    "outcome": "passed",
    "attempt": 1,
    "held_at": "2021-11-22T10:00:00+08:00",
    "panel": "第1组",
    "rule": "one_vote_veto",
    "rule_version": 1,
    "tally": {"yes": 5, "no": 0},
    "audit_head": {"chain": "sitting-1", "seq": 40, "digest": "5e" * 32},
    "sequence": 2,
}

Recorded = dict[str, dict[str, Any]]
"""Name → `{"request": {…}, "answer": {…}}`."""


def record(people: list[dict[str, Any]] | None = None) -> Recorded:
    """Ask a small platform everything once, each refusal too.

    Parameters
    ----------
    people : records that the platform holds; None: it invents some. Who is invented depends on the sample
        data of the day, so a comparison gives the records of its other side.
    """
    with tempfile.TemporaryDirectory() as directory:
        store = Store(Path(directory) / "platform.sqlite3", cursor_key=b"recorded")
        if people is None:
            fill(store, parse_round_rules(RULE_FILE.read_text(encoding="utf-8")), APPLICATIONS, SEED)
        for one in people or ():
            hold(store, "2021", one)
        keys = Keys(Client("centre", "a-secret"), Clock(frozen_at=_NOW))
        platform = Platform(store, keys, "oauth2")
        return _Recorder(platform, create_platform(platform).test_client()).all()


def people_of(recorded: Recorded) -> list[dict[str, Any]]:
    """The records that the platform held when these answers were recorded."""
    pages = [recorded[name]["answer"]["body"] for name in ("page_first", "page_last")]
    return [item["record"] for page in pages for item in page["items"]]


class _Recorder:
    def __init__(self, platform: Platform, client: FlaskClient) -> None:
        self._platform, self._client = platform, client
        self._found: Recorded = {}

    def all(self) -> Recorded:
        basic = base64.b64encode(b"centre:a-secret").decode()
        form = {"grant_type": "client_credentials"}
        self._ask("token", "POST", "/oauth/token", {"Authorization": f"Basic {basic}"}, data=form)
        self._ask("token_refused", "POST", "/oauth/token", data=form)
        self._ask("not_signed_in", "GET", _FEED)
        self._bearer = {"Authorization": f"Bearer {self._platform.keys.new_token()}"}
        self._read()
        self._tell()
        self._be_out_of_order()
        return self._found

    def _read(self) -> None:
        cursor = self._get("page_first", f"{_FEED}?limit=2").json["next_cursor"]
        cursor = self._get("page_last", f"{_FEED}?limit=2&cursor={cursor}").json["next_cursor"]
        self._get("page_empty", f"{_FEED}?limit=2&cursor={cursor}")
        self._get("page_of_invented_cursor", f"{_FEED}?cursor=bm9uc2Vuc2U")
        self._item = item = self._platform.store.changed_since("2021", 0, 1)[0]
        self._path = f"{_FEED}/{item.number}"
        self._get("application", self._path)
        self._get("application_unchanged", self._path, {"If-None-Match": item.etag})
        self._get("application_unknown", f"{_FEED}/nobody")
        self._get("fee", f"{self._path}/fee")
        id_ = item.record["attachments"][0]["upstream_id"]
        self._get("attachment", f"/api/v1/attachments/{id_}")
        self._platform.store.put_attachment("gone", "gone.pdf", None)
        self._get("attachment_gone", "/api/v1/attachments/gone")
        self._get("attachment_unknown", "/api/v1/attachments/nothing")

    def _tell(self) -> None:
        path, first = f"{self._path}/decision", self._item.etag
        self._put("decision_without_version", path, _DECISION, "key-00000001", "")
        newest = self._put("decision", path, _DECISION, "key-00000001", first).json["etag"]
        self._put("decision_again", path, _DECISION, "key-00000001", first)
        self._put("decision_key_used", path, _DECISION | {"reason": "无"}, "key-00000001", newest)
        self._put("decision_changed_meanwhile", path, _DECISION | {"sequence": 2}, "key-00000002", first)
        self._put("decision_out_of_sequence", path, _DECISION, "key-00000003", newest)
        self._put("decision_of_wrong_form", path, {"kind": "fee"}, "key-00000004", newest)
        self._put("result", f"{self._path}/result", _RESULT, "key-00000005", newest)

    def _be_out_of_order(self) -> None:
        for fault, name in (("429", "too_fast"), ("503", "out_of_order")):
            self._platform.faults = Faults({fault: 1.0})
            self._get(name, self._path)

    def _get(self, name: str, path: str, headers: dict[str, str] | None = None) -> Any:
        return self._ask(name, "GET", path, self._bearer | (headers or {}))

    def _put(self, name: str, path: str, body: dict[str, Any], key: str, tag: str) -> Any:
        headers = self._bearer | {"Idempotency-Key": key} | ({"If-Match": tag} if tag else {})
        return self._ask(name, "PUT", path, headers, json=body)

    def _ask(
        self, name: str, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
    ) -> TestResponse:
        answer = self._client.open(path, method=method, headers=headers or {}, **more)
        told = {k: v for k, v in (headers or {}).items() if k != "Authorization"}
        self._found[name] = {
            "request": {"method": method, "path": path, "headers": told, "body": more.get("json")},
            "answer": {
                "status": answer.status_code,
                "headers": {k: answer.headers[k] for k in _TOLD_HEADERS if k in answer.headers},
                "body": _body_of(answer, name),
            },
        }
        return answer


def _body_of(answer: TestResponse, name: str) -> Any:
    """What JSON says, or else the bytes as base64."""
    if not answer.is_json:
        return base64.b64encode(answer.data).decode() or None
    body: Any = answer.get_json()
    return body | {"access_token": "a-token"} if name == "token" else body


def write(directory: Path) -> int:
    """Write what `record` finds into a folder; returns how many files."""
    directory.mkdir(parents=True, exist_ok=True)
    found = record()
    for name, exchange in found.items():
        text = json.dumps(exchange, ensure_ascii=False, indent=1) + "\n"
        (directory / f"{name}.json").write_text(text, encoding="utf-8")
    return len(found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Record the platform's answers.")
    parser.add_argument("directory", type=Path)
    print(write(parser.parse_args().directory), "answers")

"""A stand-in for Zoom: tokens, fields, limits and states as its documents tell them."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from tests.doubles.server import Asked, Double, Reply

TOKEN_S = 3600
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")


class Refused(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.reply = Reply.of_json({"code": code, "message": message}, status)


@dataclass
class Held:
    """One meeting. `running` while somebody is inside."""

    id: int
    topic: str
    start_time: str
    duration: int
    password: str
    settings: dict[str, Any]
    running: bool = False

    def listed(self) -> dict[str, Any]:
        return {"id": self.id, "topic": self.topic, "type": 2, "start_time": self.start_time}

    def shown(self) -> dict[str, Any]:
        return self.listed() | {
            "duration": self.duration,
            "password": self.password,
            "settings": self.settings,
            "join_url": f"https://zoom.example/j/{self.id}?pwd=encrypted",
            "start_url": f"https://zoom.example/s/{self.id}?zak=host-credential",
            "status": "started" if self.running else "waiting",
        }


@dataclass
class Account:
    """Who may call, and how often. `daily` counts creations and changes, as Zoom does."""

    account_id: str = "account-of-the-centre"
    client_id: str = "client-of-the-centre"
    client_secret: str = "secret-of-the-client"
    user_id: str = "meetings@centre.example"
    daily: int = 1_000_000
    page: int = 300


class ZoomDouble(Double):
    """See `server.Double`. Both addresses, of the tokens and of the meetings, are `url`."""

    def __init__(self, account: Account | None = None, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.account = account or Account()
        self.clock = clock
        self.meetings: dict[int, Held] = {}
        self.created = 0
        self._changes = 0
        self._tokens: dict[str, float] = {}

    @property
    def living(self) -> list[Held]:
        """Meetings that somebody could enter: what is more than wanted is an orphan."""
        with self.lock:
            return list(self.meetings.values())

    def revoke_tokens(self) -> None:
        with self.lock:
            self._tokens.clear()

    def rate_reply(self) -> Reply:
        reply = Refused(429, 429, "You have exceeded the rate limit.").reply
        reply.headers["Retry-After"] = "1"
        return reply

    def quota_reply(self, asked: Asked) -> Reply | None:
        if asked.method == "POST" and asked.path.endswith("/meetings"):
            reply = Refused(429, 429, "You have reached the daily limit of meeting requests.").reply
            reply.headers["Retry-After"] = "40000"
            return reply
        return None

    def answer(self, asked: Asked) -> Reply:
        try:
            if asked.path == "/oauth/token":
                return self._token(asked)
            self._check_token(asked)
            return self._routed(asked)
        except Refused as refused:
            return refused.reply

    def _token(self, asked: Asked) -> Reply:
        account = self.account
        pair = base64.b64encode(f"{account.client_id}:{account.client_secret}".encode()).decode()
        if asked.method != "POST" or asked.headers.get("authorization") != f"Basic {pair}":
            return Reply.of_json(
                {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}, 401
            )
        values = asked.query
        if asked.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            values |= {name: found[0] for name, found in parse_qs(asked.body.decode()).items()}
        if values.get("grant_type") != "account_credentials":
            return Reply.of_json({"reason": "unsupported grant type", "error": "unsupported_grant_type"}, 400)
        if values.get("account_id") != account.account_id:
            return Reply.of_json({"reason": "Bad Request", "error": "invalid_request"}, 400)
        token = f"token-{len(self.calls)}-of-this-hour"
        self._tokens[token] = self.clock() + TOKEN_S
        return Reply.of_json({"access_token": token, "token_type": "bearer", "expires_in": TOKEN_S})

    def _check_token(self, asked: Asked) -> None:
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or self._tokens.get(token, 0) <= self.clock():
            raise Refused(401, 124, "Invalid access token.")

    def _routed(self, asked: Asked) -> Reply:
        steps = asked.path.strip("/").split("/")
        match asked.method, steps:
            case "POST", ["v2", "users", user, "meetings"]:
                self._check_user(user)
                return self._create(_body(asked))
            case "GET", ["v2", "users", user, "meetings"]:
                self._check_user(user)
                return self._listed(asked)
            case "GET", ["v2", "meetings", number]:
                return Reply.of_json(self._named(number).shown())
            case "PATCH", ["v2", "meetings", number]:
                return self._change(number, _body(asked))
            case "PUT", ["v2", "meetings", number, "status"]:
                if _body(asked).get("action") != "end":
                    raise Refused(400, 300, "Invalid action.")
                self._named(number).running = False
                return Reply(204)
            case "DELETE", ["v2", "meetings", number]:
                held = self._named(number)
                if held.running:
                    raise Refused(400, 3002, "Sorry, you cannot delete this meeting since it's in progress.")
                del self.meetings[held.id]
                return Reply(204)
        raise Refused(404, 2300, "This API endpoint is not recognized.")

    def _check_user(self, user: str) -> None:
        if user.replace("%40", "@") != self.account.user_id:
            raise Refused(404, 1001, f"User does not exist: {user}.")

    def _named(self, number: str) -> Held:
        if not number.isdigit() or int(number) not in self.meetings:
            raise Refused(404, 3001, f"Meeting does not exist: {number}.")
        return self.meetings[int(number)]

    def _count(self) -> None:
        if self._changes >= self.account.daily:
            raise Refused(429, 429, "You have reached the daily limit of meeting requests.")
        self._changes += 1

    def _create(self, body: dict[str, Any]) -> Reply:
        _check_fields(body)
        self._count()
        self.created += 1
        number = 85_000_000_000 + self.created
        password = body.get("password", "")
        self.meetings[number] = Held(
            number, body["topic"], body["start_time"], body["duration"], password, body.get("settings", {})
        )
        return Reply.of_json(self.meetings[number].shown(), 201)

    def _change(self, number: str, body: dict[str, Any]) -> Reply:
        held = self._named(number)
        _check_fields(body)
        self._count()
        held.topic, held.start_time, held.duration = body["topic"], body["start_time"], body["duration"]
        held.settings = held.settings | body.get("settings", {})
        return Reply(204)

    def _listed(self, asked: Asked) -> Reply:
        if asked.query.get("type", "scheduled") not in ("scheduled", "live", "upcoming"):
            raise Refused(400, 300, "Invalid type.")
        place, size = int(asked.query.get("next_page_token") or "0"), self.account.page
        found = sorted(self.meetings.values(), key=lambda held: held.id)
        rest = place + size < len(found)
        return Reply.of_json(
            {
                "page_size": size,
                "total_records": len(found),
                "next_page_token": str(place + size) if rest else "",
                "meetings": [held.listed() for held in found[place : place + size]],
            }
        )


def _body(asked: Asked) -> dict[str, Any]:
    if asked.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise Refused(415, 300, "Unsupported Content Type")
    body = asked.json()
    if not isinstance(body, dict):
        raise Refused(400, 300, "Request Body should be a valid JSON object.")
    return body


def _check_fields(body: dict[str, Any]) -> None:
    topic, duration, start = body.get("topic"), body.get("duration"), body.get("start_time")
    if not isinstance(topic, str) or not 1 <= len(topic) <= 200:
        raise Refused(400, 300, "Validation Failed: topic.")
    if not isinstance(duration, int) or isinstance(duration, bool) or duration < 1:
        raise Refused(400, 300, "Validation Failed: duration.")
    if not isinstance(start, str) or not TIME.match(start):
        raise Refused(400, 300, "Validation Failed: start_time.")
    datetime.strptime(start, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if body.get("type") not in (1, 2, 3, 8):
        raise Refused(400, 300, "Validation Failed: type.")
    password = body.get("password", "")
    if not isinstance(password, str) or not re.fullmatch(r"[A-Za-z0-9@_*-]{0,10}", password):
        raise Refused(400, 300, "Validation Failed: password.")
    settings = body.get("settings", {})
    if not isinstance(settings, dict) or not isinstance(settings.get("waiting_room", True), bool):
        raise Refused(400, 300, "Validation Failed: settings.")

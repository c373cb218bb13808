"""A stand-in for a BigBlueButton server: checksums, the idempotent create, guests, the number of seats."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from tests.doubles.server import Asked, Double, Reply

LENGTHS = {40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}


@dataclass
class Held:
    """One meeting; `created_ms` is its createTime."""

    meeting_id: str
    name: str
    words: tuple[str, str]
    guest_policy: str
    created_ms: int
    inside: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)


class Failed(Exception):
    def __init__(self, key: str, message: str = "") -> None:
        super().__init__(key)
        self.reply = _xml({"returncode": "FAILED", "messageKey": key, "message": message or key})


class BbbDouble(Double):
    """See `server.Double`. `api` is what the settings name; every meeting that was ever made is counted."""

    def __init__(
        self,
        secret: str = "a-shared-secret-of-the-server",
        algorithms: tuple[str, ...] = ("sha1", "sha256", "sha384", "sha512"),
        seats: int = 1000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.secret, self.algorithms, self.seats, self.clock = secret, algorithms, seats, clock
        self.meetings: dict[str, Held] = {}
        self.ended: set[tuple[str, str]] = set()
        self.created = 0

    @property
    def api(self) -> str:
        return f"{self.url}/bigbluebutton/api"

    @property
    def living(self) -> list[Held]:
        """What is more than wanted is an orphan."""
        with self.lock:
            return list(self.meetings.values())

    def expire(self) -> None:
        """Nobody has joined for a while."""
        with self.lock:
            self.meetings.clear()

    def quota_reply(self, asked: Asked) -> Reply | None:
        return Failed("maxParticipantsReached").reply if asked.path.endswith("/create") else None

    def answer(self, asked: Asked) -> Reply:
        try:
            base, _, name = asked.path.rpartition("/")
            if base != "/bigbluebutton/api":
                return Reply(404, b"not found", "text/plain")
            values = self._checked(asked, name)
            match name:
                case "create":
                    return self._create(values)
                case "getMeetingInfo":
                    return _xml(_shown(self._named(values)))
                case "end":
                    return self._end(values)
                case "join" if asked.method == "GET":
                    return self._join(values)
            raise Failed("unsupportedRequest")
        except Failed as failed:
            return failed.reply

    def _checked(self, asked: Asked, name: str) -> dict[str, str]:
        query = urlsplit(asked.uri).query
        steps = [step for step in query.split("&") if step]
        unsigned = "&".join(step for step in steps if not step.startswith("checksum="))
        values = dict(parse_qsl(query, keep_blank_values=True))
        if asked.method == "POST":
            if asked.headers.get("content-type", "").split(";")[0] != "application/x-www-form-urlencoded":
                raise Failed("unsupportedContentType")
            values |= dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
        given = values.pop("checksum", "")
        algorithm = LENGTHS.get(len(given), "")
        if algorithm not in self.algorithms:
            raise Failed("checksumError", "Checksums do not match")
        text = f"{name}{unsigned}{self.secret}".encode()
        if not hmac.compare_digest(hashlib.new(algorithm, text).hexdigest(), given):
            raise Failed("checksumError", "Checksums do not match")
        meeting_id = values.get("meetingID", "")
        if not 2 <= len(meeting_id) <= 256 or "," in meeting_id:
            raise Failed("validationError", "meetingID must be 2 to 256 characters without comma")
        return values

    def _named(self, values: dict[str, str]) -> Held:
        if values["meetingID"] not in self.meetings:
            raise Failed("notFound", "We could not find a meeting with that meeting ID")
        return self.meetings[values["meetingID"]]

    def _create(self, values: dict[str, str]) -> Reply:
        if not 2 <= len(values.get("name", "")) <= 256:
            raise Failed("validationError", "name must be 2 to 256 characters")
        policy = values.get("guestPolicy", "ALWAYS_ACCEPT")
        if policy not in ("ALWAYS_ACCEPT", "ALWAYS_DENY", "ASK_MODERATOR"):
            raise Failed("validationError", "guestPolicy")
        words = (values.get("attendeePW", ""), values.get("moderatorPW", ""))
        held = self.meetings.get(values["meetingID"])
        if held is not None:
            if not all(words) or held.words != words:
                raise Failed("idNotUnique", "A meeting already exists with that meeting ID")
            return _xml(_shown(held) | {"messageKey": "duplicateWarning"})
        self.created += 1
        held = Held(
            values["meetingID"], values["name"], words, policy, int(self.clock() * 1000) + self.created
        )
        self.meetings[held.meeting_id] = held
        return _xml(_shown(held))

    def _end(self, values: dict[str, str]) -> Reply:
        held = self._named(values)
        if "password" in values and values["password"] != held.words[1]:
            raise Failed("invalidPassword")
        del self.meetings[held.meeting_id]
        self.ended.add((held.meeting_id, str(held.created_ms)))
        return _xml({"returncode": "SUCCESS", "messageKey": "sentEndMeetingRequest"})

    def _join(self, values: dict[str, str]) -> Reply:
        if not values.get("fullName") or values.get("role") not in ("MODERATOR", "VIEWER"):
            raise Failed("validationError", "fullName and role")
        if (values["meetingID"], values.get("createTime", "")) in self.ended:
            raise Failed("meetingForciblyEnded")
        if values["meetingID"] not in self.meetings:
            raise Failed("invalidMeetingIdentifier")
        held, person = self._named(values), values.get("userID", "")
        if not re.fullmatch(r"\d+", values.get("createTime", "")) or values["createTime"] != str(
            held.created_ms
        ):
            raise Failed("mismatchCreateTimeParam")
        if person in held.denied:
            raise Failed("guestDeniedAccess")
        if len(held.inside) >= self.seats:
            raise Failed("maxParticipantsReached")
        if values.get("guest") == "true" and held.guest_policy != "ALWAYS_ACCEPT":
            if held.guest_policy == "ALWAYS_DENY":
                raise Failed("guestDeniedAccess")
            held.waiting.append(person)
            return Reply(302, headers={"Location": "/html5client/guestWait"})
        held.inside.append(person)
        return Reply(302, headers={"Location": "/html5client/join"})


def _shown(held: Held) -> dict[str, str]:
    return {
        "returncode": "SUCCESS",
        "meetingID": held.meeting_id,
        "meetingName": held.name,
        "attendeePW": held.words[0],
        "moderatorPW": held.words[1],
        "createTime": str(held.created_ms),
    }


def _xml(values: dict[str, str]) -> Reply:
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
    return Reply(200, f"<response>{inside}</response>".encode(), "text/xml;charset=utf-8")

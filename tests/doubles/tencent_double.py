"""A stand-in for Tencent Meeting, as strict as its documents: signature, clock, nonce, fields, limits, state.

Written from the provider's documents and not from the connector: it computes the signature by itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.doubles.server import Asked, Double, Reply

CLOCK_S = 300
PAGE = 20
DIGITS = re.compile(r"[0-9]+\Z")


class State(StrEnum):
    INIT = "MEETING_STATE_INIT"
    STARTED = "MEETING_STATE_STARTED"
    ENDED = "MEETING_STATE_ENDED"
    CANCELLED = "MEETING_STATE_CANCELLED"


@dataclass
class Held:
    """One meeting. Times are seconds since 1970."""

    meeting_id: str
    code: str
    subject: str
    start: int
    end: int
    password: str
    settings: dict[str, Any]
    state: State = State.INIT
    changed_ms: int = 0

    def shown(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "meeting_id": self.meeting_id,
            "meeting_code": self.code,
            "password": self.password,
            "status": self.state.value,
            "type": 0,
            "join_url": f"https://meeting.tencent.com/dm/{self.meeting_id[-8:]}",
            "start_time": str(self.start),
            "end_time": str(self.end),
            "settings": self.settings,
        }


class Refused(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.reply = Reply.of_json(
            {"error_info": {"error_code": code, "new_error_code": code, "message": message}}, status
        )


@dataclass
class Account:
    """Who may call, and how much."""

    secret_id: str = "AKID-of-the-centre"
    secret_key: str = "a-secret-key-of-the-centre"
    app_id: str = "200000001"
    sdk_id: str | None = None
    user_id: str = "secretary"
    monthly: int = 1_000_000
    per_minute: int = 1_000_000
    calls: list[float] = field(default_factory=list)


class TencentDouble(Double):
    """See `server.Double`. `meetings` by their id, also those that are over; `created` counts creations."""

    def __init__(self, account: Account | None = None, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.account = account or Account()
        self.clock = clock
        self.meetings: dict[str, Held] = {}
        self.created = 0
        self._nonces: dict[tuple[str, str], float] = {}

    @property
    def living(self) -> list[Held]:
        """Meetings that somebody could enter: what is more than wanted is an orphan."""
        with self.lock:
            return [m for m in self.meetings.values() if m.state in (State.INIT, State.STARTED)]

    def start_meeting(self, meeting_id: str) -> None:
        """Somebody has entered."""
        with self.lock:
            self.meetings[meeting_id].state = State.STARTED

    def end_meeting(self, meeting_id: str) -> None:
        with self.lock:
            self.meetings[meeting_id].state = State.ENDED

    def rate_reply(self) -> Reply:
        return Refused(500, 190310, "每分钟总接口调用次数超过限制。").reply

    def quota_reply(self, asked: Asked) -> Reply | None:
        if (asked.method, asked.path) == ("POST", "/v1/meetings"):
            return Refused(500, 500168, "每月总接口调用次数超过限制").reply
        return None

    def answer(self, asked: Asked) -> Reply:
        try:
            self._check_caller(asked)
            self._check_rate()
            return Reply.of_json(self._routed(asked))
        except Refused as refused:
            return refused.reply

    def _check_caller(self, asked: Asked) -> None:
        given, account = asked.headers, self.account
        wanted = ("x-tc-key", "x-tc-timestamp", "x-tc-nonce", "x-tc-signature", "appid", "x-tc-registered")
        if any(not given.get(name) for name in wanted):
            raise Refused(400, 190004, "公共参数缺失")
        if given["x-tc-registered"] not in ("0", "1") or not DIGITS.match(given["x-tc-nonce"]):
            raise Refused(400, 190004, "公共参数错误")
        if int(given["x-tc-nonce"]) == 0:
            raise Refused(400, 190004, "X-TC-Nonce 应为正整数")
        if not DIGITS.match(given["x-tc-timestamp"]):
            raise Refused(400, 190004, "公共参数错误")
        if abs(int(given["x-tc-timestamp"]) - self.clock()) > CLOCK_S:
            raise Refused(500, 190300, "时间戳与服务器当前时间差距超过5分钟")
        named = (given["x-tc-key"], given["appid"], given.get("sdkid"))
        if named != (account.secret_id, account.app_id, account.sdk_id):
            raise Refused(500, 190303, "未认证的 secret 信息")
        if not hmac.compare_digest(given["x-tc-signature"], self._signature(asked)):
            raise Refused(400, 200003, "签名错误")
        self._check_nonce(given["x-tc-nonce"], given["x-tc-timestamp"])

    def _signature(self, asked: Asked) -> str:
        signed_headers = "&".join(
            f"{name}={asked.headers[name.lower()]}" for name in ("X-TC-Key", "X-TC-Nonce", "X-TC-Timestamp")
        )
        text = b"\n".join(
            [asked.method.encode(), signed_headers.encode(), asked.uri.encode("latin-1"), asked.body]
        )
        hexes = hmac.new(self.account.secret_key.encode(), text, hashlib.sha256).hexdigest()
        return base64.b64encode(hexes.encode("ascii")).decode("ascii")

    def _check_nonce(self, nonce: str, timestamp: str) -> None:
        now = self.clock()
        self._nonces = {key: seen for key, seen in self._nonces.items() if now - seen <= CLOCK_S}
        if (nonce, timestamp) in self._nonces:
            raise Refused(400, 190301, "请求重放错误")
        self._nonces[nonce, timestamp] = now

    def _check_rate(self) -> None:
        now, account = self.clock(), self.account
        account.calls = [at for at in account.calls if now - at < 60]
        if len(account.calls) >= account.per_minute:
            raise Refused(500, 190310, "每分钟总接口调用次数超过限制。")
        account.calls.append(now)

    def _routed(self, asked: Asked) -> dict[str, Any]:
        steps = asked.path.strip("/").split("/")
        if steps[:2] != ["v1", "meetings"] or len(steps) > 4:
            raise Refused(400, 190004, "接口不存在")
        match asked.method, steps[2:]:
            case "GET", []:
                return self._listed(asked)
            case "GET", [meeting_id]:
                self._check_user(asked.query)
                return {"meeting_number": 1, "meeting_info_list": [self._named(meeting_id).shown()]}
            case "POST", []:
                return self._create(_body(asked))
            case "PUT", [meeting_id]:
                return self._move(meeting_id, _body(asked))
            case "POST", [meeting_id, "cancel"]:
                return self._cancel(meeting_id, _body(asked))
            case "POST", [meeting_id, "dismiss"]:
                return self._dismiss(meeting_id, _body(asked))
        raise Refused(400, 190004, "接口不存在")

    def _check_user(self, fields: dict[str, Any], name: str = "userid") -> None:
        if not isinstance(fields.get(name), str):
            raise Refused(400, 190004, f"{name} 缺失")
        if not DIGITS.match(str(fields.get("instanceid", ""))):
            raise Refused(400, 190004, "instanceid 缺失")
        if fields[name] != self.account.user_id:
            raise Refused(500, 9042, "权限受限或鉴权失败")

    def _named(self, meeting_id: str) -> Held:
        if meeting_id not in self.meetings:
            raise Refused(500, 9003, "MEETING NOT EXIST")
        return self.meetings[meeting_id]

    def _create(self, body: dict[str, Any]) -> dict[str, Any]:
        self._check_user(body)
        _check_plan(body, int(self.clock()))
        if body.get("type") not in (0, 1) or isinstance(body["type"], bool):
            raise Refused(400, 190004, "type 错误")
        password = body.get("password", "")
        if password and not re.fullmatch(r"[0-9]{4,6}", str(password)):
            raise Refused(400, 190004, "password 应为4-6位数字")
        hosts = body.get("hosts", [])
        if not isinstance(hosts, list) or any(not isinstance(h, dict) or "userid" not in h for h in hosts):
            raise Refused(400, 190004, "hosts 错误")
        if self.created >= self.account.monthly:
            raise Refused(500, 500168, "每月总接口调用次数超过限制")
        self.created += 1
        number = 15_871_005_788_848_420_000 + self.created
        held = Held(
            meeting_id=str(number),
            code=f"{621_873_000 + self.created}",
            subject=body["subject"],
            start=int(body["start_time"]),
            end=int(body["end_time"]),
            password=password,
            settings=body.get("settings", {}),
            changed_ms=int(self.clock() * 1000) + self.created,
        )
        self.meetings[held.meeting_id] = held
        return {"meeting_number": 1, "meeting_info_list": [held.shown()]}

    def _move(self, meeting_id: str, body: dict[str, Any]) -> dict[str, Any]:
        self._check_user(body)
        _check_plan(body, int(self.clock()), whole=False)
        held = self._named(meeting_id)
        _check_not_over(held)
        if held.state is State.STARTED:
            raise Refused(500, 13602, "会议已经开始")
        held.subject = body.get("subject", held.subject)
        held.start = int(body.get("start_time", held.start))
        held.end = int(body.get("end_time", held.end))
        held.settings = held.settings | body.get("settings", {})
        held.changed_ms += 1
        shown = {"meeting_id": held.meeting_id, "meeting_code": held.code}
        return {"meeting_number": 1, "meeting_info_list": [shown]}

    def _cancel(self, meeting_id: str, body: dict[str, Any]) -> dict[str, Any]:
        self._check_user(body)
        _check_reason(body)
        held = self._named(meeting_id)
        _check_not_over(held)
        if held.state is State.STARTED:
            raise Refused(500, 13602, "会议已经开始")
        held.state = State.CANCELLED
        return {}

    def _dismiss(self, meeting_id: str, body: dict[str, Any]) -> dict[str, Any]:
        self._check_user(body, "operator_id")
        if body.get("operator_id_type") not in (1, 2, 4):
            raise Refused(400, 190004, "operator_id_type 缺失")
        _check_reason(body)
        held = self._named(meeting_id)
        _check_not_over(held)
        if held.state is not State.STARTED:
            raise Refused(500, 9042, "会议尚未开始")
        held.state = State.ENDED
        return {}

    def _listed(self, asked: Asked) -> dict[str, Any]:
        """By start, then by last change; what has begun before the page's place is not shown again."""
        self._check_user(asked.query)
        numbers = {name: asked.query.get(name, "0") for name in ("pos", "cursory")}
        if not all(DIGITS.match(number) for number in numbers.values()):
            raise Refused(400, 190004, "pos 错误")
        place = (int(numbers["pos"]), int(numbers["cursory"]))
        found = sorted(
            (m for m in self.living if (m.start, m.changed_ms) >= place),
            key=lambda m: (m.start, m.changed_ms),
        )
        page, rest = found[:PAGE], found[PAGE:]
        answer: dict[str, Any] = {
            "meeting_number": len(page),
            "remaining": len(rest),
            "next_pos": rest[0].start if rest else 0,
            "next_cursory": rest[0].changed_ms if rest else 0,
        }
        if page:
            answer["meeting_info_list"] = [held.shown() for held in page]
        return answer


def _body(asked: Asked) -> dict[str, Any]:
    if asked.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise Refused(400, 190004, "Content-Type 应为 application/json")
    body = asked.json()
    if not isinstance(body, dict):
        raise Refused(400, 190004, "请求体不是 JSON 对象")
    return body


def _check_plan(body: dict[str, Any], now: int, whole: bool = True) -> None:
    wanted = ("subject", "start_time", "end_time")
    if whole and any(name not in body for name in wanted):
        raise Refused(400, 190004, "必填参数缺失")
    if any(not isinstance(body[name], str) for name in wanted if name in body):
        raise Refused(400, 190004, "参数类型错误，应为字符串")
    if "subject" in body and not 1 <= len(body["subject"].encode()) <= 512:
        raise Refused(400, 190004, "subject 超过512字节")
    times = [body[name] for name in wanted[1:] if name in body]
    if any(not re.fullmatch(r"[0-9]{10}", text) for text in times):
        raise Refused(400, 190004, "时间应为 UNIX 秒")
    if len(times) == 2 and not (int(times[0]) < int(times[1]) and int(times[1]) > now):
        raise Refused(400, 190004, "会议时间错误")
    settings = body.get("settings", {})
    if not isinstance(settings, dict) or settings.get("only_user_join_type", 1) not in (1, 2, 3):
        raise Refused(400, 190004, "settings 错误")
    if any(
        not isinstance(settings.get(name, True), bool)
        for name in settings
        if name.startswith(("auto", "allow"))
    ):
        raise Refused(400, 190004, "settings 错误")


def _check_reason(body: dict[str, Any]) -> None:
    if not isinstance(body.get("reason_code"), int):
        raise Refused(400, 190004, "reason_code 缺失")


def _check_not_over(held: Held) -> None:
    if held.state is State.CANCELLED:
        raise Refused(500, 9007, "会议已取消")
    if held.state is State.ENDED:
        raise Refused(500, 13603, "会议已结束")

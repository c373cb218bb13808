"""Telling the platform over HTTP, and what its answers mean for a delivery.

Source: docs/upstream-openapi.yaml; RFC 9110 section 10.2.3 (Retry-After); RFC 9457 (problem details).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import quote

from defense.domain.text import Text
from defense.services.upstream_answers import DeskAnswer, DeskAnswerKind

BUSY = (408, 425, 429, 502, 503, 504)
"""Nobody would fare better now."""
NOT_LET_IN = (401, 403)
MAX_REST_S = 3600
"""Longer than this nobody is left alone, whatever they ask for."""

_SILENCE = Text(
    "没有收到平台的完整答复（{why}），将自动重试。",
    "No whole answer came from the platform ({why}); it is tried again by itself.",
)
_NOT_READ = Text(
    "平台的答复无法读取（HTTP {status}），将自动重试。",
    "The platform’s answer cannot be read (HTTP {status}); it is tried again by itself.",
)
_NOT_LET_IN = Text(
    "平台拒绝了本系统的密钥，请管理员核对设置：{said}",
    "The platform did not accept our key; the administrator should check the settings: {said}",
)
_STALE = Text(
    "平台上的申报材料已变动，先重新获取：{said}",
    "The record has changed upstream and is fetched again first: {said}",
)
_TAKEN = Text("平台已接收。", "Taken by the platform.")


class HttpAnswer(Protocol):
    """What came back, whole."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    def json(self) -> dict[str, Any] | None:
        """The JSON object of the body; None if it holds none."""


class Caller(Protocol):
    """Sends a signed request to a path below the platform's address, once, and never raises for the line."""

    def __call__(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer | StrEnum:
        """The answer, or why there is none."""


@dataclass(frozen=True)
class PlatformDesk:
    """A `defense.services.upstream_pushing.UpstreamDesk` at a real platform."""

    call: Caller
    fetch: Callable[[int], DeskAnswer]
    """Fetch the record of an application again and keep what differs."""

    def put(
        self, round_code: str, number: str, kind: str, body: dict[str, Any], *, if_match: str, key: str
    ) -> DeskAnswer:
        """See `UpstreamDesk`."""
        answer = self.call(
            "PUT",
            f"/rounds/{quote(round_code, safe='')}/applications/{quote(number, safe='')}/{kind}",
            headers={"If-Match": if_match, "Idempotency-Key": key, "Content-Type": "application/json"},
            body=json.dumps(body, ensure_ascii=False).encode(),
        )
        return read_answer(answer)

    def fetch_again(self, application_id: int) -> DeskAnswer:
        """See `UpstreamDesk`."""
        return self.fetch(application_id)


def read_answer(answer: HttpAnswer | StrEnum) -> DeskAnswer:
    """What an answer to a PUT means for the delivery."""
    if isinstance(answer, StrEnum):
        return DeskAnswer(DeskAnswerKind.LATER, _SILENCE.format(why=answer.value), ends_turn=True)
    status, said = answer.status, _said(answer)
    if status == 200:
        return _read_yes(answer)
    if status == 412:
        return DeskAnswer(DeskAnswerKind.STALE, _STALE.format(said=said))
    if status in NOT_LET_IN:
        return DeskAnswer(DeskAnswerKind.LATER, _NOT_LET_IN.format(said=said), ends_turn=True)
    if 400 <= status < 500 and status not in BUSY:
        return DeskAnswer(DeskAnswerKind.NEVER, Text(said, said))
    return DeskAnswer(
        DeskAnswerKind.LATER,
        Text(said, said),
        retry_after_s=_rest_s(answer.headers),
        ends_turn=status in BUSY,
    )


def _read_yes(answer: HttpAnswer) -> DeskAnswer:
    etag = (answer.json() or {}).get("etag")
    if isinstance(etag, str) and etag:
        return DeskAnswer(DeskAnswerKind.TAKEN, _TAKEN, etag=etag)
    return DeskAnswer(DeskAnswerKind.LATER, _NOT_READ.format(status=answer.status))


def _said(answer: HttpAnswer) -> str:
    """The platform's own words, with the status that came with them."""
    problem = answer.json() or {}
    words = [str(problem[key]) for key in ("title", "detail") if isinstance(problem.get(key), str)]
    return f"HTTP {answer.status} {'：'.join(words)}".strip()


def _rest_s(headers: Mapping[str, str]) -> float | None:
    """Seconds of `Retry-After`; a date there is not read, the usual pauses do."""
    text = headers.get("Retry-After", "").strip()
    return min(float(text), MAX_REST_S) if text.isascii() and text.isdecimal() else None

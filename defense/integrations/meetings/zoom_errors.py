"""Zoom's error codes, and what to do about each.

Source: developers.zoom.us/docs/api/rest/error-definitions.
"""

from __future__ import annotations

from defense.domain.text import Text
from defense.integrations.meetings.provider import FailureKind
from defense.integrations.meetings.refusals import (
    ABSENT,
    CREDENTIALS,
    OVER,
    REFUSED,
    UNANSWERED,
    Answer,
    Refusal,
    by_status,
)

TOKEN_REFUSED = "124"  # noqa: S105  # an error's number
RUNNING = "3002"

_RUNNING = Text(
    "会议正在{provider}中进行，不能修改；请先结束会议。",
    "The meeting is running at {provider} and cannot be changed; end it first.",
)
_USER = Text(
    "{provider}中没有设置里指定的用户，请联系系统管理员核对 ZOOM_USER_ID。",
    "{provider} has no such user; have the administrator check ZOOM_USER_ID.",
)

_BY_CODE: dict[str, tuple[FailureKind, Text]] = {
    TOKEN_REFUSED: (FailureKind.NEVER, CREDENTIALS),
    # The token lacks a right; the client is unknown or switched off.
    **dict.fromkeys(("200", "4700", "4704", "4711"), (FailureKind.NEVER, CREDENTIALS)),
    **dict.fromkeys(("300", "3000", "3161"), (FailureKind.NEVER, REFUSED)),
    **dict.fromkeys(("1001", "1010", "1120"), (FailureKind.NEVER, _USER)),
    "3001": (FailureKind.ABSENT, ABSENT),
    "3007": (FailureKind.ABSENT, OVER),
    RUNNING: (FailureKind.NEVER, _RUNNING),
}


def understood(answer: Answer) -> Refusal | None:
    """None for a success; otherwise what the answer means. The status counts before an unknown code."""
    content = answer.json()
    if 200 <= answer.status < 300:
        if answer.status == 204 or content is not None:
            return None
        return Refusal(FailureKind.UNKNOWN, UNANSWERED, "unreadable")
    code = str(content.get("code", "")) if content else ""
    if answer.status == 401:
        return Refusal(FailureKind.NEVER, CREDENTIALS, TOKEN_REFUSED)
    if answer.status < 500 and answer.status != 429 and code in _BY_CODE:
        kind, words = _BY_CODE[code]
        return Refusal(kind, words, code)
    by_number = by_status(answer)
    if by_number and code.isdecimal() and len(code) < 12:
        return Refusal(by_number.kind, by_number.words, code)
    return by_number


def token_understood(answer: Answer) -> Refusal | None:
    """The same for the call that fetches a token: whatever is refused there is a matter of credentials."""
    refusal = by_status(answer)
    if refusal is None and answer.json() is None:
        return Refusal(FailureKind.UNKNOWN, UNANSWERED, "unreadable")
    if answer.status in (400, 401, 403, 404):
        return Refusal(FailureKind.NEVER, CREDENTIALS, "token")
    return refusal

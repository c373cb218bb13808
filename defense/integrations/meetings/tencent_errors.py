"""Tencent Meeting's error codes, and what to do about each.

The HTTP status says little: 500 covers a clock that is wrong as well as a meeting that is gone. Both the
older and the newer code of an error are looked at. Source: its documents 1095/43704 and 1095/105276.
"""

from __future__ import annotations

from defense.domain.text import Text
from defense.integrations.meetings.provider import FailureKind
from defense.integrations.meetings.refusals import (
    ABSENT,
    BUSY,
    CREDENTIALS,
    OVER,
    QUOTA,
    REFUSED,
    UNANSWERED,
    Answer,
    Refusal,
    by_status,
)

STARTED, ENDED = "13602", "13603"

_CLOCK = Text(
    "服务器时钟与{provider}相差超过五分钟，请系统管理员校准服务器时间。",
    "The server's clock is more than five minutes off {provider}'s; have the administrator set it.",
)
_SUBJECT = Text(
    "{provider}不接受会议主题中的用词，请修改会议主题。",
    "{provider} does not accept a word of the meeting's subject; change the subject.",
)
_RUNNING = Text(
    "会议正在{provider}中进行，不能修改；请先结束会议。",
    "The meeting is running at {provider} and cannot be changed; end it first.",
)

_BY_CODE: dict[str, tuple[FailureKind, Text]] = {
    **dict.fromkeys(("500168",), (FailureKind.QUOTA, QUOTA)),
    # A limit of a minute, an hour or a day, or of meetings at the same time: it passes.
    **dict.fromkeys(
        ("190310", "190311", "190313", "500029", "9008", "9061", "9098"), (FailureKind.LATER, BUSY)
    ),
    # The same nonce and second as another request: the next attempt carries new ones.
    "190301": (FailureKind.LATER, BUSY),
    "190300": (FailureKind.NEVER, _CLOCK),
    **dict.fromkeys(
        ("190303", "200003", "9042", "9099", "9100", "9101", "9102", "20001", "20003", "50001"),
        (FailureKind.NEVER, CREDENTIALS),
    ),
    "190004": (FailureKind.NEVER, REFUSED),
    "9002": (FailureKind.NEVER, REFUSED),
    "9093": (FailureKind.NEVER, _SUBJECT),
    "9003": (FailureKind.ABSENT, ABSENT),
    "9007": (FailureKind.ABSENT, OVER),
    ENDED: (FailureKind.ABSENT, OVER),
    STARTED: (FailureKind.NEVER, _RUNNING),
}
# Trouble inside the provider: nobody can say whether the call was carried out.
_INSIDE = {"41", "5108", "13001", "190308", "960000"}


def understood(answer: Answer) -> Refusal | None:
    """None for a success; otherwise what the answer means."""
    content = answer.json()
    if answer.status == 200:
        if content is None:
            return Refusal(FailureKind.UNKNOWN, UNANSWERED, "unreadable")
        if "error_info" not in content:
            return None
    codes = _codes(content)
    for code in codes:
        if code in _BY_CODE:
            kind, words = _BY_CODE[code]
            return Refusal(kind, words, code)
    if answer.status == 200 or _INSIDE.intersection(codes):
        return Refusal(FailureKind.UNKNOWN, UNANSWERED, codes[0] if codes else "unreadable")
    by_number = by_status(answer)
    return Refusal(by_number.kind, by_number.words, codes[0]) if by_number and codes else by_number


def _codes(content: dict[str, object] | None) -> list[str]:
    """Only what is a number: the message is the provider's own text and may repeat what was sent."""
    info = content.get("error_info") if content else None
    if not isinstance(info, dict):
        return []
    codes = [str(info.get(name)) for name in ("error_code", "new_error_code")]
    return [code for code in codes if code.isdecimal() and len(code) < 12]

"""BigBlueButton's answers: XML with status 200, whether the call went well or not."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError, fromstring

from defense.domain.text import Text
from defense.integrations.meetings.provider import FailureKind
from defense.integrations.meetings.refusals import (
    ABSENT,
    CREDENTIALS,
    OVER,
    QUOTA,
    REFUSED,
    UNANSWERED,
    Answer,
    Refusal,
    by_status,
)

NO_MEETING = Text(
    "会议编号不符合BigBlueButton的要求，请联系系统管理员。",
    "The meeting's id is not one that BigBlueButton takes; tell the administrator.",
)
_DENIED = Text(
    "主持人没有同意该人员进入会议，请与会务人员联系。",
    "The moderator did not let this person in; call the organisers.",
)
_OTHERS = Text(
    "{provider}上已有另一场同编号的会议，请联系系统管理员。",
    "{provider} has another meeting of the same id; tell the administrator.",
)

_BY_KEY: dict[str, tuple[FailureKind, Text]] = {
    "checksumError": (FailureKind.NEVER, CREDENTIALS),
    "idNotUnique": (FailureKind.NEVER, _OTHERS),
    "notFound": (FailureKind.ABSENT, ABSENT),
    "invalidMeetingIdentifier": (FailureKind.ABSENT, ABSENT),
    "mismatchCreateTimeParam": (FailureKind.ABSENT, OVER),
    "meetingForciblyEnded": (FailureKind.ABSENT, OVER),
    "maxParticipantsReached": (FailureKind.QUOTA, QUOTA),
    "guestDeniedAccess": (FailureKind.NEVER, _DENIED),
}


def understood(answer: Answer) -> Refusal | None:
    """None for a success; otherwise what the answer means."""
    root = read(answer)
    if root is None:
        return by_status(answer) or Refusal(FailureKind.UNKNOWN, UNANSWERED, "unreadable")
    if root.findtext("returncode", "").strip() == "SUCCESS":
        return by_status(answer)
    key = root.findtext("messageKey", "").strip()
    if key in _BY_KEY:
        kind, words = _BY_KEY[key]
        return Refusal(kind, words, key)
    # Only a word is repeated: anything longer is not a key, and may hold what was sent.
    return Refusal(FailureKind.NEVER, REFUSED, key if re.fullmatch(r"[A-Za-z]{1,40}", key) else "")


def read(answer: Answer) -> Element | None:
    """The root of the answer; None if it is not one of this server's.

    A document type is refused unread: it is where entities that grow without end are declared.
    """
    if "xml" not in answer.headers.get("Content-Type", "").lower() or b"<!DOCTYPE" in answer.body:
        return None
    try:
        root = fromstring(answer.body)  # noqa: S314  # without a document type there are no entities
    except (ParseError, ValueError, LookupError):
        return None
    return root if root.tag == "response" else None

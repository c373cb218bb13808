"""What a mail server's answer means: sent, later, never.

Sources: invites.md "Delivery"; RFC 5321 section 4.2.1 and RFC 3463 (the general rule: 4xx later, 5xx never),
to which the large mail services of China make exceptions in their own words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class AnswerKind(StrEnum):
    """What an answer means for the message."""

    SENT = "sent"
    LATER = "later"
    NEVER = "never"


class Stage(StrEnum):
    """How far a message had come when the answer was given."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"


@dataclass(frozen=True)
class SendAnswer:
    """The answer to one attempt.

    Parameters
    ----------
    words : the server's own.
    unreachable : no message has a chance now: there is no connection, or our own account is refused.
    domain_rests : the server asks for a pause before anything more goes to this domain.
    """

    kind: AnswerKind
    words: str
    unreachable: bool = False
    domain_rests: bool = False


# QQ: "550 … frequency limited"; NetEase: 421 HL:IFC or HL:REP (too many connections), 450 MI:DMC, 451 DT:SPM
# or MI:SFQ (too many messages), RP:QRC (too many recipients); others in plain English.
_TOO_FAST = re.compile(
    r"frequen\w* limit|limited frequency|too (many|much|fast)|rate[ -]?limit|throttl"
    r"|exceed\w* the (rate|limit)|HL:(IFC|ITC|REP|ICC)|MI:(DMC|SFQ|STC|DMB|CEL)|RP:(QRC|CEL|TRC)"
    r"|频率|过于频繁",
    re.IGNORECASE,
)
# A full mailbox is emptied one day, and some servers say 5xx for what they call temporary themselves.
_PASSES = re.compile(
    r"\b5\.2\.2\b|mailbox (is )?full|over ?quota|quota exceeded|insufficient (system )?storage"
    r"|try (again|later)|temporar|greylist|邮箱已满",
    re.IGNORECASE,
)


def sort_answer(code: int, words: str, stage: Stage) -> SendAnswer:
    """Sort a refusal of one message.

    Parameters
    ----------
    code : the three digits.
    stage : a refused sender is our own mistake and would refuse every other message too.
    """
    text = f"{code} {words}"
    if stage is Stage.SENDER and not _TOO_FAST.search(words):
        return SendAnswer(AnswerKind.LATER, text, unreachable=True)
    too_fast = bool(_TOO_FAST.search(words)) or code == 421 or (code in (450, 451) and "SPM" in words)
    if too_fast:
        return SendAnswer(AnswerKind.LATER, text, domain_rests=True)
    later = 400 <= code < 500 or bool(_PASSES.search(words))
    return SendAnswer(AnswerKind.LATER if later else AnswerKind.NEVER, text)

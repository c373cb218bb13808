"""What the platform said to a delivery, and its words without anybody's data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from defense.domain.application import ApplicationRecord
from defense.domain.identity import mask_email, mask_id_number, mask_name, mask_phone
from defense.domain.text import Text

MAX_WORDS = 300
_LONG_NUMBER = re.compile(r"(?<![0-9A-Za-z-])\d{10,17}[\dXx](?![0-9A-Za-z-])")
"""As long as a telephone or an identity number, whoever's it is."""


class DeskAnswerKind(StrEnum):
    """What the answer means for the delivery."""

    TAKEN = "taken"
    """Applied, now or when it came the first time; or, of a record, fetched."""
    LATER = "later"
    """Not now: no answer, too fast, a fault over there, or we are not let in."""
    STALE = "stale"
    """The record has changed upstream."""
    NEVER = "never"
    """Refused as it is, and so it would be again."""


@dataclass(frozen=True)
class DeskAnswer:
    """One answer of the platform, or of the line to it."""

    kind: DeskAnswerKind
    words: Text
    etag: str = ""
    """Of the record after it was taken."""
    retry_after_s: float | None = None
    ends_turn: bool = False
    """The next delivery would fare no better now."""


def words_without_persons(words: Text, record: ApplicationRecord) -> Text:
    """The platform's words, cut, without the name, the numbers and the address of the applicant."""
    return Text(_clean(words.zh, record), _clean(words.en, record))


def _clean(words: str, record: ApplicationRecord) -> str:
    hidden = {
        record.name: mask_name(record.name) if record.name else "",
        record.id_number: mask_id_number(record.id_number),
        record.phone: mask_phone(record.phone),
        record.email: mask_email(record.email),
    }
    for whole, masked in hidden.items():
        if whole:
            words = words.replace(whole, masked)
    words = _LONG_NUMBER.sub(lambda found: mask_id_number(found[0]), " ".join(words.split()))
    return words[:MAX_WORDS]

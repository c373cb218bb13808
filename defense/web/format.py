"""How values look on a page: both clocks, masked persons, words for codes."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from flask import Flask

from defense.domain.clocks import XINJIANG_OFFSET, both_clocks, both_clocks_range, day_with_weekday
from defense.domain.identity import mask_certificate, mask_email, mask_id_number, mask_phone
from defense.domain.lifecycle import MOVE_TEXT, STATE_TEXT, DefenceState, Move
from defense.domain.record_parts import PROOF_TEXT, ProofKind
from defense.domain.result import CONCLUSION_TEXT, OUTCOME_TEXT, Conclusion, Outcome
from defense.domain.round_rules import BEIJING
from defense.domain.text import Text
from defense.domain.vocabulary import AFFILIATION_TEXT, LEVEL_TEXT, Affiliation, Level
from defense.errors import language
from defense.services.keeping.personal import FIELD_TEXT, PersonalField
from defense.services.room.reopening import CAUSE_TEXT, KIND_TEXT, Cause, ReopeningKind
from defense.services.room.rule_words import terms_text
from defense.services.room.screens import PLACE_TEXT
from defense.services.wording import EFFECT_TEXT, REQUIREMENT_TEXT, ROLE_TEXT, RULE_TEXT

# The colour of a status is never its only sign: the word stands beside it.
TONE = {
    "passed": "success",
    "failed": "danger",
    "failed_for_reference": "danger",
    "not_eligible": "danger",
    "absent": "danger",
    "waived": "danger",
    "cancelled": "secondary",
    "pending": "warning",
    "required": "primary",
    "not_required": "secondary",
    "waiting": "secondary",
    "checked_in": "info",
    "presenting": "primary",
    "questioning": "primary",
    "discussing": "primary",
    "voting": "primary",
    "closed": "success",
    "sealed": "success",
    "postponed": "warning",
    "interrupted": "warning",
    "queued": "warning",
    "sent": "success",
    "bounced": "danger",
    "running": "primary",
    "done": "success",
    "block": "danger",
    "warn": "warning",
    "info": "info",
}


def localise(value: Text | dict[str, str] | None) -> str:
    """A `Text`, or its JSON, in the reader's language."""
    if value is None:
        return ""
    text = value if isinstance(value, Text) else Text.from_json(value)
    return text.pick(language())


def _word(table: dict[Any, Text], kind: type | None = None) -> Any:
    return lambda code: localise(table[kind(code) if kind else code])


def full_day(value: datetime | date) -> str:
    """`2021年11月22日 星期一`, by the clock of Beijing."""
    at = value if isinstance(value, datetime) else datetime.combine(value, time(12), BEIJING)
    return localise(day_with_weekday(at))


def short_time(value: datetime) -> str:
    """`10:05` by the clock of Beijing; for tables whose heading names the clock."""
    return value.astimezone(BEIJING).strftime("%H:%M")


def xinjiang_time(value: datetime) -> str:
    """`08:05` for five past ten in Beijing, as private clocks in Xinjiang show it."""
    return short_time(value + XINJIANG_OFFSET)


def stamp(value: datetime | None) -> str:
    """`2021-11-22 10:05` by the clock of Beijing."""
    return value.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M") if value else "—"


def register_filters(app: Flask) -> None:
    """Give the templates these filters."""
    # Else a filter of a constant is worked out once, in the language of whoever came first.
    app.jinja_env.optimized = False
    app.jinja_env.filters.update(
        text=localise,
        clocks=lambda at: localise(both_clocks(at)),
        clock_range=lambda span: localise(both_clocks_range(*span)),
        full_day=full_day,
        short_time=short_time,
        xinjiang_time=xinjiang_time,
        stamp=stamp,
        mask_id=mask_id_number,
        mask_phone=mask_phone,
        mask_email=mask_email,
        mask_certificate=mask_certificate,
        proof=_word(PROOF_TEXT, ProofKind),
        personal_field=lambda field: localise(FIELD_TEXT[PersonalField(field)]),
        tone=lambda code: TONE.get(str(code), "secondary"),
        level=_word(LEVEL_TEXT, Level),
        affiliation=_word(AFFILIATION_TEXT, Affiliation),
        role=_word(ROLE_TEXT),
        requirement=_word(REQUIREMENT_TEXT),
        rule=_word(RULE_TEXT),
        tenths=lambda n: f"{n // 10}.{n % 10}",
        rule_text=lambda terms: localise(terms_text(terms)),
        effect=_word(EFFECT_TEXT),
        defence_state=_word(STATE_TEXT, DefenceState),
        defence_move=_word(MOVE_TEXT, Move),
        reopening_kind=_word(KIND_TEXT, ReopeningKind),
        reopening_cause=_word(CAUSE_TEXT, Cause),
        outcome=_word(OUTCOME_TEXT, Outcome),
        place=_word(PLACE_TEXT),
        conclusion=_word(CONCLUSION_TEXT, Conclusion),
    )

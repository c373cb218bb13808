"""The rules of a round in words: what each asks, by which clause, with which values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from defense.domain.assessment import Severity
from defense.domain.eligibility_rules import RULES
from defense.domain.record_parts import PROOF_TEXT
from defense.domain.rule_parameters import FIELD_TEXT
from defense.domain.text import Text
from defense.domain.vocabulary import AFFILIATION_TEXT, LEVEL_TEXT
from defense.models import Round

PARAMETER_TEXT = {
    "first_day": Text("首日", "first day"),
    "last_day": Text("末日", "last day"),
    "closing_time": Text("截止时刻（北京时间）", "closing time (Beijing)"),
    "fields": Text("栏目", "fields"),
    "words": Text("词语", "words"),
    "final_stages": Text("终审环节含有", "the final stage is called"),
    "limit": Text("最多次数", "at most"),
    "any_of": Text("任一材料", "any of"),
    "needed_by": Text("适用系列和级别", "series and levels"),
    "exam": Text("考试", "examination"),
    "inside_any_of": Text("在疆取得：任一", "got in Xinjiang: any of"),
    "outside_all_of": Text("外省取得：全部", "got elsewhere: all of"),
    "years": Text("年度", "years"),
    "min_working_days": Text("最少工作日", "fewest working days"),
    "wording": Text("规定文字", "fixed wording"),
    "affiliations": Text("单位隶属", "affiliations"),
    "min_years": Text("最少年数", "fewest years"),
    "levels": Text("级别", "levels"),
    "document": Text("文件", "document"),
}
_WORDS: tuple[Mapping[Any, Text], ...] = (PROOF_TEXT, LEVEL_TEXT, AFFILIATION_TEXT)


@dataclass(frozen=True)
class RuleLine:
    """One rule as a round has it."""

    code: str
    severity: Severity | None
    """None: switched off."""
    clause: str
    text: Text
    values: tuple[tuple[Text, Text], ...]
    """Name and value of each parameter."""


def rule_set(round_: Round) -> tuple[RuleLine, ...]:
    """All rules of a round in the order of the notice."""
    settings = round_.rules.settings
    return tuple(
        RuleLine(
            rule.code,
            settings[rule.code].severity,
            settings[rule.code].clause,
            settings[rule.code].summary,
            tuple(
                (PARAMETER_TEXT[name], _in_words(name, value))
                for name, value in settings[rule.code].given.items()
            ),
        )
        for rule in RULES
    )


def _in_words(name: str, value: Any) -> Text:
    if isinstance(value, Mapping):
        return _joined(
            Text(f"{series}（{levels.zh}）", f"{series} ({levels.en})")
            for series, names in value.items()
            for levels in (_in_words(name, tuple(sorted(names))),)
        )
    if isinstance(value, frozenset):
        return _joined(Text(str(item), str(item)) for item in sorted(value))
    if isinstance(value, tuple):
        return _joined(_word(name, item) for item in value)
    # The places of 附件3 as the notice prints them.
    plain = re.sub(r"\{\w+\}", "××", str(value))
    return Text(plain, plain)


def _word(name: str, item: Any) -> Text:
    if name == "fields":
        return FIELD_TEXT[item]
    plain = Text(str(item), str(item))
    return next((table[item] for table in _WORDS if type(item) is type(next(iter(table)))), plain)


def _joined(texts: Iterable[Text]) -> Text:
    known = list(texts)
    return Text("、".join(text.zh for text in known), ", ".join(text.en for text in known))

"""A rule of the notice, and how a round sets it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

from defense.domain.assessment import Finding, Severity
from defense.domain.eligibility_case import Case, Question
from defense.domain.errors import InvalidInput
from defense.domain.rule_parameters import Parameter
from defense.domain.text import Text

OFF = "off"
_PLACE = re.compile(r"\{\w+\}")
_OWN_WORDS = ("clause", "zh", "en")
"""What every table may say, in place of the words of the notice of 2021."""


@dataclass(frozen=True)
class RuleSetting:
    """A rule as a round has it."""

    severity: Severity | None
    """None: the round does without it."""
    clause: str
    text: Text
    given: Mapping[str, Any]

    @property
    def summary(self) -> Text:
        """The message, with … where the values of one application go in."""
        return Text(_PLACE.sub("…", self.text.zh), _PLACE.sub("…", self.text.en))


@dataclass(frozen=True)
class Rule:
    """One thing that can be found in an application."""

    row: int
    """Of the table in domain.md."""
    code: str
    severity: Severity
    """In a round that does not say."""
    clause: str
    """Of the notice, as it counts, e.g. 三(三)."""
    section: str
    asks: Question
    zh: str
    en: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def text(self) -> Text:
        """The message, with the places where values go in."""
        return Text(self.zh, self.en)

    def apply(self, case: Case) -> Finding | None:
        """The finding, or None when the application passes."""
        setting = case.rules.settings[self.code]
        if setting.severity is None:
            return None
        answer = self.asks(case, setting.given)
        if not answer:
            return None
        text = setting.text.format(**answer) if isinstance(answer, Mapping) else setting.text
        return Finding(self.code, setting.severity, setting.clause, self.section, text)

    def former_table(self) -> dict[str, Any]:
        """What its table would say in a round whose file has none."""
        values = {name: parameter.former for name, parameter in self.parameters.items()}
        return {"severity": self.severity.value, **values}

    def takes(self, key: str) -> bool:
        """Whether its table may have this key."""
        return key == "severity" or key in self.parameters or key in _OWN_WORDS

    def read(self, table: Any) -> RuleSetting:
        """Its table of the round's file.

        Raises
        ------
        InvalidInput
            Naming the table and the key that is missing, unknown or wrong.
        """
        if not isinstance(table, dict):
            raise self._wrong("", Text("应为表", "must be a table"))
        for key in table:
            if not self.takes(key):
                raise self._wrong(key, Text("没有这个键", "there is no such key"))
        for key in ("severity", *self.parameters):
            if key not in table:
                raise self._wrong(key, Text("缺少这个键", "the key is missing"))
        given = {name: self._value(name, parameter, table) for name, parameter in self.parameters.items()}
        zh, en, clause = (
            self._words(key, table, former)
            for key, former in (("zh", self.zh), ("en", self.en), ("clause", self.clause))
        )
        return RuleSetting(self._severity(table["severity"]), clause, Text(zh, en), given)

    def _severity(self, value: Any) -> Severity | None:
        allowed = (*((Severity.INFO,) if self.section == "defence" else Severity), OFF)
        if value not in allowed:
            known = "、".join(allowed)
            raise self._wrong("severity", Text(f"可用：{known}", f"must be one of: {known}"))
        return None if value == OFF else Severity(value)

    def _value(self, key: str, parameter: Parameter, table: dict[str, Any]) -> Any:
        try:
            return parameter.kind.read(table[key])
        except (TypeError, ValueError):
            wanted = parameter.kind.wanted
            raise self._wrong(key, Text(f"应为{wanted.zh}", f"must be {wanted.en}")) from None

    def _words(self, key: str, table: dict[str, Any], former: str) -> str:
        """Own words may use the places of the former ones, and no others."""
        words = table.get(key, former)
        try:
            places = _places(words) - _places(former)
        except (TypeError, ValueError, AttributeError):
            raise self._wrong(key, Text("应为文字", "must be a text")) from None
        if places:
            named = "、".join(sorted(places))
            raise self._wrong(key, Text(f"没有{{{named}}}可填", f"there is no {{{named}}} to fill in"))
        return str(words)

    def _wrong(self, key: str, why: Text) -> InvalidInput:
        place = f"[rules.{self.code}] {key}".strip()
        return wrong_file(f"{place}：{why.zh}", f"{place}: {why.en}")


def wrong_file(zh: str, en: str) -> InvalidInput:
    """The error of a round's rule file."""
    return InvalidInput(Text(f"批次规则文件有误：{zh}", f"The round's rule file is wrong: {en}"))


def _places(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name is not None}

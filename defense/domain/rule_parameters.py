"""What a `[rules.<id>]` table of a round may say beside its severity, and how each kind of value is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from string import Formatter
from typing import Any, TypeVar

from defense.domain.record_parts import ProofKind
from defense.domain.text import Text
from defense.domain.vocabulary import Affiliation, Level

EnumT = TypeVar("EnumT", bound=StrEnum)

FIELD_TEXT = {
    "name": Text("姓名", "name"),
    "phone": Text("手机号码", "mobile number"),
    "email": Text("电子邮箱", "e-mail"),
    "unit": Text("工作单位", "unit"),
    "prefecture": Text("所在地州", "prefecture"),
    "present_title": Text("现任职资格", "present title"),
    "work_summary": Text("工作简历", "résumé"),
    "achievements": Text("业绩成果", "achievements"),
    "works": Text("论文著作", "papers and books"),
    "ethnicity": Text("族别", "ethnicity"),
    "political_status": Text("政治面貌", "political status"),
    "present_title_on": Text("现任职资格取得时间", "day of the present title"),
    "professional_years": Text("从事专业技术工作年限", "years of professional work"),
}
"""Fields of a record that a round may want filled."""


@dataclass(frozen=True)
class Kind:
    """One kind of value."""

    wanted: Text
    """Continues “应为… / must be …”."""
    read: Callable[[Any], Any]
    """From what TOML has; raises ValueError or TypeError when it is something else."""


@dataclass(frozen=True)
class Parameter:
    """A value that a rule takes from the round."""

    kind: Kind
    former: Any
    """As TOML would have it: what rounds say that were made before their file had `[rules]`."""


def _demand(passed: bool) -> None:
    if not passed:
        raise ValueError


def _day(value: Any) -> date:
    _demand(isinstance(value, date) and not isinstance(value, datetime))
    return value


def _clock(value: Any) -> time:
    _demand(isinstance(value, time))
    return value


def _count(value: Any) -> int:
    _demand(isinstance(value, int) and not isinstance(value, bool) and value >= 1)
    return value


def _wording(value: Any) -> str:
    _demand(isinstance(value, str) and bool(value.strip()))
    return value


def _many(value: Any, read: Callable[[Any], Any]) -> tuple[Any, ...]:
    _demand(isinstance(value, list) and bool(value))
    return tuple(read(item) for item in value)


def _years(value: Any) -> frozenset[int]:
    years = _many(value, _count)
    _demand(all(date.min.year <= year <= date.max.year for year in years))
    return frozenset(years)


def _opinion(value: Any) -> str:
    wording = _wording(value)
    places = {name for _, name, _, _ in Formatter().parse(wording) if name is not None}
    _demand(places <= {"name", "series", "specialty", "level"})
    return wording


def _fields(value: Any) -> tuple[str, ...]:
    names = _many(value, _wording)
    _demand(all(name in FIELD_TEXT for name in names))
    return names


def _levels_by_series(value: Any) -> Mapping[str, frozenset[Level]]:
    _demand(isinstance(value, dict))
    return {series: frozenset(_many(levels, Level)) for series, levels in value.items()}


def _some_of(type_: type[EnumT], what: Text) -> Kind:
    known = "、".join(member.value for member in type_), ", ".join(member.value for member in type_)
    wanted = Text(f"{what.zh}的列表，可用：{known[0]}", f"a list of {what.en} among: {known[1]}")
    return Kind(wanted, lambda value: _many(value, type_))


DAY = Kind(Text("日期，如 2021-08-30", "a day such as 2021-08-30"), _day)
CLOCK = Kind(Text("时刻，如 23:59:59", "a time of day such as 23:59:59"), _clock)
COUNT = Kind(Text("不小于1的整数", "a whole number from 1"), _count)
YEARS = Kind(Text("年份的列表，如 [2019, 2020]", "a list of years such as [2019, 2020]"), _years)
WORDING = Kind(Text("非空文字", "a text that is not empty"), _wording)
OPINION = Kind(
    Text(
        "非空文字，可用 {name}、{series}、{specialty}、{level}",
        "a text that is not empty and may use {name}, {series}, {specialty}, {level}",
    ),
    _opinion,
)
WORDS = Kind(
    Text("非空文字的列表", "a list of texts that are not empty"), lambda value: _many(value, _wording)
)
FIELDS = Kind(
    Text(f"栏目的列表，可用：{'、'.join(FIELD_TEXT)}", f"a list of fields among: {', '.join(FIELD_TEXT)}"),
    _fields,
)
PROOFS = _some_of(ProofKind, Text("材料", "proofs"))
LEVELS = _some_of(Level, Text("级别", "levels"))
AFFILIATIONS = _some_of(Affiliation, Text("单位隶属", "affiliations"))
LEVELS_BY_SERIES = Kind(
    Text(
        "系列到级别的表，如 { “系列” = [“associate”] }",
        "a table of series and levels such as { “series” = [“associate”] }",
    ),
    _levels_by_series,
)

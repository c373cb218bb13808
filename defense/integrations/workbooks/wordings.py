"""The words of closed lists as people write them: levels, affiliations, prefectures, series."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, TypeVar

from defense.domain.round_rules import RoundRules
from defense.domain.vocabulary import AFFILIATION_TEXT, LEVEL_TEXT, PREFECTURES, Affiliation, Level
from defense.integrations.workbooks.cells import as_list, as_text, invalid

ChoiceT = TypeVar("ChoiceT")

_OTHER_AFFILIATION_WORDS = {
    Affiliation.REGION: ("区直", "自治区直属", "自治区单位", "自治区本级"),
    Affiliation.PREFECTURE: ("地州", "地市", "地（州、市）", "地州市单位"),
    Affiliation.COUNTY: ("县", "区县", "县市区", "县级", "县（市）", "县级单位"),
    Affiliation.TOWNSHIP: ("乡", "镇", "街道", "乡镇（街道）", "乡镇单位"),
    Affiliation.CENTRAL: ("中央驻疆单位", "中央单位"),
    Affiliation.OUTSIDE_ENTERPRISE: ("外省驻疆", "外省企业"),
    Affiliation.MILITARY: ("部队", "军区"),
    Affiliation.OTHER: (),
}
_SHORT_PREFECTURES = (
    *("乌鲁木齐", "克拉玛依", "吐鲁番", "哈密", "昌吉州", "博州", "巴州", "克州", "伊犁州"),
    *("阿克苏", "喀什", "和田", "塔城", "阿勒泰"),
)
_LONGEST_COMPARED = 60
_EVERY = ("全部", "不限", "所有", "全部专业", "不限专业")


def as_level(value: Any) -> Level:
    """正高级 or 副高级, with or without the last character."""
    words = {word: level for level, text in LEVEL_TEXT.items() for word in (text.zh, text.zh[:-1])}
    return _choose(value, words, "级别", "level", "正高级、副高级")


def as_levels(value: Any) -> tuple[Level, ...]:
    """One level or both."""
    return tuple(dict.fromkeys(as_level(item) for item in _some(value, "级别", "level")))


def as_affiliation(value: Any) -> Affiliation:
    """What the unit belongs to."""
    words = {text.zh: affiliation for affiliation, text in AFFILIATION_TEXT.items()}
    known = "、".join(words)
    words |= {word: a for a, others in _OTHER_AFFILIATION_WORDS.items() for word in others}
    return _choose(value, words, "单位隶属", "affiliation", known)


def as_prefecture(value: Any) -> str:
    """The full name of one of the fourteen prefecture-level units, also from its short name."""
    words = {name: name for name in PREFECTURES} | dict(zip(_SHORT_PREFECTURES, PREFECTURES, strict=True))
    return _choose(value, words, "所在地州", "prefecture", "、".join(PREFECTURES))


def as_series(rules: RoundRules) -> Callable[[Any], str]:
    """Reads one series of the round."""
    words = {series.name: series.name for series in rules.series}
    known = "、".join(words)
    words |= {name.removesuffix("系列"): name for name in tuple(words)}
    return lambda value: _choose(value, words, "系列", "series", known)


def as_several_series(rules: RoundRules) -> Callable[[Any], tuple[str, ...]]:
    """Reads one or more series of the round."""
    read_one = as_series(rules)
    return lambda value: tuple(dict.fromkeys(read_one(item) for item in _some(value, "系列", "series")))


def as_specialties(value: Any) -> tuple[str, ...]:
    """Specialties; 全部 or 不限 means every one and is an empty tuple."""
    items = _some(value, "专业", "specialty")
    return () if set(items) & set(_EVERY) else tuple(dict.fromkeys(items))


def as_in_xinjiang(value: Any) -> bool:
    """Whether the present title was got in Xinjiang; 无 (no title) asks for no more than that."""
    words = {"新疆": True, "疆内": True, "自治区": True, "本区": True, "无": True}
    words |= dict.fromkeys(("外省", "疆外", "外地", "其他省", "其他省区市", "外省区市"), False)
    return _choose(value, words, "资格取得地", "place of award", "新疆、外省")


def as_objection(value: Any) -> bool:
    """Whether somebody objected: 无异议 or 有异议."""
    words = {"无异议": False, "没有异议": False, "有异议": True}
    return _choose(value, words, "公示结果", "result of the publicity", "无异议、有异议")


def _some(value: Any, zh: str, en: str) -> tuple[str, ...]:
    items = as_list(value)
    if not items:
        raise invalid(f"{zh}至少填一项", f"name at least one {en}")
    return items


def _choose(value: Any, words: Mapping[str, ChoiceT], zh: str, en: str, known: str) -> ChoiceT:
    spelled = {_plain(word): choice for word, choice in words.items()}
    try:
        return spelled[_plain(as_text(value))]
    except KeyError:
        near = get_close_matches(_plain(as_text(value))[:_LONGEST_COMPARED], spelled, n=1)
        # The word as it is listed, not with its spelling taken away.
        word = next((word for word in words if near and _plain(word) == near[0]), "")
        raise invalid(
            f"{zh}不在规定范围内，{f'是否为“{word}”？' if word else ''}可填：{known}",
            f"not a known {en}; {f'did you mean “{word}”? ' if word else ''}one of: {known}",
        ) from None


@lru_cache(maxsize=2_000)
def _plain(word: str) -> str:
    return re.sub(r"[\s、,]", "", unicodedata.normalize("NFKC", word))

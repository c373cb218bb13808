"""Recusal (回避): which experts must not hear a candidate, and why."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Hashable, Mapping
from functools import lru_cache
from typing import TypeVar

from defense.domain.text import Text

ExpertId = TypeVar("ExpertId", bound=Hashable)

SAME_UNIT = Text("与申报人同一单位", "same unit as the candidate")
DECLARED = Text("已申报回避（亲属、师生、合作者等）", "declared (relative, teacher or student, co-author …)")

_INSTITUTION_ENDINGS = (
    *("大学", "学院", "学校", "中学", "党校", "公司", "集团", "医院", "中心", "银行"),
    *("局", "院", "厅", "厂", "所", "站", "馆", "社", "处", "委", "会"),
)
# Two branches of one company are units of their own; two departments of one school are not.
_SCHOOL = re.compile(r".*?(?:大学|学院|学校|党校)")
_NO_UNIT = ("", "无")


@lru_cache(maxsize=200_000)
def same_unit(a: str, b: str) -> bool:
    """Whether two names stand for one unit; when in doubt they do, as a missed recusal harms more.

    The rule, after spaces, full-width forms and brackets are evened out and 有限责任公司 reads 有限公司:

    1. equal names are one unit;
    2. an institution and its own department are one unit: one name begins with the whole of the other,
       which ends like an institution (大学, 公司, 局, 院 …) — 新疆大学 and 新疆大学机械学院;
    3. two departments of one school are one unit — 新疆大学机械学院 and 新疆大学数学学院.

    A place name does not make a unit: 乌鲁木齐市 and 乌鲁木齐市水务局 differ. An empty name or 无 is like
    no other.

    Source: domain.md "Panels and recusal".
    """
    first, second = sorted((_normalised(a), _normalised(b)), key=len)
    if first in _NO_UNIT:
        return False
    if first == second or (second.startswith(first) and first.endswith(_INSTITUTION_ENDINGS)):
        return True
    school = _school_of(first)
    return bool(school) and school == _school_of(second)


def find_conflicts(
    candidate_unit: str, expert_units: Mapping[ExpertId, str], declared: Collection[ExpertId]
) -> dict[ExpertId, Text]:
    """The experts who must step back for one candidate.

    Parameters
    ----------
    candidate_unit
        Where the candidate works.
    expert_units
        Expert → unit, for the experts that matter.
    declared
        Experts named by either side, whatever the unit; those not in `expert_units` are passed over.

    Returns
    -------
    dict
        Expert → every reason, in the order of `expert_units`; experts without conflict are absent.
    """
    conflicts: dict[ExpertId, Text] = {}
    for expert, unit in expert_units.items():
        reasons = [SAME_UNIT] if same_unit(candidate_unit, unit) else []
        if expert in declared:
            reasons.append(DECLARED)
        if reasons:
            conflicts[expert] = Text("；".join(r.zh for r in reasons), "; ".join(r.en for r in reasons))
    return conflicts


@lru_cache(maxsize=20_000)
def _normalised(unit: str) -> str:
    plain = re.sub(r"[\s()\[\]〔〕【】\-·,.。、]", "", unicodedata.normalize("NFKC", unit)).upper()
    return plain.replace("有限责任公司", "有限公司")


@lru_cache(maxsize=20_000)
def _school_of(normalised_unit: str) -> str:
    match = _SCHOOL.match(normalised_unit)
    return match[0] if match else ""

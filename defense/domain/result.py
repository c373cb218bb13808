"""From the outcome of a defence to the conclusion of the application: the second half of the veto rule."""

from __future__ import annotations

from enum import StrEnum

from defense.domain.text import Text


class Outcome(StrEnum):
    """How a defence ended."""

    PASSED = "passed"
    FAILED = "failed"
    ABSENT = "absent"
    WAIVED = "waived"
    CANCELLED = "cancelled"


class Conclusion(StrEnum):
    """What stands beside the application record."""

    PASSED = "passed"
    FAILED = "failed"
    FAILED_FOR_REFERENCE = "failed_for_reference"
    NOT_REQUIRED = "not_required"
    PENDING = "pending"
    NOT_ELIGIBLE = "not_eligible"


OUTCOME_TEXT = {
    Outcome.PASSED: Text("通过", "passed"),
    Outcome.FAILED: Text("否决", "failed"),
    Outcome.ABSENT: Text("缺席", "absent"),
    Outcome.WAIVED: Text("放弃答辩", "withdrawn"),
    Outcome.CANCELLED: Text("取消", "cancelled"),
}

CONCLUSION_TEXT = {
    Conclusion.PASSED: Text("通过", "passed"),
    Conclusion.FAILED: Text("不通过", "not passed"),
    Conclusion.FAILED_FOR_REFERENCE: Text("答辩未通过（供评委会参考）", "defence failed (for the committee)"),
    Conclusion.NOT_REQUIRED: Text("无需答辩", "no defence required"),
    Conclusion.PENDING: Text("待定", "pending"),
    Conclusion.NOT_ELIGIBLE: Text("材料不符合要求", "application not valid"),
}

_FAILING = frozenset({Outcome.FAILED, Outcome.ABSENT, Outcome.WAIVED, Outcome.CANCELLED})


def derive_conclusion(valid: bool, must_defend: bool, outcome: Outcome | None, effect: str) -> Conclusion:
    """What the outcome of the defence means for the whole application.

    Parameters
    ----------
    must_defend : whether a defence is required of this person.
    outcome : of the newest attempt; None while there is none (interrupted, postponed, not yet voted).
    effect : `veto` (a failed defence fails the application whatever the material) or `reference`.

    Notes
    -----
    Source: notice 五(四); domain.md "One-vote veto": must defend ∧ outcome in {否决, 缺席, 弃权, 取消} →
    不通过.
    """
    if not valid:
        return Conclusion.NOT_ELIGIBLE
    if not must_defend:
        return Conclusion.NOT_REQUIRED
    if outcome is Outcome.PASSED:
        return Conclusion.PASSED
    if outcome in _FAILING:
        return Conclusion.FAILED if effect == "veto" else Conclusion.FAILED_FOR_REFERENCE
    return Conclusion.PENDING

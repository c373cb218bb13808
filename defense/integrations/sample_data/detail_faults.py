"""Spoils the details of some applicants, each so that one rule finds it that no main row can show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from defense.domain.record_parts import PROOF_TEXT, ProofKind
from defense.domain.round_rules import RoundRules

MARK = "detail_fault"
"""The cell, of no column, that says which fault the details of an applicant get."""

Rows = dict[str, list[list[Any]]]
"""Title of a detail sheet → the rows of one applicant, the number first."""
Spoil = Callable[[dict[str, Any], Rows, RoundRules], None]


def spoil_details(cells: dict[str, Any], rows: Rows, rules: RoundRules) -> Rows:
    """All detail rows, those of one applicant spoilt as the mark says; main cells may change, too."""
    own = {title: [list(row) for row in lines if row[0] == cells["number"]] for title, lines in rows.items()}
    DETAIL_FAULTS[cells[MARK]](cells, own, rules)
    return {
        title: [row for row in lines if row[0] != cells["number"]] + own[title]
        for title, lines in rows.items()
    }


def _cell(key: str, value: Callable[[RoundRules], Any]) -> Spoil:
    def spoil(cells: dict[str, Any], rows: Rows, rules: RoundRules) -> None:
        cells[key] = value(rules)

    return spoil


def _put(title: str, values: dict[int, Callable[[RoundRules], Any]]) -> Spoil:
    """Other values in columns of the last row of a sheet."""

    def spoil(cells: dict[str, Any], rows: Rows, rules: RoundRules) -> None:
        for column, value in values.items():
            rows[title][-1][column] = value(rules)

    return spoil


def _without(*kinds: ProofKind) -> Spoil:
    """The files of these kinds are not in the list."""
    words = {PROOF_TEXT[kind].zh for kind in kinds}

    def spoil(cells: dict[str, Any], rows: Rows, rules: RoundRules) -> None:
        rows["附件清单"] = [row for row in rows["附件清单"] if row[1] not in words]

    return spoil


def _cut_audits(cells: dict[str, Any], rows: Rows, rules: RoundRules) -> None:
    rows["审核记录"].pop()


def _unapproved(cells: dict[str, Any], rows: Rows, rules: RoundRules) -> None:
    rows["委托评审"][-1][3:5] = [None, None]
    _without(ProofKind.COMMISSION_APPROVAL)(cells, rows, rules)


DETAIL_FAULTS: dict[str, Spoil] = {
    "blank_detail": _cell("political_status", lambda rules: None),
    "title_in_future": _cell("present_title_on", lambda rules: f"{rules.year + 1}-01-05"),
    "publicity_outcome_missing": _cell("publicity_outcome", lambda rules: None),
    "publicity_outcome_unclear": _cell("publicity_outcome", lambda rules: "公示已结束"),
    "publicity_days_disagree": _cell("publicity_days", lambda rules: 30),
    "audit_unfinished": _cut_audits,
    "audit_step_incomplete": _put("审核记录", {6: lambda rules: None}),
    "degree_unproved": _put("学历学位", {6: lambda rules: "否"}),
    "degree_in_future": _put("学历学位", {4: lambda rules: f"{rules.year + 1}-06-30"}),
    "achievement_in_future": _put(
        "业绩成果明细",
        {2: lambda rules: f"{rules.year + 1}-03-01", 3: lambda rules: f"{rules.year + 2}-10-31"},
    ),
    "recommending_opinion_differs": _put("推荐单位意见", {2: lambda rules: "同意推荐"}),
    "supervising_opinion_differs": _put("主管单位意见", {2: lambda rules: "同意推荐"}),
    "commission_not_approved": _unapproved,
    "aid_consent_unproved": _without(ProofKind.AID_CONSENT),
    "no_experience_proof": _without(ProofKind.EXPERIENCE_PROOF),
    "no_training_certificate": _without(ProofKind.TRAINING_CERTIFICATE),
    "no_appraisal_form": _without(ProofKind.APPRAISAL_FORM),
    "no_publicity_notice": _without(ProofKind.PUBLICITY_NOTICE),
    "no_publicity_result": _without(ProofKind.PUBLICITY_RESULT),
}
"""Rule → what makes it speak."""

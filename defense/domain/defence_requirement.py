"""Who must defend, by part five of the notice."""

from __future__ import annotations

from defense.domain.application import ApplicationRecord
from defense.domain.assessment import Finding, Requirement, Severity
from defense.domain.text import Text
from defense.domain.vocabulary import AFFILIATION_TEXT, Affiliation, Level

_MUST = (Affiliation.REGION, Affiliation.PREFECTURE)
_NEED_NOT = (Affiliation.COUNTY, Affiliation.TOWNSHIP)

_SENIOR = Text(
    "申报正高级职称，须参加答辩（不论单位隶属）",
    "applies for a senior title: defends, whatever the unit belongs to",
)
_REQUIRED = Text(
    "申报副高级职称，单位隶属“{affiliation}”：自治区及地州市单位专业技术人员均参加答辩",
    "applies for an associate senior title from a unit of kind “{affiliation}”: units of the autonomous "
    "region and of the prefectures all defend",
)
_NOT_REQUIRED = Text(
    "申报副高级职称，单位隶属“{affiliation}”：不在通知规定的答辩范围，无需答辩",
    "applies for an associate senior title from a unit of kind “{affiliation}”: outside the range the notice "
    "names, so no defence",
)
_UNSAID = Text(
    "申报副高级职称，单位隶属“{affiliation}”：通知未规定是否答辩，待裁定",
    "applies for an associate senior title from a unit of kind “{affiliation}”: the notice does not say, "
    "a ruling is needed",
)
_AID = Text(
    "援疆人员，单位隶属“{affiliation}”：通知未规定援疆人员是否答辩，待裁定",
    "on a 援疆 posting in a unit of kind “{affiliation}”: the notice does not say whether such persons "
    "defend, a ruling is needed",
)


def derive_requirement(record: ApplicationRecord) -> tuple[Requirement, tuple[Finding, ...]]:
    """Whether the person must defend, with each reason as a finding of clause 五(二) or 五(三).

    Source: domain.md rows 28 and 29.
    """
    if record.level is Level.SENIOR:
        return _decided(Requirement.REQUIRED, "defence_required_senior", "五(二)", (_SENIOR,), record)
    if record.affiliation in _MUST:
        return _decided(Requirement.REQUIRED, "defence_required_unit", "五(三)", (_REQUIRED,), record)
    if record.affiliation in _NEED_NOT and record.aid_posting is None:
        return _decided(Requirement.NOT_REQUIRED, "defence_not_required", "五(三)", (_NOT_REQUIRED,), record)
    reasons = () if record.affiliation in _NEED_NOT else (_UNSAID,)
    if record.aid_posting is not None:
        reasons = (*reasons, _AID)
    return _decided(Requirement.PENDING, "defence_pending", "五(三)", reasons, record)


def _decided(
    requirement: Requirement, code: str, clause: str, reasons: tuple[Text, ...], record: ApplicationRecord
) -> tuple[Requirement, tuple[Finding, ...]]:
    affiliation = AFFILIATION_TEXT[record.affiliation]
    return requirement, tuple(
        Finding(code, Severity.INFO, clause, "defence", reason.format(affiliation=affiliation))
        for reason in reasons
    )

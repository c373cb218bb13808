"""For every rule of the notice: a record that passes, one that fails, and one on the border.

What is changed is changed of the record told in full, which breaks no rule, and of its round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from defense.domain.record_parts import (
    Achievement,
    AidPosting,
    Appraisal,
    Attachment,
    AuditStep,
    Commission,
    Degree,
    Employment,
    ProofKind,
    Publicity,
    Section,
    Submission,
    Training,
    TrainingKind,
    UnitOpinion,
    section_of,
)
from defense.domain.round_rules import BEIJING
from defense.domain.vocabulary import Affiliation, Level

Changes = Mapping[str, Any]


def at(*moment):
    return datetime(*moment, tzinfo=BEIJING)


@dataclass(frozen=True)
class Cases:
    """Of one rule; `besides` are others that a failing or a border case cannot help but break."""

    passing: Changes
    failing: Changes
    border: Changes
    border_is_found: bool
    besides: frozenset[str] = field(default=frozenset())


def changed(record, changes):
    """The record with other fields, `without` some proofs and `also` with others."""
    fields = dict(changes)
    fields.pop("round", None)
    gone = fields.pop("without", set())
    kept = tuple(a for a in record.attachments if a.kind not in gone)
    also = tuple(
        kind if isinstance(kind, Attachment) else Attachment(kind, section_of(kind), name=f"{kind}.pdf")
        for kind in fields.pop("also", ())
    )
    record = replace(record, attachments=(*kept, *also), **fields)
    if "submitted_at" in fields and "submissions" not in fields:
        record = replace(record, submissions=(Submission(record.submitted_at),))
    return record


def trained(professional, public):
    """Certificates of these years."""
    return tuple(
        Training(kind, year)
        for kind, years in ((TrainingKind.PROFESSIONAL, professional), (TrainingKind.PUBLIC, public))
        for year in years
    )


def told(start, end, days=None, objection_open=False, outcome="公示无异议"):
    return Publicity(start, end, objection_open, outcome, days)


def appraised(*years):
    return tuple(Appraisal(year) for year in years)


def handed_in(*moments):
    """Submissions at these moments of Beijing, each but the last returned a day later."""
    *returned, last = (at(*moment) for moment in moments)
    history = (*(Submission(m, m + timedelta(days=1), "材料不全") for m in returned), Submission(last))
    return {"submissions": history, "submission_count": len(history), "submitted_at": last}


def audited(*steps):
    """Stage, day of September 2021, and whether it passed."""
    return {
        "audit_steps": tuple(
            AuditStep(stage, "某单位", "张某", at(2021, 9, day), passed=passed, opinion="同意")
            for stage, day, passed in steps
        )
    }


def misplaced(kind):
    return Attachment(
        kind, Section.OTHER if section_of(kind) is not Section.OTHER else Section.TITLE, "a.pdf"
    )


PUBLIC = range(2016, 2021)
POSTING = AidPosting(date(2021, 3, 1), date(2022, 2, 28), sending_unit_consents=True)
ON_POSTING = {"aid_posting": POSTING, "also": {ProofKind.AID_CONSENT}}
COMMISSION = Commission("教育部人事司", date(2021, 8, 1), "自治区职称办", date(2021, 8, 20))
OUTSIDER = {
    "affiliation": Affiliation.CENTRAL,
    "commission": COMMISSION,
    "also": {ProofKind.COMMISSION_LETTER, ProofKind.COMMISSION_APPROVAL},
}
ENGINEER = {
    "series": "工程系列",
    "specialty": "水利水电",
    "level": Level.SENIOR,
    "supervising_opinion": None,
}
EVERY_TITLE_PROOF = {ProofKind.TITLE_CERTIFICATE, ProofKind.TITLE_REVIEW_FORM}
OPINION = "同意推荐李建国同志申报经济系列人力资源管理系列人力资源管理专业副高级专业技术任职资格"


def lacking(kind, **more):
    """Passing: it is there; failing: it is not; border: it is there, but in the wrong section (错传)."""
    return Cases(
        more,
        {**more, "without": {kind}, "also": more.get("also", set()) - {kind}},
        {**more, "without": {kind}, "also": {*more.get("also", set()) - {kind}, misplaced(kind)}},
        True,
        frozenset({"attachment_misplaced"}),
    )


CASES = {
    "series_unknown": Cases(
        {},
        {"series": "农业系列", "supervising_opinion": None},
        {"series": "经济系列人力资源管理 ", "supervising_opinion": None},
        True,
    ),
    "specialty_unknown": Cases(
        ENGINEER,
        {"specialty": "水利水电", "supervising_opinion": None},
        {"specialty": "人力资源", "supervising_opinion": None},
        True,
    ),
    "level_not_offered": Cases(
        ENGINEER,
        {**ENGINEER, "level": Level.ASSOCIATE},
        {"level": Level.SENIOR, "supervising_opinion": None},
        False,
    ),
    "filed_early": Cases(
        {},
        {"submitted_at": at(2021, 8, 29, 23, 59, 59)},
        {"submitted_at": at(2021, 8, 30)},
        False,
    ),
    # the last second of the window counts to its end
    "filed_late": Cases(
        {"submitted_at": at(2021, 10, 8, 23, 59, 59)},
        {"submitted_at": at(2021, 10, 9)},
        {"submitted_at": at(2021, 10, 9) - timedelta(microseconds=1)},
        False,
    ),
    "no_platform_number": Cases({}, {"number": ""}, {"number": " "}, True),
    "blank_field": Cases({}, {"achievements": ""}, {"achievements": "无"}, False),
    "blank_detail": Cases({}, {"political_status": ""}, {"professional_years": 0}, False),
    "vague_experience": Cases(
        {},
        {"work_summary": "在基层工作10年左右"},
        {"employments": (Employment(date(2005, 7, 1), None, "某单位", "科员等等"),)},
        True,
    ),
    "vague_achievements": Cases(
        {},
        {"achievements": "完成若干项目"},
        {"achievement_items": (Achievement("某项目", description="多次获奖"),)},
        True,
    ),
    "attachment_misplaced": Cases(
        {},
        {"also": {misplaced(ProofKind.DEGREE_DOCUMENTS)}},
        {"also": {Attachment(ProofKind.OTHER, Section.TITLE, "a.pdf")}},
        False,
    ),
    "audit_unfinished": Cases(
        audited(("基层单位", 16, True), ("中心终审", 27, True)),
        audited(("基层单位", 16, True), ("主管单位", 20, True)),
        audited(("基层单位", 16, True), ("中心终审", 27, False)),
        True,
    ),
    "audit_disordered": Cases(
        {},
        audited(("基层单位", 20, True), ("中心终审", 19, True)),
        audited(("基层单位", 20, True), ("中心终审", 20, True)),
        False,
    ),
    "audit_step_incomplete": Cases(
        {},
        {"audit_steps": (AuditStep("中心终审", "中心", "", at(2021, 9, 27), True, "同意"),)},
        {"audit_steps": (AuditStep("中心终审", "中心", "张某", at(2021, 9, 27), True, " "),)},
        True,
    ),
    # the 3rd and the 4th submission
    "too_many_submissions": Cases(
        {},
        handed_in((2021, 9, 1), (2021, 9, 5), (2021, 9, 10), (2021, 9, 15)),
        handed_in((2021, 9, 1), (2021, 9, 5), (2021, 9, 10)),
        False,
    ),
    "submissions_disagree": Cases(
        handed_in((2021, 9, 1), (2021, 9, 15)),
        {"submission_count": 2},
        {"submissions": (Submission(at(2021, 9, 15, 12, 0, 59)),)},
        False,
    ),
    "no_commitment_letter": lacking(ProofKind.COMMITMENT_LETTER),
    "id_number_invalid": Cases(
        {},
        {"id_number": "110105194912310021"},
        {"id_number": "11010519491231002x"},
        False,
    ),
    "gender_mismatch": Cases(
        {},
        {"gender": "男"},
        {"id_number": "110105194912310039", "gender": "男"},
        False,
        frozenset({"id_number_invalid"}),
    ),
    "no_id_scan": lacking(ProofKind.ID_SCAN),
    "no_photo": lacking(ProofKind.PHOTO),
    "no_degree_proof": Cases(
        {},
        {"without": {ProofKind.DEGREE_CHECK}},
        {"without": {ProofKind.DEGREE_CHECK}, "also": {ProofKind.DEGREE_DOCUMENTS}},
        False,
    ),
    "degree_unproved": Cases(
        {},
        {"degrees": (Degree("喀什大学", "经济学", "本科", date(2000, 7, 1)),)},
        {
            "degrees": (Degree("喀什大学", "经济学", "本科", date(2000, 7, 1)),),
            "also": {ProofKind.DEGREE_DOCUMENTS},
        },
        False,
    ),
    "degree_in_future": Cases(
        {},
        {"degrees": (Degree("新疆大学", "经济学", "硕士", date(2021, 9, 16), checked_online=True),)},
        {"degrees": (Degree("新疆大学", "经济学", "硕士", date(2021, 9, 15), checked_online=True),)},
        False,
    ),
    "no_exam_result": Cases(
        {},
        {"without": {ProofKind.EXAM_RESULT}},
        {"level": Level.SENIOR, "without": {ProofKind.EXAM_RESULT}, "supervising_opinion": None},
        False,
    ),
    "no_title_proof": Cases(
        {"present_title_in_xinjiang": False, "also": EVERY_TITLE_PROOF},
        {"without": {ProofKind.TITLE_DOCUMENT}},
        {"present_title_in_xinjiang": False, "also": {ProofKind.TITLE_CERTIFICATE}},
        True,
    ),
    "title_in_future": Cases(
        {},
        {"present_title_on": date(2021, 9, 16)},
        {"present_title_on": date(2021, 9, 15)},
        False,
    ),
    "no_appointment_papers": lacking(
        ProofKind.APPOINTMENT_PAPERS, moved_from_government=True, also={ProofKind.APPOINTMENT_PAPERS}
    ),
    "resume_overlap": Cases(
        {},
        {
            "employments": (
                Employment(date(2005, 7, 1), date(2012, 9, 30), "甲单位"),
                Employment(date(2012, 8, 1), None, "乙单位"),
            )
        },
        {
            "employments": (
                Employment(date(2005, 7, 1), date(2012, 9, 10), "甲单位"),
                Employment(date(2012, 9, 11), None, "乙单位"),
            ),
            "work_summary": "2005-2010在甲单位；2010年至今在乙单位",
        },
        False,
    ),
    "resume_in_future": Cases(
        {},
        {"employments": (Employment(date(2005, 7, 1), date(2021, 10, 1), "甲单位"),)},
        {"employments": (Employment(date(2005, 7, 1), date(2021, 9, 30), "甲单位"),)},
        False,
    ),
    "no_experience_proof": lacking(ProofKind.EXPERIENCE_PROOF),
    "no_achievement_proof": lacking(ProofKind.ACHIEVEMENT_PROOF),
    "achievement_in_future": Cases(
        {},
        {"achievement_items": (Achievement("新项目", date(2021, 9, 16)),)},
        {"achievement_items": (Achievement("新项目", date(2021, 9, 15), date(2022, 12, 31)),)},
        False,
    ),
    "professional_training_missing": Cases(
        {"trainings": trained({2021}, PUBLIC)},
        {"trainings": trained({2020}, PUBLIC)},
        {"trainings": trained({2020, 2021}, PUBLIC)},
        False,
    ),
    "public_training_missing": Cases(
        {"trainings": trained({2021}, PUBLIC)},
        {"trainings": trained({2021}, {2016, 2017, 2018, 2019})},
        {"trainings": trained({2021}, range(2017, 2022))},
        True,
    ),
    "no_training_certificate": lacking(ProofKind.TRAINING_CERTIFICATE),
    "appraisal_missing": Cases(
        {"appraisals": appraised(2017, 2018, 2019, 2020)},
        {"appraisals": appraised(2018, 2019)},
        {"appraisals": appraised(2017, 2018, 2019)},
        True,
    ),
    "no_appraisal_form": lacking(ProofKind.APPRAISAL_FORM),
    "no_publicity": Cases(
        {},
        {"publicity": told(None, None)},
        {"publicity": told(date(2021, 9, 6), None)},
        True,
    ),
    "publicity_uncountable": Cases(
        {},
        {"publicity": told(date(2031, 9, 1), date(2031, 9, 30))},
        {"publicity": told(date(2021, 8, 26), date(2021, 9, 3))},
        False,
    ),
    # the 5th working day is Saturday 18 September 2021, worked for 中秋节 (调休)
    "publicity_too_short": Cases(
        {"publicity": told(date(2021, 9, 13), date(2021, 9, 17))},
        {"publicity": told(date(2021, 9, 14), date(2021, 9, 17))},
        {"publicity": told(date(2021, 9, 14), date(2021, 9, 18))},
        False,
    ),
    "objection_open": Cases(
        {},
        {"publicity": told(date(2021, 9, 6), date(2021, 9, 10), objection_open=True)},
        {"publicity": told(date(2021, 9, 6), date(2021, 9, 10), outcome="有异议，已核查了结，公示无异议")},
        False,
    ),
    "no_publicity_notice": lacking(ProofKind.PUBLICITY_NOTICE),
    "no_publicity_result": lacking(ProofKind.PUBLICITY_RESULT),
    "publicity_outcome_missing": Cases(
        {},
        {"publicity": told(date(2021, 9, 6), date(2021, 9, 10), outcome="")},
        {"publicity": told(date(2021, 9, 6), date(2021, 9, 10), outcome=" ")},
        True,
    ),
    "publicity_outcome_unclear": Cases(
        {},
        {"publicity": told(date(2021, 9, 6), date(2021, 9, 10), outcome="公示已结束")},
        {"publicity": told(date(2021, 9, 6), date(2021, 9, 10), outcome="公示 无异议。")},
        False,
    ),
    "publicity_days_disagree": Cases(
        {"publicity": told(date(2021, 9, 6), date(2021, 9, 10), 5)},
        {"publicity": told(date(2021, 9, 6), date(2021, 9, 10), 6)},
        # 13 to 19 September 2021 are seven days, six of them worked
        {"publicity": told(date(2021, 9, 13), date(2021, 9, 19), 6)},
        False,
    ),
    "no_recommending_opinion": lacking(ProofKind.RECOMMENDING_OPINION),
    "recommending_opinion_differs": Cases(
        {},
        {"recommending_opinion": UnitOpinion("新疆大学", "同意推荐")},
        {
            "recommending_opinion": UnitOpinion(
                "新疆大学", "经研究：本单位已对提供的申报材料逐一审核,真实完整有效,同意推荐!"
            )
        },
        False,
    ),
    "no_supervising_opinion": lacking(ProofKind.SUPERVISING_OPINION),
    "supervising_opinion_differs": Cases(
        {"supervising_opinion": UnitOpinion("教育厅", OPINION)},
        {"supervising_opinion": UnitOpinion("教育厅", OPINION.replace("李建国", "李建军"))},
        {"supervising_opinion": UnitOpinion("教育厅", OPINION.replace("副高级", "正高级"))},
        True,
    ),
    "no_commission_letter": Cases(
        OUTSIDER,
        {**OUTSIDER, "also": {ProofKind.COMMISSION_APPROVAL}},
        {**OUTSIDER, "affiliation": Affiliation.OTHER, "also": ()},
        False,
    ),
    "commission_not_approved": Cases(
        OUTSIDER,
        {
            **OUTSIDER,
            "commission": replace(COMMISSION, approved_by="", approved_on=None),
            "also": {ProofKind.COMMISSION_LETTER},
        },
        {**OUTSIDER, "commission": None, "also": {ProofKind.COMMISSION_LETTER}},
        False,
    ),
    "aid_no_consent": Cases(
        ON_POSTING,
        {**ON_POSTING, "aid_posting": replace(POSTING, sending_unit_consents=False)},
        {"aid_posting": None},
        False,
    ),
    "aid_consent_unproved": lacking(ProofKind.AID_CONSENT, **ON_POSTING),
    "aid_dates_missing": Cases(
        ON_POSTING,
        {**ON_POSTING, "aid_posting": replace(POSTING, start=None, end=None)},
        {**ON_POSTING, "aid_posting": replace(POSTING, end=None)},
        True,
    ),
    "aid_too_short": Cases(
        {**ON_POSTING, "aid_posting": replace(POSTING, start=date(2020, 2, 29), end=date(2021, 9, 15))},
        {**ON_POSTING, "aid_posting": replace(POSTING, end=date(2022, 2, 27))},
        {**ON_POSTING, "aid_posting": replace(POSTING, end=date(2022, 2, 28))},
        False,
    ),
    "aid_not_under_way": Cases(
        ON_POSTING,
        {**ON_POSTING, "aid_posting": replace(POSTING, start=date(2020, 1, 1), end=date(2021, 9, 14))},
        {**ON_POSTING, "aid_posting": replace(POSTING, start=date(2020, 1, 1), end=date(2021, 9, 15))},
        False,
    ),
    "formal_review_not_passed": Cases(
        {},
        {"formal_review_passed": False},
        {"formal_review_passed": False, **audited(("中心终审", 27, False))},
        True,
    ),
    "fee_unpaid": Cases({}, {"fee_paid": False}, {"fee_paid": False, "fee_payment": None}, True),
    # a 正高 from a county
    "defence_required_senior": Cases(
        {"affiliation": Affiliation.COUNTY},
        {"level": Level.SENIOR, "supervising_opinion": None},
        {"level": Level.SENIOR, "affiliation": Affiliation.COUNTY, "supervising_opinion": None},
        True,
    ),
    "defence_required_unit": Cases(
        {"affiliation": Affiliation.COUNTY},
        {"affiliation": Affiliation.REGION},
        {**ON_POSTING, "affiliation": Affiliation.PREFECTURE},
        True,
    ),
    # a 副高 from 中央驻疆
    "defence_pending": Cases(
        {"affiliation": Affiliation.PREFECTURE},
        OUTSIDER,
        {**OUTSIDER, "level": Level.SENIOR, "supervising_opinion": None},
        False,
    ),
    "defence_pending_aid": Cases(
        {**ON_POSTING, "affiliation": Affiliation.REGION},
        {**ON_POSTING, "affiliation": Affiliation.COUNTY},
        {"affiliation": Affiliation.COUNTY},
        False,
    ),
    "defence_not_required": Cases(
        {"affiliation": Affiliation.PREFECTURE},
        {"affiliation": Affiliation.TOWNSHIP},
        {**ON_POSTING, "affiliation": Affiliation.COUNTY},
        False,
    ),
    "one_vote_veto": Cases(
        {"affiliation": Affiliation.COUNTY},
        {},
        {**ON_POSTING, "affiliation": Affiliation.COUNTY},
        True,
    ),
    "fanghuiju": Cases(
        {},
        {"in_fanghuiju": True, "also": {ProofKind.FANGHUIJU_PROOF}},
        {"in_fanghuiju": False, "also": {ProofKind.FANGHUIJU_PROOF}},
        False,
    ),
    "fanghuiju_unproved": lacking(
        ProofKind.FANGHUIJU_PROOF, in_fanghuiju=True, also={ProofKind.FANGHUIJU_PROOF}
    ),
    "works_bonus": Cases({"works": "无"}, {"works": "论文1篇"}, {"works": " "}, False),
    "works_unproved": lacking(ProofKind.WORKS_PROOF, works="论文1篇", also={ProofKind.WORKS_PROOF}),
    "language_and_computer": Cases({"round": "off"}, {}, {"round": "warn"}, True),
}
"""Rule id → its cases. Whoever adds a rule adds it here."""

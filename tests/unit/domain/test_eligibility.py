"""The notice, row by row: what passes, what fails, and the border between."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from defense.domain.eligibility import Assessment, Requirement, Severity, assess_eligibility
from defense.domain.eligibility_rules import RULES
from defense.domain.record_parts import AidPosting, Appraisal, ProofKind, Publicity, Training, TrainingKind
from defense.domain.restating import stated_proofs
from defense.domain.round_rules import BEIJING
from defense.domain.vocabulary import Affiliation, Level


def publicity(start, end, objection_open=False):
    return Publicity(start, end, objection_open)


def at(*moment):
    return datetime(*moment, tzinfo=BEIJING)


def trained(professional, public):
    """Certificates of these years."""
    return tuple(
        Training(kind, year)
        for kind, years in ((TrainingKind.PROFESSIONAL, professional), (TrainingKind.PUBLIC, public))
        for year in years
    )


def changed(record, changes):
    """The record with other fields, `without` some proofs and `also` with others."""
    fields = dict(changes)
    gone = fields.pop("without", set())
    kept = tuple(a for a in record.attachments if a.kind not in gone)
    return replace(record, attachments=(*kept, *stated_proofs(fields.pop("also", ()))), **fields)


PUBLIC_YEARS = range(2016, 2021)
SHORT = publicity(date(2021, 9, 6), date(2021, 9, 9))
POSTING = AidPosting(date(2021, 3, 1), date(2022, 2, 28), sending_unit_consents=True)
ENGINEER = {"series": "工程系列", "specialty": "水利水电", "level": Level.SENIOR}

# code, what is changed so that exactly this is found
FAILING = [
    ("series_unknown", {"series": "农业系列"}),
    ("specialty_unknown", {"specialty": "水利水电"}),
    ("level_not_offered", ENGINEER | {"level": Level.ASSOCIATE}),
    ("filed_early", {"submitted_at": at(2021, 8, 29, 23, 59, 59)}),
    ("filed_late", {"submitted_at": at(2021, 10, 9)}),
    ("blank_field", {"achievements": " "}),
    ("vague_experience", {"work_summary": "在基层工作10年左右"}),
    ("vague_achievements", {"achievements": "完成若干项目"}),
    ("too_many_submissions", {"submission_count": 4}),
    ("no_commitment_letter", {"without": {ProofKind.COMMITMENT_LETTER}}),
    ("id_number_invalid", {"id_number": "110105194912310021"}),
    ("gender_mismatch", {"gender": "男"}),
    ("no_id_scan", {"without": {ProofKind.ID_SCAN}}),
    ("no_photo", {"without": {ProofKind.PHOTO}}),
    ("no_degree_proof", {"without": {ProofKind.DEGREE_CHECK}}),
    ("no_exam_result", {"without": {ProofKind.EXAM_RESULT}}),
    ("no_title_proof", {"without": {ProofKind.TITLE_DOCUMENT}}),
    ("no_title_proof", {"present_title_in_xinjiang": False, "also": {ProofKind.TITLE_CERTIFICATE}}),
    ("no_appointment_papers", {"moved_from_government": True}),
    ("resume_overlap", {"work_summary": "2005-2011在甲单位；2010-2015在乙单位"}),
    ("resume_in_future", {"work_summary": "2005-2022在甲单位"}),
    ("no_achievement_proof", {"without": {ProofKind.ACHIEVEMENT_PROOF}}),
    ("professional_training_missing", {"trainings": trained({2020}, PUBLIC_YEARS)}),
    ("public_training_missing", {"trainings": trained({2021}, {2016, 2017, 2018, 2019})}),
    ("appraisal_missing", {"appraisals": tuple(Appraisal(year) for year in (2017, 2018, 2019))}),
    ("no_publicity", {"publicity": publicity(None, date(2021, 9, 10))}),
    ("publicity_uncountable", {"publicity": publicity(date(2031, 9, 1), date(2031, 9, 30))}),
    ("publicity_too_short", {"publicity": SHORT}),
    ("publicity_too_short", {"publicity": publicity(date(2021, 9, 10), date(2021, 9, 6))}),
    ("objection_open", {"publicity": publicity(date(2021, 9, 6), date(2021, 9, 10), True)}),
    ("no_recommending_opinion", {"without": {ProofKind.RECOMMENDING_OPINION}}),
    ("no_supervising_opinion", {"without": {ProofKind.SUPERVISING_OPINION}}),
    ("no_commission_letter", {"affiliation": Affiliation.CENTRAL}),
    ("no_commission_letter", {"affiliation": Affiliation.OUTSIDE_ENTERPRISE}),
    ("no_commission_letter", {"affiliation": Affiliation.MILITARY}),
    ("aid_no_consent", {"aid_posting": replace(POSTING, sending_unit_consents=False)}),
    ("aid_dates_missing", {"aid_posting": replace(POSTING, end=None)}),
    ("aid_too_short", {"aid_posting": replace(POSTING, end=date(2022, 2, 27))}),
    ("aid_not_under_way", {"aid_posting": replace(POSTING, start=date(2020, 1, 1), end=date(2021, 9, 14))}),
    ("formal_review_not_passed", {"formal_review_passed": False}),
    ("fee_unpaid", {"fee_paid": False}),
]
WARNINGS = {
    "vague_experience",
    "vague_achievements",
    "gender_mismatch",
    "no_id_scan",
    "no_photo",
    "no_degree_proof",
    "no_title_proof",
    "no_appointment_papers",
    "resume_overlap",
    "resume_in_future",
    "no_achievement_proof",
    "professional_training_missing",
    "public_training_missing",
    "appraisal_missing",
    "fee_unpaid",
}
PASSING = [
    {},
    ENGINEER | {"without": {ProofKind.EXAM_RESULT}},
    {"level": Level.SENIOR, "without": {ProofKind.EXAM_RESULT}},
    {"submitted_at": at(2021, 8, 30)},
    {"submitted_at": at(2021, 10, 8, 23, 59, 59)},
    {"submitted_at": at(2021, 10, 9) - timedelta(microseconds=1)},
    {"submission_count": 3},
    {"without": {ProofKind.DEGREE_CHECK}, "also": {ProofKind.DEGREE_DOCUMENTS}},
    {"without": {ProofKind.TITLE_DOCUMENT}, "also": {ProofKind.TITLE_REVIEW_FORM}},
    {"present_title_in_xinjiang": False, "also": {ProofKind.TITLE_CERTIFICATE, ProofKind.TITLE_REVIEW_FORM}},
    {"moved_from_government": True, "also": {ProofKind.APPOINTMENT_PAPERS}},
    {"work_summary": "2005-2010在甲单位；2010年至今在乙单位"},
    {"trainings": trained({2021}, range(2010, 2022))},
    {"publicity": publicity(date(2021, 9, 6), date(2021, 9, 10))},
    {"publicity": publicity(date(2021, 9, 17), date(2021, 9, 24))},  # 调休: Saturday the 18th is worked
    {"affiliation": Affiliation.CENTRAL, "also": {ProofKind.COMMISSION_LETTER}},
    {"affiliation": Affiliation.OTHER},
    {"aid_posting": POSTING},
    {"aid_posting": replace(POSTING, start=date(2021, 9, 15), end=date(2022, 9, 14))},
    {"aid_posting": replace(POSTING, start=date(2020, 2, 29), end=date(2021, 9, 15))},
]


def faults(assessment):
    return [f for f in assessment.findings if f.severity is not Severity.INFO]


@pytest.mark.parametrize(("code", "changes"), FAILING)
def test_each_fault_is_found_alone(code, changes, record, rules, calendar):
    assessment = assess_eligibility(changed(record, changes), rules, calendar)
    assert [f.code for f in faults(assessment)] == [code]
    assert assessment.valid == (code in WARNINGS)
    assert [f.code for f in assessment.blocking] == ([] if assessment.valid else [code])
    assert "{" not in str(faults(assessment)[0].text)


@pytest.mark.parametrize("changes", PASSING)
def test_border_cases_pass(changes, record, rules, calendar):
    assessment = assess_eligibility(changed(record, changes), rules, calendar)
    assert faults(assessment) == []
    assert assessment.valid


def test_the_listed_warnings_warn():
    assert {rule.code for rule in RULES if rule.severity is Severity.WARN} >= WARNINGS


def test_all_faults_are_reported_at_once(record, rules, calendar):
    spoilt = changed(
        record,
        {"submission_count": 5, "fee_paid": False, "publicity": SHORT, "without": {ProofKind.PHOTO}},
    )
    assessment = assess_eligibility(spoilt, rules, calendar)
    codes = {"too_many_submissions", "fee_unpaid", "publicity_too_short", "no_photo"}
    assert {f.code for f in faults(assessment)} == codes


def test_text_names_days_and_limit(record, rules, calendar):
    (finding,) = assess_eligibility(replace(record, publicity=SHORT), rules, calendar).blocking
    assert finding.clause == "四(二)"
    assert "4个工作日" in finding.text.zh
    assert "fewer than 5" in finding.text.en


def test_information_changes_nothing(record, rules, calendar):
    favoured = assess_eligibility(replace(record, in_fanghuiju=True, works="论文1篇"), rules, calendar)
    codes = {f.code: f.clause for f in favoured.findings if f.severity is Severity.INFO}
    assert codes["fanghuiju"] == "六(一)"
    assert codes["works_bonus"] == "六(二)"
    assert codes["language_and_computer"] == "六(三)"
    assert favoured.requirement is assess_eligibility(record, rules, calendar).requirement


ASSOCIATE_REQUIREMENT = {
    Affiliation.REGION: Requirement.REQUIRED,
    Affiliation.PREFECTURE: Requirement.REQUIRED,
    Affiliation.COUNTY: Requirement.NOT_REQUIRED,
    Affiliation.TOWNSHIP: Requirement.NOT_REQUIRED,
    Affiliation.CENTRAL: Requirement.PENDING,
    Affiliation.OUTSIDE_ENTERPRISE: Requirement.PENDING,
    Affiliation.MILITARY: Requirement.PENDING,
    Affiliation.OTHER: Requirement.PENDING,
}


@pytest.mark.parametrize("affiliation", Affiliation)
@pytest.mark.parametrize("posting", [None, POSTING])
def test_who_must_defend(affiliation, posting, record, rules, calendar):
    person = replace(record, affiliation=affiliation, aid_posting=posting)
    senior = assess_eligibility(replace(person, level=Level.SENIOR), rules, calendar)
    assert senior.requirement is Requirement.REQUIRED
    assert [f.clause for f in senior.reasons_for_requirement] == ["五(二)"]

    associate = assess_eligibility(person, rules, calendar)
    expected = ASSOCIATE_REQUIREMENT[affiliation]
    if posting and expected is Requirement.NOT_REQUIRED:
        expected = Requirement.PENDING
    assert associate.requirement is expected
    assert {f.clause for f in associate.reasons_for_requirement} == {"五(三)"}
    says_aid = any("援疆人员" in f.text.zh for f in associate.reasons_for_requirement)
    assert says_aid == (posting is not None and expected is Requirement.PENDING)


def test_veto_is_said_only_where_it_can_strike(record, rules, calendar):
    def codes(person, by):
        return [f.code for f in assess_eligibility(person, by, calendar).findings]

    reference = replace(rules, defence=replace(rules.defence, effect="reference"))
    assert "one_vote_veto" in codes(record, rules)
    assert "one_vote_veto" not in codes(record, reference)
    assert "one_vote_veto" not in codes(replace(record, affiliation=Affiliation.COUNTY), rules)


def test_utc_moment_is_judged_by_the_day_in_beijing(record, rules, calendar):
    posting = replace(POSTING, start=date(2021, 9, 16), end=date(2022, 12, 31))
    late_evening_utc = datetime.fromisoformat("2021-09-15T17:00:00+00:00")
    person = replace(record, submitted_at=late_evening_utc, aid_posting=posting)
    assert assess_eligibility(person, rules, calendar).valid


def test_json_round_trip(record, rules, calendar):
    assessment = assess_eligibility(replace(record, fee_paid=False, submission_count=4), rules, calendar)
    assert Assessment.from_json(assessment.to_json()) == assessment
    assert assessment.warnings[0].code == "fee_unpaid"

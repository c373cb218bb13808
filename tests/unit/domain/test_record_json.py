"""The record as JSON and back, and what a bare statement leaves of the details known before."""

import json
from dataclasses import replace
from datetime import date, datetime

import pytest

from defense.domain.record_json import record_from_json, record_to_json
from defense.domain.record_parts import (
    Achievement,
    AidPosting,
    Appraisal,
    Attachment,
    AuditStep,
    Commission,
    Degree,
    Employment,
    ExamResult,
    FeePayment,
    ProofKind,
    Publicity,
    Section,
    Submission,
    Training,
    TrainingKind,
    UnitOpinion,
    section_of,
)
from defense.domain.restating import keep_details, stated_proofs
from defense.domain.round_rules import BEIJING

MOMENT = datetime(2021, 9, 15, 12, tzinfo=BEIJING)
SCAN = Attachment(ProofKind.ID_SCAN, Section.IDENTITY, "身份证.pdf", 120_000, "ab" * 32, "file-1")
LETTER = Attachment(ProofKind.COMMISSION_APPROVAL, Section.OTHER, "批复.pdf", 9_000, "cd" * 32, "file-2")


@pytest.fixture
def whole(record):
    """The record with something in every part."""
    return replace(
        record,
        ethnicity="汉族",
        political_status="群众",
        present_title_on=date(2015, 12, 1),
        professional_years=16,
        degrees=(Degree("新疆大学", "经济学", "本科", date(2005, 6, 30), "107551200505000001", True),),
        exams=(ExamResult("高级经济专业技术资格考试", 2020, "B2020", "合格"),),
        employments=(Employment(date(2005, 7, 1), None, "新疆大学", "讲师"),),
        achievement_items=(Achievement("薪酬改革", date(2018, 1, 1), None, "主持", "全校推行"),),
        submissions=(Submission(MOMENT, None, ""),),
        audit_steps=(AuditStep("基层单位", "新疆大学", "王明", MOMENT, True, "同意"),),
        recommending_opinion=UnitOpinion("新疆大学", "同意推荐", date(2021, 9, 13)),
        supervising_opinion=UnitOpinion("教育厅", "同意推荐"),
        commission=Commission("某部人事司", date(2021, 9, 1), "自治区职改办", date(2021, 9, 8)),
        fee_payment=FeePayment(date(2021, 10, 20), "本人", "N1"),
        publicity=Publicity(date(2021, 9, 6), date(2021, 9, 10), False, "无异议", 5),
        aid_posting=AidPosting(date(2021, 3, 1), date(2022, 3, 1), True, "某市人社局"),
        attachments=(SCAN, *stated_proofs([ProofKind.PHOTO]), LETTER),
        trainings=(Training(TrainingKind.PUBLIC, 2020, 24, "G2020"),),
        appraisals=(Appraisal(2020, "优秀"),),
    )


def test_whole_record_survives_json(whole):
    assert record_from_json(json.loads(json.dumps(record_to_json(whole)))) == whole


def test_what_a_workbook_cannot_say_may_be_missing(record):
    data = record_to_json(record)
    for name in ("degrees", "ethnicity", "fee_payment", "audit_steps"):
        del data[name]
    assert record_from_json(data | {"new_upstream_field": 1}) == record


@pytest.mark.parametrize(
    ("path", "wrong", "error"),
    [
        (("name",), 7, TypeError),
        (("submission_count",), True, TypeError),
        (("level",), "junior", ValueError),
        (("publicity", "start"), "2021-02-30", ValueError),
        (("attachments", 0, "kind"), "selfie", ValueError),
        (("attachments",), {}, TypeError),
    ],
)
def test_wrong_value_is_named(path, wrong, error, record):
    data = json.loads(json.dumps(record_to_json(record)))
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = wrong
    with pytest.raises(error, match=rf"^{path[0]}: "):
        record_from_json(data)


def test_missing_field_is_named(record):
    data = record_to_json(record)
    del data["publicity"]["start"]
    with pytest.raises(KeyError, match="publicity: start"):
        record_from_json(data)


def test_statement_keeps_details(whole, record):
    bare = replace(
        record,
        attachments=stated_proofs([ProofKind.PHOTO, ProofKind.ID_SCAN]),
        trainings=(Training(TrainingKind.PUBLIC, 2020),),
        appraisals=(Appraisal(2020),),
        aid_posting=replace(whole.aid_posting, sending_unit=""),
    )
    assert keep_details(whole, bare, {ProofKind.PHOTO, ProofKind.ID_SCAN}) == whole


def test_statement_takes_away_and_adds(whole, record):
    stated = replace(
        record,
        attachments=stated_proofs([ProofKind.PHOTO, ProofKind.DEGREE_CHECK]),
        trainings=(Training(TrainingKind.PUBLIC, 2019),),
        publicity=Publicity(date(2021, 9, 7), date(2021, 9, 13), False),
    )
    spoken_of = {ProofKind.PHOTO, ProofKind.DEGREE_CHECK, ProofKind.ID_SCAN}
    after = keep_details(whole, stated, spoken_of)
    assert [a.kind for a in after.attachments] == [
        ProofKind.PHOTO,
        ProofKind.COMMISSION_APPROVAL,
        ProofKind.DEGREE_CHECK,
    ]
    assert after.trainings == (Training(TrainingKind.PUBLIC, 2019),)
    assert after.publicity.stated_days is None  # other days: what 附件2 said of the old ones is void
    assert after.degrees == whole.degrees


def test_every_proof_has_its_section():
    assert section_of(ProofKind.TRAINING_CERTIFICATE) is Section.TRAINING
    assert section_of(ProofKind.PUBLICITY_NOTICE) is Section.OTHER  # notice 三(二)


def test_a_detail_told_anew_replaces_the_one_before_and_keeps_what_only_the_platform_knew(whole):
    scan = Attachment(ProofKind.ID_SCAN, Section.IDENTITY, "身份证.pdf", 130_000, "ef" * 32)
    training = Training(TrainingKind.PUBLIC, 2020, 40, "G2021")
    stated = replace(whole, attachments=(scan, LETTER), trainings=(training,))
    after = keep_details(whole, stated, {ProofKind.PHOTO, ProofKind.ID_SCAN})
    assert after.attachments == (scan, LETTER)
    assert after.trainings == (training,)
    renamed = replace(SCAN, name="正面.pdf", upstream_id="", size=None)
    after = keep_details(whole, replace(whole, attachments=(renamed,)), {ProofKind.ID_SCAN})
    assert after.attachments[0] == replace(SCAN, name="正面.pdf")


def test_the_same_details_again_change_nothing(whole):
    told = tuple(replace(a, upstream_id="") for a in whole.attachments)
    spoken_of = {ProofKind.PHOTO, ProofKind.ID_SCAN}
    assert keep_details(whole, replace(whole, attachments=told), spoken_of) == whole
    backwards = replace(whole, attachments=told[::-1], trainings=whole.trainings[::-1])
    assert keep_details(whole, backwards, spoken_of) == whole

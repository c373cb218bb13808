"""A round, its calendar, and one application that breaks no rule."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from defense.domain.application import ApplicationRecord
from defense.domain.record_parts import (
    Achievement,
    Appraisal,
    Attachment,
    AuditStep,
    Degree,
    Employment,
    ExamResult,
    ProofKind,
    Publicity,
    Submission,
    Training,
    TrainingKind,
    UnitOpinion,
    section_of,
)
from defense.domain.restating import stated_proofs
from defense.domain.round_rules import BEIJING, parse_round_rules
from defense.domain.vocabulary import Affiliation, Level
from defense.integrations.calendar_days import ChineseWorkingCalendar

ROUNDS = Path(__file__).parents[3] / "rounds"

PROOFS = (
    *(ProofKind.COMMITMENT_LETTER, ProofKind.ID_SCAN, ProofKind.PHOTO, ProofKind.DEGREE_CHECK),
    *(ProofKind.EXAM_RESULT, ProofKind.TITLE_DOCUMENT, ProofKind.ACHIEVEMENT_PROOF),
    *(ProofKind.RECOMMENDING_OPINION, ProofKind.SUPERVISING_OPINION),
)


@pytest.fixture(scope="session")
def rules():
    return parse_round_rules((ROUNDS / "2021.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def calendar(rules):
    return ChineseWorkingCalendar(rules.extra_days_off)


@pytest.fixture
def record():
    return ApplicationRecord(
        number="XJ202100001",
        name="李建国",
        gender="女",
        id_number="11010519491231002X",
        phone="13899000000",
        email="li@example.com",
        unit="新疆大学",
        affiliation=Affiliation.REGION,
        prefecture="乌鲁木齐市",
        series="经济系列人力资源管理",
        specialty="人力资源管理",
        level=Level.ASSOCIATE,
        submitted_at=datetime(2021, 9, 15, 12, tzinfo=BEIJING),
        submission_count=1,
        formal_review_passed=True,
        fee_paid=True,
        present_title="经济师",
        present_title_in_xinjiang=True,
        moved_from_government=False,
        work_summary="2005年7月至2012年8月在基层工作；2012年9月至今在新疆大学工作",
        achievements="主持完成项目3项",
        publicity=Publicity(date(2021, 9, 6), date(2021, 9, 10), objection_open=False),
        aid_posting=None,
        in_fanghuiju=False,
        works="无",
        attachments=stated_proofs(PROOFS),
        trainings=(
            Training(TrainingKind.PROFESSIONAL, 2021),
            *(Training(TrainingKind.PUBLIC, year) for year in range(2016, 2021)),
        ),
        appraisals=tuple(Appraisal(year) for year in (2018, 2019, 2020)),
    )


@pytest.fixture
def whole_record(record):
    """The same application told in full, which breaks no rule either."""
    more = (
        *(ProofKind.EXPERIENCE_PROOF, ProofKind.TRAINING_CERTIFICATE, ProofKind.APPRAISAL_FORM),
        *(ProofKind.PUBLICITY_NOTICE, ProofKind.PUBLICITY_RESULT),
    )
    levels = (
        ("基层单位", "新疆大学", datetime(2021, 9, 16, 10, tzinfo=BEIJING)),
        ("主管单位", "自治区教育厅", datetime(2021, 9, 20, 10, tzinfo=BEIJING)),
        ("中心终审", "自治区职称社会化评价中心", datetime(2021, 9, 27, 10, tzinfo=BEIJING)),
    )
    return replace(
        record,
        attachments=tuple(
            Attachment(kind, section_of(kind), name=f"{kind}.pdf", upstream_id=f"f-{kind}")
            for kind in (*PROOFS, *more)
        ),
        publicity=replace(record.publicity, outcome="公示期间无投诉、举报，公示无异议", stated_days=5),
        ethnicity="汉族",
        political_status="群众",
        present_title_on=date(2015, 12, 1),
        professional_years=16,
        degrees=(Degree("新疆大学", "经济学", "本科", date(2005, 7, 1), checked_online=True),),
        exams=(ExamResult("高级经济专业技术资格考试", 2020),),
        employments=(
            Employment(date(2005, 7, 1), date(2012, 8, 31), "喀什地区某单位", "科员"),
            Employment(date(2012, 9, 1), None, "新疆大学", "教师"),
        ),
        achievement_items=(Achievement("人才评价项目", date(2018, 1, 1), date(2019, 12, 31), "主持"),),
        submissions=(Submission(record.submitted_at),),
        audit_steps=tuple(
            AuditStep(stage, unit, "张某", moment, passed=True, opinion="同意上报")
            for stage, unit, moment in levels
        ),
        recommending_opinion=UnitOpinion(
            "新疆大学", "本单位已对提供的申报材料逐一审核，真实、完整、有效，同意推荐。"
        ),
        supervising_opinion=UnitOpinion(
            "自治区教育厅",
            "经审核，同意推荐李建国同志申报经济系列人力资源管理专业副高级专业技术任职资格。",
        ),
    )

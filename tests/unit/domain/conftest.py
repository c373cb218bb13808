"""A round, its calendar, and one application that breaks no rule."""

from datetime import date, datetime
from pathlib import Path

import pytest

from defense.domain.application import ApplicationRecord
from defense.domain.record_parts import Appraisal, ProofKind, Publicity, Training, TrainingKind
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

"""A round, its calendar, and one application that breaks no rule."""

from datetime import date, datetime
from pathlib import Path

import pytest

from defense.domain.application import ApplicationRecord, Publicity
from defense.domain.round_rules import BEIJING, parse_round_rules
from defense.domain.vocabulary import Affiliation, Level
from defense.integrations.calendar_days import ChineseWorkingCalendar

ROUNDS = Path(__file__).parents[3] / "rounds"


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
        has_commitment_letter=True,
        has_id_scan=True,
        has_photo=True,
        has_degree_check=True,
        has_degree_documents=False,
        has_exam_result=True,
        present_title="经济师",
        present_title_in_xinjiang=True,
        has_title_document=True,
        has_title_certificate=False,
        has_title_review_form=False,
        moved_from_government=False,
        has_appointment_papers=False,
        work_summary="2005年7月至2012年8月在基层工作；2012年9月至今在新疆大学工作",
        achievements="主持完成项目3项",
        has_achievement_proof=True,
        professional_training_years=frozenset({2021}),
        public_training_years=frozenset(range(2016, 2021)),
        appraisal_years=frozenset({2018, 2019, 2020}),
        publicity=Publicity(date(2021, 9, 6), date(2021, 9, 10), objection_open=False),
        has_recommending_opinion=True,
        has_supervising_opinion=True,
        has_commission_letter=False,
        aid_posting=None,
        in_fanghuiju=False,
        works="无",
    )

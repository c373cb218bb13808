"""The page of a record: all sections with findings and files, for the office and for the panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import escape

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from defense.domain.application import ApplicationRecord
from defense.domain.eligibility import assess_eligibility
from defense.domain.identity import mask_certificate, mask_email, mask_phone
from defense.domain.record_json import record_to_json
from defense.domain.record_parts import ProofKind, Section
from defense.integrations.calendar_days import ChineseWorkingCalendar
from defense.models import Application, Defence
from defense.services.records.assessing import keep_assessment
from defense.services.records.attachments import attachment_key

VERDICT = '">无相关材料</span>'
"""As a badge of its own, not in the words of a finding."""
Enter = Callable[[str], FlaskClient]
SECTIONS = (
    *("1．基本信息", "2．学历学位", "3．考试成绩证明", "4．专业技术资格", "5．工作简历"),
    *("6．实践能力、业绩成果", "7．继续教育", "8．聘（任）现职期间考核情况"),
    *("其他附件或证明材料", "公示与推荐意见", "审核经过与缴费"),
)


@pytest.fixture
def candidate(people: object, published_database: Callable) -> tuple[int, ApplicationRecord]:
    """Id and record of the first candidate of the sitting."""

    def read(session: Session) -> tuple[int, ApplicationRecord]:
        application = session.get_one(Defence, people.defence_ids[0]).application  # type: ignore[attr-defined]
        return application.id, application.record

    found: tuple[int, ApplicationRecord] = published_database(read)
    return found


def _page(client: FlaskClient, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_page_shows_every_part_of_the_record(
    enter: Enter, candidate: tuple[int, ApplicationRecord]
) -> None:
    application_id, record = candidate
    page = _page(enter("staff"), f"/applications/{application_id}")
    places = [page.index(f"<h3>{section}</h3>") for section in SECTIONS]
    assert places[:8] == sorted(places[:8])
    opinions = (record.recommending_opinion, record.supervising_opinion)
    told = [
        *(text for degree in record.degrees for text in (degree.school, degree.degree)),
        *(employment.unit for employment in record.employments),
        *(text for item in record.achievement_items for text in (item.title, item.role, item.description)),
        *(text for step in record.audit_steps for text in (step.stage, step.unit, step.person, step.opinion)),
        *(text for opinion in opinions if opinion for text in (opinion.unit, opinion.text)),
        *(submission.reason for submission in record.submissions),
        *(attachment.name for attachment in record.attachments),
        *(record.publicity.outcome, record.ethnicity, record.political_status),
        f"第{record.submission_count}次（最多3次）",
        "个（不少于5个）",
    ]
    assert len(told) > 30
    for text in told:
        assert escape(text) in page, text
    for attachment in record.attachments:
        assert f"/applications/{application_id}/attachments/{attachment_key(attachment)}" in page


def test_numbers_of_certificates_are_masked(enter: Enter, candidate: tuple[int, ApplicationRecord]) -> None:
    application_id, record = candidate
    assert record.fee_payment is not None
    page = _page(enter("staff"), f"/applications/{application_id}")
    numbers = [
        *(degree.certificate_number for degree in record.degrees),
        *(training.certificate_number for training in record.trainings),
        record.fee_payment.receipt_number,
    ]
    for number in numbers:
        assert number
        assert number not in page
        assert mask_certificate(number) in page


def test_panelists_read_on_without_contact_data_and_without_scans_of_papers(
    enter: Enter, people: object, candidate: tuple[int, ApplicationRecord]
) -> None:
    application_id, record = candidate
    url = f"/sittings/{people.sitting_id}/defences/{people.defence_ids[0]}"  # type: ignore[attr-defined]
    for name in ("expert0", "secretary"):
        page = _page(enter(name), url)
        for secret in (record.phone, mask_phone(record.phone), mask_email(record.email), record.id_number):
            assert secret not in page, name
        for attachment in record.attachments:
            is_linked = f"/applications/{application_id}/attachments/{attachment_key(attachment)}" in page
            assert is_linked == (attachment.kind not in (ProofKind.ID_SCAN, ProofKind.COMMITMENT_LETTER))
        assert all(f"<h3>{section}</h3>" in page for section in SECTIONS)
    supervisor = _page(enter("supervisor"), url)
    assert mask_phone(record.phone) in supervisor


def test_a_section_without_its_proof_is_marked(
    enter: Enter, candidate: tuple[int, ApplicationRecord], published_database: Callable
) -> None:
    application_id, record = candidate
    kept = tuple(a for a in record.attachments if a.section not in (Section.DEGREE, Section.TITLE))
    bare = replace(
        record, attachments=kept, submissions=(), audit_steps=(), degrees=(), exams=(), fee_payment=None
    )

    def strip(session: Session) -> None:
        application = session.get_one(Application, application_id)
        application.record_json = record_to_json(bare)
        rules = application.round.rules
        calendar = ChineseWorkingCalendar(rules.extra_days_off)
        keep_assessment(session, application, assess_eligibility(bare, rules, calendar))

    before = _page(enter("staff"), f"/applications/{application_id}").count(VERDICT)
    published_database(strip)
    page = _page(enter("staff"), f"/applications/{application_id}")
    assert page.count(VERDICT) == before + 2
    assert "本系统未收到逐级审核记录" in page

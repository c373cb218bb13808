"""A round, and workbooks made cell by cell."""

import io
from pathlib import Path

import pytest
from openpyxl import Workbook

from defense.domain.round_rules import parse_round_rules
from defense.integrations.workbooks import application_columns

ROUNDS = Path(__file__).parents[3] / "rounds"

GOOD_CELLS = {
    "number": "XJ202100001",
    "name": "李 梅",
    "gender": "女",
    "id_number": "11010519491231002X",
    "phone": "13899000000",
    "email": "li@example.com",
    "unit": "新疆大学",
    "affiliation": "自治区",
    "prefecture": "乌鲁木齐市",
    "series": "经济系列人力资源管理",
    "specialty": "人力资源管理",
    "level": "副高级",
    "submitted_at": "2021-09-15 12:00",
    "submission_count": 1,
    "formal_review_passed": "通过",
    "fee_paid": "已缴",
    "has_commitment_letter": "有",
    "has_id_scan": "√",
    "has_photo": "是",
    "has_degree_check": "有",
    "has_degree_documents": "无",
    "has_exam_result": "有",
    "present_title": "经济师",
    "present_title_in_xinjiang": "新疆",
    "has_title_document": "有",
    "has_title_certificate": "×",
    "has_title_review_form": "否",
    "moved_from_government": "否",
    "has_appointment_papers": "无",
    "work_summary": "2005-2010在甲单位",
    "achievements": "主持完成项目3项",
    "has_achievement_proof": "有",
    "professional_training_years": 2021,
    "public_training_years": "2016-2020",
    "appraisal_years": "2018、2019、2020",
    "publicity_start": "2021-09-06",
    "publicity_end": "2021-09-10",
    "objection_open": "无异议",
    "has_recommending_opinion": "有",
    "has_supervising_opinion": "有",
    "has_commission_letter": "无",
    "on_aid_posting": "否",
    "aid_start": "无",
    "aid_end": "无",
    "sending_unit_consents": "无",
    "in_fanghuiju": "否",
    "works": "无",
    **dict.fromkeys(("ethnicity", "political_status", "present_title_on", "professional_years")),
    **dict.fromkeys(("publicity_days", "publicity_outcome", "sending_unit")),
}


@pytest.fixture(scope="session")
def rules():
    return parse_round_rules((ROUNDS / "2021.toml").read_text(encoding="utf-8"))


@pytest.fixture
def good_cells():
    return dict(GOOD_CELLS)


@pytest.fixture
def make_workbook():
    """Sheet title → rows; gives the bytes of an .xlsx."""

    def make(sheets):
        workbook = Workbook()
        workbook.remove(workbook.active)
        for title, rows in sheets.items():
            sheet = workbook.create_sheet(title)
            for row in rows:
                sheet.append(row)
        stream = io.BytesIO()
        workbook.save(stream)
        return stream.getvalue()

    return make


@pytest.fixture
def make_applications(rules, make_workbook):
    """Applications below a plain header; each argument is what differs from a good row."""

    def make(*changes, headers=None):
        columns = application_columns(rules)
        rows = [[(GOOD_CELLS | change)[column.key] for column in columns] for change in changes]
        return make_workbook({"申报": [headers or [column.header for column in columns], *rows]})

    return make

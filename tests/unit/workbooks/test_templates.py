"""The workbooks to fill in: what they offer, and that their own examples are good."""

import io
from itertools import chain

import pytest
from openpyxl import load_workbook

from defense.integrations.workbooks import (
    application_columns,
    expert_columns,
    panel_columns,
    read_applications,
    read_experts,
    read_panels,
    session_columns,
)
from defense.integrations.workbooks.details import detail_sheets
from defense.integrations.workbooks.hints import hint_of
from defense.integrations.workbooks.sheets import CHOICES_TITLE, EXPLANATION_TITLE
from defense.integrations.workbooks.template import write_template
from tests.office import convert

READ = {
    "experts": read_experts,
    "panels": lambda data, rules: read_panels(data, rules, None),
    "applications": read_applications,
}


@pytest.fixture(params=READ)
def kind(request):
    return request.param


@pytest.fixture
def template(kind, rules):
    plans = {
        "experts": [("专家库", expert_columns(rules))],
        "panels": [("答辩组", panel_columns(rules)), ("场次", session_columns())],
        "applications": [
            ("申报人员", application_columns(rules)),
            *((sheet.title, sheet.columns) for sheet in detail_sheets()),
        ],
    }
    return write_template(plans[kind], rules)


def test_the_example_row_is_not_read_and_would_be_good(kind, template, rules):
    reading = READ[kind](template, rules)
    assert (reading.rows_seen, reading.errors) == (0, ())
    reading = READ[kind](_filled_in(template), rules)
    assert [(e.column, e.text.zh) for e in reading.errors] == []
    assert len(reading.rows) == 1


def test_what_an_office_program_saves_reads_the_same(kind, template, rules, tmp_path):
    filled = tmp_path / "filled.xlsx"
    filled.write_bytes(_filled_in(template))
    saved = tmp_path / "saved"
    saved.mkdir()
    convert("xlsx", [filled], saved)
    data = (saved / filled.name).read_bytes()
    before, after = (READ[kind](each, rules) for each in (filled.read_bytes(), data))
    assert after.errors == ()
    assert [row.record for row in after.rows] == [row.record for row in before.rows]
    sheets = [load_workbook(io.BytesIO(each)).worksheets for each in (template, data)]
    # The program cuts the lists off some way below the last row in use.
    offered, still_offered = (
        [[str(rule.sqref).split(":")[0] for rule in sheet.data_validations.dataValidation] for sheet in each]
        for each in sheets
    )
    assert still_offered == offered and any(offered)


def test_every_choice_and_every_example_can_be_read(rules):
    tables = (application_columns(rules), expert_columns(rules), panel_columns(rules), session_columns())
    for column in (*chain(*tables), *chain(*(sheet.columns for sheet in detail_sheets()))):
        hint = hint_of(column, rules)
        for word in (hint.example, *hint.choices):
            column.reads(word)
        if "填“无”" in hint.text.zh and "不能" not in hint.text.zh:
            column.reads("无")


def _filled_in(template):
    """The examples as a clerk's own first row."""
    workbook = load_workbook(io.BytesIO(template))
    for sheet in workbook.worksheets:
        first = sheet["A2"].value
        if isinstance(first, str) and first.startswith("示例："):
            sheet["A2"].value = first.removeprefix("示例：")
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def test_headers_say_what_goes_in_and_numbers_stay_text(template):
    workbook = load_workbook(io.BytesIO(template))
    assert workbook[CHOICES_TITLE].sheet_state == "hidden"
    explained = {row[1] for row in workbook[EXPLANATION_TITLE].iter_rows(values_only=True)}
    for sheet in workbook.worksheets[:-2]:
        for cell in sheet[1]:
            assert cell.comment
            assert cell.value in explained
    main = workbook.worksheets[0]
    for cell in main[1]:
        if cell.value in ("身份证号", "手机号码", "申报编号", "专家编号"):
            assert main.column_dimensions[cell.column_letter].number_format == "@"


def test_lists_offer_the_words_of_the_round_and_specialties_follow_the_series(rules):
    columns = application_columns(rules)
    workbook = load_workbook(io.BytesIO(write_template([("申报人员", columns)], rules)))
    sheet, choices = workbook["申报人员"], workbook[CHOICES_TITLE]
    offered = {}
    for rule in sheet.data_validations.dataValidation:
        header = sheet.cell(1, next(iter(rule.sqref.ranges)).min_col).value
        offered[header] = rule.formula1
    shown = {
        header: [cell[0].value for cell in choices[formula.split("!")[1]]]
        for header, formula in offered.items()
        if not formula.startswith("OFFSET")
    }
    assert shown["申报系列"] == [series.name for series in rules.series]
    assert shown["申报级别"] == ["正高级", "副高级"]
    assert shown["援疆"] == ["是", "否"]
    assert len(shown["所在地州"]) == 14
    series = next(cell.column_letter for cell in sheet[1] if cell.value == "申报系列")
    assert f"MATCH(${series}2," in offered["申报专业"]
    for number, one in enumerate(rules.series, start=1):
        below = [choices.cell(row, number).value for row in range(2, 2 + len(one.specialties))]
        assert (choices.cell(1, number).value, below) == (one.name, list(one.specialties))

"""Tables of applications: headers, rows that are no data, errors by cell."""

from datetime import date, datetime

import pytest
from openpyxl.worksheet.formula import ArrayFormula

from defense.domain.record_parts import AidPosting, ProofKind, Publicity, TrainingKind
from defense.domain.round_rules import BEIJING
from defense.domain.vocabulary import Affiliation, Level
from defense.integrations.workbooks import CellError, application_columns, read_applications

OTHER_PERSON = {"number": "XJ202100002", "id_number": "650102199003072318", "gender": "男"}


def only_error(data, rules):
    (error,) = read_applications(data, rules).errors
    return error


def test_a_good_row_becomes_a_record(make_applications, rules):
    reading = read_applications(make_applications({}), rules)
    assert reading.errors == ()
    assert reading.rows_seen == 1
    (row,) = reading.rows
    record = row.record
    assert (row.sheet, row.row) == ("申报", 2)
    assert (record.name, record.id_number, record.phone) == ("李梅", "11010519491231002X", "13899000000")
    assert (record.level, record.affiliation) == (Level.ASSOCIATE, Affiliation.REGION)
    assert record.submitted_at == datetime(2021, 9, 15, 12, tzinfo=BEIJING)
    assert record.publicity == Publicity(date(2021, 9, 6), date(2021, 9, 10), objection_open=False)
    assert record.training_years(TrainingKind.PUBLIC) == frozenset(range(2016, 2021))
    assert record.has(ProofKind.ID_SCAN)
    assert not record.has(ProofKind.TITLE_CERTIFICATE)
    assert record.aid_posting is None


def test_aid_posting(make_applications, rules):
    cells = {
        "on_aid_posting": "是",
        "aid_start": "2021-03-01",
        "aid_end": "2022.12.31",
        "sending_unit_consents": "有",
    }
    (row,) = read_applications(make_applications(cells), rules).rows
    assert row.record.aid_posting == AidPosting(date(2021, 3, 1), date(2022, 12, 31), True)


def test_titles_explanations_blank_and_closing_rows_are_no_data(make_workbook, good_cells, rules):
    columns = application_columns(rules)
    headers = [column.header for column in columns]
    headers[1], headers[3], headers[10] = "姓  名", "身份证\n件号：", "＊申报专业名称（必填）"
    good = [good_cells[column.key] for column in columns]
    data = make_workbook(
        {
            "封面": [["新疆维吾尔自治区"], ["2021年度申报人员名册"]],
            "名册": [
                ["2021年度申报人员名册"],
                [],
                ["填表说明：没有内容的填“无”"],
                headers,
                [],
                ["  "],
                good,
                headers,
                ["合计", 1],
                ["填表人：张三", None, "联系电话：0991"],
            ],
        }
    )
    reading = read_applications(data, rules)
    assert reading.errors == ()
    assert [(row.sheet, row.row) for row in reading.rows] == [("名册", 7)]
    assert reading.rows_seen == 1


@pytest.mark.parametrize(
    ("change", "column", "said"),
    [
        ({"achievements": None}, "AE 业绩成果", "无"),
        ({"unit": "  "}, "G 工作单位", "无"),
        ({"id_number": 650102199001011000}, "D 身份证号", "文本"),
        ({"id_number": "110105194912310021"}, "D 身份证号", "校验码"),
        ({"series": "农业系列"}, "J 申报系列", "工程系列"),
        ({"specialty": "水利水电"}, "K 申报专业", "人力资源管理"),
        ({"level": "中级"}, "L 申报级别", "正高级"),
        ({"series": "工程系列", "specialty": "水利水电"}, "L 申报级别", "正高级"),
        ({"publicity_end": "2021-02-30"}, "AK 公示结束", "2021-09-01"),
        ({"publicity_end": "2021-09-01"}, "AK 公示结束", "早于"),
        ({"objection_open": "无"}, "AL 公示结果", "无异议"),
        ({"works": "=1+1"}, "AU 论文著作", "公式"),
        ({"works": ArrayFormula("AU2", "=SUM(A1:A2)")}, "AU 论文著作", "公式"),
        ({"works": "#REF!"}, "AU 论文著作", "错误值"),
        ({"phone": 1.3899e9}, "E 手机号码", "11位"),
        ({"aid_start": "2021-03-01"}, "AQ 援疆开始", "无"),
        ({"name": "无"}, "B 姓名", "必须填写"),
        ({"works": "工" * 20_001}, "AU 论文著作", "精简"),
    ],
)
def test_each_bad_cell_is_named(change, column, said, make_applications, rules):
    data = make_applications({}, OTHER_PERSON | change)
    error = only_error(data, rules)
    assert (error.sheet, error.row, error.column) == ("申报", 3, column)
    assert said in error.text.zh
    assert error.letter == column.split()[0]
    assert len(read_applications(data, rules).rows) == 1


def test_aid_posting_needs_both_dates(make_applications, rules):
    errors = read_applications(make_applications({"on_aid_posting": "是"}), rules).errors
    assert [error.column for error in errors] == ["AQ 援疆开始", "AR 援疆结束"]


def test_every_bad_cell_of_a_row_is_reported(make_applications, rules):
    data = make_applications({"gender": "?", "phone": "1", "works": None})
    assert [error.letter for error in read_applications(data, rules).errors] == ["C", "E", "AU"]


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"id_number": "110105194912310021"}, "1101**********0021"),
        ({"phone": "138990000001"}, "138*****0001"),
        ({"email": "li.example.com"}, "**************"),
        ({"achievements": "=" + "工" * 100}, "=" + "工" * 58 + "…"),
    ],
)
def test_personal_values_are_masked_and_long_ones_cut(change, shown, make_applications, rules):
    assert only_error(make_applications(change), rules).value_shown == shown


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"number": "XJ202100001"}, "A 申报编号"),
        ({"id_number": "11010519491231002x", "gender": "女"}, "D 身份证号"),
    ],
)
def test_duplicates_name_the_other_row(change, column, make_applications, rules):
    error = only_error(make_applications({}, OTHER_PERSON | change), rules)
    assert (error.row, error.column) == (3, column)
    assert "第2行" in error.text.zh
    assert "11010519491231002" not in str(error)


def test_missing_columns_are_one_error_with_synonyms(make_applications, rules):
    headers = [column.header for column in application_columns(rules)]
    headers[3], headers[18] = "证号", "像"
    error = only_error(make_applications({}, headers=headers), rules)
    assert (error.row, error.column, error.letter) == (1, "", "")
    assert "身份证号（身份证号码、" in error.text.zh
    assert "照片" in error.text.zh


def test_a_column_that_occurs_twice_is_an_error(make_applications, rules):
    headers = [column.header for column in application_columns(rules)]
    data = make_applications({}, headers=[*headers, "身份证号码"])
    assert only_error(data, rules).column == "D 身份证号"


def test_a_workbook_without_any_header(make_workbook, rules):
    reading = read_applications(make_workbook({"表": [["你好"], [1, 2, 3]]}), rules)
    assert reading.rows == ()
    assert "缺少列" in reading.errors[0].text.zh


def test_a_header_below_row_15_is_not_searched(make_workbook, rules):
    headers = [column.header for column in application_columns(rules)]
    notes = [[f"第{n}条"] for n in range(15)]
    assert "缺少列" in only_error(make_workbook({"表": [*notes, headers]}), rules).text.zh


def test_two_sheets_are_read_as_one_table(make_workbook, good_cells, rules):
    columns = application_columns(rules)
    headers = [column.header for column in columns]
    first = [good_cells[column.key] for column in columns]
    second = [(good_cells | OTHER_PERSON)[column.key] for column in columns]
    reading = read_applications(
        make_workbook({"甲": [headers, first], "乙": [headers, second, first]}), rules
    )
    assert [(row.sheet, row.row) for row in reading.rows] == [("甲", 2), ("乙", 2)]
    assert {error.column for error in reading.errors} == {"A 申报编号", "D 身份证号"}
    assert "甲" in reading.errors[0].text.zh


def test_cell_error_round_trip(make_applications, rules):
    error = only_error(make_applications({"works": None}), rules)
    assert CellError.from_json(error.to_json()) == error

"""The bad input that offices really send: each kind by its name, with what is said or mended."""

import io
import re
import zipfile

import pytest
from openpyxl import load_workbook

from defense.domain.errors import InvalidInput
from defense.integrations.workbooks import application_columns, read_applications

OLE = bytes.fromhex("D0CF11E0A1B11AE1")


def _with_parts(data, parts):
    stream = io.BytesIO(data)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return stream.getvalue()


FILES = {
    "broken": (lambda data: data[: len(data) // 2], "损坏"),
    "huge": (lambda data: _with_parts(data, {"xl/media/a.png": b"\0" * 130_000_000}), "过大"),
    "zip bomb": (lambda data: _with_parts(data, {"xl/worksheets/b.xml": b" " * 130_000_000}), "过大"),
    "password": (lambda data: OLE + "EncryptedPackage".encode("utf-16-le") + data, "已加密"),
    "old .xls": (lambda data: OLE + data, ".xls"),
    "macros": (lambda data: _with_parts(data, {"xl/vbaProject.bin": OLE}), "含宏"),
    "csv renamed": (lambda data: "申报编号,姓名\n1,张三\n".encode("gb18030"), ".xlsx"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_not_read_says_why_and_the_way_out(kind, make_applications, rules):
    spoil, said = FILES[kind]
    with pytest.raises(InvalidInput) as caught:
        read_applications(spoil(make_applications({})), rules)
    assert said in caught.value.text.zh
    assert "上传" in caught.value.text.zh
    assert "upload" in caught.value.text.en or "split" in caught.value.text.en


CELLS = {
    "formula": ({"unit": "=A1"}, "工作单位", "公式", "formula"),
    "id as 6.5E+17": ({"id_number": 6.5e17}, "身份证号", "文本", "text"),
    "id as the text 6.5E+17": ({"id_number": "6.5E+17"}, "身份证号", "文本", "text"),
    "unknown series": ({"series": "工程系烈"}, "申报系列", "是否为", "did you mean"),
    "unknown specialty": ({"specialty": "炼丹"}, "申报专业", "可填", "one of"),
}


@pytest.mark.parametrize("kind", CELLS)
def test_a_bad_cell_is_named_in_both_languages(kind, make_applications, rules):
    change, column, zh, en = CELLS[kind]
    reading = read_applications(make_applications(change), rules)
    (error,) = reading.errors
    assert error.row == 2
    assert error.column.endswith(column)
    assert zh in error.text.zh
    assert en in error.text.en
    assert reading.rows == ()


def test_an_unknown_series_is_told_the_nearest(make_applications, rules):
    (error,) = read_applications(make_applications({"series": "经济系列人力资源"}), rules).errors
    assert "是否为“经济系列人力资源管理”" in error.text.zh


TWO_ROWS = {
    "one person, two numbers": ({"number": "XJ2"}, "身份证号"),
    "one number, two persons": ({"id_number": "110105199003074514"}, "申报编号"),
}


@pytest.mark.parametrize("kind", TWO_ROWS)
def test_two_rows_of_one_person_name_each_other(kind, make_applications, rules):
    change, column = TWO_ROWS[kind]
    reading = read_applications(make_applications({}, change), rules)
    (error,) = [error for error in reading.errors if "重复" in error.text.zh]
    assert (error.row, "第2行" in error.text.zh) == (3, True)
    assert error.column.endswith(column)


@pytest.mark.parametrize("day", ["2021-09-15", "2021/9/15", "2021.9.15", "2021年9月15日", "20210915", 44454])
def test_a_day_in_every_notation(day, make_applications, rules):
    (row,) = read_applications(make_applications({"submitted_at": day}), rules).rows
    assert row.record.submitted_at.isoformat() == "2021-09-15T00:00:00+08:00"


NAMES = {
    "spaces between the characters": ("张 三 丰", "张三丰"),
    "wide space": ("李\u3000梅", "李梅"),
    **{f"dot {dot}": (f"阿依古丽{dot}买买提", "阿依古丽·买买提") for dot in "·•・‧．"},
    "dot with spaces": ("阿依古丽 · 买买提", "阿依古丽·买买提"),
    "Uyghur letters": ("ئايگۈل  مەمەت", "ئايگۈل مەمەت"),
    "direction marks": ("\u200fئايگۈل\u200e", "ئايگۈل"),
    "Latin letters": ("Aygul  Memet", "Aygul Memet"),
}


@pytest.mark.parametrize("kind", NAMES)
def test_a_name(kind, make_applications, rules):
    written, read = NAMES[kind]
    (row,) = read_applications(make_applications({"name": written}), rules).rows
    assert row.record.name == read


def test_a_merged_header_of_two_rows_is_read(make_applications, rules):
    """Groups stand above their columns, and columns without a group are merged with the row below."""
    workbook = load_workbook(io.BytesIO(make_applications({})))
    sheet = workbook.active
    sheet.insert_rows(1)
    for column, cell in enumerate(sheet[2], start=1):
        if column <= 4:
            sheet.cell(1, column).value, cell.value = cell.value, None
            sheet.merge_cells(start_row=1, end_row=2, start_column=column, end_column=column)
    sheet.cell(1, 5).value = "联系方法"
    sheet.merge_cells(start_row=1, end_row=1, start_column=5, end_column=6)
    stream = io.BytesIO()
    workbook.save(stream)
    reading = read_applications(stream.getvalue(), rules)
    assert reading.errors == ()
    (row,) = reading.rows
    assert (row.row, row.record.number) == (3, "XJ202100001")


def test_a_merged_header_that_hides_a_column_says_which(make_applications, rules):
    headers = [column.header for column in application_columns(rules)]
    headers[1] = headers[0]
    reading = read_applications(make_applications({}, headers=headers), rules)
    said = " ".join(error.text.zh for error in reading.errors)
    assert "缺少列：姓名" in said
    assert "出现两次" in said
    assert reading.rows == ()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("gender", "650102199001011234"),
        ("series", "联系人13899012345 650102199001011234"),
        ("level", "somebody@example.com"),
    ],
)
def test_numbers_in_the_wrong_column_are_masked(column, value, make_applications, rules):
    reading = read_applications(make_applications({column: value}), rules)
    (error,) = [e for e in reading.errors if e.value_shown]
    assert "**" in error.value_shown
    assert not re.search(r"[0-9]{9}|somebody", error.value_shown)


@pytest.mark.parametrize(
    ("column", "way_out"),
    [("gender", "“男”或“女”"), ("series", "可填"), ("unit", "不能填“无”"), ("works", "填“无”")],
)
def test_a_blank_cell_is_told_what_its_column_takes(column, way_out, make_applications, rules):
    reading = read_applications(make_applications({column: None}), rules)
    (error,) = reading.errors
    assert "空白" in error.text.zh and way_out in error.text.zh


def test_all_faults_of_a_row_are_told_at_once(make_applications, rules):
    changes = {
        "gender": "不详",
        "specialty": "没有的专业",
        "aid_start": "2020-01-01",
        "publicity_start": "坏",
    }
    errors = read_applications(make_applications(changes), rules).errors
    told = {error.column.split(" ", 1)[1] for error in errors}
    assert told == {"性别", "申报专业", "援疆开始", "公示开始"}

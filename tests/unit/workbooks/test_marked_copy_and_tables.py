"""Workbooks that go out: marked copies and tables."""

import io
from datetime import UTC, datetime

import pytest
from openpyxl import load_workbook
from openpyxl.styles import Font

from defense.domain.text import Text
from defense.integrations.workbooks import CellError, read_applications, write_marked_copy, write_table
from defense.integrations.workbooks.marking import EXPLANATION_HEADER


def opened(data):
    return load_workbook(io.BytesIO(data))


def test_marks_stand_at_the_bad_cells(make_applications, rules):
    data = make_applications({}, {"number": "XJ2", "id_number": "1", "works": "=1+1"})
    errors = read_applications(data, rules).errors
    sheet = opened(write_marked_copy(data, errors))["申报"]
    assert sheet["D3"].fill.fgColor.rgb == "FFFFC7CE"
    assert "18位" in sheet["D3"].comment.text
    assert sheet["AU3"].comment
    assert sheet["AU3"].value == "=1+1"
    assert sheet["D2"].comment is None
    assert sheet["BC1"].value == EXPLANATION_HEADER
    note = sheet["BC3"].value
    assert "D 身份证号：" in note
    assert "AU 论文著作：" in note
    assert sheet["BC2"].value is None
    assert sheet["D3"].value == "1"


def test_a_second_marking_replaces_the_first(make_applications, rules):
    data = make_applications({"works": None, "phone": "1"})
    both = read_applications(data, rules).errors
    once = write_marked_copy(data, both)
    assert read_applications(once, rules).errors == both
    sheet = opened(write_marked_copy(once, both[:1]))["申报"]
    assert sheet["BC1"].value == EXPLANATION_HEADER
    assert sheet["BC2"].value.startswith("E 手机号码")
    assert "AU" not in sheet["BC2"].value
    assert sheet["BD1"].value is None
    assert (sheet["AU2"].comment, sheet["AU2"].fill.fill_type) == (None, None)
    assert sheet["E2"].comment


def test_error_of_a_whole_sheet_is_written_beside_its_row(make_workbook, rules):
    data = make_workbook({"表": [["你好"]]})
    sheet = opened(write_marked_copy(data, read_applications(data, rules).errors))["表"]
    assert sheet["B1"].value.startswith(EXPLANATION_HEADER)
    assert "缺少列" in sheet["B1"].value


def test_merged_titles_survive(make_workbook):
    data = make_workbook({"表": [["题"], ["甲", "乙"]]})
    workbook = opened(data)
    workbook["表"].merge_cells("A1:B1")
    stream = io.BytesIO()
    workbook.save(stream)
    errors = [
        CellError("表", 1, "B 乙", "", Text("一", "one")),
        CellError("没有", 1, "A 甲", "", Text("二", "two")),
    ]
    sheet = opened(write_marked_copy(stream.getvalue(), errors))["表"]
    assert str(sheet.merged_cells) == "A1:B1"
    assert "one" in sheet["C1"].value


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "#REF!", "0012", "11010519491231002X"]
)
def test_text_stays_text(text):
    sheet = opened(write_table({"表": (["列"], [[text]])}))["表"]
    assert sheet["A2"].value == text
    assert sheet["A2"].data_type == "s"
    assert sheet["A2"].number_format == "@"


def test_header_is_styled_and_frozen_and_columns_fit():
    rows = [["短", "工" * 10], ["短", "工" * 100]]
    sheet = opened(write_table({"表": (["甲", "=乙"], rows)}))["表"]
    assert sheet.freeze_panes == "A2"
    assert sheet["A1"].font.bold
    assert sheet["B1"].data_type == "s"
    assert sheet.column_dimensions["A"].width == 8
    assert sheet.column_dimensions["B"].width == 48
    assert [cell.value for cell in sheet[3]] == ["短", "工" * 100]


def test_values_of_other_kinds_and_many_rows():
    moment = datetime(2021, 11, 22, 2, tzinfo=UTC)
    rows = [[n, moment, None, 1.5, True, "a\x07b\nc"] for n in range(300)]
    sheet = opened(write_table({"a/b?": (["1", "2", "3", "4", "5", "6"], rows), "乙": ([], [])}))["a b "]
    assert sheet.max_row == 301
    assert [cell.value for cell in sheet[301]] == [299, datetime(2021, 11, 22, 10), None, 1.5, True, "ab\nc"]


def looks(cell):
    return cell.value, cell.font.i, cell.number_format


def test_marking_colours_no_other_cell_and_keeps_every_look(make_applications, rules):
    # Cells of equal looks share one style while a copy is marked.
    workbook = opened(make_applications({}, {"gender": "不详"}, {}))
    plain = workbook["申报"]
    plain["A2"].font, plain["A3"].number_format = Font(italic=True), "0.00"
    stream = io.BytesIO()
    workbook.save(stream)
    before = opened(stream.getvalue())["申报"]
    errors = read_applications(stream.getvalue(), rules).errors
    after = opened(write_marked_copy(stream.getvalue(), errors))["申报"]
    bad = {f"{error.letter}{error.row}" for error in errors}
    assert bad
    for row in before.iter_rows():
        for cell in row:
            marked = after[cell.coordinate]
            assert looks(marked) == looks(cell)
            assert (marked.fill.fgColor.rgb == "FFFFC7CE") is (cell.coordinate in bad)


def test_a_table_is_printed_across_one_page():
    data = write_table({"表": ([f"第{n}列" for n in range(20)], [["很长的内容，占去许多地方"] * 20] * 3)})
    sheet = opened(data)["表"]
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.page_setup.orientation == "landscape"
    assert sheet.print_title_rows == "$1:$1"

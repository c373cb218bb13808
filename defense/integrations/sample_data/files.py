"""Writes sample tables the way a centre keeps them: a title, an explanation, and headers spelled at will."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

_TITLE_FONT = Font(bold=True, size=16)
_HEADER_FONT = Font(bold=True)
_CENTRED = Alignment(horizontal="center", vertical="center", wrap_text=True)
_EXPLANATION = "填表说明：各栏均须填写，没有内容的填“无”，不得留有空格；身份证号请按文本格式录入。"
_SPELLINGS = {
    "姓名": "姓 名",
    "身份证号": "身份证件号",
    "手机号码": "手机\n号码",
    "申报专业": "申报专业名称",
    "公示结果": "公示结果（无异议/有异议）",
    "资格取得地": "资格取得地（新疆/外省）",
    "成员": "成员(编号, 含组长)",
    "组长": "组长(编号)",
    "缴费状态": "缴费状态：",
}
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_SAVED_AT = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")

Table = tuple[Sequence[str], Iterable[Sequence[Any]]]


def write_workbook(heading: str, sheets: Mapping[str, Table]) -> bytes:
    """An .xlsx with each table below a merged title and an explanation; same content, same bytes."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for title, (headers, rows) in sheets.items():
        _write_sheet(workbook.create_sheet(title), f"{heading}（{title}）", headers, rows)
    stream = io.BytesIO()
    workbook.save(stream)
    return _without_times(stream.getvalue())


def _write_sheet(sheet: Any, heading: str, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    last = get_column_letter(len(headers))
    sheet.append([heading])
    sheet.append([_EXPLANATION])
    sheet.append([_SPELLINGS.get(header, header) for header in headers])
    sheet.merge_cells(f"A1:{last}1")
    sheet.merge_cells(f"A2:{last}2")
    sheet["A1"].font, sheet["A1"].alignment = _TITLE_FONT, _CENTRED
    for cell in sheet[3]:
        cell.font, cell.alignment = _HEADER_FONT, _CENTRED
        sheet.column_dimensions[cell.column_letter].width = max(12, 2 * len(str(cell.value)) + 2)
    sheet.freeze_panes = "A4"
    for row in rows:
        sheet.append(list(row))
    sheet.append([])
    sheet.append(["填表人：", "", "联系电话：", ""])


def _without_times(data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = _SAVED_AT.sub(rb"\g<1>2021-01-01T00:00:00Z", part)
            new.writestr(zipfile.ZipInfo(name, _LONG_AGO), part, zipfile.ZIP_DEFLATED)
    return stream.getvalue()

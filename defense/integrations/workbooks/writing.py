"""Writes tables into a workbook; what is text stays text, so that no cell becomes a formula."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from defense.domain.round_rules import BEIJING

Rows = Iterable[Sequence[Any]]
Tables = Mapping[str, tuple[Sequence[str], Rows]]
"""Sheet title → headers and rows: what `write_table` makes a workbook of."""

LONGEST_CELL = 32_767

_HEADER_FONT = Font(bold=True)
_HEADER_FILL = PatternFill("solid", fgColor="FFDDE6F0")
_HEADER_ALIGNMENT = Alignment(horizontal="center", vertical="center", wrap_text=True)
_WRAPPED = Alignment(vertical="top", wrap_text=True)
_TEXT_FORMAT = "@"
_A4 = 9
_ROWS_MEASURED = 200
_WIDTHS = (8, 48)
_NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\]")
_LONGEST_TITLE = 31


def write_table(tables: Tables) -> bytes:
    """An .xlsx with one sheet for each table.

    Parameters
    ----------
    tables
        One for each sheet. A text is written as text whatever it begins with; an aware moment
        is written as a date and time in Beijing; None leaves the cell empty.

    Returns
    -------
    bytes
        The workbook: header styled and frozen, columns as wide as their first rows need.
    """
    workbook = Workbook(write_only=True)
    for title, (headers, rows) in tables.items():
        _write_sheet(workbook.create_sheet(_sheet_title(title)), headers, rows)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def put_text(cell: Any, value: str) -> None:
    """Write a text into a cell so that it stays text, also when a person edits the cell later."""
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST_CELL]
    cell.data_type = "s"
    cell.number_format = _TEXT_FORMAT


def fit_to_width(sheet: Any) -> None:
    """Print a sheet across one page, on as many as it is long, with its header on each."""
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", _A4
    sheet.page_setup.fitToHeight, sheet.page_setup.fitToWidth = 0, 1
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"


def display_width(text: str) -> int:
    """Width of the longest line in columns; East Asian characters take two."""
    lines = text.splitlines() or [""]
    return max(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) for line in lines)


def _write_sheet(sheet: Any, headers: Sequence[str], rows: Rows) -> None:
    remaining = iter(rows)
    first_rows = list(islice(remaining, _ROWS_MEASURED))
    for index, header in enumerate(headers):
        texts = [header, *(str(row[index]) for row in first_rows if index < len(row))]
        width = max(display_width(text) for text in texts) + 2
        sheet.column_dimensions[get_column_letter(index + 1)].width = min(max(width, _WIDTHS[0]), _WIDTHS[1])
    sheet.freeze_panes = "A2"
    fit_to_width(sheet)
    sheet.append([_header_cell(sheet, header) for header in headers])
    for row in chain(first_rows, remaining):
        sheet.append([_cell(sheet, value) for value in row])


def _header_cell(sheet: Any, header: str) -> Any:
    cell = _cell(sheet, header)
    cell.font, cell.fill, cell.alignment = _HEADER_FONT, _HEADER_FILL, _HEADER_ALIGNMENT
    return cell


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(BEIJING).replace(tzinfo=None)
    if not isinstance(value, str):
        return WriteOnlyCell(sheet, value)
    cell = WriteOnlyCell(sheet)
    put_text(cell, value)
    if "\n" in value:
        cell.alignment = _WRAPPED
    return cell


def _sheet_title(title: str) -> str:
    return _NOT_IN_TITLES.sub(" ", title)[:_LONGEST_TITLE].strip("'") or "Sheet"

"""Gives an uploaded workbook back with its faults marked."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from openpyxl.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import column_index_from_string, get_column_letter

from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.integrations.workbooks.archive_guard import check_archive
from defense.integrations.workbooks.reading import CellError
from defense.integrations.workbooks.sheets import MAX_COLUMNS
from defense.integrations.workbooks.sparing import open_sparingly, unshare_style
from defense.integrations.workbooks.writing import LONGEST_CELL, put_text

EXPLANATION_HEADER = "错误说明 / Errors"

_BAD_FILL = PatternFill("solid", fgColor="FFFFC7CE")
_NOTE_FONT = Font(color="FF9C0006")
_WRAPPED = Alignment(vertical="top", wrap_text=True)
_NOTE_WIDTH = 60
_COMMENT_SIZE_PX = (320, 120)


def write_marked_copy(data: bytes, errors: Iterable[CellError]) -> bytes:
    """The same workbook with every faulty cell coloured and commented, and explanations in a last column.

    Parameters
    ----------
    data
        The workbook as it was uploaded.
    errors
        What reading it found; errors of a whole sheet are written beside their row.

    Returns
    -------
    bytes
        The marked .xlsx. Values and formulas of the upload are kept as they are, personal data included.

    Raises
    ------
    InvalidInput
        When the file cannot be opened.
    """
    check_archive(data)
    try:
        workbook = open_sparingly(data)
    except Exception as error:  # a damaged part surfaces as any of a dozen kinds of error
        raise InvalidInput(
            Text(
                "文件内容损坏，无法标注：请另存为 .xlsx 后再上传",
                "the file is damaged and cannot be marked: save it as .xlsx and upload it again",
            )
        ) from error
    if all(sheet.sheet_state != "visible" for sheet in workbook.worksheets):
        # Such a workbook can be read, and not be saved.
        workbook.worksheets[0].sheet_state, workbook.active = "visible", 0
    for sheet in workbook.worksheets:
        _clear_earlier_marks(sheet)
    for title, rows in _by_sheet_and_row(errors).items():
        if title in workbook.sheetnames:
            _mark_sheet(workbook[title], rows)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _by_sheet_and_row(errors: Iterable[CellError]) -> dict[str, dict[int, list[CellError]]]:
    grouped: dict[str, dict[int, list[CellError]]] = defaultdict(lambda: defaultdict(list))
    for error in errors:
        grouped[error.sheet][error.row].append(error)
    return grouped


def _mark_sheet(sheet: Any, rows: dict[int, list[CellError]]) -> None:
    note_column = _last_filled_column(sheet) + 1
    _put_note(sheet.cell(1, note_column), EXPLANATION_HEADER)
    sheet.column_dimensions[get_column_letter(note_column)].width = _NOTE_WIDTH
    for row, errors in rows.items():
        for error in errors:
            if error.column and error.letter.isascii():
                _mark_cell(sheet.cell(row, column_index_from_string(error.letter)), error)
        note = "\n".join(_line(error) for error in errors)
        if row == 1:
            note = f"{EXPLANATION_HEADER}\n{note}"
        _put_note(sheet.cell(row, note_column), note)


def _clear_earlier_marks(sheet: Any) -> None:
    """Take away what an earlier marked copy added, as its faults may be mended."""
    cells = _cells_there(sheet)
    notes = {c.column for c in cells if c.row == 1 and str(c.value).startswith(EXPLANATION_HEADER)}
    for cell in cells:
        if isinstance(cell, MergedCell):
            continue
        if cell.column in notes:
            cell.value = None
        if cell.comment and cell.fill == _BAD_FILL:
            unshare_style(cell)
            cell.fill, cell.comment = PatternFill(), None


def _last_filled_column(sheet: Any) -> int:
    return max((cell.column for cell in _cells_there(sheet) if cell.value is not None), default=0)


def _cells_there(sheet: Any) -> list[Any]:
    # To walk rows and columns would make every cell of the area between two far corners.
    return [cell for (_row, column), cell in sheet._cells.items() if column <= MAX_COLUMNS]


def _mark_cell(cell: Any, error: CellError) -> None:
    if isinstance(cell, MergedCell):
        return
    unshare_style(cell)
    cell.fill = _BAD_FILL
    comment = Comment(f"{error.text.zh}\n{error.text.en}", "")
    comment.width, comment.height = _COMMENT_SIZE_PX
    cell.comment = comment


def _put_note(cell: Any, note: str) -> None:
    if isinstance(cell, MergedCell):
        return
    unshare_style(cell)
    put_text(cell, note[:LONGEST_CELL])
    cell.font, cell.alignment = _NOTE_FONT, _WRAPPED


def _line(error: CellError) -> str:
    place = f"{error.column}：" if error.column else ""
    return f"{place}{error.text.zh} / {error.text.en}"

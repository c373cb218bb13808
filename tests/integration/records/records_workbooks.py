"""A workbook that a test can change cell by cell."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from openpyxl import load_workbook
from openpyxl.workbook import Workbook as OpenWorkbook

CANDIDATES = 48


@dataclass(frozen=True)
class Workbook:
    """The bytes of an .xlsx; a change makes a new one. `holding` names a row by the text of one cell."""

    data: bytes

    def value(self, header: str, holding: str) -> Any:
        opened = self._open()
        return _cell(opened, header, holding).value

    def edited(self, header: str, holding: str, value: Any) -> Workbook:
        opened = self._open()
        _cell(opened, header, holding).value = value
        return _saved(opened)

    def rows(self, sheet: str, holding: str) -> list[int]:
        rows = self._open()[sheet].iter_rows()
        return [row[0].row for row in rows if holding in [cell.value for cell in row]]

    def without_row(self, sheet: str, row: int) -> Workbook:
        opened = self._open()
        opened[sheet].delete_rows(row)
        return _saved(opened)

    def texts(self, sheet: str, row: int) -> list[str]:
        return [str(cell.value) for cell in self._open()[sheet][row]]

    def _open(self) -> OpenWorkbook:
        return load_workbook(io.BytesIO(self.data))


def _cell(opened: OpenWorkbook, header: str, holding: str) -> Any:
    """The cell under a header, which may be spelled with spaces or a remark, in the row that holds a text."""
    for sheet in opened.worksheets:
        column = None
        for row in sheet.iter_rows():
            spelled = {"".join(str(cell.value).split()): cell.column for cell in row}
            column = column or next((c for text, c in spelled.items() if text.startswith(header)), None)
            if column and holding in [cell.value for cell in row]:
                return sheet.cell(row[0].row, column)
    raise LookupError(f"no row with {holding!r} under {header!r}")


def _saved(opened: OpenWorkbook) -> Workbook:
    stream = io.BytesIO()
    opened.save(stream)
    return Workbook(stream.getvalue())

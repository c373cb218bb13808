"""Opens a workbook for reading and gives its sheets as plain rows of values."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.datetime import WINDOWS_EPOCH

from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.integrations.workbooks.archive_guard import check_archive

MAX_ROWS = 50_000
MAX_COLUMNS = 120
_LAST_SHEET_ROW = 1_048_576


@dataclass(frozen=True)
class SheetRow:
    """One row that is not blank."""

    number: int
    """As the spreadsheet counts, from 1."""
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Sheet:
    """One worksheet without its blank rows."""

    title: str
    rows: tuple[SheetRow, ...]


def read_sheets(data: bytes) -> tuple[Sheet, ...]:
    """All worksheets of an .xlsx; formulas come as their text, which begins with an equals sign.

    Raises
    ------
    InvalidInput
        When the file is no plain .xlsx, is damaged, or has more than 50,000 rows.
    """
    check_archive(data)
    try:
        workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        if not workbook.worksheets:
            raise ValueError("no worksheet")
        if workbook.epoch != WINDOWS_EPOCH:
            raise _counts_from_1904()
        return tuple(Sheet(sheet.title, tuple(_rows_of(sheet))) for sheet in workbook.worksheets)
    except InvalidInput:
        raise
    except Exception as error:  # a damaged part surfaces as any of a dozen kinds of error
        raise InvalidInput(
            Text(
                "文件内容损坏，无法读取：请用表格软件打开并另存为 .xlsx 后再上传",
                "the file is damaged and cannot be read: open it in a spreadsheet program, save it as .xlsx, "
                "and upload that",
            )
        ) from error


def _rows_of(sheet: Any) -> Iterator[SheetRow]:
    # The declared dimension is often wrong, and then cells would be lost in silence.
    sheet.reset_dimensions()
    filled = 0
    for number, values in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True), start=1):
        # Some programs write a million empty rows: they are told by the fastest means.
        if values.count(None) == len(values) or all(_is_blank(value) for value in values):
            if number > _LAST_SHEET_ROW:
                raise _too_many_rows(sheet.title)
            continue
        filled += 1
        if filled > MAX_ROWS:
            raise _too_many_rows(sheet.title)
        yield SheetRow(number, values)


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _counts_from_1904() -> InvalidInput:
    return InvalidInput(
        Text(
            "工作簿使用1904日期系统，日期会相差四年：请在表格软件选项中取消“使用1904日期系统”，核对日期后再上传",
            "the workbook counts days from 1904, so dates would be four years off: switch the 1904 date "
            "system off in the spreadsheet's options, check the dates, and upload again",
        )
    )


def _too_many_rows(title: str) -> InvalidInput:
    return InvalidInput(
        Text(
            f"工作表“{title}”超过{MAX_ROWS}行：请拆分为几个文件后再上传",
            f"sheet “{title}” has more than {MAX_ROWS} rows: split it into several files",
        )
    )

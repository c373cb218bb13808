"""Opens a workbook for reading and gives its sheets as plain rows of values."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.datetime import WINDOWS_EPOCH

from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.integrations.workbooks.archive_guard import check_archive

MAX_ROWS = 50_000
"""Rows with something in them, in all sheets together."""
MAX_ROW_NUMBERS = MAX_ROWS + 1_000
"""Rows in all sheets together, empty ones and gaps included."""
MAX_COLUMNS = 120
MAX_CHARACTERS = 60_000_000
"""As every cell says them: a text that a thousand cells share counts a thousand times."""

_SHORT = 24

EXPLANATION_TITLE = "填写说明"
CHOICES_TITLE = "选项"
"""Sheets of our own templates that hold no table to read."""


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


@dataclass
class _Tally:
    """What was read of a workbook so far."""

    row_numbers: int = 0
    rows: int = 0
    characters: int = 0
    seen: dict[str, str] = field(default_factory=dict)
    """Short texts, each once: 是 stands in some twenty cells of every row."""


def read_sheets(data: bytes) -> tuple[Sheet, ...]:
    """All worksheets of an .xlsx; formulas come as their text, which begins with an equals sign.

    Raises
    ------
    InvalidInput
        When the file is no plain .xlsx, is damaged, or holds more than can be read: see the limits above
        and those of `archive_guard` and `part_guard`.
    """
    check_archive(data)
    try:
        workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        if not workbook.worksheets:
            raise ValueError("no worksheet")
        if workbook.epoch != WINDOWS_EPOCH:
            raise _counts_from_1904()
        tally = _Tally()
        return tuple(Sheet(sheet.title, tuple(_rows_of(sheet, tally))) for sheet in workbook.worksheets)
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


def _rows_of(sheet: Any, tally: _Tally) -> Iterator[SheetRow]:
    # The declared dimension is often wrong, and then cells would be lost in silence.
    sheet.reset_dimensions()
    for number, values in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True), start=1):
        tally.row_numbers += 1
        if tally.row_numbers > MAX_ROW_NUMBERS:
            raise _too_many_row_numbers(sheet.title, number)
        if values.count(None) == len(values):
            continue
        tally.characters += sum(len(value) for value in values if isinstance(value, str))
        if tally.characters > MAX_CHARACTERS:
            raise _too_many_characters(sheet.title, number)
        if all(_is_blank(value) for value in values):
            continue
        tally.rows += 1
        if tally.rows > MAX_ROWS:
            raise _too_many_rows(sheet.title)
        yield SheetRow(number, tuple(_once(value, tally.seen) for value in values))


def _once(value: Any, seen: dict[str, str]) -> Any:
    is_short = isinstance(value, str) and len(value) <= _SHORT
    return seen.setdefault(value, value) if is_short else value


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
            f"工作簿共超过{MAX_ROWS}行（读到工作表“{title}”）：请拆分为几个文件后再上传",
            f"the workbook has more than {MAX_ROWS} rows (reached in sheet “{title}”): split it into several "
            "files",
        )
    )


def _too_many_row_numbers(title: str, row: int) -> InvalidInput:
    return InvalidInput(
        Text(
            f"工作簿连同空行共超过{MAX_ROW_NUMBERS}行（读到工作表“{title}”第{row}行）：请删除数据下方的空行和多余的"
            "工作表，或拆分为几个文件后再上传",
            f"with its empty rows the workbook has more than {MAX_ROW_NUMBERS} (reached in sheet “{title}”, "
            f"row {row}): delete the empty rows below the data and spare sheets, or split it into several "
            "files",
        )
    )


def _too_many_characters(title: str, row: int) -> InvalidInput:
    return InvalidInput(
        Text(
            f"工作簿的文字总量过大（读到工作表“{title}”第{row}行）：请精简，或拆分为几个文件后再上传",
            f"the workbook holds too much text (reached in sheet “{title}”, row {row}): shorten it, or "
            "split it into several files",
        )
    )

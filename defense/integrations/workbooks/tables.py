"""Reads the sheets of a workbook as rows of one table, and reports every cell that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic

from openpyxl.cell.cell import ERROR_CODES
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from defense.domain.errors import InvalidInput
from defense.domain.identity import without_numbers
from defense.domain.text import Text
from defense.integrations.workbooks.cells import MAX_TEXT_CHARACTERS, NONE_WORDING
from defense.integrations.workbooks.headers import Column, Header, find_header
from defense.integrations.workbooks.reading import CellError, ReadRow, RecordT, WorkbookReading
from defense.integrations.workbooks.sheets import (
    CHOICES_TITLE,
    EXPLANATION_TITLE,
    Sheet,
    SheetRow,
    read_sheets,
)

Values = dict[str, Any]
"""Column key → what its cell says."""

MAX_ERRORS = 30_000
"""In one file; beyond that the fault lies in the file as a whole."""

IS_TABLE = 0.5
"""Of its columns, the share that makes a sheet a table with some forgotten."""

_LONGEST_SHOWN = 60
_ROWS_WITHOUT_DATA = (
    *("合计", "总计", "小计", "共计", "填表人", "填报人", "制表人", "审核人", "经办人", "负责人", "联系人"),
    *("填表说明", "填写说明", "说明", "备注", "注：", "注:", "示例", "例：", "例:", "提示"),
)

_BLANK = Text("空白：没有内容的栏目应填“无”", "blank: write 无 where there is nothing to say")
_BLANK_NEEDED = Text("空白：{how}", "blank: {how}")
_FORMULA = Text(
    "含公式：请复制后“选择性粘贴—数值”，只保留数值",
    "a formula: copy the cell and paste it as a value",
)
_ERROR_VALUE = Text("单元格是错误值：请重新填写", "the cell holds an error value: fill it in again")
_DUPLICATE = Text(
    "与工作表“{sheet}”第{row}行的{header}重复：请只保留一行",
    "the same {header} as in row {row} of sheet “{sheet}”: keep only one of them",
)
_TOO_LONG = Text(
    f"超过{MAX_TEXT_CHARACTERS}字：请精简", f"more than {MAX_TEXT_CHARACTERS} characters: please shorten"
)
_TOO_MANY_ERRORS = Text(
    f"错误超过{MAX_ERRORS}处，未导入。第一处：工作表“{{sheet}}”第{{row}}行 {{column}}：{{fault}}。"
    "请先核对表格种类和各列格式，再上传",
    f"more than {MAX_ERRORS} faults, nothing was read. The first: sheet “{{sheet}}”, row {{row}}, "
    "{column}: {fault}. "
    "Check that this is the right table and how its columns are filled in, then upload it again",
)
_REPEATED_COLUMN = Text("“{header}”列出现两次：请删除一列", "the column “{header}” occurs twice: delete one")
_MISSING_COLUMNS = Text(
    "缺少列：{columns}。请在表头补上（也可用括号中的写法）",
    "missing columns: {columns}. Add them to the header row (the names in brackets will do too)",
)


@dataclass(frozen=True)
class Table(Generic[RecordT]):
    """What a table holds and how a row becomes a record."""

    columns: tuple[Column, ...]
    build: Callable[[Values], RecordT]
    checks: tuple[Callable[[Values], Iterable[tuple[str, Text]]], ...] = ()
    """Each says what is wrong between cells that are right by themselves: column key and reason. One ends
    where it asks for a cell that could not be read, so that a row's faults are told together."""
    unique: tuple[tuple[str, ...], ...] = ()
    """Keys of columns whose values, taken together, may occur once in a file."""


class _UnreadCellError(Exception):
    """A check asked for a cell that could not be read, and that has a fault of its own."""


class _ReadCells(dict[str, Any]):
    def __missing__(self, key: str) -> Any:
        raise _UnreadCellError(key)


@dataclass
class _Progress(Generic[RecordT]):
    rows: list[ReadRow[RecordT]] = field(default_factory=list)
    errors: list[CellError] = field(default_factory=list)
    rows_seen: int = 0
    first_places: dict[tuple[Any, ...], tuple[str, int]] = field(default_factory=dict)


def read_table(sheets: tuple[Sheet, ...], table: Table[RecordT]) -> WorkbookReading[RecordT]:
    """Read every sheet that has the table's header; a workbook without one gets an error saying so.

    A sheet counts as the table when it names at least half of the columns that must be there, so that one
    forgotten column is reported and a sheet with other things is passed over.
    """
    progress: _Progress[RecordT] = _Progress()
    sheets = tuple(s for s in sheets if s.title not in (EXPLANATION_TITLE, CHOICES_TITLE)) or sheets
    found = [(sheet, header) for sheet in sheets if (header := find_header(sheet, table.columns))]
    needed = _needed(table.columns)
    tables = [(sheet, header) for sheet, header in found if _share(header, needed) >= IS_TABLE]
    if not tables:
        nearest = max(found, key=lambda pair: len(pair[1].positions), default=(sheets[0], None))
        progress.errors += _header_errors(nearest[0], nearest[1], needed)
    for sheet, header in tables:
        errors = _header_errors(sheet, header, needed)
        progress.errors += errors
        if not errors:
            _read_sheet(sheet, header, table, progress)
    return WorkbookReading(tuple(progress.rows), tuple(progress.errors), progress.rows_seen)


def shares_named(data: bytes, kinds: Sequence[tuple[Column, ...]]) -> list[float]:
    """Of the columns that each kind of table must have, the share that a sheet of the workbook names.

    Raises
    ------
    InvalidInput
        When the file as a whole cannot be read.
    """
    sheets = read_sheets(data)
    return [
        max((_share(find_header(sheet, columns), _needed(columns)) for sheet in sheets), default=0.0)
        for columns in kinds
    ]


def _needed(columns: tuple[Column, ...]) -> list[Column]:
    return [column for column in columns if not column.may_be_blank]


def _share(header: Header | None, needed: Sequence[Column]) -> float:
    return sum(column.key in header.positions for column in needed) / len(needed) if header else 0.0


def _too_many_errors(first: CellError) -> InvalidInput:
    place = {"sheet": first.sheet, "row": first.row, "column": first.column}
    return InvalidInput(
        Text(
            _TOO_MANY_ERRORS.zh.format(**place, fault=first.text.zh),
            _TOO_MANY_ERRORS.en.format(**place, fault=first.text.en),
        )
    )


def _header_errors(sheet: Sheet, header: Header | None, needed: list[Column]) -> list[CellError]:
    row = header.row if header else 1
    missing = [column for column in needed if header is None or column.key not in header.positions]
    errors = []
    if missing:
        names = "、".join(
            f"{c.header}（{'、'.join(c.synonyms)}）" if c.synonyms else c.header for c in missing
        )
        errors.append(CellError(sheet.title, row, "", "", _MISSING_COLUMNS.format(columns=names)))
    if header:
        errors += [
            CellError(sheet.title, row, header.place(c), "", _REPEATED_COLUMN.format(header=c.header))
            for c in header.repeated
        ]
    return errors


def _read_sheet(sheet: Sheet, header: Header, table: Table[RecordT], progress: _Progress[RecordT]) -> None:
    places = {column.key: header.place(column) for column in table.columns}
    for row in sheet.rows:
        if row.number <= header.row or header.is_repeated_by(row) or _has_no_data(row):
            continue
        progress.rows_seen += 1
        values, errors = _read_cells(sheet, header, row, table.columns)
        columns = {column.key: column for column in table.columns}
        wrong = [*_faults_between(table, values)]
        wrong += _duplicates(sheet, row, table, values, progress)
        errors += [
            CellError(
                sheet.title, row.number, header.place(columns[key]), _shown(header, row, columns[key]), text
            )
            for key, text in wrong
        ]
        progress.errors += errors
        if len(progress.errors) > MAX_ERRORS:
            raise _too_many_errors(progress.errors[0])
        if not errors:
            progress.rows.append(ReadRow(sheet.title, row.number, table.build(values), places))


def _read_cells(
    sheet: Sheet, header: Header, row: SheetRow, columns: tuple[Column, ...]
) -> tuple[Values, list[CellError]]:
    values: Values = _ReadCells()
    errors = []
    for column in columns:
        try:
            values[column.key] = _read_cell(header.value_in(row, column), column)
        except InvalidInput as error:
            errors.append(
                CellError(
                    sheet.title, row.number, header.place(column), _shown(header, row, column), error.text
                )
            )
    return values, errors


def _faults_between(table: Table[RecordT], values: Values) -> Iterator[tuple[str, Text]]:
    for check in table.checks:
        with suppress(_UnreadCellError):
            yield from check(values)


def _read_cell(value: Any, column: Column) -> Any:
    if value is None or (isinstance(value, str) and not value.strip()):
        if column.may_be_blank:
            return column.blank_means
        raise InvalidInput(_blank(column))
    if isinstance(value, ArrayFormula | DataTableFormula) or str(value).lstrip().startswith("="):
        raise InvalidInput(_FORMULA)
    if value in ERROR_CODES:
        raise InvalidInput(_ERROR_VALUE)
    if isinstance(value, str) and len(value) > MAX_TEXT_CHARACTERS:
        raise InvalidInput(_TOO_LONG)
    return column.reads(value)


def _blank(column: Column) -> Text:
    """What to do about an empty cell; 无 is not good everywhere."""
    try:
        column.reads(NONE_WORDING)
    except InvalidInput as error:
        return _BLANK_NEEDED.format(how=error.text)
    return _BLANK


def _duplicates(
    sheet: Sheet, row: SheetRow, table: Table[RecordT], values: Values, progress: _Progress[RecordT]
) -> Iterator[tuple[str, Text]]:
    headers = {column.key: column.header for column in table.columns}
    for keys in table.unique:
        if not all(key in values for key in keys):
            continue
        place = (sheet.title, row.number)
        first = progress.first_places.setdefault((*keys, *(values[key] for key in keys)), place)
        if first != place:
            header = "、".join(headers[key] for key in keys)
            yield keys[0], _DUPLICATE.format(sheet=first[0], row=first[1], header=header)


def _shown(header: Header, row: SheetRow, column: Column) -> str:
    value = header.value_in(row, column)
    if value is None:
        return ""
    text = str(value).strip()
    # Whatever column it stands in: people shift their columns by one.
    shown = column.mask(text) if column.mask else without_numbers(text)
    return shown if len(shown) <= _LONGEST_SHOWN else shown[: _LONGEST_SHOWN - 1] + "…"


def _has_no_data(row: SheetRow) -> bool:
    first = next(value for value in row.values if value is not None and str(value).strip())
    return isinstance(first, str) and "".join(first.split()).startswith(_ROWS_WITHOUT_DATA)

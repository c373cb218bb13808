"""Writes empty workbooks to fill in: drop-downs, comments, text formats, an example row, an explanation."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from defense.domain.round_rules import RoundRules
from defense.integrations.workbooks.headers import Column
from defense.integrations.workbooks.hints import Hint, hint_of, is_date
from defense.integrations.workbooks.sheets import CHOICES_TITLE, EXPLANATION_TITLE
from defense.integrations.workbooks.writing import display_width, put_text

SheetPlan = tuple[str, tuple[Column, ...]]
"""Title of a sheet, and its columns."""

EXAMPLE_MARK = "示例"
"""Rows whose first cell begins so are not read."""
LAST_ROW = 20_001
"""To which the drop-downs reach."""

_HEADER_FONT = Font(bold=True)
_NEEDED_FILL = PatternFill("solid", fgColor="FFDDE6F0")
_SPARE_FILL = PatternFill("solid", fgColor="FFF1F1F1")
_EXAMPLE_FONT = Font(italic=True, color="FF808080")
_CENTRED = Alignment(horizontal="center", vertical="center", wrap_text=True)
_WRAPPED = Alignment(vertical="top", wrap_text=True)
_COMMENT_SIZE_PX = (300, 110)
_INSTRUCTIONS = (
    "1. 表头请勿改动；灰色底的栏目可以不填，其余没有内容的填“无”。The grey columns may stay empty.",
    "2. 第二行为示例，导入时不读取，可删除。Row 2 is an example and is not read.",
    "3. 身份证号、手机号码等列已设为“文本”格式，粘贴时请选“只粘贴值”。Paste values only.",
    "4. 各栏内容不得含公式。No formulas.",
    "5. 文件须为未加密、不含宏的 .xlsx。An .xlsx without password and macros.",
)


def write_template(plans: Sequence[SheetPlan], rules: RoundRules) -> bytes:
    """An .xlsx to fill in.

    Parameters
    ----------
    plans
        Any number of sheets, in order: title and columns.
    rules
        The round, whose series and specialties stand in the drop-downs.

    Returns
    -------
    bytes
        The sheets, each with one example row that reading passes over; then a sheet 填写说明 and a hidden
        one with the choices.
    """
    workbook = Workbook()
    del workbook["Sheet"]
    sheets = [(workbook.create_sheet(title), columns) for title, columns in plans]
    explanation = workbook.create_sheet(EXPLANATION_TITLE)
    choices = _Choices(workbook.create_sheet(CHOICES_TITLE), rules)
    for sheet, columns in sheets:
        _fill_sheet(sheet, columns, rules, choices)
    _explain(explanation, plans, rules)
    choices.sheet.sheet_state = "hidden"
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


class _Choices:
    """The hidden sheet of choices: a column for each list, and one for the specialties of each series."""

    def __init__(self, sheet: Any, rules: RoundRules) -> None:
        self.sheet, self._rules = sheet, rules
        self._ranges: dict[tuple[str, ...], str] = {}
        self._column = 0
        for series in rules.series:
            self._add_column(series.name, series.specialties)
        self._last_series = get_column_letter(self._column)
        self._longest = max(len(series.specialties) for series in rules.series)

    def range_of(self, items: tuple[str, ...]) -> str:
        """The formula of a list, e.g. `选项!$F$2:$F$9`."""
        if items not in self._ranges:
            self._add_column("", items)
            letter = get_column_letter(self._column)
            self._ranges[items] = f"{CHOICES_TITLE}!${letter}$2:${letter}${len(items) + 1}"
        return self._ranges[items]

    def specialties_beside(self, series_letter: str) -> str:
        """The formula of the specialties of the series that row 2 names; rows below follow by themselves."""
        heads = f"{CHOICES_TITLE}!$A$1:${self._last_series}$1"
        place = f"MATCH(${series_letter}2,{heads},0)-1"
        many = (
            f"COUNTA(OFFSET({CHOICES_TITLE}!$A$2,0,{place},{self._longest},1))" if self._longest > 1 else "1"
        )
        return f"OFFSET({CHOICES_TITLE}!$A$2,0,{place},{many},1)"

    def _add_column(self, head: str, items: Sequence[str]) -> None:
        self._column += 1
        for row, item in enumerate((head, *items), start=1):
            put_text(self.sheet.cell(row, self._column), item)


def _fill_sheet(sheet: Any, columns: tuple[Column, ...], rules: RoundRules, choices: _Choices) -> None:
    letters = {column.key: get_column_letter(n) for n, column in enumerate(columns, start=1)}
    for number, column in enumerate(columns, start=1):
        hint = hint_of(column, rules)
        _head(sheet.cell(1, number), column, hint)
        example = sheet.cell(2, number)
        put_text(example, f"{EXAMPLE_MARK}：{hint.example}" if number == 1 else hint.example)
        example.font = _EXAMPLE_FONT
        dimension = sheet.column_dimensions[letters[column.key]]
        dimension.width = min(max(display_width(column.header), display_width(hint.example), 8) + 3, 40)
        dimension.number_format = "yyyy-mm-dd" if is_date(column) else "@"
        _offer(sheet, column, hint, letters, choices)
    sheet.freeze_panes = "B2"


def _head(cell: Any, column: Column, hint: Hint) -> None:
    put_text(cell, column.header)
    cell.font, cell.alignment = _HEADER_FONT, _CENTRED
    cell.fill = _SPARE_FILL if column.may_be_blank else _NEEDED_FILL
    cell.comment = Comment(f"{hint.text.zh}\n{hint.text.en}\n例：{hint.example}", "")
    cell.comment.width, cell.comment.height = _COMMENT_SIZE_PX


def _offer(sheet: Any, column: Column, hint: Hint, letters: dict[str, str], choices: _Choices) -> None:
    if column.key == "specialty" and "series" in letters:
        formula = choices.specialties_beside(letters["series"])
    elif hint.choices:
        formula = choices.range_of(hint.choices)
    else:
        return
    # A warning and no stop: reading knows other spellings too, and experts name several series.
    rule = DataValidation("list", formula1=formula, allow_blank=True, errorStyle="warning")
    rule.errorTitle, rule.error = column.header, hint.text.zh
    rule.showErrorMessage = True
    rule.add(f"{letters[column.key]}2:{letters[column.key]}{LAST_ROW}")
    sheet.add_data_validation(rule)


def _explain(sheet: Any, plans: Sequence[SheetPlan], rules: RoundRules) -> None:
    for line in _INSTRUCTIONS:
        sheet.append([line])
    sheet.append([])
    heads = ("所在工作表", "栏目名称", "是否必填", "填写要求", "Requirement", "例子")
    sheet.append(heads)
    for cell in sheet[sheet.max_row]:
        cell.font, cell.fill = _HEADER_FONT, _NEEDED_FILL
    for title, columns in plans:
        for column in columns:
            hint = hint_of(column, rules)
            needed = "否" if column.may_be_blank else "是"
            row = sheet.max_row + 1
            texts = (title, column.header, needed, hint.text.zh, hint.text.en, hint.example)
            for number, text in enumerate(texts, start=1):
                put_text(sheet.cell(row, number), text)
                sheet.cell(row, number).alignment = _WRAPPED
    for letter, width in zip("ABCDEF", (16, 24, 10, 44, 50, 26), strict=True):
        sheet.column_dimensions[letter].width = width

"""Finds the header row of a sheet, whatever stands above it and however the headers are spelled."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import Any

from openpyxl.utils import get_column_letter

from defense.integrations.workbooks.sheets import Sheet, SheetRow

HEADER_SEARCH_ROWS = 15

_LONGEST_HEADER = 200

_NOT_SPELLING = re.compile(r"[\s:*、/,.。_\-“”\"]")
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")


@dataclass(frozen=True)
class Column:
    """One column of a table: what it is called, how a cell is read, how its value may be shown."""

    key: str
    header: str
    reads: Callable[[Any], Any]
    synonyms: tuple[str, ...] = ()
    mask: Callable[[str], str] | None = None
    """Set for personal data."""
    blank_means: Any = ...
    """What an empty cell or a missing column stands for; by default both are errors."""

    @property
    def may_be_blank(self) -> bool:
        """Whether the column can be left out."""
        return self.blank_means is not ...

    @property
    def names(self) -> tuple[str, ...]:
        """The header and its synonyms."""
        return (self.header, *self.synonyms)


@dataclass(frozen=True)
class Header:
    """A header row: where each column stands."""

    row: int
    positions: Mapping[str, int]
    """Column key → index in the row, from 0."""
    wordings: tuple[str, ...]
    repeated: tuple[Column, ...]
    """Columns that occur twice."""

    def place(self, column: Column) -> str:
        """Letter and header of a column, e.g. `D 身份证号`."""
        position = self.positions.get(column.key)
        return column.header if position is None else f"{get_column_letter(position + 1)} {column.header}"

    def value_in(self, row: SheetRow, column: Column) -> Any:
        """What a row says in a column; None where it ends before it, or the sheet has no such column."""
        position = self.positions.get(column.key)
        return row.values[position] if position is not None and position < len(row.values) else None

    def is_repeated_by(self, row: SheetRow) -> bool:
        """Whether a row only says the header again, as printed pages do."""
        return len(row.values) >= len(self.wordings) and all(
            _plain_wording(value) == wording
            for value, wording in zip(row.values, self.wordings, strict=False)
        )


def find_header(sheet: Sheet, columns: tuple[Column, ...]) -> Header | None:
    """The row, or the two rows, among the first fifteen that name most columns; at least two columns."""
    early = [row for row in sheet.rows if row.number <= HEADER_SEARCH_ROWS]
    # A header of one row is preferred: `max` keeps the first of several equal ones.
    early += [_merged(upper, lower) for upper, lower in pairwise(early) if lower.number == upper.number + 1]
    headers = [_header_of(row, columns) for row in early]
    best = max(headers, key=lambda header: len(header.positions), default=None)
    return best if best is not None and len(best.positions) >= 2 else None


def place_of(key: str, sheet: Sheet, columns: tuple[Column, ...]) -> str:
    """Letter and header of the column with this key in a sheet."""
    column = next(column for column in columns if column.key == key)
    header = find_header(sheet, columns)
    return header.place(column) if header else column.header


def plain_wordings(values: tuple[Any, ...]) -> tuple[str, ...]:
    """Headers without what spelling adds: spaces, breaks, colons, stars, remarks in brackets."""
    return tuple(_plain_wording(value) for value in values)


def _plain_wording(value: Any) -> str:
    return _plain(value) if isinstance(value, str) and len(value) <= _LONGEST_HEADER else ""


def _merged(upper: SheetRow, lower: SheetRow) -> SheetRow:
    """A header of two rows, in which merged cells stand above others: what is lowest names the column."""
    pairs = zip_longest(upper.values, lower.values)
    return SheetRow(lower.number, tuple(over if _is_empty(under) else under for over, under in pairs))


def _is_empty(value: Any) -> bool:
    return value is None or not str(value).strip()


def _header_of(row: SheetRow, columns: tuple[Column, ...]) -> Header:
    by_name = {_plain(name): column for column in columns for name in column.names}
    wordings = plain_wordings(row.values)
    positions: dict[str, int] = {}
    repeated = []
    for index, wording in enumerate(wordings):
        column = by_name.get(wording)
        if column is not None and positions.setdefault(column.key, index) != index:
            repeated.append(column)
    return Header(row.number, positions, wordings, tuple(repeated))


def _plain(wording: str) -> str:
    text = unicodedata.normalize("NFKC", wording)
    return _NOT_SPELLING.sub("", _IN_BRACKETS.sub("", text)).casefold()

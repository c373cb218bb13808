"""Reads the detail sheets of a workbook and puts what they say into the records of its main sheet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

from defense.domain.application import ApplicationRecord
from defense.domain.errors import InvalidInput
from defense.domain.restating import detail_over_statement
from defense.domain.text import Text
from defense.integrations.workbooks.cells import as_code
from defense.integrations.workbooks.details import DetailSheet, detail_sheets
from defense.integrations.workbooks.headers import Column, find_header, plain_wordings
from defense.integrations.workbooks.reading import CellError, WorkbookReading
from defense.integrations.workbooks.sheets import Sheet
from defense.integrations.workbooks.tables import Table, Values, read_table

_UNKNOWN_NUMBER = Text(
    "主表中没有这个申报编号：请核对编号，或在主表中补上该申报人",
    "the main sheet has no such number: check it, or add the person to the main sheet",
)
_IN_ORDER = {
    "employments": attrgetter("start"),
    "submissions": attrgetter("submitted_at"),
    "audit_steps": attrgetter("decided_at"),
    "trainings": attrgetter("kind.name", "year"),
    "appraisals": attrgetter("year"),
}
"""Fields whose parts stand in an order of their own, whatever that of the rows."""


@dataclass
class _Details:
    parts: dict[str, dict[str, list[Any]]] = field(default_factory=lambda: defaultdict(dict))
    """申报编号 → field of the record → what the rows say, in their order."""
    errors: list[CellError] = field(default_factory=list)
    faulty: set[str] = field(default_factory=set)
    """Numbers with a row that cannot be read: nothing of theirs is taken in."""
    all_faulty: bool = False
    """A sheet cannot be read as a whole, so nobody's details are known to be whole."""


def split_sheets(sheets: tuple[Sheet, ...]) -> tuple[tuple[Sheet, ...], dict[str, Sheet]]:
    """The sheets that may be the main one, and title → detail sheet; these are known by their titles."""
    titles = {
        wording: kind.title
        for kind in detail_sheets()
        for wording in plain_wordings((kind.title, *kind.synonyms))
    }
    details: dict[str, Sheet] = {}
    others = []
    for sheet in sheets:
        title = titles.get(plain_wordings((sheet.title,))[0])
        if title is None or title in details:
            others.append(sheet)
        else:
            details[title] = sheet
    return (tuple(others), details) if others else (sheets, {})


def with_details(
    reading: WorkbookReading[ApplicationRecord],
    main: tuple[Sheet, ...],
    details: Mapping[str, Sheet],
    columns: tuple[Column, ...],
) -> WorkbookReading[ApplicationRecord]:
    """The reading of the main sheet with what the detail sheets add.

    A person with a detail row at fault is left out as a whole. A detail overrides the bare statement of the
    main sheet that there is a proof, training or appraisal. Where the history or a payment contradicts the
    main sheet's own columns, both stay as they are told: the rules report it.
    """
    if not details:
        return reading
    known = {number for sheet in main for number in _numbers_of(sheet, columns).values()}
    found = _Details()
    for kind in detail_sheets():
        if kind.title in details and details[kind.title].rows:
            _read_sheet(details[kind.title], kind, known, found)
    rows = tuple(
        replace(row, record=_completed(row.record, found.parts.get(row.record.number, {})))
        for row in reading.rows
        if not found.all_faulty and row.record.number not in found.faulty
    )
    return WorkbookReading(rows, (*reading.errors, *found.errors), reading.rows_seen)


def _read_sheet(sheet: Sheet, kind: DetailSheet, known: set[str], found: _Details) -> None:
    def check(values: Values) -> Iterable[tuple[str, Text]]:
        if values["number"] not in known:
            yield "number", _UNKNOWN_NUMBER
        yield from kind.check(values)

    def build(values: Values) -> tuple[str, Any]:
        number = values["number"]
        return number, kind.build({key: value for key, value in values.items() if key != "number"})

    unique = ("number", *kind.unique) if kind.unique or kind.is_single else None
    reading = read_table((sheet,), Table(kind.columns, build, (check,), (unique,) if unique else ()))
    numbers = _numbers_of(sheet, kind.columns)
    for error in reading.errors:
        found.errors.append(error)
        if not error.column:
            found.all_faulty = True
        elif error.row in numbers:
            found.faulty.add(numbers[error.row])
    for row in reading.rows:
        number, part = row.record
        found.parts[number].setdefault(kind.field, []).append(part)


def _numbers_of(sheet: Sheet, columns: tuple[Column, ...]) -> dict[int, str]:
    """Row → 申报编号, of every row that names one, also of those with faults elsewhere."""
    header = find_header(sheet, columns)
    position = header.positions.get("number") if header else None
    if header is None or position is None:
        return {}
    numbers: dict[int, str] = {}
    for row in sheet.rows:
        value = row.values[position] if position < len(row.values) else None
        if row.number > header.row and value is not None:
            with suppress(InvalidInput):
                numbers[row.number] = as_code(value)
    return numbers


def _completed(record: ApplicationRecord, parts: Mapping[str, list[Any]]) -> ApplicationRecord:
    singles = {kind.field for kind in detail_sheets() if kind.is_single}
    fields: dict[str, Any] = {}
    for name, values in parts.items():
        ordered = sorted(values, key=_IN_ORDER[name]) if name in _IN_ORDER else values
        fields[name] = values[0] if name in singles else tuple(ordered)
    for name in ("attachments", "trainings", "appraisals"):
        if name in fields:
            fields[name] = detail_over_statement(name, getattr(record, name), fields[name])
    return replace(record, **fields)

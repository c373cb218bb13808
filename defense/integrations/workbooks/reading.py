"""What reading a workbook gives: the records that are whole, and an error for every cell that is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from defense.domain.text import Text

RecordT = TypeVar("RecordT")


@dataclass(frozen=True)
class CellError:
    """One thing to mend in a workbook."""

    sheet: str
    row: int
    """As the spreadsheet counts, from 1."""
    column: str
    """Letter and header, e.g. `D 身份证号`; empty when the whole sheet is meant."""
    value_shown: str
    """What the cell holds, masked when it is personal."""
    text: Text

    @property
    def letter(self) -> str:
        """The column's letter, or an empty string when the whole sheet is meant."""
        return self.column.split(" ", 1)[0]

    def to_json(self) -> dict[str, Any]:
        """A JSON object; `from_json` reads it back."""
        return {
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "value_shown": self.value_shown,
            "text": self.text.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> CellError:
        """The inverse of `to_json`."""
        return cls(
            data["sheet"], data["row"], data["column"], data["value_shown"], Text.from_json(data["text"])
        )


@dataclass(frozen=True)
class ReadRow(Generic[RecordT]):
    """One record and where it stood."""

    sheet: str
    row: int
    record: RecordT
    places: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Column key → letter and header of the column in that sheet."""


@dataclass(frozen=True)
class WorkbookReading(Generic[RecordT]):
    """All records without a fault, all faults, and how many rows of data there were."""

    rows: tuple[ReadRow[RecordT], ...]
    errors: tuple[CellError, ...]
    rows_seen: int

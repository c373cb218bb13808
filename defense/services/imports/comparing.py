"""What a workbook would do to the database as it is now, kind by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.application import ApplicationRecord
from defense.domain.errors import InvalidInput
from defense.domain.half_days import half_day_warnings
from defense.domain.people import PanelRecord
from defense.domain.round_rules import RoundRules
from defense.domain.text import Text
from defense.integrations.calendar_days import ChineseWorkingCalendar
from defense.integrations.workbooks import (
    IS_TABLE,
    CellError,
    ReadRow,
    WorkbookReading,
    application_columns,
    expert_columns,
    panel_columns,
    read_applications,
    read_experts,
    read_panels,
    shares_named,
)
from defense.integrations.workbooks.details import detail_sheets
from defense.integrations.workbooks.headers import Column
from defense.models import Round
from defense.services.imports.differences import field_differences, record_differences
from defense.services.imports.merging import (
    ApplicationMerger,
    ExpertMerger,
    Merger,
    PanelMerger,
    levels_of_experts,
)

MAX_LISTED = 1_000
"""How many errors, and how many changed rows, a report lists; the marked workbook has every error."""

_COMPARED_AT_ONCE = 500
"""How many applications of the database are held in memory at a time."""

# Fields of a record that the workbook spreads over several columns.
_GROUPED_HEADERS = {
    **{sheet.field: sheet.title for sheet in detail_sheets()},
    "publicity": "公示",
    "aid_posting": "援疆",
    "attachments": "印证材料",
    "trainings": "继续教育",
    "appraisals": "考核年度",
    "half_days": "场次",
}
_GROUPED_COLUMNS = {
    "publicity": "publicity_start",
    "aid_posting": "on_aid_posting",
    "attachments": "has_commitment_letter",
    "trainings": "professional_training_years",
    "appraisals": "appraisal_years",
}
_FROZEN = Text(
    "答辩已开始，不能通过导入修改“{header}”：请改回原来的内容；如确有错误请联系系统管理员核实处理",
    "the defence has begun, so an import cannot change “{header}”: put back what was there; if that is "
    "wrong, turn to the administrator of this service",
)
_OTHER_KIND = Text(
    "这是“{found}”表格，不是“{asked}”表格：请在“{found}”一栏上传，或换一个文件",
    "this is a workbook of the {found}, not of the {asked}: upload it there, or choose another file",
)
_OWNED = Text(
    "本文件改动{count}条来自管理平台的申报（此行是第一条）：导入后与平台不一致，平台再有改动时可能覆盖这次导入，"
    "请同时在平台更正",
    "{count} of the changed applications came from the management platform (this row is the first): after "
    "the import they differ from it, and its next change may replace what is imported; have the platform "
    "corrected as well",
)

Rows = Sequence[ReadRow[Any]]
Tell = Callable[[int, int], None]
"""Told from time to time how many rows of how many were compared; called outside write transactions."""
Keep = Callable[[Any, Sequence[Any]], None]
"""Given a merger and those of its records that would change the database."""


def tell_nobody(_done: int, _total: int) -> None:
    """Nobody waits for the end."""


def _keep_nothing(_merger: Any, _records: Sequence[Any]) -> None: ...


@dataclass(frozen=True)
class Kind:
    """A kind of workbook: what it is called, and how it is read, compared and judged."""

    title: Text
    reader: Callable[[Session, Round], Callable[[bytes], WorkbookReading[Any]]]
    mergers: Callable[[Session, Round, Rows], Iterable[tuple[Merger[Any], Rows]]]
    """The rows in parts, in their order, each with what compares it."""
    columns: Callable[[RoundRules], Iterable[Column]]
    warnings: Callable[[Any, RoundRules], Iterable[Text]] = lambda record, rules: ()
    """What is odd about a record that is taken in all the same."""


def _panel_warnings(panel: PanelRecord, rules: RoundRules) -> Iterable[Text]:
    calendar = ChineseWorkingCalendar(rules.extra_days_off)
    found = (text for period in panel.half_days for text in half_day_warnings(period, rules, calendar))
    return dict.fromkeys(found)


def _with_all_experts(session: Session, round_: Round, rows: Rows) -> Iterable[tuple[Merger[Any], Rows]]:
    return [(ExpertMerger(session, round_), rows)]


def _with_all_panels(session: Session, round_: Round, rows: Rows) -> Iterable[tuple[Merger[Any], Rows]]:
    return [(PanelMerger(session, round_), rows)]


def _with_the_same_applications(
    session: Session, round_: Round, rows: Rows
) -> Iterator[tuple[Merger[Any], Rows]]:
    for start in range(0, len(rows), _COMPARED_AT_ONCE):
        part = rows[start : start + _COMPARED_AT_ONCE]
        yield ApplicationMerger(session, round_, numbers=[row.record.number for row in part]), part


KIND_OF = {
    "experts": Kind(
        Text("专家库", "expert pool (专家库)"),
        lambda session, round_: partial(read_experts, rules=round_.rules),
        _with_all_experts,
        expert_columns,
    ),
    "panels": Kind(
        Text("答辩组", "panels (答辩组)"),
        lambda session, round_: partial(
            read_panels, rules=round_.rules, expert_numbers_known=levels_of_experts(session, round_)
        ),
        _with_all_panels,
        panel_columns,
        _panel_warnings,
    ),
    "applications": Kind(
        Text("申报表", "applications (申报表)"),
        lambda session, round_: partial(read_applications, rules=round_.rules),
        _with_the_same_applications,
        application_columns,
    ),
}
KINDS = tuple(KIND_OF)
"""In the order in which a new round takes them in: panels name experts."""


def refuse_other_kind(kind: str, rules: RoundRules, data: bytes) -> None:
    """Of a workbook that has no table of one kind, say when it has one of another.

    Raises
    ------
    InvalidInput
        It has: which, and where it belongs.
    """
    others = [other for other in KINDS if other != kind]
    shares = shares_named(data, [tuple(KIND_OF[other].columns(rules)) for other in others])
    share, nearest = max(zip(shares, others, strict=True))
    if share >= IS_TABLE:
        raise InvalidInput(_OTHER_KIND.format(found=KIND_OF[nearest].title, asked=KIND_OF[kind].title))


@dataclass(frozen=True)
class ImportCounts:
    """How many rows of a workbook went, or would go, which way."""

    new: int
    changed: int
    unchanged: int
    refused: int

    @property
    def good(self) -> int:
        """Rows without a fault."""
        return self.new + self.changed + self.unchanged

    @property
    def to_write(self) -> int:
        """Rows that would change the database."""
        return self.new + self.changed


@dataclass(frozen=True)
class Plan:
    """What a workbook would do to the database as it is now."""

    counts: ImportCounts
    errors: tuple[CellError, ...]
    changes: tuple[dict[str, Any], ...]
    """Of changed rows: where they stand, whom they are about, which columns differ."""
    warnings: tuple[dict[str, Any], ...]
    """Of good rows: where they stand, whom they are about, what is odd."""


def compare_reading(
    session: Session,
    round_: Round,
    kind: str,
    reading: WorkbookReading[Any],
    tell: Tell = tell_nobody,
    keep: Keep = _keep_nothing,
) -> Plan:
    """Compare what was read with the database; writes nothing.

    Parameters
    ----------
    tell : told how far it is.
    keep : given, part by part, the records that would change the database.
    """
    headers = {c.key: c.header for c in KIND_OF[kind].columns(round_.rules)} | _GROUPED_HEADERS
    errors = list(reading.errors)
    changes: list[dict[str, Any]] = []
    warnings: list[dict[str, Any]] = []
    new = unchanged = 0
    owned: list[dict[str, Any]] = []
    for merger, rows in KIND_OF[kind].mergers(session, round_, reading.rows):
        tell(new + len(changes) + unchanged, len(reading.rows))
        to_write = []
        for row in rows:
            fields = merger.changed_fields(row.record)
            frozen = merger.frozen_fields(row.record, fields) if fields else ()
            errors += [_frozen_cell(row, name, headers[name]) for name in frozen]
            if frozen:
                continue
            if fields is None:
                new += 1
            elif fields:
                changes.append(_change(row, merger, fields, headers, len(changes) < MAX_LISTED))
                owned += [_place(row, merger)] if merger.is_owned_elsewhere(row.record) else []
            else:
                unchanged += 1
            if fields is None or fields:
                to_write.append(row.record)
            cautions = merger.cautions(row.record, fields) if fields else ()
            warnings += [
                {**_place(row, merger), "text": text.to_json()}
                for text in (*KIND_OF[kind].warnings(row.record, round_.rules), *cautions)
            ]
        keep(merger, to_write)
    if owned:
        # One word for all of them, before the others: a thousand would bury the rest.
        warnings.insert(0, {**owned[0], "text": _OWNED.format(count=len(owned)).to_json()})
    refused = max(reading.rows_seen - new - len(changes) - unchanged, 0)
    return Plan(
        ImportCounts(new, len(changes), unchanged, refused), tuple(errors), tuple(changes), tuple(warnings)
    )


def _frozen_cell(row: ReadRow[Any], name: str, header: str) -> CellError:
    place = row.places.get(_GROUPED_COLUMNS.get(name, name), header)
    return CellError(row.sheet, row.row, place, "", _FROZEN.format(header=header))


def _place(row: ReadRow[Any], merger: Merger[Any]) -> dict[str, Any]:
    return {"sheet": row.sheet, "row": row.row, "key": merger.key(row.record)}


def _change(
    row: ReadRow[Any], merger: Merger[Any], fields: Sequence[str], headers: Mapping[str, str], is_listed: bool
) -> dict[str, Any]:
    """Where it stands and what differs; old and new values only of rows that a report lists."""
    change = _place(row, merger)
    change["columns"] = [headers[name] for name in fields]
    if is_listed:
        before, after = merger.sides(row.record)
        change["differences"] = (
            record_differences(before, after)
            if isinstance(row.record, ApplicationRecord)
            else field_differences(before, after, headers, fields)
        )
    return change


def report_of(plan: Plan) -> dict[str, Any]:
    """What is kept of a plan beside its workbook, as JSON."""
    return {
        "counts": asdict(plan.counts),
        "error_count": len(plan.errors),
        "errors": [error.to_json() for error in plan.errors[:MAX_LISTED]],
        "changes": list(plan.changes[:MAX_LISTED]),
        "warnings": list(plan.warnings[:MAX_LISTED]),
    }

"""Workbooks of applications, experts and panels: looked at first, then taken in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.application import ApplicationRecord
from defense.domain.errors import Conflict, InvalidInput, NotFound
from defense.domain.half_days import half_day_warnings
from defense.domain.people import PanelRecord
from defense.domain.round_rules import RoundRules
from defense.domain.text import Text
from defense.integrations.calendar_days import ChineseWorkingCalendar
from defense.integrations.workbooks import (
    CellError,
    ReadRow,
    WorkbookReading,
    application_columns,
    expert_columns,
    panel_columns,
    read_applications,
    read_experts,
    read_panels,
    session_columns,
    write_marked_copy,
    write_template,
)
from defense.integrations.workbooks.details import detail_sheets
from defense.integrations.workbooks.headers import Column
from defense.models import ImportBatch, Round
from defense.models.types import utc_now
from defense.services.audit import record_audit
from defense.services.imports.bulk import PreparedRows, mark_round, write_rows
from defense.services.imports.differences import field_differences, record_differences
from defense.services.imports.merging import (
    ApplicationMerger,
    ExpertMerger,
    Merger,
    PanelMerger,
    levels_of_experts,
)
from defense.services.keeping.personal import allow_file
from defense.services.keeping.retention import refuse_erased
from defense.services.transaction import begin_snapshot, begin_write

MAX_LISTED = 1_000
"""How many errors, and how many changed rows, a report lists; the marked workbook has every error."""

MAX_ROWS_AT_ONCE = 300
"""How many rows a request takes in by itself; more are left to a process of their own."""

MAX_AUDITED = 200
"""How many changed rows an audit entry names."""

Tell = Callable[[int, int], None]
"""Told from time to time how many rows of how many were compared; called outside write transactions."""


def _tell_nobody(_done: int, _total: int) -> None: ...


def _keep_nothing(_merger: Any, _records: Sequence[Any]) -> None: ...


_COMPARED_AT_ONCE = 500
"""How many applications of the database are held in memory at a time."""
_ATTEMPTS = 3
_EVER_CHANGING = Text(
    "导入期间本批次的数据一直在变化，未导入任何数据：请稍后再试。",
    "The round kept changing during the import; nothing was imported. Try again in a while.",
)
_SHEET_TITLES = {"experts": "专家库", "panels": "答辩组", "applications": "申报人员"}
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


Rows = Sequence[ReadRow[Any]]
Keep = Callable[[Any, Sequence[Any]], None]
"""Given a merger and those of its records that would change the database."""


@dataclass(frozen=True)
class _Kind:
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


_KINDS = {
    "experts": _Kind(
        lambda session, round_: partial(read_experts, rules=round_.rules), _with_all_experts, expert_columns
    ),
    "panels": _Kind(
        lambda session, round_: partial(
            read_panels, rules=round_.rules, expert_numbers_known=levels_of_experts(session, round_)
        ),
        _with_all_panels,
        panel_columns,
        _panel_warnings,
    ),
    "applications": _Kind(
        lambda session, round_: partial(read_applications, rules=round_.rules),
        _with_the_same_applications,
        application_columns,
    ),
}
KINDS = tuple(_KINDS)
"""In the order in which a new round takes them in: panels name experts."""


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


_NO_ROWS = ImportCounts(0, 0, 0, 0)


@dataclass(frozen=True)
class _Plan:
    """What a workbook would do to the database as it is now."""

    counts: ImportCounts
    errors: tuple[CellError, ...]
    changes: tuple[dict[str, Any], ...]
    """Of changed rows: where they stand, whom they are about, which columns differ."""
    warnings: tuple[dict[str, Any], ...]
    """Of good rows: where they stand, whom they are about, what is odd."""


def reader_of(session: Session, round_: Round, kind: str) -> Callable[[bytes], WorkbookReading[Any]]:
    """What reads a workbook of a kind; it uses no session, so a thread may run it with no transaction open.

    Reading takes longer than all the rest. A server reads first and takes the writer's place afterwards:
    ballots wait for it.

    Raises
    ------
    InvalidInput
        The kind is none of `KINDS`. The reader raises it for a file that as a whole cannot be read.
    IllegalState
        The round's personal data was deleted.
    """
    if kind not in KINDS:
        raise InvalidInput(Text("请选择要导入的表格种类。", "Choose which kind of table this is."))
    refuse_erased(session, round_)
    return _KINDS[kind].reader(session, round_)


def preview_import(
    session: Session,
    round_: Round,
    kind: str,
    filename: str,
    data: bytes,
    account_id: int | None,
    reading: WorkbookReading[Any] | None = None,
) -> ImportBatch:
    """Compare a workbook with the database and keep both workbook and findings.

    Parameters
    ----------
    reading : of `data` by `reader_of`, where it was read before.

    Raises
    ------
    InvalidInput
        The kind is none of `KINDS`, or the file as a whole cannot be read.
    IllegalState
        The round's personal data was deleted.
    """
    read = reader_of(session, round_, kind)
    report = _report(_plan(session, round_, kind, reading or read(data)))
    batch = keep_workbook(session, round_, kind, filename, data, account_id)
    batch.report = report
    session.flush()
    return batch


def keep_workbook(
    session: Session, round_: Round, kind: str, filename: str, data: bytes, account_id: int | None
) -> ImportBatch:
    """Keep an uploaded workbook with an empty report, unread; not flushed."""
    batch = ImportBatch(
        round_id=round_.id,
        kind=kind,
        filename=filename[-255:],
        data=data,
        report={"counts": asdict(_NO_ROWS), "error_count": 0, "errors": [], "changes": [], "warnings": []},
        account_id=account_id,
    )
    session.add(batch)
    return batch


def look_through(session: Session, batch: ImportBatch, tell: Tell) -> dict[str, Any]:
    """The report of a kept workbook, compared with the database as it is now; writes nothing."""
    round_ = session.get_one(Round, batch.round_id)
    reading = reader_of(session, round_, batch.kind)(batch.data)
    return _report(_plan(session, round_, batch.kind, reading, tell))


def apply_import(
    session: Session, batch: ImportBatch, account_id: int | None, reading: WorkbookReading[Any] | None = None
) -> ImportCounts:
    """Take in the good rows of a kept workbook, compared afresh with the database.

    Parameters
    ----------
    reading : of the batch's data by `reader_of`, where it was read before.

    Rows that change nothing are not touched, and a workbook that changes nothing leaves no audit entry.
    A batch goes in once; asked again, its counts are told again.

    Source: domain.md "What staff expect".
    """
    # Two imports of a round at the same moment would both take a row for new.
    round_ = session.get_one(Round, batch.round_id, with_for_update=True, populate_existing=True)
    session.refresh(batch, ["applied_at", "report"])
    refuse_erased(session, round_)
    if batch.applied_at is not None:
        return counts_of(batch)
    read = reader_of(session, round_, batch.kind)
    reading = reading or read(batch.data)
    if batch.kind == "applications":
        rows = PreparedRows(round_)
        plan = _plan(session, round_, batch.kind, reading, keep=rows.add)
        write_rows(session, round_, rows, account_id)
    else:
        to_write: list[tuple[Merger[Any], Sequence[Any]]] = []
        plan = _plan(session, round_, batch.kind, reading, keep=lambda *part: to_write.append(part))
        for merger, records in to_write:
            for record in records:
                merger.write(record, account_id)
    return _note_applied(session, round_, batch, plan, account_id)


def apply_import_briefly(
    session: Session,
    batch_id: int,
    account_id: int | None,
    tell: Tell = _tell_nobody,
    reading: WorkbookReading[Any] | None = None,
) -> ImportCounts:
    """The same, but the workbook is read, compared and judged before the writer's place is taken.

    The round is looked at again behind the lock: when it is not as it was, the work is done afresh.
    An outermost caller's own: it begins transactions, and the caller commits the last one.

    Parameters
    ----------
    reading : of the batch's data by `reader_of`, where it was read before; otherwise it is read here.

    Raises
    ------
    Conflict
        The round changed each time between the look and the lock.
    """
    for _attempt in range(_ATTEMPTS):
        begin_snapshot(session)
        batch = session.get_one(ImportBatch, batch_id)
        round_ = session.get_one(Round, batch.round_id)
        if batch.kind != "applications" or batch.applied_at is not None:
            begin_write(session)
            return apply_import(session, session.get_one(ImportBatch, batch_id), account_id, reading)
        mark = mark_round(session, round_)
        rows = PreparedRows(round_)
        read = reader_of(session, round_, batch.kind)
        plan = _plan(session, round_, batch.kind, reading or read(batch.data), tell, rows.add)
        session.rollback()
        session.expunge_all()
        begin_write(session)
        batch = session.get_one(ImportBatch, batch_id)
        round_ = session.get_one(Round, batch.round_id, with_for_update=True, populate_existing=True)
        refuse_erased(session, round_)
        if batch.applied_at is None and mark_round(session, round_, to_write=True) == mark:
            write_rows(session, round_, rows, account_id)
            return _note_applied(session, round_, batch, plan, account_id)
    raise Conflict(_EVER_CHANGING)


def _note_applied(
    session: Session, round_: Round, batch: ImportBatch, plan: _Plan, account_id: int | None
) -> ImportCounts:
    batch.report, batch.applied_at = _report(plan), utc_now()
    session.flush()
    if plan.counts.to_write:
        record_audit(session, "import.applied", f"round:{round_.id}", _audit_detail(batch, plan), account_id)
    return plan.counts


def marked_copy(session: Session, batch: ImportBatch) -> bytes:
    """The workbook as it was uploaded, every faulty cell coloured and explained."""
    round_ = session.get_one(Round, batch.round_id)
    reading = _KINDS[batch.kind].reader(session, round_)(batch.data)
    return write_marked_copy(batch.data, _plan(session, round_, batch.kind, reading).errors)


def audit_marked_copy(session: Session, batch_id: int, reason: str, account_id: int) -> None:
    """Record that somebody takes a marked copy, which holds personal data unmasked, and why.

    Raises
    ------
    Forbidden, InvalidInput
        No permission, or no reason.
    """
    detail = allow_file(session, account_id, reason)
    record_audit(session, "import.marked_copy", f"import_batch:{batch_id}", detail, account_id)


def template_workbook(round_: Round, kind: str) -> bytes:
    """A workbook of a kind to fill in: headers, drop-downs, comments, an example.

    Raises
    ------
    NotFound
        The kind is none of `KINDS`.
    """
    if kind not in KINDS:
        raise NotFound(Text("没有这种表格。", "There is no such table."))
    plans = [(_SHEET_TITLES[kind], tuple(_KINDS[kind].columns(round_.rules)))]
    if kind == "applications":
        plans += [(sheet.title, sheet.columns) for sheet in detail_sheets()]
    if kind == "panels":
        plans.append(("场次", session_columns()))
    return write_template(plans, round_.rules)


def counts_of(batch: ImportBatch) -> ImportCounts:
    """The counts in a batch's report."""
    return ImportCounts(**batch.report["counts"])


def errors_of(batch: ImportBatch) -> list[CellError]:
    """The errors that a batch's report keeps."""
    return [CellError.from_json(error) for error in batch.report["errors"]]


def whole_report(session: Session, batch: ImportBatch) -> dict[str, Any]:
    """A batch's report with all its errors, changes and warnings, also where the kept one was cut off.

    What it changed, and what is worth a look, cannot be read again once it is applied: then the kept ones.
    """
    report = batch.report
    is_cut = any(len(report[part]) >= MAX_LISTED for part in ("errors", "changes", "warnings"))
    if not is_cut:
        return report
    round_ = session.get_one(Round, batch.round_id)
    reading = _KINDS[batch.kind].reader(session, round_)(batch.data)
    plan = _plan(session, round_, batch.kind, reading)
    whole = {**report, "errors": [error.to_json() for error in plan.errors]}
    if batch.applied_at is None:
        whole |= {"changes": list(plan.changes), "warnings": list(plan.warnings)}
    return whole


def recent_batches(session: Session, round_: Round, limit: int = 20) -> list[ImportBatch]:
    """The newest uploads of a round."""
    newest = select(ImportBatch).where(ImportBatch.round_id == round_.id).order_by(ImportBatch.id.desc())
    return list(session.scalars(newest.limit(limit)))


def _plan(
    session: Session,
    round_: Round,
    kind: str,
    reading: WorkbookReading[Any],
    tell: Tell = _tell_nobody,
    keep: Keep = _keep_nothing,
) -> _Plan:
    headers = {c.key: c.header for c in _KINDS[kind].columns(round_.rules)} | _GROUPED_HEADERS
    errors = list(reading.errors)
    changes: list[dict[str, Any]] = []
    warnings: list[dict[str, Any]] = []
    new = unchanged = 0
    for merger, rows in _KINDS[kind].mergers(session, round_, reading.rows):
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
            else:
                unchanged += 1
            if fields is None or fields:
                to_write.append(row.record)
            warnings += [
                {"sheet": row.sheet, "row": row.row, "key": merger.key(row.record), "text": text.to_json()}
                for text in _KINDS[kind].warnings(row.record, round_.rules)
            ]
        keep(merger, to_write)
    refused = max(reading.rows_seen - new - len(changes) - unchanged, 0)
    return _Plan(
        ImportCounts(new, len(changes), unchanged, refused), tuple(errors), tuple(changes), tuple(warnings)
    )


def _frozen_cell(row: ReadRow[Any], name: str, header: str) -> CellError:
    place = row.places.get(_GROUPED_COLUMNS.get(name, name), header)
    return CellError(row.sheet, row.row, place, "", _FROZEN.format(header=header))


def _change(
    row: ReadRow[Any], merger: Merger[Any], fields: Sequence[str], headers: Mapping[str, str], is_listed: bool
) -> dict[str, Any]:
    """Where it stands and what differs; old and new values only of rows that a report lists."""
    change = {"sheet": row.sheet, "row": row.row, "key": merger.key(row.record)}
    change["columns"] = [headers[name] for name in fields]
    if is_listed:
        before, after = merger.sides(row.record)
        change["differences"] = (
            record_differences(before, after)
            if isinstance(row.record, ApplicationRecord)
            else field_differences(before, after, headers, fields)
        )
    return change


def _audit_detail(batch: ImportBatch, plan: _Plan) -> dict[str, Any]:
    """The counts, and of changed rows number and columns, but never what the cells say."""
    rows = [f"{change['key']}（{'、'.join(change['columns'])}）" for change in plan.changes[:MAX_AUDITED]]
    return {
        "batch": batch.id,
        "kind": batch.kind,
        **asdict(plan.counts),
        "changed_rows": rows,
        "changed_rows_left_out": len(plan.changes) - len(rows),
    }


def _report(plan: _Plan) -> dict[str, Any]:
    return {
        "counts": asdict(plan.counts),
        "error_count": len(plan.errors),
        "errors": [error.to_json() for error in plan.errors[:MAX_LISTED]],
        "changes": list(plan.changes[:MAX_LISTED]),
        "warnings": list(plan.warnings[:MAX_LISTED]),
    }

"""Workbooks of applications, experts and panels: looked at first, then taken in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import Conflict, InvalidInput, NotFound
from defense.domain.text import Text
from defense.integrations.workbooks import (
    CellError,
    WorkbookReading,
    session_columns,
    write_marked_copy,
    write_template,
)
from defense.integrations.workbooks.details import detail_sheets
from defense.models import ImportBatch, Round
from defense.models.types import utc_now
from defense.services.audit import record_audit
from defense.services.imports.bulk import PreparedRows, mark_round, write_rows
from defense.services.imports.comparing import (
    KIND_OF,
    KINDS,
    MAX_LISTED,
    ImportCounts,
    Plan,
    Tell,
    compare_reading,
    refuse_other_kind,
    report_of,
    tell_nobody,
)
from defense.services.imports.merging import Merger
from defense.services.keeping.personal import allow_file
from defense.services.keeping.retention import refuse_erased
from defense.services.transaction import begin_snapshot, begin_write

MAX_ROWS_AT_ONCE = 300
"""How many rows a request takes in by itself; more are left to a process of their own."""

MAX_AUDITED = 200
"""How many changed rows an audit entry names."""

_ATTEMPTS = 3
_EVER_CHANGING = Text(
    "导入期间本批次的数据一直在变化，未导入任何数据：请稍后再试。",
    "The round kept changing during the import; nothing was imported. Try again in a while.",
)
CANCELLED = Text("已取消，未导入任何数据。", "Cancelled; nothing was imported.")
_SHEET_TITLES = {"experts": "专家库", "panels": "答辩组", "applications": "申报人员"}


class ImportCancelled(Conflict):
    """Somebody asked for the end of a run; nothing of it stays."""


def refuse_cancelled(batch: ImportBatch) -> None:
    """Asked under the lock under which a run's work is written: whoever started it may be gone.

    Raises
    ------
    ImportCancelled
        Its end was asked for.
    """
    if (batch.report.get("run") or {}).get("cancel"):
        raise ImportCancelled(CANCELLED)


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
    rules, reader = round_.rules, KIND_OF[kind].reader(session, round_)

    def read(data: bytes) -> WorkbookReading[Any]:
        reading = reader(data)
        if not reading.rows_seen and reading.errors:
            refuse_other_kind(kind, rules, data)
        return reading

    return read


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
    report = report_of(compare_reading(session, round_, kind, reading or read(data)))
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
        report={
            "counts": asdict(ImportCounts(0, 0, 0, 0)),
            "error_count": 0,
            "errors": [],
            "changes": [],
            "warnings": [],
        },
        account_id=account_id,
    )
    session.add(batch)
    return batch


def look_through(session: Session, batch: ImportBatch, tell: Tell) -> dict[str, Any]:
    """The report of a kept workbook, compared with the database as it is now; writes nothing."""
    round_ = session.get_one(Round, batch.round_id)
    reading = reader_of(session, round_, batch.kind)(batch.data)
    return report_of(compare_reading(session, round_, batch.kind, reading, tell))


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
        plan = compare_reading(session, round_, batch.kind, reading, keep=rows.add)
        write_rows(session, round_, rows, account_id)
    else:
        to_write: list[tuple[Merger[Any], Sequence[Any]]] = []
        plan = compare_reading(session, round_, batch.kind, reading, keep=lambda *part: to_write.append(part))
        for merger, records in to_write:
            for record in records:
                merger.write(record, account_id)
    return _note_applied(session, round_, batch, plan, account_id)


def apply_import_briefly(
    session: Session,
    batch_id: int,
    account_id: int | None,
    tell: Tell = tell_nobody,
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
    ImportCancelled
        Its end was asked for meanwhile.
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
        plan = compare_reading(session, round_, batch.kind, reading or read(batch.data), tell, rows.add)
        session.rollback()
        session.expunge_all()
        begin_write(session)
        batch = session.get_one(ImportBatch, batch_id, with_for_update=True)
        round_ = session.get_one(Round, batch.round_id, with_for_update=True, populate_existing=True)
        refuse_erased(session, round_)
        refuse_cancelled(batch)
        if batch.applied_at is None and mark_round(session, round_, to_write=True) == mark:
            write_rows(session, round_, rows, account_id)
            return _note_applied(session, round_, batch, plan, account_id)
    raise Conflict(_EVER_CHANGING)


def _note_applied(
    session: Session, round_: Round, batch: ImportBatch, plan: Plan, account_id: int | None
) -> ImportCounts:
    batch.report, batch.applied_at = report_of(plan), utc_now()
    session.flush()
    if plan.counts.to_write:
        record_audit(session, "import.applied", f"round:{round_.id}", _audit_detail(batch, plan), account_id)
    return plan.counts


def marked_copy(session: Session, batch: ImportBatch) -> bytes:
    """The workbook as it was uploaded, every faulty cell coloured and explained."""
    errors: Sequence[CellError] = errors_of(batch)
    if len(errors) < batch.report["error_count"]:
        errors = _compared_again(session, batch).errors
    return write_marked_copy(batch.data, errors)


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
    plans = [(_SHEET_TITLES[kind], tuple(KIND_OF[kind].columns(round_.rules)))]
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
    plan = _compared_again(session, batch)
    whole = {**report, "errors": [error.to_json() for error in plan.errors]}
    if batch.applied_at is None:
        whole |= {"changes": list(plan.changes), "warnings": list(plan.warnings)}
    return whole


def _compared_again(session: Session, batch: ImportBatch) -> Plan:
    round_ = session.get_one(Round, batch.round_id)
    reading = KIND_OF[batch.kind].reader(session, round_)(batch.data)
    return compare_reading(session, round_, batch.kind, reading)


def recent_batches(session: Session, round_: Round, limit: int = 20) -> list[ImportBatch]:
    """The newest uploads of a round."""
    newest = select(ImportBatch).where(ImportBatch.round_id == round_.id).order_by(ImportBatch.id.desc())
    return list(session.scalars(newest.limit(limit)))


def _audit_detail(batch: ImportBatch, plan: Plan) -> dict[str, Any]:
    """The counts, and of changed rows number and columns, but never what the cells say."""
    rows = [f"{change['key']}（{'、'.join(change['columns'])}）" for change in plan.changes[:MAX_AUDITED]]
    return {
        "batch": batch.id,
        "kind": batch.kind,
        **asdict(plan.counts),
        "changed_rows": rows,
        "changed_rows_left_out": len(plan.changes) - len(rows),
    }

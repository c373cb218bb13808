"""Writes many applications at once: everything is worked out before the writer's place is taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from defense.domain.application import ApplicationRecord
from defense.models import Application, ApplicationFinding, Defence, Round
from defense.models.types import table_of, utc_now
from defense.services.assessing import finding_rows
from defense.services.merging import ApplicationMerger

_APPLICATIONS, _FINDINGS = table_of(Application), table_of(ApplicationFinding)
_AT_ONCE = 500


@dataclass(frozen=True)
class RoundMark:
    """What a plan rests on; when it is the same later, the plan still holds."""

    rules: Any
    released_at: datetime | None
    applications: frozenset[tuple[Any, ...]]
    """Id and moment of the last import of each: every writer of a record sets the moment."""
    defences: frozenset[tuple[Any, ...]]


@dataclass(frozen=True)
class PreparedRows:
    """Rows as they go into the tables, and the records that are written one by one."""

    new: tuple[dict[str, Any], ...]
    changed: tuple[dict[str, Any], ...]
    findings: dict[str, list[dict[str, str]]]
    """Number → what the rules found."""
    single: tuple[ApplicationRecord, ...]
    """Of persons who were renamed, whose defence has begun, or whose result is out: more hangs on these."""


def mark_round(session: Session, round_: Round, to_write: bool = False) -> RoundMark:
    """The state of a round as far as an import of applications rests on it."""
    applications = select(Application.id, Application.imported_at).where(Application.round_id == round_.id)
    defences = (
        select(Defence.id, Defence.state)
        .join(Application, Defence.application_id == Application.id)
        .where(Application.round_id == round_.id)
    )
    if to_write:
        # Where rows can be locked: nobody is called in between this look and the caller's commit.
        defences = defences.with_for_update(of=Defence)
    return RoundMark(
        round_.rules,
        round_.results_released_at,
        frozenset(tuple(row) for row in session.execute(applications)),
        frozenset(tuple(row) for row in session.execute(defences)),
    )


def prepare_rows(
    round_: Round, merger: ApplicationMerger, records: Iterable[ApplicationRecord]
) -> PreparedRows:
    """Work out the rows of new and changed applications; writes nothing."""
    new, changed, single = [], [], []
    findings: dict[str, list[dict[str, str]]] = {}
    for record in records:
        if not merger.may_go_in_bulk(record):
            single.append(record)
            continue
        values = merger.values_of(record)
        findings[record.number] = finding_rows(values["assessment_json"])
        known = merger.known(record.number)
        if known is None:
            new.append({"round_id": round_.id, "number": record.number, **values})
        else:
            changed.append({"row_id": known.id, "row_number": record.number, **values})
    return PreparedRows(tuple(new), tuple(changed), findings, tuple(single))


def write_rows(session: Session, round_: Round, rows: PreparedRows, account_id: int | None) -> None:
    """Write what was prepared; the caller has seen that the round's mark is the same, and commits."""
    now = utc_now()
    for part in _parts(rows.new):
        session.execute(insert(_APPLICATIONS), [{**row, "imported_at": now} for row in part])
    _update(session, rows.changed, now)
    if rows.findings:
        _write_findings(session, round_, rows)
    if rows.single:
        numbers = [record.number for record in rows.single]
        merger = ApplicationMerger(session, round_, numbers=numbers)
        for record in rows.single:
            merger.write(record, account_id)


def _update(session: Session, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    if not rows:
        return
    names = [name for name in rows[0] if name not in ("row_id", "row_number")]
    statement = (
        update(_APPLICATIONS)
        .where(_APPLICATIONS.c.id == bindparam("row_id"))
        .values({**{name: bindparam(f"to_{name}") for name in names}, "imported_at": now})
    )
    for part in _parts(rows):
        session.connection().execute(
            statement,
            [{"row_id": row["row_id"], **{f"to_{name}": row[name] for name in names}} for row in part],
        )


def _write_findings(session: Session, round_: Round, rows: PreparedRows) -> None:
    for part in _parts(rows.changed):
        ids = [row["row_id"] for row in part]
        session.execute(delete(_FINDINGS).where(_FINDINGS.c.application_id.in_(ids)))
    query = select(Application.number, Application.id).where(Application.round_id == round_.id)
    ids_by_number = {row.number: row.id for row in session.execute(query)}
    found = [
        {"application_id": ids_by_number[number], **finding}
        for number, findings in rows.findings.items()
        for finding in findings
    ]
    for part in _parts(found):
        session.execute(insert(_FINDINGS), part)


def _parts(rows: Sequence[dict[str, Any]]) -> Iterable[Sequence[dict[str, Any]]]:
    return (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))

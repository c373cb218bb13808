"""Writes many applications at once: everything is worked out before the writer's place is taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from defense.domain.application import ApplicationRecord
from defense.models import Application, ApplicationFinding, Defence, Round
from defense.models.types import PackedJson, table_of, utc_now
from defense.services.imports.merging import ApplicationMerger
from defense.services.records.assessing import finding_rows

_APPLICATIONS, _FINDINGS = table_of(Application), table_of(ApplicationFinding)
_AT_ONCE = 500

T = TypeVar("T")


@dataclass(frozen=True)
class RoundMark:
    """What a plan rests on; when it is the same later, the plan still holds."""

    rules: Any
    released_at: datetime | None
    applications: frozenset[tuple[Any, ...]]
    """Id and moment of the last import of each: every writer of a record sets the moment."""
    defences: frozenset[tuple[Any, ...]]


class PreparedRows:
    """Rows as they go into the tables, and the records that are written one by one."""

    def __init__(self, round_: Round) -> None:
        self._round_id = round_.id
        self.new: list[dict[str, Any]] = []
        self.changed: list[dict[str, Any]] = []
        """With `row_id`."""
        self.findings: dict[str, list[dict[str, str]]] = {}
        """Number → what the rules found."""
        self.single: list[ApplicationRecord] = []
        """Of persons who were renamed, whose defence has begun or whose result is out: more hangs on them."""

    def add(self, merger: ApplicationMerger, records: Iterable[ApplicationRecord]) -> None:
        """Work out the rows of new and changed applications; writes nothing."""
        for record in records:
            if not merger.may_go_in_bulk(record):
                self.single.append(record)
                continue
            values = merger.values_of(record)
            self.findings[record.number] = finding_rows(values["assessment_json"])
            values |= {name: PackedJson.of(values[name]) for name in ("record_json", "assessment_json")}
            known = merger.known(record.number)
            if known is None:
                self.new.append({"round_id": self._round_id, "number": record.number, **values})
            else:
                self.changed.append({"row_id": known.id, **values})


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


def write_rows(session: Session, round_: Round, rows: PreparedRows, account_id: int | None) -> None:
    """Write what was prepared; the caller has seen that the round's mark is the same, and commits."""
    now = utc_now()
    for part in _parts(rows.new):
        session.execute(insert(_APPLICATIONS), [{**row, "imported_at": now} for row in part])
    for part in _parts(rows.changed):
        _update(session, part, now)
        ids = [row["row_id"] for row in part]
        session.execute(delete(_FINDINGS).where(_FINDINGS.c.application_id.in_(ids)))
    for numbers in _parts(list(rows.findings)):
        _add_findings(session, round_, {number: rows.findings[number] for number in numbers})
    if rows.single:
        numbers = [record.number for record in rows.single]
        merger = ApplicationMerger(session, round_, numbers=numbers)
        for record in rows.single:
            merger.write(record, account_id)


def _update(session: Session, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    names = [name for name in rows[0] if name != "row_id"]
    statement = (
        update(_APPLICATIONS)
        .where(_APPLICATIONS.c.id == bindparam("row_id"))
        .values({**{name: bindparam(f"to_{name}") for name in names}, "imported_at": now})
    )
    session.connection().execute(
        statement,
        [{"row_id": row["row_id"], **{f"to_{name}": row[name] for name in names}} for row in rows],
    )


def _add_findings(session: Session, round_: Round, findings: Mapping[str, list[dict[str, str]]]) -> None:
    query = select(Application.number, Application.id).where(
        Application.round_id == round_.id, Application.number.in_(list(findings))
    )
    ids = {row.number: row.id for row in session.execute(query)}
    rows = [
        {"application_id": ids[number], **finding} for number, found in findings.items() for finding in found
    ]
    if rows:
        session.execute(insert(_FINDINGS), rows)


def _parts(rows: Sequence[T]) -> Iterable[Sequence[T]]:
    return (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))

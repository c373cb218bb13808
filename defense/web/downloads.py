"""Files sent to a browser."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from typing import Any

import gevent
from flask import Response, send_file
from sqlalchemy.orm import Session

from defense.auth import require_principal
from defense.extensions import db
from defense.models import Round
from defense.services.keeping.disclosures import record_export, record_office_export
from defense.services.tables import Tables, write_table
from defense.services.transaction import begin_snapshot, begin_write
from defense.web.aside import run_aside
from defense.web.rounds import round_or_404

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WORK_S, _REST_S = 0.02, 0.01


def workbook(data: bytes, filename: str) -> Response:
    """An Excel workbook as a download."""
    return send_file(io.BytesIO(data), mimetype=XLSX, as_attachment=True, download_name=filename)


def gathered(tables: Tables) -> Tables:
    """All rows, read while the transaction is open; others have their turn in between."""
    whole: dict[str, tuple[Sequence[str], list[Sequence[Any]]]] = {}
    rested_s = time.perf_counter()
    for title, (headers, rows) in tables.items():
        kept: list[Sequence[Any]] = []
        for row in rows:
            kept.append(row)
            if time.perf_counter() - rested_s > _WORK_S:
                # Not 0: somebody's page takes several turns.
                gevent.sleep(_REST_S)
                rested_s = time.perf_counter()
        whole[title] = (headers, kept)
    return whole


def written(tables: Tables, filename: str) -> Response:
    """Gathered tables as a workbook, which is made beside the event loop: 6,000 rows take a second."""
    return workbook(run_aside(write_table, tables), filename)


def recorded_workbook(code: str, table: str, make: Callable[[Session, Round], Tables]) -> Response:
    """A table of a round with names in it: who took which one is in the audit log before it leaves.

    The address is a POST, since it writes. The rows are read in one moment of the database, outside the
    writer's place, which ballots may be waiting for; it is taken for the entry alone.

    Parameters
    ----------
    table : what the table is called on its page; also the name of the file.
    make : the tables of the round.
    """
    session = db.session()
    begin_snapshot(session)
    tables = gathered(make(session, round_or_404(code)))
    note_taken(code, table)
    return written(tables, f"{table}-{code}.xlsx")


def note_taken(code: str, table: str) -> None:
    """Write down, in a transaction of its own, that a table of a round leaves the house."""
    session = db.session()
    begin_write(session)
    record_export(session, round_or_404(code), table, require_principal().account_id)
    session.commit()


def recorded_office_workbook(table: str, make: Callable[[Session], Tables]) -> Response:
    """A table that belongs to no round; otherwise as `recorded_workbook`."""
    session = db.session()
    begin_snapshot(session)
    tables = gathered(make(session))
    begin_write(session)
    record_office_export(session, table, require_principal().account_id)
    session.commit()
    return written(tables, f"{table}.xlsx")

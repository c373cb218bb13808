"""Files sent to a browser."""

from __future__ import annotations

import io
from collections.abc import Callable

from flask import Response, send_file
from sqlalchemy.orm import Session

from defense.auth import require_principal
from defense.extensions import db
from defense.models import Round
from defense.services.keeping.disclosures import record_export, record_office_export
from defense.services.transaction import begin_snapshot, begin_write
from defense.web.rounds import round_or_404

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(data: bytes, filename: str) -> Response:
    """An Excel workbook as a download."""
    return send_file(io.BytesIO(data), mimetype=XLSX, as_attachment=True, download_name=filename)


def recorded_workbook(code: str, table: str, make: Callable[[Session, Round], bytes]) -> Response:
    """A table of a round with names in it: who took which one is in the audit log before it leaves.

    The address is a POST, since it writes. The table is made from one moment of the database, outside the
    writer's place, which ballots may be waiting for; it is taken for the entry alone.

    Parameters
    ----------
    table : what the table is called on its page; also the name of the file.
    make : makes the workbook of the round.
    """
    session = db.session()
    begin_snapshot(session)
    data = make(session, round_or_404(code))
    begin_write(session)
    record_export(session, round_or_404(code), table, require_principal().account_id)
    session.commit()
    return workbook(data, f"{table}-{code}.xlsx")


def recorded_office_workbook(table: str, make: Callable[[Session], bytes]) -> Response:
    """A table that belongs to no round; otherwise as `recorded_workbook`."""
    session = db.session()
    begin_snapshot(session)
    data = make(session)
    begin_write(session)
    record_office_export(session, table, require_principal().account_id)
    session.commit()
    return workbook(data, f"{table}.xlsx")

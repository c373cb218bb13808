"""Files sent to a browser."""

from __future__ import annotations

import io

from flask import Response, send_file

from defense.auth import require_principal
from defense.extensions import db
from defense.services.disclosures import record_export
from defense.services.transaction import begin_write
from defense.web.rounds import round_or_404

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(data: bytes, filename: str) -> Response:
    """An Excel workbook as a download."""
    return send_file(io.BytesIO(data), mimetype=XLSX, as_attachment=True, download_name=filename)


def recorded_workbook(data: bytes, filename: str, code: str, table: str) -> Response:
    """The same for a table with names: who took which one of which round is in the audit log first.

    Call it with the table made: the writer's place is taken only for the entry.
    """
    begin_write(db.session())
    record_export(db.session(), round_or_404(code), table, require_principal().account_id)
    db.session.commit()
    return workbook(data, filename)

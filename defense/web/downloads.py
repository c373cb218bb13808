"""Files sent to a browser."""

from __future__ import annotations

import io

from flask import Response, send_file

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(data: bytes, filename: str) -> Response:
    """An Excel workbook as a download."""
    return send_file(io.BytesIO(data), mimetype=XLSX, as_attachment=True, download_name=filename)

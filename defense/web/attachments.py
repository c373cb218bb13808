"""The files of a record, each behind a checked and logged link."""

from __future__ import annotations

import re

from flask import Blueprint, Response, current_app, send_file

from defense.auth import access, require_principal
from defense.extensions import db
from defense.services.access import Role
from defense.services.records.attachments import claim_attachment, fetch_attachment
from defense.services.transaction import begin_write
from defense.web.rounds import application_or_404

pages = Blueprint("attachments", __name__)

_NOT_IN_NAMES = re.compile(r"[^\w.()（）-]")


@pages.get("/applications/<int:application_id>/attachments/<attachment_key>")
@access(Role.STAFF, Role.SUPERVISOR, Role.EXPERT, Role.SECRETARY)
def read(application_id: int, attachment_key: str) -> Response:
    """One file, whole and checked; who looked is written down before it is fetched."""
    principal, settings = require_principal(), current_app.extensions["settings"]
    db.session.rollback()
    begin_write(db.session())
    application = application_or_404(application_id)
    attachment = claim_attachment(db.session(), principal, application, attachment_key)
    number = application.number
    db.session.commit()
    db.session.remove()
    sources = current_app.extensions["attachment_sources"]
    file = fetch_attachment(sources, attachment, settings.attachment_max_mb * 1024**2)
    name = _NOT_IN_NAMES.sub("_", f"{number}-{attachment.name or attachment.kind.value}")
    response = send_file(file.content, mimetype=file.content_type, as_attachment=True, download_name=name)
    response.content_length = file.size
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response

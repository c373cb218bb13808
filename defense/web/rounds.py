"""The round that a page is about."""

from __future__ import annotations

from flask import abort
from sqlalchemy import select

from defense.extensions import db
from defense.models import Application, Round


def round_or_404(code: str) -> Round:
    """The round of that code."""
    round_ = db.session.scalar(select(Round).where(Round.code == code))
    if round_ is None:
        abort(404)
    return round_


def application_or_404(application_id: int) -> Application:
    """The application of that id."""
    application = db.session.get(Application, application_id)
    if application is None:
        abort(404)
    return application

"""The served application: what gunicorn loads. Besides the pages it sends the outbox in the background."""

from __future__ import annotations

import gevent
from flask import Flask
from sqlalchemy.orm import sessionmaker

from defense.app import create_app
from defense.cli import ensure_database
from defense.extensions import db
from defense.integrations.mail import sender_from
from defense.models.types import utc_now
from defense.services.outbox import send_due

OUTBOX_PAUSE_S = 2.0


def create_served_app() -> Flask:
    """The application with its database at the newest migration and its outbox loop running."""
    served = create_app()
    with served.app_context():
        ensure_database()
    gevent.spawn(_send_forever, served)
    return served


def _send_forever(served: Flask) -> None:
    sender = sender_from(served.extensions["settings"])
    with served.app_context():
        session_factory = sessionmaker(db.engine)
    while True:
        try:
            send_due(session_factory, sender, utc_now)
        except Exception:
            # The queue is in the database: whatever went wrong, the next turn tries again.
            served.logger.exception("sending the outbox failed")
        gevent.sleep(OUTBOX_PAUSE_S)

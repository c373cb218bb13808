"""The served application: what gunicorn loads. Besides the pages it sends the outbox in the background."""

from __future__ import annotations

import gevent
from flask import Flask
from sqlalchemy.orm import sessionmaker

from defense.app import create_app
from defense.engine_socket import use_room_sockets
from defense.extensions import db
from defense.integrations.mail import sender_from
from defense.migrating import ensure_database
from defense.models.types import utc_now
from defense.services.outbox import send_due

OUTBOX_PAUSE_S = 2.0
SWEEP_PAUSE_S = 0.25


def create_served_app() -> Flask:
    """The application with its database up to date, its outbox sent and its rooms looked after."""
    use_room_sockets()
    served = create_app()
    with served.app_context():
        ensure_database()
    gevent.spawn(_send_forever, served)
    gevent.spawn(_sweep_forever, served)
    news = served.extensions["room_news"]
    gevent.spawn(news.run)
    gevent.spawn(news.listen)
    return served


def _sweep_forever(served: Flask) -> None:
    while True:
        try:
            served.extensions["room_sweep"].look()
            served.extensions["log_eraser"].look()
        except Exception:
            # The database is away or busy: what could not be looked up now is there at the next look.
            served.logger.exception("looking after the rooms failed")
        gevent.sleep(SWEEP_PAUSE_S)


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

"""What the running service does in the background, each errand in a greenlet of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import gevent
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from defense.extensions import db
from defense.integrations.mail import senders_from
from defense.models.types import utc_now
from defense.services.outbox import send_due
from defense.services.outbox_care import forget_letters
from defense.services.transaction import begin_write


@dataclass(frozen=True)
class Errand:
    """Something done again and again. `run` returns when there is nothing more to do for now."""

    name: str
    pause_s: float
    run: Callable[[], object]


def errands_of(app: Flask) -> list[Errand]:
    """The errands of a served application; called in its application context."""
    settings = app.extensions["settings"]
    sessions = sessionmaker(db.engine)
    senders = senders_from(settings)
    return [
        Errand("looking after the rooms", 0.25, app.extensions["room_sweep"].look),
        Errand("emptying the log", 0.25, app.extensions["log_eraser"].look),
        Errand("sending the outbox", 2, lambda: send_due(sessions, senders, settings, utc_now)),
        Errand("forgetting old letters", 3600, partial(in_transaction, sessions, forget_letters)),
    ]


def in_transaction(sessions: Callable[[], Session], work: Callable[[Session, datetime], object]) -> None:
    """Run a service in one transaction of its own."""
    with sessions() as session:
        begin_write(session)
        work(session, utc_now())
        session.commit()


def run_forever(app: Flask, errand: Errand) -> None:
    """Run an errand until the process ends; what it could not do now it finds again at the next turn."""
    while True:
        try:
            errand.run()
        except Exception:
            app.logger.exception("%s failed", errand.name)
        gevent.sleep(errand.pause_s)

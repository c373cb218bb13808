"""What the running service does in the background, each errand in a greenlet of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gevent
from flask import Flask
from sqlalchemy.orm import sessionmaker

from defense.extensions import db
from defense.integrations.imap import ImapMailbox
from defense.integrations.inbox_reading import ReadMail, read_mail
from defense.integrations.mail import sender_from
from defense.models.types import utc_now
from defense.services.inbox import read_inbox
from defense.services.outbox import send_due


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
    sender = sender_from(settings)
    errands = [
        Errand("looking after the rooms", 0.25, app.extensions["room_sweep"].look),
        Errand("emptying the log", 0.25, app.extensions["log_eraser"].look),
        Errand("sending the outbox", 2, lambda: send_due(sessions, sender, settings, utc_now)),
    ]
    if settings.imap_url:
        mailbox = ImapMailbox(settings.imap_url)
        errands.append(
            Errand("reading the replies", 60, lambda: read_inbox(sessions, mailbox, utc_now, _read_aside))
        )
    return errands


def _read_aside(raw: bytes) -> ReadMail:
    """Read a mail in a thread: whoever writes one that takes a second must not stop the rooms for it."""
    mail: ReadMail = gevent.get_hub().threadpool.apply(read_mail, (raw,))
    return mail


def run_forever(app: Flask, errand: Errand) -> None:
    """Run an errand until the process ends; what it could not do now it finds again at the next turn."""
    while True:
        try:
            errand.run()
        except Exception:
            app.logger.exception("%s failed", errand.name)
        gevent.sleep(errand.pause_s)

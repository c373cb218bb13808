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
from defense.integrations.caldav_push import CaldavServer
from defense.integrations.imap import ImapMailbox
from defense.integrations.inbox_reading import ReadMail, read_mail
from defense.integrations.mail import senders_from
from defense.integrations.upstream import UpstreamClient
from defense.models.types import utc_now
from defense.services.invites.calendar_keeping import push_calendar
from defense.services.invites.inbox import read_inbox
from defense.services.invites.outbox import send_due
from defense.services.invites.outbox_care import forget_letters
from defense.services.invites.reminders import remind
from defense.services.invites.sitting_events import keep_sitting_events
from defense.services.keeping.retention import finish_erasures
from defense.services.meetings.keeping import keep_meetings
from defense.services.transaction import begin_write
from defense.services.upstream.desk import desks_at
from defense.services.upstream.pulling import pull_due
from defense.services.upstream.pushing import push_due


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
    errands = [
        Errand("looking after the rooms", 0.25, app.extensions["room_sweep"].look),
        Errand("emptying the log", 0.25, app.extensions["log_eraser"].look),
        Errand("sending the outbox", 2, lambda: send_due(sessions, senders, settings, utc_now)),
        Errand("reminding", 30, partial(_remind, app, sessions)),
        Errand("forgetting old letters", 3600, partial(in_transaction, sessions, forget_letters)),
        Errand("finishing deletions", 60, partial(_finish_deletions, app, sessions)),
        Errand("keeping the sittings' events", 30, lambda: keep_sitting_events(sessions, utc_now)),
    ]
    providers = app.extensions["meeting_providers"]
    errands.append(
        Errand("keeping the meetings", 10, lambda: keep_meetings(sessions, providers, settings, utc_now))
    )
    if settings.caldav is not None:
        calendar = CaldavServer(settings.caldav)
        push = Errand(
            "pushing the calendar", 30, lambda: push_calendar(sessions, calendar, settings, utc_now)
        )
        errands.append(push)
    if settings.upstream is not None:
        client = UpstreamClient(settings.upstream)
        errands.append(Errand("reading the platform", 3, lambda: pull_due(sessions, client, utc_now)))
        desks = desks_at(settings.upstream, sessions)
        errands.append(Errand("telling the platform", 10, lambda: push_due(sessions, desks, utc_now)))
    if settings.imap_url:
        mailbox = ImapMailbox(settings.imap_url)
        errands.append(
            Errand("reading the replies", 60, lambda: read_inbox(sessions, mailbox, utc_now, _read_aside))
        )
    return errands


def _remind(app: Flask, sessions: Callable[[], Session]) -> None:
    """Queue reminders; a year without a calendar is in the log, and on the page of the invites."""
    summary = remind(sessions, app.extensions["settings"], utc_now)
    for problem in summary.problems:
        app.logger.warning("no reminders of the day before: %s", problem.en)


def _finish_deletions(app: Flask, sessions: Callable[[], Session]) -> None:
    """Go on with a deletion of personal data that was confirmed and cut off."""
    folder = app.extensions["attachment_folder"]
    if finish_erasures(sessions, folder, lambda: gevent.sleep(0)):
        app.extensions["log_eraser"].erase()


def in_transaction(sessions: Callable[[], Session], work: Callable[[Session, datetime], object]) -> None:
    """Run a service in one transaction of its own."""
    with sessions() as session:
        begin_write(session)
        work(session, utc_now())
        session.commit()


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

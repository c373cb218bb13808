"""The commands about mail and calendars: what comes in, what goes out, reminders."""

from __future__ import annotations

import click
from sqlalchemy.orm import sessionmaker

from defense.cli.support import settings, told_errors
from defense.domain.errors import IllegalState
from defense.domain.text import Text
from defense.extensions import db
from defense.integrations.caldav_push import CaldavServer
from defense.integrations.imap import ImapMailbox
from defense.integrations.mail import senders_from
from defense.models.types import utc_now
from defense.services.invites.calendar_keeping import calendar_state, push_calendar
from defense.services.invites.inbox import read_inbox
from defense.services.invites.outbox import SendSummary, send_due
from defense.services.invites.reminders import remind


@click.command("read-replies")
@told_errors
def read_replies() -> None:
    """Read the reply mailbox: answers to invites, bounces, and letters for staff."""
    url = settings().imap_url
    if url is None:
        raise IllegalState(
            Text(
                "未设置回复邮箱，请先设置 IMAP_URL。",
                "There is no reply mailbox; set IMAP_URL=imaps://user:password@host:993/INBOX first.",
            )
        )
    verdicts = read_inbox(sessionmaker(db.engine), ImapMailbox(url), utc_now)
    click.echo(f"mails read: {verdicts.total()}")
    for verdict, count in sorted(verdicts.items()):
        click.echo(f"  {verdict}: {count}")


@click.command("send-reminders")
@told_errors
def send_reminders() -> None:
    """Queue the reminders that are due; send-outbox, or the running service, sends them."""
    summary = remind(sessionmaker(db.engine), settings(), utc_now)
    click.echo(f"reminders queued: {summary.day} of the day before, {summary.soon} of half an hour before")
    if summary.problems:
        raise IllegalState(summary.problems[0])


@click.command("send-outbox")
@told_errors
def send_outbox() -> None:
    """Send the mails that are due."""
    send_all()


def send_all() -> None:
    """Send what is due until nothing is, and tell how many."""
    senders = senders_from(settings())
    total = SendSummary()
    while True:
        sent = send_due(sessionmaker(db.engine), senders, settings(), utc_now)
        total = SendSummary(
            *(
                getattr(total, name) + getattr(sent, name)
                for name in ("sent", "later", "failed", "superseded")
            )
        )
        if not sent.sent and not sent.failed:
            break
    click.echo(f"mails: {total.sent} sent, {total.later} put off, {total.failed} failed")


@click.command("push-calendar")
@told_errors
def push_calendar_command() -> None:
    """Bring the centre's calendar server up to date, without waiting for the next attempt."""
    own = settings()
    if own.caldav is None:
        raise IllegalState(
            Text(
                "尚未设置日历服务器：请设置 CALDAV_URL、CALDAV_USER、CALDAV_PASSWORD 和 CALDAV_CALENDAR。",
                "No calendar server is set: set CALDAV_URL, CALDAV_USER, CALDAV_PASSWORD, CALDAV_CALENDAR.",
            )
        )
    pushed = push_calendar(sessionmaker(db.engine), CaldavServer(own.caldav), own, utc_now, at_once=True)
    with sessionmaker(db.engine)() as session:
        state = calendar_state(session, own, utc_now())
    click.echo(
        f"calendar: {pushed.put} put, {pushed.deleted} deleted, {state.entered} entered, "
        f"{state.waiting} waiting"
    )
    if state.waiting:
        raise click.ClickException(state.last_answer or "")


MAIL_COMMANDS = (push_calendar_command, read_replies, send_outbox, send_reminders)

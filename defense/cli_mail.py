"""The commands about mail: what comes in, and reminders."""

from __future__ import annotations

import click
from sqlalchemy.orm import sessionmaker

from defense.cli_support import settings, told_errors
from defense.domain.errors import IllegalState
from defense.domain.text import Text
from defense.extensions import db
from defense.integrations.imap import ImapMailbox
from defense.models.types import utc_now
from defense.services.invites.inbox import read_inbox
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


MAIL_COMMANDS = (read_replies, send_reminders)

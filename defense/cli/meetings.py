"""The command about video meetings."""

from __future__ import annotations

import click
from flask import current_app
from sqlalchemy.orm import sessionmaker

from defense.cli.support import settings, told_errors
from defense.extensions import db
from defense.models.types import utc_now
from defense.services.meetings.keeping import keep_meetings


@click.command("keep-meetings")
@told_errors
def keep_meetings_command() -> None:
    """Create, move and cancel meetings at the providers as the timetable says."""
    providers = current_app.extensions["meeting_providers"]
    counts = keep_meetings(sessionmaker(db.engine), providers, settings(), utc_now)
    click.echo(f"calls to the providers: {counts.total()}")
    for what, count in sorted(counts.items()):
        click.echo(f"  {what}: {count}")


MEETING_COMMANDS = (keep_meetings_command,)

"""The `flask` commands: the same services as the pages, for scripts and for a first start."""

from __future__ import annotations

from flask import Flask

from defense.cli.attachments import ATTACHMENT_COMMANDS
from defense.cli.audit import AUDIT_COMMANDS
from defense.cli.calendar import CALENDAR_COMMANDS
from defense.cli.checks import check_applications_command
from defense.cli.documents import DOCUMENT_COMMANDS
from defense.cli.imports import IMPORT_COMMANDS
from defense.cli.installation import INSTALLATION_COMMANDS
from defense.cli.mail import MAIL_COMMANDS
from defense.cli.meetings import MEETING_COMMANDS
from defense.cli.retention import RETENTION_COMMANDS
from defense.cli.sample import SAMPLE_COMMANDS
from defense.cli.sandbox import SANDBOX_COMMANDS
from defense.cli.timetable import TIMETABLE_COMMANDS
from defense.cli.upstream_pull import UPSTREAM_PULL_COMMANDS
from defense.cli.upstream_push import UPSTREAM_PUSH_COMMANDS


def register_commands(app: Flask) -> None:
    """Add the commands to `flask`."""
    for command in (
        *(*SAMPLE_COMMANDS, *IMPORT_COMMANDS, *ATTACHMENT_COMMANDS, check_applications_command),
        *(*TIMETABLE_COMMANDS, *MEETING_COMMANDS, *MAIL_COMMANDS, *CALENDAR_COMMANDS),
        *(*UPSTREAM_PULL_COMMANDS, *UPSTREAM_PUSH_COMMANDS, *SANDBOX_COMMANDS),
        *(*DOCUMENT_COMMANDS, *AUDIT_COMMANDS, *RETENTION_COMMANDS, *INSTALLATION_COMMANDS),
    ):
        app.cli.add_command(command)

"""The command that tells the upstream platform what is queued."""

from __future__ import annotations

import click
from sqlalchemy.orm import sessionmaker

from defense.cli.support import settings, told_errors
from defense.domain.errors import IllegalState
from defense.domain.text import Text
from defense.extensions import db
from defense.models.types import utc_now
from defense.services.upstream.desk import desks_at
from defense.services.upstream.pushing import push_due


@click.command("push-upstream")
@told_errors
def push_upstream() -> None:
    """Tell the upstream platform the decisions and results that are queued."""
    access = settings().upstream
    if access is None:
        raise IllegalState(
            Text(
                "未设置上级平台，请先设置 UPSTREAM_URL。",
                "There is no upstream platform; set UPSTREAM_URL first.",
            )
        )
    sessions = sessionmaker(db.engine)
    summary = push_due(sessions, desks_at(access, sessions), utc_now)
    click.echo(
        f"told: {summary.sent}; put off: {summary.later}; changed upstream: {summary.stale}; "
        f"failed: {summary.dead}"
    )


UPSTREAM_PUSH_COMMANDS = (push_upstream,)

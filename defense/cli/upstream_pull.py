"""The commands that read the upstream platform."""

from __future__ import annotations

import click
from sqlalchemy.orm import sessionmaker

from defense.cli.support import round_option, settings, told_errors
from defense.domain.errors import IllegalState
from defense.domain.text import Text
from defense.extensions import db
from defense.integrations.upstream import UpstreamClient
from defense.models.types import utc_now
from defense.services.rounds import ensure_round
from defense.services.transaction import begin_write
from defense.services.upstream.pulling import PullSummary, check_fees, pull_round


@click.command("pull-upstream")
@round_option
@told_errors
def pull_upstream(code: str) -> None:
    """Take in the applications of the upstream platform that are new or changed."""
    sessions = sessionmaker(db.engine)
    client = _client()
    with sessions() as session:
        begin_write(session)
        ensure_round(session, code)
        session.commit()
    _tell(pull_round(sessions, client, code, utc_now))


@click.command("check-fees")
@round_option
@told_errors
def check_fees_command(code: str) -> None:
    """Ask the upstream platform which of the unpaid have paid."""
    _tell(check_fees(sessionmaker(db.engine), _client(), code, utc_now))


def _client() -> UpstreamClient:
    access = settings().upstream
    if access is None:
        raise IllegalState(
            Text(
                "没有连接上级平台，请先设置 UPSTREAM_URL。",
                "There is no upstream platform; set UPSTREAM_URL first.",
            )
        )
    return UpstreamClient(access)


def _tell(summary: PullSummary) -> None:
    if summary.is_busy:
        raise IllegalState(
            Text("正在读取，请稍后再试。", "It is being read at the moment; try again in a while.")
        )
    click.echo("; ".join(f"{kind}: {n}" for kind, n in sorted(summary.counts.items())) or "nothing new")
    if summary.error is not None:
        raise IllegalState(summary.error)


UPSTREAM_PULL_COMMANDS = (pull_upstream, check_fees_command)

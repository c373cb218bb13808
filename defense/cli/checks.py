"""The command that judges all applications of a round afresh."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from defense.cli.support import round_option, told_errors
from defense.domain.errors import NotFound
from defense.domain.text import Text
from defense.extensions import db
from defense.models import Round
from defense.services.records.checking import check_applications
from defense.services.records.findings import (
    SEVERITY_TEXT,
    FindingFilter,
    count_blocked,
    export_findings,
    sum_findings,
)
from defense.services.tables import write_table

BLOCKED_STATUS = 3
"""Exit status when somebody cannot go on; 1 is for errors, 2 for a wrong command line."""


@click.command("check-applications")
@round_option
@click.option("--to", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write a workbook, too.")
@told_errors
def check_applications_command(code: str, file: Path | None) -> None:
    """Judge every application of a round afresh by its rules, and say what they find.

    Exit status 3: a finding stops somebody whom no ruling has let go on. Whose defence has begun keeps the
    judgement that it had.
    """
    sessions = sessionmaker(db.engine)
    with sessions() as session:
        round_id = session.scalar(select(Round.id).where(Round.code == code))
    if round_id is None:
        raise NotFound(
            Text(
                f"没有批次“{code}”，请先导入数据。", f"There is no round “{code}” yet; import its data first."
            )
        )
    summary = check_applications(sessions, round_id, None)
    click.echo(f"{summary.assessed} applications, {summary.changed} judged otherwise than before")
    if summary.kept:
        click.echo(f"  {summary.kept} keep the judgement they had: their defence has begun")
    with sessions() as session:
        round_ = session.get_one(Round, round_id)
        for line in sum_findings(session, round_, FindingFilter()):
            click.echo(
                f"  {line.severity.value:<6}{line.count:>6}  {line.code:<30}{line.clause}  "
                f"{line.text.zh}（{SEVERITY_TEXT[line.severity].zh}）"
            )
        if file is not None:
            file.write_bytes(write_table(export_findings(session, round_, FindingFilter())))
        blocked = count_blocked(session, round_)
    click.echo(f"{blocked} applications cannot go on")
    if blocked:
        sys.exit(BLOCKED_STATUS)

"""The command that takes files of attachments in."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.cli.support import round_option, settings, told_errors
from defense.domain.errors import NotFound
from defense.domain.text import Text
from defense.extensions import db
from defense.integrations.attachment_folder import take_files
from defense.integrations.attachments import LocalFolder
from defense.models import Round
from defense.services.records.attachment_import import numbers_of, record_files
from defense.services.transaction import begin_write


@click.command("import-attachments")
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@round_option
@told_errors
def import_attachments(directory: Path, code: str) -> None:
    """Take the scans under DIRECTORY (申报编号/材料名称.pdf) in, and record them.

    Files that cannot be taken are named; the others go in all the same.
    """
    own, sessions = settings(), sessionmaker(db.engine)
    with sessions() as session:
        round_ = _round_of(session, code)
        round_id, numbers = round_.id, numbers_of(session, round_)
    # Reading and copying takes long: no transaction is open meanwhile.
    store, limit = LocalFolder(own.attachments_dir), own.attachment_max_mb * 1024**2
    found = list(take_files(directory, numbers, store, limit))
    with sessions() as session:
        begin_write(session)
        done = record_files(session, session.get_one(Round, round_id), found, None)
        session.commit()
    for file in done.refused:
        click.echo(f"  {file.path}: {file.text}", err=True)
    click.echo(
        f"attachments: {done.recorded} recorded on {done.applications} applications, {done.unchanged} there "
        f"already, {len(done.refused)} refused"
    )


def _round_of(session: Session, code: str) -> Round:
    round_ = session.scalar(select(Round).where(Round.code == code))
    if round_ is None:
        raise NotFound(
            Text(
                f"没有批次“{code}”，请先导入数据。", f"There is no round “{code}” yet; import its data first."
            )
        )
    return round_


ATTACHMENT_COMMANDS = (import_attachments,)

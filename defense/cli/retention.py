"""The commands about keeping and deleting personal data."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath

import click
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.cli.support import settings, told_errors
from defense.domain.errors import InvalidInput, NotFound
from defense.domain.text import Text
from defense.extensions import db
from defense.integrations.attachments import LocalFolder
from defense.models import Account, Round
from defense.models.types import utc_now
from defense.services.keeping.archive_cipher import is_encrypted
from defense.services.keeping.archive_reading import open_archive
from defense.services.keeping.retention import (
    RetentionView,
    export_round,
    finish_erasures,
    retention_of,
    rounds_by_code,
)
from defense.services.records.attachment_export import allow_files, copy_files
from defense.services.room.seals import public_key_of
from defense.services.transaction import LogEraser, begin_write


@click.group("retention", invoke_without_command=True)
@click.pass_context
@told_errors
def retention_command(context: click.Context) -> None:
    """How long the personal data of each round is kept, and what is due for deletion."""
    if context.invoked_subcommand is not None:
        return
    with sessionmaker(db.engine)() as session:
        for round_ in rounds_by_code(session):
            click.echo(_line(retention_of(session, round_, utc_now())))


def _line(view: RetentionView) -> str:
    if view.erasure is not None:
        state = "deleted / 已删除" if view.erasure.finished_at else "being deleted / 正在删除"
    else:
        state = "due / 已到期" if view.is_due else "kept / 保存中"
    until = view.keep_until.isoformat() if view.keep_until else "—"
    obstacles = [] if view.erasure else [str(obstacle) for obstacle in view.obstacles]
    return "  ".join([view.round.code, until, state, f"archives: {len(view.exports)}", *obstacles])


@retention_command.command("export")
@click.argument("code")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--by", "username", required=True, help="User name of the member of staff who does it.")
@click.option("--reason", required=True, help="For the audit log.")
@click.option("--encrypt", is_flag=True, help="Ask for a passphrase.")
@told_errors
def export_command(code: str, file: Path, username: str, reason: str, encrypt: bool) -> None:
    """Write the archive of round CODE to FILE; it is read back first, and its digest audited."""
    passphrase = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True) if encrypt else ""
    sessions = sessionmaker(db.engine)
    with sessions() as session:
        round_id, account_id = _round_id(session, code), _account_id(session, username)
    key = public_key_of(settings().seal_key)
    data = export_round(sessions, round_id, key, passphrase, reason, account_id)
    unfinished = file.with_name(file.name + ".part")
    unfinished.write_bytes(data)
    unfinished.replace(file)
    click.echo(str(file))


@retention_command.command("open")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@told_errors
def open_command(file: Path, folder: Path) -> None:
    """Check the archive FILE and unpack it into FOLDER, which must be new."""
    data = file.read_bytes()
    passphrase = click.prompt("Passphrase", hide_input=True) if is_encrypted(data) else ""
    opened = open_archive(data, passphrase)
    folder.mkdir(parents=True)
    for name, content in opened.files.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name:
            raise InvalidInput(
                Text(f"存档中的路径不正确：{name}", f"The archive holds an improper path: {name}")
            )
        target = folder.joinpath(*path.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    click.echo(f"{opened.round_code}  {opened.made_at}  records: {opened.records}  whole / 完整")


@retention_command.command("files")
@click.argument("code")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--by", "username", required=True, help="User name of the member of staff who does it.")
@click.option("--reason", required=True, help="For the audit log.")
@told_errors
def files_command(code: str, folder: Path, username: str, reason: str) -> None:
    """Copy the files of round CODE's attachments into FOLDER, each checked; the archive only lists them."""
    own = settings()
    with sessionmaker(db.engine)() as session:
        begin_write(session)
        round_id, account_id = _round_id(session, code), _account_id(session, username)
        allow_files(session, session.get_one(Round, round_id), account_id, reason)
        session.commit()
        round_, limit = session.get_one(Round, round_id), own.attachment_max_mb * 1024**2
        done = copy_files(session, round_, LocalFolder(own.attachments_dir), folder, limit)
    click.echo(f"{done.copied} copied / 已复制，{done.elsewhere} on the platform only / 仅在管理平台")
    for name in done.damaged:
        click.echo(f"  damaged, not copied / 已损坏，未复制: {name}")
    if done.damaged:
        sys.exit(1)


@retention_command.command("finish")
@told_errors
def finish_command() -> None:
    """Go on with deletions that were confirmed and cut off; the running service does so by itself."""
    done = finish_erasures(sessionmaker(db.engine), LocalFolder(settings().attachments_dir))
    LogEraser(db.engine).erase()
    click.echo("  ".join(done) or "nothing to do / 无待办")


def _round_id(session: Session, code: str) -> int:
    id_ = session.scalar(select(Round.id).where(Round.code == code))
    if id_ is None:
        raise NotFound(Text(f"没有批次“{code}”。", f"There is no round “{code}”."))
    return id_


def _account_id(session: Session, username: str) -> int:
    id_ = session.scalar(select(Account.id).where(Account.username == username, Account.active))
    if id_ is None:
        raise NotFound(Text(f"没有用户“{username}”。", f"There is no account “{username}”."))
    return id_


RETENTION_COMMANDS = (retention_command,)

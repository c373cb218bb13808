"""The commands about evidence: checking the audit log, taking it elsewhere, the key of the seals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy.orm import Session, sessionmaker

from defense.cli.support import settings, told_errors
from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.extensions import db
from defense.services.audit_check import AuditCheck, parse_head, parse_heads, verify_audit
from defense.services.audit_export import export_audit
from defense.services.room.seals import parse_public_key, public_key_of, trusted_keys
from defense.services.transaction import begin_snapshot


@contextmanager
def _snapshot() -> Iterator[Session]:
    with sessionmaker(db.engine)() as session:
        begin_snapshot(session)
        yield session


@click.command("verify-audit")
@click.option(
    "--head", "heads", multiple=True, metavar="CHAIN:NUMBER:DIGEST", help="A head from the minutes."
)
@click.option(
    "--heads",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of heads, one a line.",
)
@click.option(
    "--public-key",
    "keys",
    multiple=True,
    metavar="HEX",
    help="Trust seals by these keys instead of by the service's own (SEAL_KEY, SEAL_PUBLIC_KEYS).",
)
@told_errors
def verify_audit_command(heads: tuple[str, ...], files: tuple[Path, ...], keys: tuple[str, ...]) -> None:
    """Check that nothing in the audit log was changed, removed, added or cut off.

    The end of a chain can have been rewritten by somebody with the database's password: only a head printed
    in the minutes, or a seal, shows that.
    """
    printed = [parse_head(head) for head in heads]
    for file in files:
        printed += parse_heads(_lines_of(file))
    trusted = {parse_public_key(key) for key in keys} or trusted_keys(settings())
    with _snapshot() as session:
        check = verify_audit(session, printed, trusted)
    _report(check)
    if not check.whole:
        raise click.ClickException(
            str(
                Text(
                    "审计记录被动过。请保持数据库原样，并联系技术支持。",
                    "The audit log was touched. Leave the database as it is and call technical support.",
                )
            )
        )
    click.echo(f"{check.entries} entries, {len(check.chains)} chains, {len(check.seals)} seals: whole / 完整")


def _lines_of(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise InvalidInput(
            Text(f"{file} 不是 UTF-8 文本。", f"{file} is not a text file in UTF-8.")
        ) from None


def _report(check: AuditCheck) -> None:
    for chain in check.chains:
        if chain.fault is None:
            click.echo(f"OK    {chain.chain:<14} {chain.entries:>7}  {chain.printed_head}")
        else:
            click.echo(f"WRONG {chain.chain:<14} {chain.fault}: {chain.text}")
    for seal in check.seals:
        if seal.fault is None:
            click.echo(f"OK    seal {seal.chain}  key {seal.public_key}")
        else:
            click.echo(f"WRONG seal {seal.chain}  key {seal.public_key}  {seal.fault}: {seal.text}")


@click.command("export-audit")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@told_errors
def export_audit_command(file: Path) -> None:
    """Write the audit log as JSON lines, for tools/verify_audit.py on another machine."""
    unfinished = file.with_name(file.name + ".part")
    with _snapshot() as session, unfinished.open("w", encoding="utf-8") as out:
        for line in export_audit(session, public_key_of(settings().seal_key)):
            out.write(line)
    unfinished.replace(file)
    click.echo(str(file))


@click.command("seal-key")
def seal_key_command() -> None:
    """Print the public key that checks the seals of this installation; publish it."""
    click.echo(public_key_of(settings().seal_key))


AUDIT_COMMANDS = (verify_audit_command, export_audit_command, seal_key_command)

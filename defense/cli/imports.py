"""The commands that take workbooks in."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from sqlalchemy.orm import sessionmaker

from defense.cli.support import SHOWN_ERRORS, file_in, named_errors, round_option, told_errors
from defense.domain.text import Text
from defense.extensions import db
from defense.models import ImportBatch
from defense.services.imports.importing import (
    apply_import_briefly,
    errors_of,
    keep_workbook,
    marked_copy,
    reader_of,
)
from defense.services.imports.running import (
    APPLY,
    MARKED,
    PREVIEW,
    TABLE,
    carry_out_import,
    write_workbook,
)
from defense.services.rounds import ensure_round
from defense.services.transaction import begin_write


def take_in(kind: str, file: Path, code: str, errors_file: Path | None) -> None:
    """Import a workbook and tell what came of it; its faults go into `errors_file`."""
    data = file.read_bytes()
    with sessionmaker(db.engine)() as session:
        begin_write(session)
        read = reader_of(session, ensure_round(session, code), kind)
    # With no transaction open, since a served installation may be voting meanwhile; a round that is new is
    # not kept before its first workbook is good.
    reading = read(data)
    with sessionmaker(db.engine)() as session:
        begin_write(session)
        batch = keep_workbook(session, ensure_round(session, code), kind, file.name, data, None)
        session.commit()
        batch_id = batch.id
        counts = apply_import_briefly(session, batch_id, None, reading=reading)
        session.commit()
        batch = session.get_one(ImportBatch, batch_id)
        errors = errors_of(batch)
        if errors and errors_file:
            errors_file.write_bytes(marked_copy(session, batch))
    click.echo(
        f"{kind}: {counts.new} new, {counts.changed} changed, {counts.unchanged} unchanged, "
        f"{counts.refused} refused"
    )
    for error in errors[:SHOWN_ERRORS]:
        click.echo(f"  {error.sheet} {error.row} {error.column}: {error.text}", err=True)
    if len(errors) > SHOWN_ERRORS:
        click.echo(f"  … {len(errors) - SHOWN_ERRORS} more; --errors FILE.xlsx writes them all", err=True)
    if counts.refused and not counts.good:
        raise click.ClickException(str(Text("没有任何一行可以导入。", "Not a single row could be imported.")))


def _import_command(name: str, kind: str, help_text: str) -> click.Command:
    @click.command(name, help=help_text)
    @file_in
    @round_option
    @click.option(
        "--errors",
        "errors_file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write a copy of the workbook with the refused cells marked.",
    )
    @told_errors
    def command(file: Path, code: str, errors_file: Path | None) -> None:
        take_in(kind, file, code, errors_file)

    return command


import_applications = _import_command(
    "import-applications", "applications", "Import a workbook of approved applications (申报表)."
)
import_experts = _import_command("import-experts", "experts", "Import a workbook of experts (专家库).")
import_panels = _import_command("import-panels", "panels", "Import a workbook of panels (答辩组).")


@click.command("run-import", hidden=True)
@click.argument("batch_id", type=int)
@click.argument("phase", type=click.Choice([PREVIEW, APPLY]))
@click.argument("account_id", type=int)
@named_errors
def run_import(batch_id: int, phase: str, account_id: int) -> None:
    """Look through, or take in, an uploaded workbook: what the served process leaves to this one."""
    carry_out_import(sessionmaker(db.engine), batch_id, phase, account_id or None)


@click.command("write-import-workbook", hidden=True)
@click.argument("batch_id", type=int)
@click.argument("what", type=click.Choice([MARKED, TABLE]))
@click.argument("column")
@named_errors
def write_import_workbook(batch_id: int, what: str, column: str) -> None:
    """Write a workbook about an upload to the standard output: what the served process leaves to this one."""
    write_workbook(sessionmaker(db.engine), batch_id, what, column, sys.stdout.buffer)


IMPORT_COMMANDS = (import_applications, import_experts, import_panels, run_import, write_import_workbook)

"""The command that writes the documents of a round into a folder."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from defense.cli.support import round_option, told_errors
from defense.domain.document_kinds import KINDS, DocumentKind
from defense.domain.errors import InvalidInput, NotFound
from defense.domain.text import Text
from defense.extensions import db
from defense.models import Account, Round
from defense.services.documents.writing import NotWritten, draft_round, record_documents
from defense.services.transaction import begin_snapshot, begin_write


@click.command("write-documents")
@round_option
@click.option("--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--by", "username", required=True, help="User name of the member of staff who takes them.")
@click.option(
    "--kind",
    "wanted",
    multiple=True,
    type=click.Choice([kind.value for kind in KINDS]),
    help="All, if not given.",
)
@told_errors
def write_documents_command(code: str, folder: Path, username: str, wanted: tuple[str, ...]) -> None:
    """Write the documents of a round as Word files into a folder; ID numbers are masked.

    What cannot be written is named with its reason; files of the same name are replaced.
    """
    kinds = [kind for kind in KINDS if not wanted or kind.value in wanted]
    sessions = sessionmaker(db.engine)
    with sessions() as session:
        begin_snapshot(session)
        round_ = session.scalar(select(Round).where(Round.code == code))
        account_id = session.scalar(select(Account.id).where(Account.username == username, Account.active))
        if round_ is None or account_id is None:
            raise NotFound(
                Text(
                    f"没有批次“{code}”或用户“{username}”。",
                    f"There is no round “{code}” or no user “{username}”.",
                )
            )
        round_id, found = round_.id, list(draft_round(session, round_, kinds))
    drafts = [item for item in found if not isinstance(item, NotWritten)]
    with sessions() as session:
        begin_write(session)
        detail = {"documents": len(drafts), "kinds": [DocumentKind(kind).value for kind in kinds]}
        record_documents(session, session.get_one(Round, round_id), detail, None, account_id)
        session.commit()
    failures = [item for item in found if isinstance(item, NotWritten)]
    for draft in drafts:
        path = folder / f"{draft.name}.docx"
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.write_bytes(draft.write())
        except InvalidInput as error:
            failures.append(NotWritten(draft.name, error.text))
    click.echo(f"{len(found) - len(failures)} documents")
    for failure in failures:
        click.echo(f"  not written: {failure.name}: {failure.reason}")


DOCUMENT_COMMANDS = (write_documents_command,)

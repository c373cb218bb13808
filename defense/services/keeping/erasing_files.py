"""The files of an erased round's attachments, where a centre keeps copies of them in a folder of its own.

A file lies there under its digest, so two records can share one: it goes when no record that stays names it.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.integrations.attachments import LocalFolder
from defense.models import Application, Round

STRAY_AFTER_S = 24 * 3600.0
"""A file that no record names is left this long: somebody may be importing it at this moment."""
CHUNK = 500


def erase_files(session: Session, round_: Round, folder: LocalFolder) -> None:
    """Delete the files that only this round's records name, while they still name them.

    Good to be done again: it goes before the records are emptied, and a deleted file is no fault.
    """
    elsewhere = _named(session, Application.round_id != round_.id)
    for digest in _named(session, Application.round_id == round_.id) - elsewhere:
        folder.remove(digest)


def erase_stray_files(session: Session, folder: LocalFolder) -> None:
    """Delete files that no record of any round names any more, such as those that were replaced upstream."""
    named = _named(session)
    for digest in _unnamed(folder.digests(STRAY_AFTER_S), named):
        folder.remove(digest)


def _unnamed(digests: Iterable[str], named: set[str]) -> list[str]:
    return [digest for digest in digests if digest not in named]


def _named(session: Session, *where: object) -> set[str]:
    """The digests in the records, read so many at a time."""
    query = select(Application.record_json).where(*where)  # type: ignore[arg-type]
    records = session.scalars(query.execution_options(yield_per=CHUNK))
    return {
        str(attachment["sha256"])
        for record in records
        for attachment in record.get("attachments", ())
        if attachment.get("sha256")
    }

"""Copies the files of a round's attachments out of the service's folder, before they are deleted there."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState, NotFound
from defense.integrations.attachments import LocalFolder, checked_copy
from defense.models import Application, Round
from defense.services.audit import record_audit
from defense.services.keeping.personal import allow_file

_NOT_IN_NAMES = re.compile(r"[^\w.()（）·-]+")


@dataclass(frozen=True)
class CopiedFiles:
    """What came of it."""

    copied: int
    elsewhere: int
    """Of which this service has no file: they are on the platform only."""
    damaged: tuple[str, ...]
    """Application number and name of files that are not what their record says."""


def allow_files(session: Session, round_: Round, account_id: int, reason: str) -> None:
    """Write down who takes the files and why; the caller commits before the first is copied.

    Raises
    ------
    Forbidden, InvalidInput
        No permission to see whole personal data; no reason.
    """
    detail = allow_file(session, account_id, reason) | {"table": "附件文件"}
    record_audit(session, "export.taken", f"round:{round_.id}", detail, account_id)


def copy_files(session: Session, round_: Round, folder: LocalFolder, to: Path, limit: int) -> CopiedFiles:
    """Copy every file that is at hand to `申报编号/sha256前8位-材料名称`, each checked against its record.

    Parameters
    ----------
    limit : bytes of one file.
    """
    copied, elsewhere, damaged = 0, 0, list[str]()
    query = select(Application).where(Application.round_id == round_.id).order_by(Application.number)
    for application in session.scalars(query.execution_options(yield_per=200)):
        own = to / _NOT_IN_NAMES.sub("_", application.number)
        for attachment in application.record.attachments:
            if not folder.has(attachment):
                elsewhere += 1
                continue
            try:
                content = checked_copy(attachment, folder.chunks(attachment), limit)
            except (IllegalState, NotFound):
                damaged.append(f"{application.number} {attachment.name}")
                continue
            own.mkdir(parents=True, exist_ok=True)
            name = _NOT_IN_NAMES.sub("_", attachment.name or attachment.kind.value)
            with content, (own / f"{attachment.sha256[:8]}-{name}").open("wb") as file:
                shutil.copyfileobj(content, file)
            copied += 1
    return CopiedFiles(copied, elsewhere, tuple(damaged))

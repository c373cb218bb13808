"""Writes documents: one, or all of a round as a zip file.

What a document says is read in one moment of the database; the Word files are made afterwards, with no
transaction open, since a hundred of them take seconds.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.document_kinds import KINDS, DocumentKind, DocumentRefused, Subject
from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.domain.zone import BEIJING
from defense.integrations.word import render_document
from defense.models import Application, Round, Sitting
from defense.services.audit import record_audit
from defense.services.documents.contents import content_of
from defense.services.documents.templates import template_file

WRITTEN = "documents.written"
REFUSED_LIST = "未生成的文书.txt"
_NOT_IN_NAMES = re.compile(r"[^\w.()（）·-]+")


@dataclass(frozen=True)
class Draft:
    """A document that is still to be laid out."""

    name: str
    """Of the file, without the ending."""
    template: bytes
    content: Mapping[str, Any]

    def write(self) -> bytes:
        """The Word file."""
        return render_document(self.template, self.content)


@dataclass(frozen=True)
class NotWritten:
    """A document that may not be written as things stand."""

    name: str
    reason: Text


def draft_document(
    session: Session, round_: Round, kind: DocumentKind, subject_id: int, *, whole_id_number: bool = False
) -> Draft:
    """One document; the caller has checked that the subject is of this round, and who asks.

    Raises
    ------
    NotFound
        There is no such application or sitting.
    DocumentRefused
        It may not be written as things stand.
    """
    template = template_file(session, round_, kind)
    content = content_of(session, kind, subject_id, whole_id_number=whole_id_number)
    return Draft(_name_of(session, kind, subject_id), template, content)


def draft_round(
    session: Session,
    round_: Round,
    kinds: Iterable[DocumentKind],
    breathe: Callable[[], None] = lambda: None,
    *,
    whole_id_number: bool = False,
) -> Iterator[Draft | NotWritten]:
    """Every document of these kinds in a round.

    Parameters
    ----------
    breathe : called after each, so that a server can look after others meanwhile.
    """
    for kind in kinds:
        template = template_file(session, round_, kind)
        for subject_id in subjects_of(session, round_, kind):
            name = f"{KINDS[kind].title.zh}/{_name_of(session, kind, subject_id)}"
            try:
                yield Draft(
                    name, template, content_of(session, kind, subject_id, whole_id_number=whole_id_number)
                )
            except DocumentRefused as refused:
                yield NotWritten(name, refused.text)
            breathe()


def subjects_of(session: Session, round_: Round, kind: DocumentKind) -> list[int]:
    """What documents of this kind are about: ids of applications or sittings, or the round's own."""
    subject = KINDS[kind].subject
    if subject is Subject.APPLICATION:
        of_round = Application.round_id == round_.id
        return list(session.scalars(select(Application.id).where(of_round).order_by(Application.number)))
    if subject is Subject.SITTING:
        held = (Sitting.round_id == round_.id, ~Sitting.cancelled)
        return list(session.scalars(select(Sitting.id).where(*held).order_by(Sitting.start_at, Sitting.id)))
    return [round_.id]


def record_documents(
    session: Session, round_: Round, detail: Mapping[str, Any], subject: str | None, account_id: int
) -> None:
    """Note who took which documents; to be committed before they leave."""
    record_audit(session, WRITTEN, subject or f"round:{round_.id}", dict(detail), account_id)


def zip_documents(
    found: Iterable[Draft | NotWritten], write: Callable[[Draft], bytes] = Draft.write
) -> Iterator[bytes]:
    """The pieces of a zip file, each document as it is made; what was not made is listed with its reason.

    Parameters
    ----------
    write : makes one Word file; a server passes one that does so beside its event loop.
    """
    stream, failures, names = _Pieces(), list[NotWritten](), set[str]()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:  # a .docx is packed already
        for item in found:
            if isinstance(item, NotWritten):
                failures.append(item)
                continue
            try:
                archive.writestr(f"{_unique(item.name, names)}.docx", write(item))
            except InvalidInput as error:
                failures.append(NotWritten(item.name, error.text))
            yield stream.taken()
        if failures:
            lines = (f"{failure.name}\r\n    {failure.reason.zh}\r\n" for failure in failures)
            archive.writestr(REFUSED_LIST, "\ufeff" + "".join(lines))
    yield stream.taken()


class _Pieces(io.RawIOBase):
    """A file to write to whose content is taken away again and again."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        data, self._held = bytes(self._held), bytearray()
        return data


def _name_of(session: Session, kind: DocumentKind, subject_id: int) -> str:
    subject, title = KINDS[kind].subject, KINDS[kind].title.zh
    if subject is Subject.APPLICATION:
        application = session.get_one(Application, subject_id)
        return _file_name(f"{application.number}-{application.name}-{title}")
    if subject is Subject.SITTING:
        sitting = session.get_one(Sitting, subject_id)
        start = sitting.start_at.astimezone(BEIJING)
        return _file_name(f"{start:%Y%m%d-%H%M}-{sitting.panel.name}-{title}")
    return _file_name(f"{session.get_one(Round, subject_id).code}-{title}")


def _file_name(text: str) -> str:
    return _NOT_IN_NAMES.sub("_", text)[:120]


def _unique(name: str, names: set[str]) -> str:
    unique, number = name, 1
    while unique in names:
        number += 1
        unique = f"{name}({number})"
    names.add(unique)
    return unique

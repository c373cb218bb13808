"""Puts imported files of attachments onto the records they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.record_parts import Attachment, ProofKind, section_of
from defense.domain.text import Text
from defense.integrations.attachment_folder import FoundFile, RefusedFile
from defense.models import Application, Round
from defense.services.audit import record_audit
from defense.services.imports.merging import ApplicationMerger

_OTHER_UPSTREAM = Text(
    "与管理平台登记的同名附件内容不同，未更改：请以平台上的文件为准，或改名后再导入",
    "another content than the attachment of that name on the platform; nothing was changed: take the "
    "platform's file, or import this one under another name",
)
_FROZEN = Text(
    "答辩已开始，该附件会改变材料审核结论，未登记",
    "the defence has begun and this attachment would change the conclusion on the material; not recorded",
)


@dataclass(frozen=True)
class AttachmentImport:
    """What came of the files."""

    recorded: int
    unchanged: int
    """Files that the records had already."""
    applications: int
    """Whose record changed."""
    refused: tuple[RefusedFile, ...]


def numbers_of(session: Session, round_: Round) -> frozenset[str]:
    """The 申报编号 of a round."""
    return frozenset(session.scalars(select(Application.number).where(Application.round_id == round_.id)))


def record_files(
    session: Session, round_: Round, found: Iterable[FoundFile | RefusedFile], account_id: int | None
) -> AttachmentImport:
    """Write name, size and digest of every file onto its record; a record that changes is judged afresh.

    A file whose record has it already changes nothing. What one record refuses is named; the others go on.
    """
    files: dict[str, list[FoundFile]] = defaultdict(list)
    refused = []
    for item in found:
        if isinstance(item, FoundFile):
            files[item.number].append(item)
        else:
            refused.append(item)
    known = {
        a.number: a for a in session.scalars(select(Application).where(Application.round_id == round_.id))
    }
    merger = ApplicationMerger(session, round_)
    recorded = unchanged = changed = 0
    for number, own in files.items():
        before = known[number].record
        attachments, added, strays = _placed(before.attachments, own)
        refused += strays
        unchanged += len(own) - len(added) - len(strays)
        record = replace(before, attachments=attachments)
        fields = merger.changed_fields(record) or ()
        if merger.frozen_fields(record, fields):
            refused += [RefusedFile(file.path, _FROZEN) for file in added]
        elif fields:
            merger.write(record, account_id)
            detail = {"files": len(added), "attachments": [file.sha256[:12] for file in added]}
            subject = f"application:{known[number].id}"
            record_audit(session, "record.attachments_imported", subject, detail, account_id)
            recorded, changed = recorded + len(added), changed + 1
    return AttachmentImport(recorded, unchanged, changed, tuple(refused))


def _placed(
    attachments: tuple[Attachment, ...], files: Iterable[FoundFile]
) -> tuple[tuple[Attachment, ...], list[FoundFile], list[RefusedFile]]:
    """The attachments with the files among them, which files are new, and which contradict the platform."""
    placed, added, strays = list(attachments), [], []
    for file in files:
        new = Attachment(file.kind, section_of(file.kind), file.name, file.size, file.sha256)
        if any(a.name and _is_same_file(a, new) for a in placed):
            continue
        index = _place_of(new, placed)
        if index is None:
            placed.append(new)
        elif placed[index].upstream_id and placed[index].sha256 not in ("", file.sha256):
            strays.append(RefusedFile(file.path, _OTHER_UPSTREAM))
            continue
        else:
            placed[index] = replace(new, upstream_id=placed[index].upstream_id)
        added.append(file)
    return tuple(placed), added, strays


def _place_of(new: Attachment, placed: list[Attachment]) -> int | None:
    """Which attachment this file is: the same content or name, else one that was only said to be there."""
    tests = (
        lambda a: _is_same_file(a, new),
        lambda a: a.kind == new.kind and a.name == new.name,
        lambda a: a.kind == new.kind and not (a.name or a.sha256 or a.upstream_id),
    )
    for test in tests:
        index = next((i for i, attachment in enumerate(placed) if test(attachment)), None)
        if index is not None:
            return index
    return None


def _is_same_file(known: Attachment, new: Attachment) -> bool:
    """The same content for the same proof; a name that says nothing does not make another proof of it."""
    return known.sha256 == new.sha256 and new.kind in (known.kind, ProofKind.OTHER)

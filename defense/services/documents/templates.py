"""The Word templates of a round: the shipped ones, or every version that staff put in their place."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.document_kinds import KINDS, DocumentKind
from defense.domain.errors import InvalidInput, NotFound
from defense.domain.text import Text
from defense.integrations.word import (
    DOCX,
    FILTERS,
    MAX_TEMPLATE_BYTES,
)
from defense.integrations.word.trial import try_template
from defense.models import DocumentTemplate, Round
from defense.services.audit import record_audit
from defense.services.documents.samples import sample_content
from defense.services.keeping.retention import refuse_erased
from defense.settings import PROJECT_DIR

__all__ = ["DOCX", "FILTERS", "MAX_TEMPLATE_BYTES"]

SHIPPED_DIR = PROJECT_DIR / "templates" / "documents"
LONGEST_NOTE = 200
MOST_VERSIONS = 50
"""Of one kind in one round: each is kept whole."""


@dataclass(frozen=True)
class KindTemplates:
    """The templates of one kind in a round."""

    kind: DocumentKind
    versions: tuple[DocumentTemplate, ...]
    """Newest first."""

    @property
    def title(self) -> Text:
        """What the kind is called."""
        return KINDS[self.kind].title

    @property
    def in_use(self) -> DocumentTemplate | None:
        """None for the shipped one."""
        return next((version for version in self.versions if version.in_use), None)


def list_templates(session: Session, round_: Round) -> list[KindTemplates]:
    """Every kind, in the order of `KINDS`."""
    query = select(DocumentTemplate).where(DocumentTemplate.round_id == round_.id)
    rows = session.scalars(query.order_by(DocumentTemplate.version.desc())).all()
    return [KindTemplates(kind, tuple(row for row in rows if row.kind == kind.value)) for kind in KINDS]


def find_templates(session: Session, round_: Round, kind: DocumentKind) -> KindTemplates:
    """Those of one kind."""
    return next(found for found in list_templates(session, round_) if found.kind is kind)


def template_file(session: Session, round_: Round, kind: DocumentKind, version: int | None = None) -> bytes:
    """The Word file of a version, 0 for the shipped one; without a version the one in use.

    Raises
    ------
    NotFound
        There is no such version.
    """
    templates = find_templates(session, round_, kind)
    row = templates.in_use if version is None else _version(templates, version)
    return row.content if row else (SHIPPED_DIR / f"{kind.value}.docx").read_bytes()


@dataclass(frozen=True)
class TriedTemplate:
    """A template that made a document of its kind from invented content (`samples`)."""

    kind: DocumentKind
    data: bytes
    specimen: bytes
    """That document, a Word file."""


def tried(kind: DocumentKind, data: bytes) -> TriedTemplate:
    """Try a template, so that it cannot fail on the day; takes a second, with no transaction open.

    Raises
    ------
    InvalidInput
        The file is none that can be a template, or names what is not there: the place and the way out.
    """
    return TriedTemplate(kind, data, try_template(data, sample_content(kind)))


def keep_template(
    session: Session, round_: Round, template: TriedTemplate, note: str, account_id: int
) -> DocumentTemplate:
    """Take a new version and put it in use; the caller commits.

    Raises
    ------
    InvalidInput
        There are too many versions.
    """
    kind, data = template.kind, template.data
    refuse_erased(session, round_)
    session.refresh(round_, with_for_update=True)
    templates = find_templates(session, round_, kind)
    if len(templates.versions) >= MOST_VERSIONS:
        raise InvalidInput(
            Text(
                f"该文书已有 {MOST_VERSIONS} 个版本，不能再增加：请改用已有版本。",
                f"This document has {MOST_VERSIONS} versions already: use one of those.",
            )
        )
    _put_in_use(templates, None)
    row = DocumentTemplate(
        round_id=round_.id,
        kind=kind.value,
        version=templates.versions[0].version + 1 if templates.versions else 1,
        in_use=True,
        content=data,
        sha256=hashlib.sha256(data).hexdigest(),
        note=" ".join(note.split())[:LONGEST_NOTE],
        account_id=account_id,
    )
    session.add(row)
    detail = {"document": kind.value, "version": row.version, "digest": row.sha256}
    record_audit(session, "template.kept", f"round:{round_.id}", detail, account_id)
    return row


def use_template(session: Session, round_: Round, kind: DocumentKind, version: int, account_id: int) -> None:
    """Put another version in use, 0 for the shipped one; the caller commits.

    Raises
    ------
    NotFound
        There is no such version.
    """
    session.refresh(round_, with_for_update=True)
    templates = find_templates(session, round_, kind)
    row = _version(templates, version)
    if templates.in_use is row:
        return
    _put_in_use(templates, row)
    detail = {"document": kind.value, "version": version}
    record_audit(session, "template.used", f"round:{round_.id}", detail, account_id)


def field_names(kind: DocumentKind) -> list[tuple[str, str]]:
    """What a template of a kind may name, and what stands there in the invented content.

    A list has its own line, as `list[]`, before the fields of its rows, as `list[].field`.
    """
    return list(_fields("", sample_content(kind)))


def _fields(prefix: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [line for key, part in value.items() for line in _fields(f"{prefix}.{key}".lstrip("."), part)]
    if isinstance(value, list):
        rows = _fields(f"{prefix}[]", value[0]) if value and isinstance(value[0], dict) else []
        return [(f"{prefix}[]", "、".join(map(str, value)) if value and not rows else ""), *rows]
    return [(prefix, "" if value is None else str(value))]


def _version(templates: KindTemplates, version: int) -> DocumentTemplate | None:
    if version == 0:
        return None
    for row in templates.versions:
        if row.version == version:
            return row
    raise NotFound(Text("没有这个版本的模板。", "There is no such version of the template."))


def _put_in_use(templates: KindTemplates, row: DocumentTemplate | None) -> None:
    for version in templates.versions:
        version.in_use = version is row

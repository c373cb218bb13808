"""The files behind a record: who may look at which, and the entry that says who did."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from io import SEEK_END
from typing import IO

from sqlalchemy.orm import Session

from defense.domain.application import ApplicationRecord
from defense.domain.errors import Forbidden, IllegalState, NotFound
from defense.domain.record_parts import Attachment, ProofKind
from defense.domain.text import Text
from defense.integrations.attachments import (
    LONGEST_BEGINNING,
    AttachmentSource,
    checked_copy,
    content_type_of,
    missing_file,
)
from defense.models import Application
from defense.services.access import Principal, Role
from defense.services.audit import record_audit
from defense.services.room.recusals import conflicts_of
from defense.services.room.sittings import may_watch

OFFICE_ONLY = frozenset({ProofKind.ID_SCAN, ProofKind.COMMITMENT_LETTER, ProofKind.APPOINTMENT_PAPERS})
"""Scans that show an identity number, an address or a telephone number, which no panelist needs."""

_NO_SUCH = Text(
    "申报材料中没有这份附件（可能已更新）：请返回申报材料页面，重新打开链接。",
    "The record has no such attachment (it may have been updated): go back to the record and follow its link "
    "again.",
)
_NOT_YOURS = Text(
    "您不能调阅该申报人的附件：仅限本场答辩的评委、秘书和工作人员，且不得回避。",
    "You may not look at this applicant's attachments: only those in the room of the defence may, and nobody "
    "who is recused.",
)
_OFFICE_ONLY = Text(
    "该附件含有完整个人信息，仅工作人员和监督员可以调阅。",
    "This attachment shows personal data; only staff and supervisors may look at it.",
)


@dataclass(frozen=True)
class FetchedFile:
    """A file that is what its record says, ready to be sent; whoever sends it closes the content."""

    content: IO[bytes]
    size: int
    content_type: str


def attachment_key(attachment: Attachment) -> str:
    """What names an attachment of a record in addresses: it stays while the attachment stays what it is."""
    parts = (attachment.kind, attachment.name, attachment.sha256, attachment.upstream_id)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def has_file(attachment: Attachment) -> bool:
    """Whether more is known of it than that it was uploaded, so that somebody could have the file."""
    return bool(attachment.sha256 or attachment.upstream_id)


def may_open(role: Role, attachment: Attachment) -> bool:
    """Whether somebody who may read the record may look at this file of it."""
    return role in (Role.STAFF, Role.SUPERVISOR) or attachment.kind not in OFFICE_ONLY


def claim_attachment(
    session: Session, principal: Principal, application: Application, key: str
) -> Attachment:
    """The attachment of that key, for somebody who may look at it; who looked, and at what, is audited.

    The entry is to be committed before the first byte is fetched.

    Raises
    ------
    NotFound
        The record has no such attachment, or nothing is known of its file.
    Forbidden
        This person may not look at it.

    Source: domain.md "Personal data": by permission and logged.
    """
    if not _may_read(session, principal, application):
        raise Forbidden(_NOT_YOURS)
    attachment = find_attachment(application.record, key)
    if not may_open(principal.role, attachment):
        raise Forbidden(_OFFICE_ONLY)
    detail = {"proof": attachment.kind.value, "attachment": key}
    record_audit(
        session,
        "record.attachment_opened",
        f"application:{application.id}",
        detail,
        principal.account_id,
    )
    return attachment


def find_attachment(record: ApplicationRecord, key: str) -> Attachment:
    """The attachment of that key.

    Raises
    ------
    NotFound
        The record has none, or nothing is known of its file.
    """
    for attachment in record.attachments:
        if has_file(attachment) and attachment_key(attachment) == key:
            return attachment
    raise NotFound(_NO_SUCH)


def fetch_attachment(
    sources: Iterable[AttachmentSource], attachment: Attachment, limit_bytes: int
) -> FetchedFile:
    """A checked copy from the first source that has the file; no transaction may be open meanwhile.

    Raises
    ------
    NotFound
        No source has it.
    IllegalState
        A source could not be reached, or every file that came is not the one in the record.
    """
    failure: NotFound | IllegalState = missing_file()
    for source in sources:
        if not source.has(attachment):
            continue
        try:
            return _as_fetched(attachment, checked_copy(attachment, source.chunks(attachment), limit_bytes))
        except (NotFound, IllegalState) as error:
            # A damaged file at hand does not hide a good one upstream.
            failure = error
    raise failure


def keys_for(role: Role, record: ApplicationRecord) -> dict[Attachment, str]:
    """The attachments to which a page gives this reader a link, and their keys."""
    return {a: attachment_key(a) for a in record.attachments if has_file(a) and may_open(role, a)}


def _as_fetched(attachment: Attachment, content: IO[bytes]) -> FetchedFile:
    content_type = content_type_of(attachment.name, content.read(LONGEST_BEGINNING))
    size = content.seek(0, SEEK_END)
    content.seek(0)
    return FetchedFile(content, size, content_type)


def _may_read(session: Session, principal: Principal, application: Application) -> bool:
    """The office reads every record; others that of a candidate of a sitting in which they have a place."""
    if principal.role in (Role.STAFF, Role.SUPERVISOR):
        return True
    sittings = [d.sitting for d in application.defences if d.sitting and not d.sitting.cancelled]
    if not any(may_watch(session, principal, sitting) for sitting in sittings):
        return False
    members = [member.expert for sitting in sittings for member in sitting.members]
    return principal.expert_id not in conflicts_of(session, application, members)

"""Appending to the audit log and checking that nothing in it was touched."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.models import AuditEntry, AuditHead
from defense.models.types import utc_now

GENESIS_DIGEST = "0" * 64


def record_audit(
    session: Session,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    account_id: int | None = None,
) -> AuditEntry:
    """Append one entry in the caller's transaction.

    Parameters
    ----------
    subject : `kind:id`.
    detail : plain JSON; no choice of a secret ballot and no unmasked personal data may be in it.
    account_id : who acted; None for a command or the service itself.
    """
    head = session.scalar(select(AuditHead).where(AuditHead.id == 1).with_for_update())
    if head is None:
        head = AuditHead(id=1, seq=0, digest=GENESIS_DIGEST)
        session.add(head)
    entry = AuditEntry(
        seq=head.seq + 1,
        at=utc_now(),
        account_id=account_id,
        action=action,
        subject=subject,
        detail=dict(detail),
        previous_digest=head.digest,
    )
    entry.digest = entry_digest(entry)
    session.add(entry)
    head.seq, head.digest = entry.seq, entry.digest
    session.flush()
    return entry


def entry_digest(entry: AuditEntry) -> str:
    """SHA-256 over the entry's fields and the digest before it, as canonical JSON."""
    fields = [
        entry.seq,
        entry.at.isoformat(),
        entry.account_id,
        entry.action,
        entry.subject,
        entry.detail,
        entry.previous_digest,
    ]
    canonical = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class AuditCheck:
    """Result of `verify_audit`: how many entries were read, and the first one that does not fit."""

    entries: int
    head_digest: str
    broken_at_seq: int | None


def verify_audit(session: Session) -> AuditCheck:
    """Walk the whole chain. `broken_at_seq` is None when every entry, and the head, is as it was written."""
    digest, seq = GENESIS_DIGEST, 0
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.seq)).yield_per(500):
        intact = (
            entry.seq == seq + 1 and entry.previous_digest == digest and entry.digest == entry_digest(entry)
        )
        if not intact:
            return AuditCheck(seq, digest, seq + 1)
        digest, seq = entry.digest, entry.seq
    head = session.get(AuditHead, 1)
    complete = head is None if seq == 0 else head is not None and (head.seq, head.digest) == (seq, digest)
    return AuditCheck(seq, digest, None if complete else seq + 1)

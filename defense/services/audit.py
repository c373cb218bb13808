"""Appending to the audit log and checking that nothing in it was touched."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from defense.models import AuditEntry, AuditHead
from defense.models.audit import MAIN_CHAIN
from defense.models.types import utc_now


@dataclass(frozen=True)
class AuditRecord:
    """What is to be appended.

    Parameters
    ----------
    subject : `kind:id`.
    detail : plain JSON; no choice of a secret ballot and no unmasked personal data may be in it.
    account_id : who acted; None for a command or the service itself.
    """

    action: str
    subject: str
    detail: Mapping[str, Any]
    account_id: int | None = None


def sitting_chain(sitting_id: int) -> str:
    """The chain of a sitting's day: moves, ballots, recusals, reopenings and the seal."""
    return f"sitting:{sitting_id}"


def genesis_digest(chain: str) -> str:
    """What stands before a chain's first entry; it differs by chain, so no entry fits into another one."""
    return "0" * 64 if chain == MAIN_CHAIN else hashlib.sha256(chain.encode()).hexdigest()


def record_audit(
    session: Session,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    account_id: int | None = None,
    chain: str = MAIN_CHAIN,
) -> None:
    """Append one entry in the caller's transaction; the parameters are those of `AuditRecord`."""
    session.flush()
    append_audit(session, {chain: [AuditRecord(action, subject, detail, account_id)]})


def append_audit(session: Session, records: Mapping[str, Sequence[AuditRecord]]) -> None:
    """Append entries to their chains in the caller's transaction.

    The heads are locked in the order of their names, as everybody does who appends to several.
    """
    chains = sorted(chain for chain, new in records.items() if new)
    heads = {
        head.chain: (head.seq, head.digest)
        for head in session.execute(
            select(AuditHead.chain, AuditHead.seq, AuditHead.digest)
            .where(AuditHead.chain.in_(chains))
            .order_by(AuditHead.chain)
            .with_for_update()
        )
    }
    rows, at = [], utc_now()
    moved: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for chain in chains:
        seq, digest = heads.get(chain, (0, genesis_digest(chain)))
        for record in records[chain]:
            seq += 1
            previous, detail = digest, dict(record.detail)
            digest = entry_digest(seq, at, record, previous)
            rows.append(
                {
                    "chain": chain,
                    "seq": seq,
                    "at": at,
                    "account_id": record.account_id,
                    "action": record.action,
                    "subject": record.subject,
                    "detail": detail,
                    "previous_digest": previous,
                    "digest": digest,
                }
            )
        moved[chain in heads].append({"chain": chain, "seq": seq, "digest": digest})
    session.execute(insert(AuditEntry), rows)
    if moved[False]:
        session.execute(insert(AuditHead), moved[False])
    if moved[True]:
        session.execute(update(AuditHead), moved[True])


def entry_digest(seq: int, at: datetime, record: AuditRecord, previous_digest: str) -> str:
    """SHA-256 over an entry's fields and the digest before it, as canonical JSON."""
    fields = [
        seq,
        at.isoformat(),
        record.account_id,
        record.action,
        record.subject,
        record.detail,
        previous_digest,
    ]
    canonical = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class AuditCheck:
    """Result of `verify_audit`: how many entries were read, and the first one that does not fit."""

    entries: int
    head_digest: str
    broken_at_seq: int | None


def verify_audit(session: Session, chain: str = MAIN_CHAIN) -> AuditCheck:
    """Walk one chain. `broken_at_seq` is None when every entry, and the head, is as it was written."""
    digest, seq = genesis_digest(chain), 0
    entries = select(AuditEntry).where(AuditEntry.chain == chain).order_by(AuditEntry.seq)
    for entry in session.scalars(entries).yield_per(500):
        record = AuditRecord(entry.action, entry.subject, entry.detail, entry.account_id)
        written = entry_digest(entry.seq, entry.at, record, digest)
        if entry.seq != seq + 1 or entry.previous_digest != digest or entry.digest != written:
            return AuditCheck(seq, digest, seq + 1)
        digest, seq = entry.digest, entry.seq
    head = session.get(AuditHead, chain)
    complete = head is None if seq == 0 else head is not None and (head.seq, head.digest) == (seq, digest)
    return AuditCheck(seq, digest, None if complete else seq + 1)

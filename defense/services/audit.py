"""Appending to the audit log; `audit_check` finds what was touched in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from defense.models import AuditEntry, AuditHead
from defense.models.audit import MAIN_CHAIN
from defense.models.types import table_of, utc_now

# Built once: every ballot appends an entry.
_LOCK_HEADS = (
    select(AuditHead.chain, AuditHead.seq, AuditHead.digest)
    .where(AuditHead.chain.in_(bindparam("chains", expanding=True)))
    .order_by(AuditHead.chain)
    .with_for_update()
)
_ADD_ENTRIES, _ADD_HEADS = insert(table_of(AuditEntry)), insert(table_of(AuditHead))
_MOVE_HEADS = (
    update(table_of(AuditHead))
    .where(AuditHead.chain == bindparam("of_chain"))
    .values(seq=bindparam("new_seq"), digest=bindparam("new_digest"))
)

CHAIN_BEGUN = "chain.begun"
"""The main chain's entry about the first one of another chain."""


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

    The heads are locked in the order of their names, as everybody does who appends to several; a sitting's
    chain is begun by somebody who has locked that sitting. That it was begun is an entry of the main chain:
    a chain that is taken away as a whole leaves a gap there.
    """
    records = {chain: new for chain, new in records.items() if new}
    heads = lock_heads(session, records)
    if begun := sorted(records.keys() - heads.keys() - {MAIN_CHAIN}):
        heads |= lock_heads(session, {MAIN_CHAIN} - heads.keys())
        first = [AuditRecord(CHAIN_BEGUN, chain, {}, records[chain][0].account_id) for chain in begun]
        records[MAIN_CHAIN] = [*first, *records.get(MAIN_CHAIN, ())]
    rows, at = [], utc_now()
    moved, begun_heads = list[dict[str, Any]](), list[dict[str, Any]]()
    for chain in sorted(records):
        seq, digest = heads.get(chain, (0, genesis_digest(chain)))
        for record in records[chain]:
            seq, previous = seq + 1, digest
            digest = entry_digest(seq, at, record, previous)
            rows.append(_row(chain, seq, at, record, previous, digest))
        if chain in heads:
            moved.append({"of_chain": chain, "new_seq": seq, "new_digest": digest})
        else:
            begun_heads.append({"chain": chain, "seq": seq, "digest": digest})
    connection = session.connection()
    connection.execute(_ADD_ENTRIES, rows)
    if begun_heads:
        connection.execute(_ADD_HEADS, begun_heads)
    if moved:
        connection.execute(_MOVE_HEADS, moved)


def lock_heads(session: Session, chains: Collection[str]) -> dict[str, tuple[int, str]]:
    """Number and digest of the newest entry of each of these chains that has one, locked until the commit."""
    rows = session.connection().execute(_LOCK_HEADS, {"chains": sorted(chains)})
    return {chain: (seq, digest) for chain, seq, digest in rows}


def _row(
    chain: str, seq: int, at: datetime, record: AuditRecord, previous_digest: str, digest: str
) -> dict[str, Any]:
    return {
        "chain": chain,
        "seq": seq,
        "at": at,
        "account_id": record.account_id,
        "action": record.action,
        "subject": record.subject,
        "detail": dict(record.detail),
        "previous_digest": previous_digest,
        "digest": digest,
    }


def entry_digest(seq: int, at: datetime, record: AuditRecord, previous_digest: str) -> str:
    """SHA-256 over an entry's fields and the digest before it, as canonical JSON."""
    return digest_of(
        [
            seq,
            at.isoformat(),
            record.account_id,
            record.action,
            record.subject,
            dict(record.detail),
            previous_digest,
        ]
    )


def digest_of(fields: Sequence[Any]) -> str:
    """SHA-256 of canonical JSON: sorted keys, no spaces, UTF-8."""
    return hashlib.sha256(canonical_json(fields).encode()).hexdigest()


def canonical_json(content: object) -> str:
    """The one way to write a piece of JSON that everybody who checks it writes too."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

"""The audit log for checking elsewhere: JSON lines that `tools/verify_audit.py` reads."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sqlalchemy.orm import Session

from defense.models.types import utc_now
from defense.services.audit_rows import entry_rows, head_rows, seal_rows


def export_audit(session: Session, public_key: str) -> Iterator[str]:
    """Heads, seals and entries as they lie in the database, a line each; the last one says that this is all.

    Heads and seals come first, so that a reader can check the entries as they pass by.

    Parameters
    ----------
    public_key : the key that seals now, in hex; each seal names its own.
    """
    yield _line("audit-export", version=1, at=utc_now().isoformat(), public_key=public_key)
    for head in head_rows(session):
        yield _line("head", **head._asdict())
    for seal in seal_rows(session):
        yield _line("seal", **seal._asdict())
    yield _line("seals-end")
    for entry in entry_rows(session):
        yield _line("entry", **entry._asdict())
    yield _line("end")


def _line(kind: str, **fields: object) -> str:
    # `repr` for bytes in a number's column: no number any more, for the reader to find.
    return json.dumps({"kind": kind, **fields}, ensure_ascii=False, default=repr) + "\n"

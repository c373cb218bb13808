"""A workbook looked at and taken in, in one go."""

from __future__ import annotations

from sqlalchemy.orm import Session

from defense.models import Round
from defense.services.imports.comparing import ImportCounts
from defense.services.imports.importing import apply_import, preview_import


def import_workbook(
    session: Session, round_: Round, kind: str, data: bytes, account_id: int | None = None
) -> ImportCounts:
    """In the caller's transaction."""
    batch = preview_import(session, round_, kind, f"{kind}.xlsx", data, account_id)
    return apply_import(session, batch, account_id)

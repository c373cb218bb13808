"""What became of a round's personal data: exports before deletion, and the deletion itself."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.extensions import Model
from defense.models.types import UtcDateTime, utc_now

if TYPE_CHECKING:
    from defense.models.account import Account
    from defense.models.round import Round


class RetentionExport(Model):
    """One archive of a round that was written and read back. The file itself is with whoever took it."""

    __tablename__ = "retention_export"

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the file as it was handed out, in hex."""
    content_digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 over what the deletion would take away, so that a later change is noticed."""
    size: Mapped[int]
    """In bytes."""
    records: Mapped[int]
    is_encrypted: Mapped[bool]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    """None for a command."""
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

    round: Mapped[Round] = relationship()
    made_by: Mapped[Account | None] = relationship()


class RoundErasure(Model):
    """The deletion of a round's personal data, from the second person's word until the last byte is gone."""

    __tablename__ = "round_erasure"

    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), primary_key=True)
    export_id: Mapped[int] = mapped_column(ForeignKey("retention_export.id"))
    confirmed_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    confirmed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When nothing was left; None while it is under way, or was cut off."""

    round: Mapped[Round] = relationship()
    export: Mapped[RetentionExport] = relationship()
    confirmed_by: Mapped[Account] = relationship()

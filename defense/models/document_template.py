"""Word templates that staff put in the place of the shipped ones, every version of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.extensions import Model
from defense.models.account import Account
from defense.models.types import UtcDateTime, utc_now


class DocumentTemplate(Model):
    """One version of a kind's template in a round; with none in use the shipped one is."""

    __tablename__ = "document_template"
    __table_args__ = (UniqueConstraint("round_id", "kind", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    """As `DocumentKind`."""
    version: Mapped[int]
    """From 1, in the order in which they were kept."""
    in_use: Mapped[bool] = mapped_column(default=False)
    """At most one version of a kind in a round is."""
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(String(200), default="")
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

    account: Mapped[Account] = relationship()

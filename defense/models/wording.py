"""The words that staff put in the place of the standard ones in letters."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from defense.extensions import Model
from defense.models.types import UtcDateTime, utc_now


class NoticeWording(Model):
    """One letter's own words in one round; a letter without a row has the standard ones."""

    __tablename__ = "notice_wording"
    __table_args__ = (UniqueConstraint("round_id", "audience", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    audience: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    words: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`title`, `intro` and the list `remarks`, each as `Text.to_json()`."""
    version: Mapped[int] = mapped_column(default=1)
    """Grows with every change, so that two people do not overwrite each other."""
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

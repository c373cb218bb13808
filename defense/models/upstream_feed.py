"""How far the platform's applications were read, what differs from what is held, and what cannot be read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.extensions import Model
from defense.models.types import UtcDateTime, utc_now

if TYPE_CHECKING:
    from defense.models.account import Account
    from defense.models.application import Application


class UpstreamFeed(Model):
    """The reading of one round."""

    __tablename__ = "upstream_feed"

    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), primary_key=True)
    cursor: Mapped[str] = mapped_column(LongText, default="")
    """Where the next reading begins; the platform's own text."""
    wanted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When staff asked for a reading that has not begun yet."""
    fees_wanted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until then one reader is at work and no other begins."""
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the newest reading began."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the newest reading came to its end."""
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    """Of the newest reading: what became of how many applications."""
    error: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    """Why the newest reading ended early, as `Text.to_json()`."""


class UpstreamDifference(Model):
    """A version of a record at the platform that is not what is held here, for staff to decide on."""

    __tablename__ = "upstream_difference"

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    etag: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(20))
    """`approved`; `returned` or `withdrawn`: the application is no longer one."""
    record_json: Mapped[dict[str, Any]] = mapped_column(JSON)
    noticed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    settled_as: Mapped[str | None] = mapped_column(String(10))
    """`accepted`, `kept` (ours) or `overtaken` by a newer version; None while it is open."""
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str | None] = mapped_column(String(500))

    application: Mapped[Application] = relationship()
    settled_by: Mapped[Account | None] = relationship()


class UpstreamFault(Model):
    """An application of the platform that cannot be taken in as it is; gone once it can."""

    __tablename__ = "upstream_fault"
    __table_args__ = (UniqueConstraint("round_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    number: Mapped[str] = mapped_column(String(50))
    words: Mapped[dict[str, str]] = mapped_column(JSON)
    """The place and the way out, as `Text.to_json()`; without anybody's data."""
    noticed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

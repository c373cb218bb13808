"""Calendars that are read from outside, and what the centre's own calendar server was given."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.extensions import Model
from defense.models.types import UtcDateTime, utc_now

if TYPE_CHECKING:
    from defense.models.account import Account
    from defense.models.expert import Panel
    from defense.models.sitting import Sitting


class Feed(Model):
    """An address at which a calendar program reads one person's events, or those of one panel.

    Only the digest of its token is kept: the database cannot read a calendar to anybody.
    """

    __tablename__ = "feed"
    __table_args__ = (CheckConstraint("(account_id IS NULL) <> (panel_id IS NULL)", name="of_one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """Whose own events it holds."""
    panel_id: Mapped[int | None] = mapped_column(ForeignKey("panel.id"), index=True)
    """Or which panel's sittings, for staff."""
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """To the hour: programs that ask every few minutes must not write every few minutes."""

    account: Mapped[Account | None] = relationship(foreign_keys=[account_id])
    panel: Mapped[Panel | None] = relationship()
    created_by: Mapped[Account] = relationship(foreign_keys=[created_by_id])


class CalendarObject(Model):
    """The event of a sitting as calendars of the office show it, and what the calendar server has of it.

    It repeats what was last told, so that a revision, its SEQUENCE and its DTSTAMP change together.
    """

    __tablename__ = "calendar_object"

    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"), primary_key=True)
    uid: Mapped[str] = mapped_column(String(100), unique=True)
    """The same in the feed of the panel and on the calendar server."""
    sequence: Mapped[int] = mapped_column(default=0)
    stamped_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """DTSTAMP of the newest revision."""
    panel_name: Mapped[str] = mapped_column(String(100))
    start_at: Mapped[datetime] = mapped_column(UtcDateTime)
    end_at: Mapped[datetime] = mapped_column(UtcDateTime)
    candidate_count: Mapped[int]
    cancelled: Mapped[bool] = mapped_column(default=False)
    """Off, or without anybody to hear: no calendar shows it."""
    pushed_digest: Mapped[str | None] = mapped_column(String(64))
    """Of what the server has; None for nothing, empty while that is not known."""
    etag: Mapped[str | None] = mapped_column(String(200))
    """The server's own mark of it, which a change by somebody else changes."""
    attempts: Mapped[int] = mapped_column(default=0)
    """Since the last success."""
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until then one process is at work on it and no other may take it."""
    last_answer: Mapped[str | None] = mapped_column(Text)
    """The calendar server's own words."""

    sitting: Mapped[Sitting] = relationship()

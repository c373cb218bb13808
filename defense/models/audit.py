"""The audit log: append-only chains; each entry carries the digest of the one before it in its chain."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from defense.extensions import Model
from defense.models.types import UtcDateTime

MAIN_CHAIN = "main"
"""Everything but the day of a sitting, which has a chain of its own: its panel's votes wait for no other."""


class AuditEntry(Model):
    """Who did what to which thing, and when. Triggers of the database refuse to change or delete one.

    Every index is paid for by every ballot: there are those by subject and by time.
    """

    __tablename__ = "audit_entry"

    chain: Mapped[str] = mapped_column(String(40), primary_key=True, default=MAIN_CHAIN)
    """`main` or `sitting:ID`."""
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    """None for a command or the service itself."""
    action: Mapped[str] = mapped_column(String(50))
    subject: Mapped[str] = mapped_column(String(100), index=True)
    """`kind:id`, such as `application:12`."""
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous_digest: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))


class AuditHead(Model):
    """The newest entry's number and digest: a row for each chain, locked by whoever appends."""

    __tablename__ = "audit_head"

    chain: Mapped[str] = mapped_column(String(40), primary_key=True)
    seq: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))

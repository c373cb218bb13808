"""What the processes that hold the sockets tell each other through the database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from defense.extensions import Model
from defense.models.types import UtcDateTime, utc_now


class Disconnection(Model):
    """An order to hang up on somebody, written in the transaction that takes a right away.

    Every process reads the new ones several times a second, so that it reaches each socket whichever
    process, or command, took the right away.
    """

    __tablename__ = "disconnection"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    sign_in_id: Mapped[str | None] = mapped_column(String(32))
    """One browser of that account; None for all of them."""
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)


class RoomProcess(Model):
    """A process that holds sockets, alive while its heart beats."""

    __tablename__ = "room_process"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Presence(Model):
    """Somebody watches a sitting through a process; worth something while the process lives."""

    __tablename__ = "presence"

    process_id: Mapped[str] = mapped_column(
        ForeignKey("room_process.id", ondelete="CASCADE"), primary_key=True
    )
    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"), primary_key=True, index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)

"""What was published: a panel's half-day with its members, and the defences heard in it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.extensions import Model
from defense.models.types import UtcDateTime, random_id

if TYPE_CHECKING:
    from defense.models.application import Application
    from defense.models.ballot import BallotRound
    from defense.models.expert import Expert, Panel, PanelHalfDay


class Sitting(Model):
    """A published half-day of a panel. `seq` rises with every change a screen must show."""

    __tablename__ = "sitting"

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"), index=True)
    half_day_id: Mapped[int] = mapped_column(ForeignKey("panel_half_day.id"), unique=True)
    start_at: Mapped[datetime] = mapped_column(UtcDateTime)
    end_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """End of the last defence, not of the working hours."""
    cancelled: Mapped[bool] = mapped_column(default=False)
    meeting_key: Mapped[str] = mapped_column(String(32), default=random_id)
    """Names the meeting room; a guess at it is hopeless."""
    seq: Mapped[int] = mapped_column(default=0)

    panel: Mapped[Panel] = relationship()
    half_day: Mapped[PanelHalfDay] = relationship()
    members: Mapped[list[SittingMember]] = relationship(
        order_by="SittingMember.is_head.desc(), SittingMember.expert_id", cascade="all, delete-orphan"
    )
    defences: Mapped[list[Defence]] = relationship(order_by="Defence.start_at", back_populates="sitting")


class SittingMember(Model):
    """An expert who attends a sitting."""

    __tablename__ = "sitting_member"

    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"), primary_key=True)
    expert_id: Mapped[int] = mapped_column(ForeignKey("expert.id"), primary_key=True, index=True)
    is_head: Mapped[bool] = mapped_column(default=False)

    expert: Mapped[Expert] = relationship()


class Defence(Model):
    """One attempt of one candidate to defend. `outcome` is derived at closing and never typed in."""

    __tablename__ = "defence"
    __table_args__ = (UniqueConstraint("application_id", "attempt"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    attempt: Mapped[int] = mapped_column(default=1)
    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"), index=True)
    start_at: Mapped[datetime] = mapped_column(UtcDateTime)
    end_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    """A `defense.domain.lifecycle.DefenceState`."""
    outcome: Mapped[str | None] = mapped_column(String(20))
    """A `defense.domain.result.Outcome`."""
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    application: Mapped[Application] = relationship(back_populates="defences")
    sitting: Mapped[Sitting] = relationship(back_populates="defences")
    ballot_rounds: Mapped[list[BallotRound]] = relationship(
        order_by="BallotRound.number", back_populates="defence"
    )

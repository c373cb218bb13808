"""What was published: a panel's half-day with its members, and the defences heard in it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.extensions import Model
from defense.models.types import UtcDateTime, random_id, utc_now

if TYPE_CHECKING:
    from defense.models.account import Account
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
    screen_key: Mapped[str] = mapped_column(String(32), default=random_id)
    """Names the public waiting screen, which needs no sign-in."""
    seq: Mapped[int] = mapped_column(default=0)
    bell_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the secretary last rang the bell."""

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
    interrupted_state: Mapped[str | None] = mapped_column(String(20))
    """Where an interrupted defence goes on."""
    clock_started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when the clock of the present phase runs; None while it stands."""
    clock_elapsed_ms: Mapped[int] = mapped_column(default=0)
    """What the present phase had used up before `clock_started_at`."""
    outcome: Mapped[str | None] = mapped_column(String(20))
    """A `defense.domain.result.Outcome`."""
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    application: Mapped[Application] = relationship(back_populates="defences")
    sitting: Mapped[Sitting] = relationship(back_populates="defences")
    reopenings: Mapped[list[Reopening]] = relationship(
        order_by="Reopening.id", back_populates="defence", foreign_keys="Reopening.defence_id"
    )
    ballot_rounds: Mapped[list[BallotRound]] = relationship(
        order_by="BallotRound.number", back_populates="defence"
    )


class Reopening(Model):
    """A request to vote again or to hear a candidate again: asked by one person, decided by another."""

    __tablename__ = "reopening"

    id: Mapped[int] = mapped_column(primary_key=True)
    defence_id: Mapped[int] = mapped_column(ForeignKey("defence.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    """`re_vote` (the same attempt, a new round of voting) or `second_defence` (a new attempt)."""
    cause: Mapped[str] = mapped_column(String(20))
    """`organiser` or `technical`: nobody else's mistake opens a defence again (domain.md)."""
    reason: Mapped[str] = mapped_column(String(500))
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    granted: Mapped[bool | None]
    spent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was acted on; a grant opens one defence once."""

    defence: Mapped[Defence] = relationship(back_populates="reopenings")
    asked_by: Mapped[Account] = relationship(foreign_keys=[asked_by_id])
    decided_by: Mapped[Account | None] = relationship(foreign_keys=[decided_by_id])


class Seal(Model):
    """The end of a sitting: the supervisor's signature under the head of its audit chain."""

    __tablename__ = "seal"

    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"), primary_key=True)
    chain_seq: Mapped[int]
    chain_digest: Mapped[str] = mapped_column(String(64))
    statement: Mapped[str] = mapped_column(Text)
    """The signed text, byte for byte: canonical JSON with the head and the results."""
    signature: Mapped[str] = mapped_column(String(128))
    """Ed25519 over `statement`, hex."""
    public_key: Mapped[str] = mapped_column(String(64))
    """Hex."""
    sealed_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    sealed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    sealed_by: Mapped[Account] = relationship()

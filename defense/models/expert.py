"""Experts, panels and the half-days on which a panel could sit."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.domain.people import Period
from defense.extensions import Model
from defense.models.types import UtcDateTime, utc_now

if TYPE_CHECKING:
    from defense.models.account import Account


class Expert(Model):
    """One member of a round's expert pool, or somebody who only attends, such as an interpreter (翻译)."""

    __tablename__ = "expert"
    __table_args__ = (UniqueConstraint("round_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    number: Mapped[str] = mapped_column(String(50))
    name: Mapped[str] = mapped_column(String(100))
    unit: Mapped[str] = mapped_column(String(200))
    level: Mapped[str] = mapped_column(String(20))
    series: Mapped[list[str]] = mapped_column(JSON)
    specialties: Mapped[list[str]] = mapped_column(JSON)
    phone: Mapped[str] = mapped_column(String(50))
    email: Mapped[str] = mapped_column(String(200))
    unavailable_json: Mapped[list[list[str]]] = mapped_column(JSON)
    """As the workbook of the pool says; what staff note later is in `absences`."""
    is_attendee_only: Mapped[bool] = mapped_column(default=False)
    """Sits on no panel and votes nowhere."""

    absences: Mapped[list[ExpertAbsence]] = relationship(
        order_by="ExpertAbsence.start_at", back_populates="expert", cascade="all, delete-orphan"
    )

    @property
    def unavailable(self) -> list[Period]:
        """When this expert cannot sit."""
        imported = [
            Period(datetime.fromisoformat(start), datetime.fromisoformat(end))
            for start, end in self.unavailable_json
        ]
        return imported + [Period(absence.start_at, absence.end_at) for absence in self.absences]


class ExpertAbsence(Model):
    """A time at which an expert cannot come, noted by staff: a later import of the pool leaves it alone."""

    __tablename__ = "expert_absence"

    id: Mapped[int] = mapped_column(primary_key=True)
    expert_id: Mapped[int] = mapped_column(ForeignKey("expert.id"), index=True)
    start_at: Mapped[datetime] = mapped_column(UtcDateTime)
    end_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    noted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

    expert: Mapped[Expert] = relationship(back_populates="absences")


class Panel(Model):
    """One panel (答辩组)."""

    __tablename__ = "panel"
    __table_args__ = (UniqueConstraint("round_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    series: Mapped[list[str]] = mapped_column(JSON)
    levels: Mapped[list[str]] = mapped_column(JSON)
    specialties: Mapped[list[str]] = mapped_column(JSON)
    secretary_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    meeting_address: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """Of the panel's standing conference room, where it has one; sealed."""
    meeting_number: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """Of the same, for those who type it in; sealed."""
    meeting_password: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """Of the same; sealed."""

    secretary: Mapped[Account | None] = relationship()
    members: Mapped[list[PanelMember]] = relationship(
        order_by="PanelMember.is_head.desc(), PanelMember.expert_id", cascade="all, delete-orphan"
    )
    half_days: Mapped[list[PanelHalfDay]] = relationship(
        order_by="PanelHalfDay.start_at", cascade="all, delete-orphan", back_populates="panel"
    )


class PanelMember(Model):
    """An expert's seat on a panel; one of them is the head (组长)."""

    __tablename__ = "panel_member"

    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"), primary_key=True)
    expert_id: Mapped[int] = mapped_column(ForeignKey("expert.id"), primary_key=True, index=True)
    is_head: Mapped[bool] = mapped_column(default=False)

    expert: Mapped[Expert] = relationship()


class PanelHalfDay(Model):
    """A half-day on which a panel could sit."""

    __tablename__ = "panel_half_day"
    __table_args__ = (UniqueConstraint("panel_id", "start_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"), index=True)
    start_at: Mapped[datetime] = mapped_column(UtcDateTime)
    end_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_added: Mapped[bool] = mapped_column(default=False)
    """Made by staff on the page: a later import of the panels leaves it alone."""
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when nobody is to be seated in it; what was seated in it before is still told of."""

    panel: Mapped[Panel] = relationship(back_populates="half_days")

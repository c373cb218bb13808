"""What a candidate needs of the timetable: times that suit or do not, and persons who must attend."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.extensions import Model
from defense.models.types import UtcDateTime, utc_now

if TYPE_CHECKING:
    from defense.models.application import Application
    from defense.models.expert import Expert


class CandidateWish(Model):
    """A time that suits a candidate, that does not, or at which the candidate cannot come at all."""

    __tablename__ = "candidate_wish"

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    """`preferred`, `avoided` (both may be broken) or `unavailable` (never is)."""
    start_at: Mapped[datetime] = mapped_column(UtcDateTime)
    end_at: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_by: Mapped[str] = mapped_column(String(200))
    """Who asked, and how: 本人电话, 单位来函 …"""
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    noted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

    application: Mapped[Application] = relationship(back_populates="wishes")


class NamedAttendee(Model):
    """A person without whom a defence cannot be held, such as an interpreter (翻译)."""

    __tablename__ = "named_attendee"
    __table_args__ = (UniqueConstraint("application_id", "expert_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    expert_id: Mapped[int] = mapped_column(ForeignKey("expert.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(200))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    named_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

    application: Mapped[Application] = relationship(back_populates="attendees")
    expert: Mapped[Expert] = relationship()

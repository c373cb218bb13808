"""The application record, what the rules say of it, and what staff ruled."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.domain.application import ApplicationRecord
from defense.domain.eligibility import Assessment
from defense.domain.record_json import record_from_json
from defense.extensions import Model
from defense.models.types import UtcDateTime, utc_now

if TYPE_CHECKING:
    from defense.models.account import Account
    from defense.models.candidate_needs import CandidateWish, NamedAttendee
    from defense.models.round import Round
    from defense.models.sitting import Defence


class Application(Model):
    """One person's application in one round. The columns repeat what lists filter and sort by."""

    __tablename__ = "application"
    __table_args__ = (UniqueConstraint("round_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    number: Mapped[str] = mapped_column(String(50))
    name: Mapped[str] = mapped_column(String(100))
    unit: Mapped[str] = mapped_column(String(200))
    series: Mapped[str] = mapped_column(String(100), index=True)
    specialty: Mapped[str] = mapped_column(String(100))
    level: Mapped[str] = mapped_column(String(20))
    record_json: Mapped[dict[str, Any]] = mapped_column(JSON)
    assessment_json: Mapped[dict[str, Any]] = mapped_column(JSON)
    valid: Mapped[bool]
    requirement: Mapped[str] = mapped_column(String(20))
    fee_paid: Mapped[bool]
    ruled_valid: Mapped[bool | None]
    ruled_requirement: Mapped[str | None] = mapped_column(String(20))
    fee_override: Mapped[bool] = mapped_column(default=False)
    priority: Mapped[int] = mapped_column(default=0)
    """From 0 to 9, on top of the level's: higher is placed first when not all can be."""
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

    round: Mapped[Round] = relationship()
    rulings: Mapped[list[Ruling]] = relationship(order_by="Ruling.id", back_populates="application")
    recusals: Mapped[list[DeclaredRecusal]] = relationship(back_populates="application")
    wishes: Mapped[list[CandidateWish]] = relationship(
        order_by="CandidateWish.start_at", back_populates="application", cascade="all, delete-orphan"
    )
    attendees: Mapped[list[NamedAttendee]] = relationship(
        order_by="NamedAttendee.id", back_populates="application", cascade="all, delete-orphan"
    )
    defences: Mapped[list[Defence]] = relationship(order_by="Defence.attempt", back_populates="application")

    @property
    def record(self) -> ApplicationRecord:
        """The whole record."""
        return record_from_json(self.record_json)

    @property
    def email(self) -> str:
        """The address in the record, without reading all of it."""
        return str(self.record_json["email"])

    @property
    def phone(self) -> str:
        """The telephone number in the record, without reading all of it."""
        return str(self.record_json["phone"])

    @property
    def assessment(self) -> Assessment:
        """What the rules said when it was imported."""
        return Assessment.from_json(self.assessment_json)

    @property
    def effective_valid(self) -> bool:
        """Valid by the rules, or by the ruling that overrode them."""
        return self.valid if self.ruled_valid is None else self.ruled_valid

    @property
    def effective_requirement(self) -> str:
        """`required`, `not_required` or, with neither rule nor ruling, `pending`."""
        return self.ruled_requirement or self.requirement

    @property
    def must_defend(self) -> bool:
        """Whether this person is to be seated; 待裁定 without a ruling follows the round's default."""
        requirement = self.effective_requirement
        if requirement == "pending":
            requirement = self.round.rules.defence.unruled_default
        return self.effective_valid and requirement == "required"

    @property
    def may_be_scheduled(self) -> bool:
        """Must defend, and the fee is paid or waived by staff (notice 四(六))."""
        return self.must_defend and (self.fee_paid or self.fee_override)


class Ruling(Model):
    """A decision of staff on an application, with its reason; the newest on a subject holds."""

    __tablename__ = "ruling"

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    subject: Mapped[str] = mapped_column(String(20))
    """`requirement`, `validity` or `fee`."""
    decision: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

    application: Mapped[Application] = relationship(back_populates="rulings")
    account: Mapped[Account] = relationship()


class DeclaredRecusal(Model):
    """回避 that no unit name shows: relative, teacher, co-author, or declared by either side."""

    __tablename__ = "declared_recusal"
    __table_args__ = (UniqueConstraint("application_id", "expert_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    expert_id: Mapped[int] = mapped_column(ForeignKey("expert.id"))
    reason: Mapped[str] = mapped_column(Text)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    declared_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

    application: Mapped[Application] = relationship(back_populates="recusals")

"""Solver runs and the schedules they, or staff, made."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.extensions import Model
from defense.models.types import UtcDateTime, utc_now

if TYPE_CHECKING:
    from defense.models.application import Application
    from defense.models.expert import PanelHalfDay


class SolveRun(Model):
    """One run of a scheduler process: queued → running → done, failed, cancelled or interrupted."""

    __tablename__ = "solve_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20), default="solve")
    """`solve`, `reschedule` or `explain`."""
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What was asked for, by kind; see `defense.services.timetable.solving.RunRequest`."""
    state: Mapped[str] = mapped_column(String(20), default="queued")
    progress: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    error: Mapped[dict[str, str] | None] = mapped_column(JSON)
    """Why it ended without a schedule, as `Text.to_json()`."""
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    keep_requested: Mapped[bool] = mapped_column(default=False)
    """Stop, and keep the best timetable so far."""
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    heard_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    """Last sign of life of its supervisor; an old one means that the server died."""
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    schedule_id: Mapped[int | None] = mapped_column(ForeignKey("schedule.id"))
    """The schedule that it made, or that it explains."""
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON, deferred=True)
    """Of an explanation: what the scheduler said."""


class Schedule(Model):
    """A complete timetable that passed the checker. Saved once, never changed; a move makes a new one."""

    __tablename__ = "schedule"

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    source: Mapped[str] = mapped_column(String(20))
    """`solver`, `reschedule` or `staff` (a move by hand)."""
    base_id: Mapped[int | None] = mapped_column(ForeignKey("schedule.id"))
    instance_json: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)
    solver_json: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Status, objective terms with bounds, seed, parameters, solver version, wall time."""
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    slots: Mapped[list[ScheduledSlot]] = relationship(order_by="ScheduledSlot.start_at")
    unplaced: Mapped[list[UnplacedCandidate]] = relationship()


class ScheduledSlot(Model):
    """One candidate's place in a schedule."""

    __tablename__ = "scheduled_slot"
    __table_args__ = (UniqueConstraint("schedule_id", "application_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id"), index=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    half_day_id: Mapped[int] = mapped_column(ForeignKey("panel_half_day.id"))
    start_at: Mapped[datetime] = mapped_column(UtcDateTime)
    end_at: Mapped[datetime] = mapped_column(UtcDateTime)

    application: Mapped[Application] = relationship()
    half_day: Mapped[PanelHalfDay] = relationship()


class UnplacedCandidate(Model):
    """A candidate for whom a schedule has no place, with the reason, as `Text.to_json()`."""

    __tablename__ = "unplaced_candidate"
    __table_args__ = (UniqueConstraint("schedule_id", "application_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id"), index=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    code: Mapped[str] = mapped_column(String(50))
    reason: Mapped[dict[str, str]] = mapped_column(JSON)

    application: Mapped[Application] = relationship()

"""The video meetings that are kept at a provider for the sittings."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.extensions import Model
from defense.models.types import UtcDateTime, random_id, utc_now

if TYPE_CHECKING:
    from defense.models.sitting import Sitting

_IS_LIVE = text("state IN ('planned', 'creating', 'held')")


class Meeting(Model):
    """One meeting at one provider for one sitting.

    A sitting has at most one that is planned, being created or held; others of it are being cancelled, are
    cancelled, or could not be had. A row outlives its sitting: what exists at the provider has to be
    cancelled all the same.
    """

    __tablename__ = "meeting"
    __table_args__ = (
        Index("ix_meeting_live", "sitting_id", unique=True, sqlite_where=_IS_LIVE, postgresql_where=_IS_LIVE),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    sitting_id: Mapped[int | None] = mapped_column(ForeignKey("sitting.id", ondelete="SET NULL"), index=True)
    provider: Mapped[str] = mapped_column(String(20))
    is_second: Mapped[bool] = mapped_column(default=False)
    """It stands in for one at the round's first provider."""
    tag: Mapped[str] = mapped_column(String(32), default=random_id)
    """By which it is found at the provider when its creation was not answered. Two rows share one where a
    creation came to light that nobody waited for any more."""
    state: Mapped[str] = mapped_column(String(20), default="planned")
    """A `defense.services.meetings.rows.MeetingState`."""
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """What the provider answered, with what addresses are made from; sealed, gone when it is cancelled."""
    wanted: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The plan as the sitting now stands: subject, start_at, end_at, waiting_room."""
    told: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """The plan in the last call that the provider may have followed; None: it surely has nothing of ours."""
    is_behind: Mapped[bool] = mapped_column(default=False)
    """Held, but the provider has, or may have, another time or subject than wanted."""
    is_stuck: Mapped[bool] = mapped_column(default=False)
    """Staff were told that it does not come about by itself."""
    attempts: Mapped[int] = mapped_column(default=0)
    """Failures since the last success."""
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until then one process is at work on it and no other may take it."""
    last_words: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    """Why the last call failed, for staff, as `Text.to_json()`; never an address or a secret."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    """When a call was last answered or given up."""

    sitting: Mapped[Sitting | None] = relationship()

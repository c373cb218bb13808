"""What the upstream platform is to be told: decisions of staff and results, one row each."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.extensions import Model
from defense.models.types import UtcDateTime, utc_now

if TYPE_CHECKING:
    from defense.models.account import Account
    from defense.models.application import Application
    from defense.models.round import Round


def new_key() -> str:
    """A key by which the platform knows a delivery that comes a second time."""
    return str(uuid4())


class UpstreamDelivery(Model):
    """One thing to tell about one application, in its place among the others about it.

    What is told and its key are frozen when it is queued: sent again after a line was cut, it is the same
    to the platform. What can be changed is only how it fares.
    """

    __tablename__ = "upstream_delivery"
    __table_args__ = (UniqueConstraint("application_id", "sequence"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    kind: Mapped[str] = mapped_column(String(10))
    """A `defense.services.upstream.telling.DeliveryKind`."""
    sequence: Mapped[int]
    """From 1, of everything that is told about this application; it goes into the body."""
    body_json: Mapped[dict[str, Any]] = mapped_column(JSON)
    idempotency_key: Mapped[str] = mapped_column(String(36), unique=True, default=new_key)
    state: Mapped[str] = mapped_column(String(10), default="queued", index=True)
    """A `defense.services.upstream.telling.DeliveryState`."""
    attempts: Mapped[int] = mapped_column(default=0)
    """Begun ones, counted before the platform hears of it: 0 means that it surely never has."""
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until then one sender is at work on it and no other may take it."""
    is_stale: Mapped[bool] = mapped_column(default=False)
    """The record changed upstream: it goes when that was fetched, and accepted or kept by staff."""
    etag: Mapped[str | None] = mapped_column(String(200))
    """Of the record as it was held at the first attempt that may have arrived; after sending, the one in the
    answer."""
    last_answer: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    """In the platform's own words, cut, as `Text.to_json()`; never with personal data."""
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    """Who of the staff gave it up."""
    settled_note: Mapped[str | None] = mapped_column(String(500))

    round: Mapped[Round] = relationship()
    application: Mapped[Application] = relationship()
    settled_by: Mapped[Account | None] = relationship()

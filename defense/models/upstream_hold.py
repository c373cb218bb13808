"""Which applications the upstream platform owns, and which version of each is held here."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from defense.extensions import Model


class UpstreamHold(Model):
    """An application that came from the platform."""

    __tablename__ = "upstream_hold"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), primary_key=True)
    etag: Mapped[str] = mapped_column(String(200))
    """Of the version that is held, or that staff have looked at and kept ours against."""
    is_different: Mapped[bool] = mapped_column(default=False)
    """The platform has another version that staff have yet to accept, or to keep ours against."""

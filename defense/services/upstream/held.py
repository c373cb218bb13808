"""What the outbox has to know of records that came from the platform: which, and which version is held."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from defense.models import UpstreamDelivery, UpstreamHold


def held_ids(session: Session, application_ids: Collection[int]) -> set[int]:
    """Those of these applications that came from the platform."""
    held = select(UpstreamHold.application_id)
    if len(application_ids) == 1:
        held = held.where(UpstreamHold.application_id.in_(application_ids))
    return set(session.scalars(held)) & set(application_ids)


def held_etags(session: Session, application_ids: Collection[int]) -> dict[int, str]:
    """By application, the version of the record that is held here."""
    rows = session.execute(
        select(UpstreamHold.application_id, UpstreamHold.etag).where(
            UpstreamHold.application_id.in_(application_ids)
        )
    )
    return {row.application_id: row.etag for row in rows}


def note_etag(session: Session, application_id: int, before: str, etag: str) -> None:
    """The platform gave the record a new version for what we told it, and changed nothing else in it."""
    session.execute(
        update(UpstreamHold)
        .where(UpstreamHold.application_id == application_id, UpstreamHold.etag == before)
        .values(etag=etag)
    )


def has_difference() -> ColumnElement[bool]:
    """Of a delivery: the record differs upstream, and staff have yet to accept or to keep that."""
    return exists().where(
        UpstreamHold.application_id == UpstreamDelivery.application_id, UpstreamHold.is_different.is_(True)
    )

"""The event of every sitting, as the calendars of the office show it: the panels' feeds, the calendar server.

Whatever moves a sitting or takes a candidate out of it, the next look here makes a new revision of its event.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from defense.domain.lifecycle import UNSEATED_STATES, DefenceState
from defense.integrations.calendar_feed import ListedEvent, SittingFacts, sitting_event
from defense.models import CalendarObject, Defence, Panel, Sitting
from defense.services.transaction import begin_write
from defense.settings import Settings

NOT_HEARD = {DefenceState.CANCELLED, *UNSEATED_STATES}
"""Defences that leave no trace in the calendar of their sitting."""


@dataclass(frozen=True)
class _Told:
    """What an event says; a difference makes a revision."""

    panel_name: str
    start_at: datetime
    end_at: datetime
    candidate_count: int
    cancelled: bool


def keep_sitting_events(sessions: Callable[[], Session], now_fn: Callable[[], datetime]) -> int:
    """Look once, and write only if an event is behind; how many got a new revision."""
    with sessions() as session:
        # Asked first, so that an idle service does not take the writer's place.
        if not _behind(session):
            return 0
        begin_write(session)
        made = refresh_sitting_events(session, now_fn())
        session.commit()
        return made


def refresh_sitting_events(session: Session, now: datetime, panel_id: int | None = None) -> int:
    """Make a new revision of every event that no longer says how its sitting stands; the caller commits.

    Parameters
    ----------
    now : aware; the DTSTAMP of new revisions, unless that would not be newer than the last one.
    panel_id : of this panel's sittings only.
    """
    session.flush()
    ids = sorted(_behind(session, panel_id))
    if not ids:
        return 0
    # Two refreshes at once would give one sequence number to two revisions.
    session.execute(select(Sitting.id).where(Sitting.id.in_(ids)).order_by(Sitting.id).with_for_update())
    behind = _behind(session, panel_id)
    for sitting_id, told in sorted(behind.items()):
        _revise(session, sitting_id, told, now)
    session.flush()
    return len(behind)


def count_heard(session: Session, sitting_id: int) -> int:
    """How many candidates the sitting hears, as things stand."""
    of_sitting = select(func.count()).select_from(Defence).where(Defence.sitting_id == sitting_id)
    return session.scalar(of_sitting.where(Defence.state.not_in(NOT_HEARD))) or 0


def event_of(told: CalendarObject, settings: Settings) -> ListedEvent:
    """The event itself; its link leads to the sitting's page, which asks to sign in."""
    facts = SittingFacts(
        panel=told.panel_name,
        start_at=told.start_at,
        end_at=told.end_at,
        candidate_count=told.candidate_count,
        url=f"{settings.public_url}/sittings/{told.sitting_id}",
    )
    return sitting_event(facts, told.uid, told.sequence, told.stamped_at)


def _behind(session: Session, panel_id: int | None = None) -> dict[int, _Told]:
    """What events should say that do not say it yet, by sitting."""
    heard = (
        select(Defence.sitting_id, func.count().label("count"))
        .where(Defence.state.not_in(NOT_HEARD))
        .group_by(Defence.sitting_id)
        .subquery()
    )
    count = func.coalesce(heard.c.count, 0)
    query = (
        select(
            *(Sitting.id, Panel.name, Sitting.start_at, Sitting.end_at, count, Sitting.cancelled),
            *(CalendarObject.panel_name, CalendarObject.start_at, CalendarObject.end_at),
            *(CalendarObject.candidate_count, CalendarObject.cancelled),
        )
        .join(Panel, Panel.id == Sitting.panel_id)
        .outerjoin(heard, heard.c.sitting_id == Sitting.id)
        .outerjoin(CalendarObject, CalendarObject.sitting_id == Sitting.id)
    )
    if panel_id is not None:
        query = query.where(Sitting.panel_id == panel_id)
    behind = {}
    for sitting_id, name, start_at, end_at, heard_count, cancelled, *told in session.execute(query):
        wanted = _Told(name, start_at, end_at, heard_count, cancelled or not heard_count)
        if told[0] is None and wanted.cancelled:
            continue  # nobody was ever told of it
        if told[0] is None or _Told(*told) != wanted:
            behind[sitting_id] = wanted
    return behind


def _revise(session: Session, sitting_id: int, told: _Told, now: datetime) -> None:
    stamped_at = now.replace(microsecond=0)
    event = session.get(CalendarObject, sitting_id, populate_existing=True)
    if event is None:
        uid = _uid_of(session.get_one(Sitting, sitting_id))
        event = CalendarObject(sitting_id=sitting_id, uid=uid, sequence=0, next_attempt_at=now)
        session.add(event)
    else:
        event.sequence += 1
        # DTSTAMP counts whole seconds, and a reader drops what is not newer.
        stamped_at = max(stamped_at, event.stamped_at + timedelta(seconds=1))
    event.stamped_at = stamped_at
    event.panel_name, event.start_at, event.end_at = told.panel_name, told.start_at, told.end_at
    event.candidate_count, event.cancelled = told.candidate_count, told.cancelled


def _uid_of(sitting: Sitting) -> str:
    """A UUID (RFC 7986 section 5.3) that outlives a change of the service's host name.

    It follows from the sitting's random key, so that one who has two databases' calendars sees both.
    """
    digest = hashlib.sha256(f"sitting event {sitting.screen_key}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))

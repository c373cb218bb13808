"""Which sitting should have which meeting: planned, changed and taken back as the timetable goes.

Nothing here waits for a provider: the rows say what should be, and `keeping` makes it so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from defense.integrations.meetings.provider import ProviderName
from defense.models import Defence, Meeting, Panel, Round, Sitting
from defense.services.invites.sitting_events import NOT_HEARD
from defense.services.meetings.rows import (
    LIVE_STATES,
    MeetingState,
    Providers,
    add_meeting,
    plan_json,
    providers_of,
    retire,
)
from defense.services.transaction import begin_write

ROOM_OPENS_BEFORE = timedelta(hours=1)
OVERRUN = timedelta(hours=2)
"""Sittings take longer than planned: the meeting is kept for them so long."""


@dataclass(frozen=True)
class _Wish:
    """A sitting that somebody is heard in, and the plan of its meeting."""

    sitting_id: int
    round_id: int
    plan: dict[str, Any]
    start_at: datetime
    end_at: datetime
    has_room: bool
    """The panel has a standing conference room."""

    def has_opened(self, now: datetime) -> bool:
        return now >= self.start_at - ROOM_OPENS_BEFORE

    def is_over(self, now: datetime) -> bool:
        return now >= self.end_at + OVERRUN


@dataclass(frozen=True)
class _Change:
    """What is to be done about one sitting; every part may be missing."""

    sitting_id: int | None
    gone: Meeting | None = None
    new: _Wish | None = None
    told_anew: tuple[Meeting, _Wish] | None = None


def plan_meetings(
    sessions: Callable[[], Session], providers: Providers, now_fn: Callable[[], datetime]
) -> int:
    """Compare the meetings with the sittings, and write only if something differs; how many did."""
    with sessions() as session:
        # Asked first, so that an idle service does not take the writer's place.
        if not _changes(session, providers, now_fn()):
            return 0
        begin_write(session)
        made = refresh_meetings(session, providers, now_fn())
        session.commit()
        return made


def refresh_meetings(session: Session, providers: Providers, now: datetime) -> int:
    """Plan what is missing, take back what is not wanted, note what moved; the caller commits."""
    session.flush()
    ids = sorted({c.sitting_id for c in _changes(session, providers, now) if c.sitting_id is not None})
    # Two at once would each plan a meeting for the same sitting.
    session.execute(select(Sitting.id).where(Sitting.id.in_(ids)).order_by(Sitting.id).with_for_update())
    session.expire_all()
    changes = _changes(session, providers, now)
    for change in changes:
        _apply(session, providers, change, now)
    session.flush()
    return len(changes)


def subject_of(panel_name: str) -> str:
    """What whoever runs the provider may read: no candidate, no day."""
    return f"视频答辩 {panel_name}"


def _apply(session: Session, providers: Providers, change: _Change, now: datetime) -> None:
    if change.gone is not None:
        retire(change.gone, providers, now)
        session.flush()
    if change.new is not None:
        round_ = session.get_one(Round, change.new.round_id)
        first = providers_of(round_, change.new.has_room, providers)[0]
        add_meeting(
            session,
            providers,
            round_id=round_.id,
            sitting_id=change.new.sitting_id,
            provider=first,
            is_second=first != round_.meeting_provider,
            wanted=change.new.plan,
            now=now,
        )
    if change.told_anew is not None:
        meeting, wish = change.told_anew
        meeting.wanted = wish.plan
        provider = providers.get(meeting.provider)
        if meeting.state == MeetingState.HELD and provider is not None and provider.creates_ahead:
            meeting.is_behind = True
            meeting.attempts, meeting.next_attempt_at = 0, now


def _changes(session: Session, providers: Providers, now: datetime) -> list[_Change]:
    wishes = _wishes(session)
    rounds = {round_.id: round_ for round_ in session.scalars(select(Round))}
    live = session.scalars(select(Meeting).where(Meeting.state.in_(LIVE_STATES)).order_by(Meeting.id)).all()
    changes = []
    for meeting in live:
        wish = wishes.pop(meeting.sitting_id or 0, None)
        round_ = rounds[meeting.round_id]
        if wish is None or (wish.is_over(now) and meeting.state != MeetingState.HELD):
            changes.append(_Change(meeting.sitting_id, gone=meeting))
        elif wish.is_over(now):
            continue
        elif not _is_at_home(meeting, wish, round_, providers, now):
            new = wish if providers_of(round_, wish.has_room, providers) else None
            changes.append(_Change(meeting.sitting_id, gone=meeting, new=new))
        elif meeting.wanted != wish.plan:
            changes.append(_Change(meeting.sitting_id, told_anew=(meeting, wish)))
    changes += [
        _Change(wish.sitting_id, new=wish)
        for wish in wishes.values()
        if not wish.is_over(now) and providers_of(rounds[wish.round_id], wish.has_room, providers)
    ]
    return changes


def _is_at_home(meeting: Meeting, wish: _Wish, round_: Round, providers: Providers, now: datetime) -> bool:
    """Whether the round's settings leave the meeting where it is. Nobody is moved out of an open room."""
    if meeting.provider not in providers or (meeting.provider == ProviderName.FIXED and not wish.has_room):
        return False
    if wish.has_opened(now):
        return True
    usable = providers_of(round_, wish.has_room, providers)
    if usable[:1] == [meeting.provider]:
        return True
    return meeting.is_second and meeting.provider in usable


def _wishes(session: Session) -> dict[int, _Wish]:
    heard = (
        select(Defence.sitting_id, func.count().label("count"))
        .where(Defence.state.not_in(NOT_HEARD))
        .group_by(Defence.sitting_id)
        .subquery()
    )
    rows = session.execute(
        select(
            *(Sitting.id, Sitting.start_at, Sitting.end_at, Panel.name, Panel.meeting_address.is_not(None)),
            *(Round.id, Round.meeting_waiting_room),
        )
        .join(Panel, Panel.id == Sitting.panel_id)
        .join(Round, Round.id == Sitting.round_id)
        .join(heard, heard.c.sitting_id == Sitting.id)
        .where(Sitting.cancelled.is_(False))
        .order_by(Sitting.start_at, Sitting.id)
    )
    return {
        id_: _Wish(
            sitting_id=id_,
            round_id=round_id,
            plan=plan_json(subject_of(panel), start_at, end_at, waiting_room),
            start_at=start_at,
            end_at=end_at,
            has_room=has_room,
        )
        for id_, start_at, end_at, panel, has_room, round_id, waiting_room in rows
    }

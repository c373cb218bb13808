"""Keeping the centre's calendar server in step with the sittings, crash-safely.

What should be there is compared with what was pushed; an object is claimed, pushed with no transaction
open, and its outcome written down at once. While the outcome is unknown (`pushed_digest` empty) the object is
pushed again, which changes nothing if it arrived the first time. The timetable is decided here: what somebody
changed on the server is overwritten at the next push of that sitting, and noted in the audit log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from defense.integrations.caldav_push import PushAnswer, PushKind
from defense.integrations.calendar_feed import build_object
from defense.models import CalendarObject
from defense.services.audit import record_audit
from defense.services.invites.sitting_events import event_of, keep_sitting_events
from defense.services.transaction import begin_write
from defense.settings import Settings

LEASE = timedelta(minutes=15)
"""Longer than the requests of one object can take by their time-outs."""
RETRY_DELAYS_MIN = (1, 2, 5, 15, 60)
"""After the first, second … failure; the last one repeats for ever: a mended server is found again."""
KEPT_BACK = timedelta(days=1)
"""A sitting that ended longer ago, and never was on the server, is not entered any more."""
_UNKNOWN = ""


class CalendarService(Protocol):
    """A calendar elsewhere; it raises nothing for what a server may do."""

    def put(self, uid: str, data: bytes, etag: str | None) -> PushAnswer:
        """Create or replace one object."""
        ...

    def delete(self, uid: str, etag: str | None) -> PushAnswer:
        """Take one object away."""
        ...

    def close(self) -> None:
        """End the batch."""
        ...


@dataclass(frozen=True)
class PushSummary:
    """What one call put, took away and put off, in objects."""

    put: int = 0
    deleted: int = 0
    later: int = 0


@dataclass(frozen=True)
class CalendarState:
    """Where the calendar server stands, for staff: entered, still to be told, and its words if it fails."""

    entered: int
    waiting: int
    last_answer: str | None


@dataclass(frozen=True)
class _Claimed:
    sitting_id: int
    uid: str
    etag: str | None
    digest: str | None
    """Of what is to be there; None when it is to be taken away."""
    data: bytes
    outcome_known: bool
    until: datetime


def push_calendar(
    sessions: Callable[[], Session],
    server: CalendarService,
    settings: Settings,
    now_fn: Callable[[], datetime],
    *,
    at_once: bool = False,
) -> PushSummary:
    """Bring the calendar server up to date, one object after the other.

    When the server cannot be reached, or does not let us in, the call ends and everything waits.

    Parameters
    ----------
    sessions : makes a new session for every short transaction; this function commits them.
    now_fn : the present moment, aware.
    at_once : do not wait for the next attempt of what failed before.
    """
    keep_sitting_events(sessions, now_fn)
    put = deleted = later = 0
    try:
        for sitting_id in _due(sessions, settings, now_fn(), at_once):
            claimed = _claim(sessions, settings, sitting_id, now_fn(), at_once)
            if claimed is None:
                continue
            if claimed.digest is None:
                answer = server.delete(claimed.uid, claimed.etag)
            else:
                answer = server.put(claimed.uid, claimed.data, claimed.etag)
            _settle(sessions, settings, claimed, answer, now_fn())
            if answer.kind is PushKind.LATER:
                later += 1
            elif claimed.digest is None:
                deleted += 1
            else:
                put += 1
            if answer.unreachable:
                break
    finally:
        server.close()
    return PushSummary(put, deleted, later)


def calendar_state(session: Session, settings: Settings, now: datetime) -> CalendarState:
    """Where the calendar server stands."""
    objects = session.scalars(select(CalendarObject)).all()
    waiting = [o for o in objects if _is_behind(o, settings, now)]
    failing = max((o for o in waiting if o.attempts), key=lambda o: o.attempts, default=None)
    entered = sum(o.pushed_digest is not None and o not in waiting for o in objects)
    return CalendarState(entered, len(waiting), failing.last_answer if failing else None)


def _is_behind(told: CalendarObject, settings: Settings, now: datetime) -> bool:
    if told.cancelled:
        return told.pushed_digest is not None
    if told.pushed_digest is None and told.end_at < now - KEPT_BACK:
        return False
    return told.pushed_digest != _digest(told, settings)


def _digest(told: CalendarObject, settings: Settings) -> str:
    """Of what should be there, and where: another calendar or another address of the service is a change."""
    where = settings.caldav.calendar_url if settings.caldav else ""
    facts = (where, settings.public_url, told.uid, str(told.sequence), told.stamped_at.isoformat())
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _due(sessions: Callable[[], Session], settings: Settings, now: datetime, at_once: bool) -> Sequence[int]:
    with sessions() as session:
        query = select(CalendarObject).where(
            or_(CalendarObject.claimed_until.is_(None), CalendarObject.claimed_until <= now)
        )
        if not at_once:
            query = query.where(CalendarObject.next_attempt_at <= now)
        objects = session.scalars(query.order_by(CalendarObject.start_at, CalendarObject.sitting_id))
        return [o.sitting_id for o in objects if _is_behind(o, settings, now)]


def _claim(
    sessions: Callable[[], Session], settings: Settings, sitting_id: int, now: datetime, at_once: bool
) -> _Claimed | None:
    """Take an object for this process alone, or None when another has it or it is up to date."""
    with sessions() as session:
        begin_write(session)
        told = session.get(CalendarObject, sitting_id, with_for_update=True)
        if told is None or (told.claimed_until is not None and told.claimed_until > now):
            return None
        if not _is_behind(told, settings, now) or not (at_once or told.next_attempt_at <= now):
            return None
        claimed = _Claimed(
            sitting_id=sitting_id,
            uid=told.uid,
            etag=told.etag,
            digest=None if told.cancelled else _digest(told, settings),
            data=b"" if told.cancelled else build_object(event_of(told, settings)),
            outcome_known=told.pushed_digest != _UNKNOWN,
            until=now + LEASE,
        )
        told.claimed_until, told.pushed_digest = claimed.until, _UNKNOWN
        session.commit()
        return claimed


def _settle(
    sessions: Callable[[], Session], settings: Settings, claimed: _Claimed, answer: PushAnswer, now: datetime
) -> None:
    """Write down what became of a claimed object, unless the lease ran out and another process has it."""
    with sessions() as session:
        begin_write(session)
        told = session.get_one(CalendarObject, claimed.sitting_id, with_for_update=True)
        if told.claimed_until != claimed.until:
            return
        told.claimed_until, told.last_answer = None, answer.words
        if answer.kind is PushKind.DONE:
            told.pushed_digest, told.etag, told.attempts = claimed.digest, answer.etag, 0
            told.next_attempt_at = now
        else:
            told.attempts += 1
            told.next_attempt_at = now + _delay_after(told.attempts)
        if answer.unreachable:
            # The others wait with it: a wrong password must not be tried once for every sitting.
            session.execute(
                update(CalendarObject)
                .where(CalendarObject.next_attempt_at < told.next_attempt_at)
                .values(next_attempt_at=told.next_attempt_at)
                .execution_options(synchronize_session=False)
            )
        # Where the last outcome is unknown the other version may be our own.
        if answer.was_changed and claimed.outcome_known:
            record_audit(session, "calendar.overwritten", f"sitting:{claimed.sitting_id}", {})
        session.commit()


def _delay_after(attempts: int) -> timedelta:
    return timedelta(minutes=RETRY_DELAYS_MIN[min(attempts, len(RETRY_DELAYS_MIN)) - 1])

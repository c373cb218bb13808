"""What a process that holds sockets looks up several times a second, whatever the others have told it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.models import Sitting
from defense.models.types import random_id, utc_now
from defense.services.room.presence import (
    HEART_BEAT,
    beat,
    bury_dead_processes,
    forget_old_orders,
    orders_since,
)
from defense.services.transaction import begin_write

OVERLAP = timedelta(minutes=2)
"""Orders are read again for so long: a long transaction commits them with the time when it wrote them."""
COMPARE_EVERY = timedelta(seconds=1)
"""How soon a screen that missed its news is made right."""
CLEAN_EVERY = timedelta(minutes=5)


class Sockets(Protocol):
    """The sockets of this process (`voting.events.RoomEvents`)."""

    def watching(self) -> frozenset[tuple[int, int]]:
        """Who watches what, as (sitting, account)."""
        ...

    def hang_up(self, account_id: int, sign_in_id: str | None) -> None:
        """Cut the sockets of an account, or of one of its sign-ins."""
        ...

    def hang_up_expired(self, now: datetime) -> None:
        """Cut the sockets whose sign-in has run out."""
        ...


class News(Protocol):
    """What the screens of this process are told (`voting.events.RoomNews`)."""

    told: dict[int, int]

    def watched(self) -> Sequence[int]:
        """Sittings with a screen here."""
        ...

    def fell_behind(self, sitting_ids: Collection[int]) -> None:
        """Their screens show something old."""
        ...

    def console_changed(self, sitting_id: int) -> None:
        """Somebody came into a room or left it."""
        ...


class RoomSweep:
    """Carries out orders to hang up, finds screens that fell behind, and tells who is here.

    The bell between processes may lose a message, and a command of the office rings none: what counts is
    what stands in the database.
    """

    def __init__(self, sessions: Callable[[], Session], sockets: Sockets, news: News) -> None:
        self._sessions, self._sockets, self._news = sessions, sockets, news
        self._process_id = random_id()
        self._started_at = utc_now()
        self._handled: dict[int, datetime] = {}
        self._written: frozenset[tuple[int, int]] = frozenset()
        self._beat_at = self._cleaned_at = self._compared_at = self._started_at - CLEAN_EVERY

    def look(self) -> None:
        """One round: read what is new, and write when somebody came or went or the heart must beat."""
        now = utc_now()
        with self._sessions() as session:
            orders = orders_since(session, max(now - OVERLAP, self._started_at))
            if compares := now - self._compared_at >= COMPARE_EVERY:
                self._compared_at = now
            behind = self._behind(session) if compares else []
        for order_id, account_id, sign_in_id in orders:
            if order_id not in self._handled:
                self._handled[order_id] = now
                self._sockets.hang_up(account_id, sign_in_id)
        self._handled = {id_: at for id_, at in self._handled.items() if at > now - 2 * OVERLAP}
        self._sockets.hang_up_expired(now)
        self._news.fell_behind(behind)
        self._tell_who_is_here(now)

    def _behind(self, session: Session) -> list[int]:
        watched = self._news.watched()
        if not watched:
            return []
        rows = session.execute(select(Sitting.id, Sitting.seq).where(Sitting.id.in_(watched)))
        return [id_ for id_, seq in rows if self._news.told.setdefault(id_, seq) < seq]

    def _tell_who_is_here(self, now: datetime) -> None:
        watching = self._sockets.watching()
        if watching is self._written and now - self._beat_at < HEART_BEAT:
            return
        came, went = watching - self._written, self._written - watching
        with self._sessions() as session:
            begin_write(session)
            beat(session, self._process_id, came, went)
            if now - self._cleaned_at > CLEAN_EVERY:
                forget_old_orders(session)
                bury_dead_processes(session)
                self._cleaned_at = now
            session.commit()
        self._written, self._beat_at = watching, now
        for sitting_id in {sitting_id for sitting_id, _account in came | went}:
            self._news.console_changed(sitting_id)

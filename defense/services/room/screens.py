"""The public waiting screen of a sitting: who is heard, who is next, and nothing that a vote could change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import NotFound
from defense.domain.identity import mask_name
from defense.domain.lifecycle import DefenceState
from defense.domain.round_rules import BEIJING
from defense.domain.text import Text
from defense.models import Application, Defence, Panel, Sitting

DELAY_STEP = timedelta(minutes=5)
"""A waiting room is told of delays in steps; a screen that changes every minute is not believed."""


class Place(StrEnum):
    """Where a candidate stands, as strangers may know it."""

    WAITING = "waiting"
    READY = "ready"
    HEARD = "heard"
    PAUSED = "paused"
    LATER = "later"
    DONE = "done"


PLACE_TEXT = {
    Place.WAITING: Text("候场", "waiting"),
    Place.READY: Text("已签到", "checked in"),
    Place.HEARD: Text("进行中", "being heard"),
    Place.PAUSED: Text("暂停", "paused"),
    Place.LATER: Text("另行安排", "another time"),
    Place.DONE: Text("已结束", "finished"),
}

# From the moment the candidate has left the room everything is "finished": whether the panel still talks,
# votes, votes again or has decided, and what, does not show.
_PLACE_OF = {
    DefenceState.WAITING: Place.WAITING,
    DefenceState.CHECKED_IN: Place.READY,
    DefenceState.PRESENTING: Place.HEARD,
    DefenceState.QUESTIONING: Place.HEARD,
    DefenceState.INTERRUPTED: Place.PAUSED,
    DefenceState.POSTPONED: Place.LATER,
}
_COMING = (Place.WAITING, Place.READY)


@dataclass(frozen=True)
class ScreenLine:
    """One candidate on the screen: place in the order, masked name, and when their turn is expected."""

    number: int
    name: str
    place: Place
    expected_at: datetime


@dataclass(frozen=True)
class Screen:
    """What a waiting screen shows."""

    panel: str
    start_at: datetime
    lines: tuple[ScreenLine, ...]

    @property
    def heard(self) -> ScreenLine | None:
        """Who is being heard now, or was when the line broke."""
        return next((line for line in self.lines if line.place in (Place.HEARD, Place.PAUSED)), None)

    @property
    def coming(self) -> ScreenLine | None:
        """Who is next."""
        return next((line for line in self.lines if line.place in _COMING), None)


def screen_of(session: Session, screen_key: str, now: datetime) -> Screen:
    """The waiting screen that a key opens.

    Raises
    ------
    NotFound
        No sitting has this key, or it was called off.
    """
    sitting = session.execute(
        select(Sitting.id, Sitting.start_at, Panel.name)
        .join(Panel, Panel.id == Sitting.panel_id)
        .where(Sitting.screen_key == screen_key, Sitting.cancelled.is_(False))
    ).one_or_none()
    if sitting is None:
        raise NotFound(Text("没有这个候场屏，链接可能已失效。", "There is no such waiting screen."))
    rows = session.execute(
        select(Defence.state, Defence.start_at, Defence.end_at, Application.name)
        .join(Application, Application.id == Defence.application_id)
        .where(Defence.sitting_id == sitting.id, Defence.state != DefenceState.REMOVED)
        .order_by(Defence.start_at, Defence.id)
    ).all()
    delay = _delay(rows, now)
    return Screen(
        sitting.name,
        sitting.start_at,
        tuple(
            ScreenLine(number, mask_name(row.name), _place(row.state), row.start_at + delay)
            for number, row in enumerate(rows, 1)
        ),
    )


def _place(state: str) -> Place:
    return _PLACE_OF.get(DefenceState(state), Place.DONE)


def _delay(rows: Sequence[Any], now: datetime) -> timedelta:
    """How far the sitting is behind its timetable, in whole steps; nothing on other days than its own."""
    coming = next((row.start_at for row in rows if _place(row.state) in _COMING), None)
    if coming is None or coming.astimezone(BEIJING).date() != now.astimezone(BEIJING).date():
        return timedelta(0)
    heard_until = [row.end_at for row in rows if _place(row.state) in (Place.HEARD, Place.PAUSED)]
    behind = max([now, *heard_until]) - coming
    return max(timedelta(0), -(-behind // DELAY_STEP) * DELAY_STEP)

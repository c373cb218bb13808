"""Which attempt of a candidate counts: the newest, unless another one is to be made."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from defense.domain.lifecycle import UNSEATED_STATES, DefenceState
from defense.models import Application, Defence, Reopening, Round

SECOND_DEFENCE = "second_defence"


def newest_attempts(session: Session, round_: Round) -> dict[int, Defence]:
    """The newest attempt of everyone who has one, by application, seated or not."""
    rows = session.scalars(
        select(Defence)
        .join(Application)
        .where(Application.round_id == round_.id)
        .order_by(Defence.attempt)
        .options(selectinload(Defence.sitting), selectinload(Defence.reopenings))
    )
    return {d.application_id: d for d in rows}


def vacated_places(session: Session, round_: Round) -> dict[int, Defence]:
    """By application, the attempt that was postponed, or after which a second defence is granted.

    Its candidate waits for another time: a schedule that still has the old place no longer holds.
    """
    newest = newest_attempts(session, round_)
    return {i: d for i, d in newest.items() if not binds(d) and d.state != DefenceState.REMOVED}


def binding_attempt(application: Application) -> Defence | None:
    """The newest attempt, if it has a place in the timetable or has been held and stands."""
    newest = application.defences[-1] if application.defences else None
    return newest if newest and binds(newest) else None


def binds(defence: Defence) -> bool:
    """Whether a newest attempt keeps its place and its outcome counts.

    One that was taken out or postponed does not, nor one after which a second defence is granted: the
    candidate waits for another place.
    """
    return defence.state not in UNSEATED_STATES and granted_second(defence.reopenings) is None


def granted_second(reopenings: Iterable[Reopening]) -> Reopening | None:
    """The second defence that was granted and not yet made."""
    return next(
        (r for r in reopenings if r.kind == SECOND_DEFENCE and r.granted and r.spent_at is None), None
    )

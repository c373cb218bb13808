"""Queueing what the upstream platform is to be told, in the transaction that makes it true.

Only applications that came from the platform are told of. A result is told when staff release the results,
and from then on whenever it becomes another one; a decision at once.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from defense.domain.result import Conclusion
from defense.models import Application, Round, Ruling, UpstreamDelivery
from defense.models.types import utc_now
from defense.services.results import result_rows
from defense.services.upstream_bodies import decision_body, result_body, says_the_same
from defense.services.upstream_held import held_ids


class DeliveryKind(StrEnum):
    """What is told."""

    DECISION = "decision"
    RESULT = "result"


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    """The platform has never heard of it."""
    WAITING = "waiting"
    """It was tried, and will be again by itself."""
    SENT = "sent"
    """Taken by the platform, once."""
    DEAD = "dead"
    """Refused for good, or for a day: staff have to act, and what is behind it waits."""
    SUPERSEDED = "superseded"
    """Never sent: a newer one says how things stand."""
    GIVEN_UP = "given_up"
    """Staff said why the platform need not hear it from here."""


OPEN_STATES = (DeliveryState.QUEUED, DeliveryState.WAITING, DeliveryState.DEAD)
"""What later ones about the same application wait for."""
NOT_TOLD_STATES = (DeliveryState.SUPERSEDED, DeliveryState.GIVEN_UP)


def tell_decision(session: Session, application: Application, ruling: Ruling) -> UpstreamDelivery | None:
    """Queue a decision of staff; None when the application did not come from the platform."""
    session.flush()
    if not held_ids(session, [application.id]):
        return None
    return _queue(session, application, DeliveryKind.DECISION, decision_body(ruling))


def tell_result(session: Session, application: Application) -> UpstreamDelivery | None:
    """Queue the result of an application if it has become another one since the platform was last told.

    To be called wherever a conclusion may have changed; before the release it does nothing.
    """
    if application.round.results_released_at is None:
        return None
    session.flush()
    session.expire(application, ["defences"])
    return _tell_if_new(session, application) if held_ids(session, [application.id]) else None


def tell_results(session: Session, round_: Round) -> int:
    """Queue every result of a released round that the platform does not know; how many there were.

    The caller, who releases the results in the same transaction, commits.
    """
    session.flush()
    if round_.results_released_at is None:
        return 0
    applications = [row.application for row in result_rows(session, round_)]
    held = held_ids(session, [application.id for application in applications])
    queued = [_tell_if_new(session, a) for a in applications if a.id in held]
    return sum(delivery is not None for delivery in queued)


def _tell_if_new(session: Session, application: Application) -> UpstreamDelivery | None:
    body = result_body(session, application)
    # Whoever queues for the same application waits here, so that none compares with what is just replaced.
    _lock(session, application)
    if _knows(session, application, body):
        return None
    # A result that nobody has begun to send need not go; without it the platform may know this one already.
    _supersede(session, application)
    if _knows(session, application, body):
        return None
    return _queue(session, application, DeliveryKind.RESULT, body)


def _knows(session: Session, application: Application, body: dict[str, Any]) -> bool:
    told = _last_told(session, application)
    if told is None:
        return bool(body["conclusion"] == Conclusion.PENDING)
    return says_the_same(told.body_json, body)


def _last_told(session: Session, application: Application) -> UpstreamDelivery | None:
    return session.scalars(
        select(UpstreamDelivery)
        .where(
            UpstreamDelivery.application_id == application.id,
            UpstreamDelivery.kind == DeliveryKind.RESULT,
            UpstreamDelivery.state.not_in(NOT_TOLD_STATES),
        )
        .order_by(UpstreamDelivery.sequence.desc())
        .limit(1)
    ).first()


def _supersede(session: Session, application: Application) -> None:
    session.execute(
        update(UpstreamDelivery)
        .where(
            UpstreamDelivery.application_id == application.id,
            UpstreamDelivery.kind == DeliveryKind.RESULT,
            UpstreamDelivery.state == DeliveryState.QUEUED,
            UpstreamDelivery.attempts == 0,
            UpstreamDelivery.claimed_until.is_(None),
        )
        .values(state=DeliveryState.SUPERSEDED)
    )


def _queue(
    session: Session, application: Application, kind: DeliveryKind, body: dict[str, Any]
) -> UpstreamDelivery:
    _lock(session, application)
    last = session.scalar(
        select(UpstreamDelivery.sequence)
        .where(UpstreamDelivery.application_id == application.id)
        .order_by(UpstreamDelivery.sequence.desc())
        .limit(1)
    )
    sequence = (last or 0) + 1
    delivery = UpstreamDelivery(
        round_id=application.round_id,
        application_id=application.id,
        kind=kind,
        sequence=sequence,
        body_json={**body, "sequence": sequence},
        next_attempt_at=utc_now(),
    )
    session.add(delivery)
    session.flush()
    return delivery


def _lock(session: Session, application: Application) -> None:
    session.execute(select(Application.id).where(Application.id == application.id).with_for_update())

"""Queueing what the upstream platform is to be told, in the transaction that makes it true.

Only applications that came from the platform are told of. A result is told when staff release the results,
and from then on whenever it becomes another one; a decision at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from defense.domain.result import Conclusion
from defense.models import Application, Round, Ruling, UpstreamDelivery
from defense.models.types import utc_now
from defense.services.results import result_rows
from defense.services.upstream.bodies import decision_body, result_bodies, says_the_same
from defense.services.upstream.held import held_ids

AT_ONCE = 500
"""Applications of a round that are compared and queued together."""


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
    _lock(session, [application])
    (delivery,) = _queue(session, DeliveryKind.DECISION, [(application, decision_body(ruling))])
    return delivery


def tell_result(session: Session, application: Application) -> UpstreamDelivery | None:
    """Queue the result of an application if it has become another one since the platform was last told.

    To be called wherever a conclusion may have changed; before the release it does nothing.
    """
    if application.round.results_released_at is None:
        return None
    session.flush()
    session.expire(application, ["defences"])
    if not held_ids(session, [application.id]):
        return None
    return next(iter(_tell_new(session, [application])), None)


def tell_results(session: Session, round_: Round) -> int:
    """Queue every result of a released round that the platform does not know; how many there were.

    The caller, who releases the results in the same transaction, commits.
    """
    session.flush()
    if round_.results_released_at is None:
        return 0
    applications = [row.application for row in result_rows(session, round_)]
    held = held_ids(session, [application.id for application in applications])
    of_platform = [application for application in applications if application.id in held]
    starts = range(0, len(of_platform), AT_ONCE)
    return sum(len(_tell_new(session, of_platform[start : start + AT_ONCE])) for start in starts)


def _tell_new(session: Session, applications: Sequence[Application]) -> list[UpstreamDelivery]:
    # Whoever queues for the same ones waits here, so that none compares with what is just replaced.
    _lock(session, applications)
    bodies = result_bodies(session, applications)
    new = _unknown(session, applications, bodies)
    # A result that nobody has begun to send need not go; without it the platform may know this one already.
    if _supersede(session, new):
        new = _unknown(session, new, bodies)
    return _queue(session, DeliveryKind.RESULT, [(a, bodies[a.id]) for a in new])


def _unknown(
    session: Session, applications: Sequence[Application], bodies: Mapping[int, dict[str, Any]]
) -> list[Application]:
    """Those of whom the platform, once all that is queued has gone, knows something else."""
    rows = session.execute(
        select(UpstreamDelivery.application_id, UpstreamDelivery.body_json)
        .where(
            UpstreamDelivery.application_id.in_(_ids(applications)),
            UpstreamDelivery.kind == DeliveryKind.RESULT,
            UpstreamDelivery.state.not_in(NOT_TOLD_STATES),
        )
        .order_by(UpstreamDelivery.sequence)
    )
    told = {row.application_id: row.body_json for row in rows}
    return [a for a in applications if not _is_known(told.get(a.id), bodies[a.id])]


def _is_known(told: dict[str, Any] | None, body: dict[str, Any]) -> bool:
    if told is None:
        return bool(body["conclusion"] == Conclusion.PENDING)
    return says_the_same(told, body)


def _supersede(session: Session, applications: Sequence[Application]) -> bool:
    superseded = session.execute(
        update(UpstreamDelivery)
        .where(
            UpstreamDelivery.application_id.in_(_ids(applications)),
            UpstreamDelivery.kind == DeliveryKind.RESULT,
            UpstreamDelivery.state == DeliveryState.QUEUED,
            UpstreamDelivery.attempts == 0,
            UpstreamDelivery.claimed_until.is_(None),
        )
        .values(state=DeliveryState.SUPERSEDED)
    )
    return bool(superseded.rowcount)  # type: ignore[attr-defined]


def _queue(
    session: Session, kind: DeliveryKind, new: Sequence[tuple[Application, dict[str, Any]]]
) -> list[UpstreamDelivery]:
    """Behind all that is told of these applications, which are locked."""
    rows = session.execute(
        select(UpstreamDelivery.application_id, func.max(UpstreamDelivery.sequence).label("last"))
        .where(UpstreamDelivery.application_id.in_([application.id for application, _body in new]))
        .group_by(UpstreamDelivery.application_id)
    )
    last, now = {row.application_id: row.last for row in rows}, utc_now()
    deliveries = [
        UpstreamDelivery(
            round_id=application.round_id,
            application_id=application.id,
            kind=kind,
            sequence=(sequence := last.get(application.id, 0) + 1),
            body_json={**body, "sequence": sequence},
            next_attempt_at=now,
        )
        for application, body in new
    ]
    session.add_all(deliveries)
    session.flush()
    return deliveries


def _lock(session: Session, applications: Sequence[Application]) -> None:
    locked = select(Application.id).where(Application.id.in_(_ids(applications))).order_by(Application.id)
    session.execute(locked.with_for_update())


def _ids(applications: Sequence[Application]) -> list[int]:
    return [application.id for application in applications]

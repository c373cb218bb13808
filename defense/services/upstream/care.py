"""What staff do about deliveries to the platform: see how they stand, try again, or give one up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session, selectinload

from defense.domain.errors import IllegalState, InvalidInput, NotFound
from defense.domain.text import Text
from defense.models import Application, Round, UpstreamDelivery
from defense.models.types import MAX_ROW_ID
from defense.services.audit import record_audit
from defense.services.upstream.held import has_difference
from defense.services.upstream.telling import DeliveryKind, DeliveryState

MAX_NOTE = 500
LISTED = 200
"""Most deliveries that the page lists of one kind; the counts are of all."""
SOON = timedelta(minutes=1)
"""What goes by itself within this time needs no click."""
STATE_TEXT = {
    DeliveryState.QUEUED: Text("待发送", "queued"),
    DeliveryState.WAITING: Text("重试中", "being retried"),
    DeliveryState.SENT: Text("已送达", "delivered"),
    DeliveryState.DEAD: Text("发送失败", "failed"),
    DeliveryState.SUPERSEDED: Text("已被取代", "superseded"),
    DeliveryState.GIVEN_UP: Text("已放弃", "given up"),
}
KIND_TEXT = {
    DeliveryKind.DECISION: Text("裁定", "decision"),
    DeliveryKind.RESULT: Text("答辩结果", "result"),
}


@dataclass(frozen=True)
class DeliveryOverview:
    """How the deliveries of a round stand."""

    counts: Counter[DeliveryState]
    dead: Sequence[UpstreamDelivery]
    """Oldest first."""
    held_up: Sequence[UpstreamDelivery]
    """Being retried, or waiting until staff have looked at what changed upstream."""
    differing: frozenset[int]
    """Of `held_up`, those that wait for staff: ids."""


def overview_of(session: Session, round_: Round) -> DeliveryOverview:
    """Counts by state, and what is stuck."""
    counted = session.execute(
        select(UpstreamDelivery.state, func.count())
        .where(UpstreamDelivery.round_id == round_.id)
        .group_by(UpstreamDelivery.state)
    )
    mine = UpstreamDelivery.round_id == round_.id
    waiting = and_(mine, UpstreamDelivery.state == DeliveryState.WAITING)
    return DeliveryOverview(
        counts=Counter({DeliveryState(state): count for state, count in counted}),
        dead=_listed(session, and_(mine, UpstreamDelivery.state == DeliveryState.DEAD)),
        held_up=_listed(session, waiting),
        differing=differing_ids(session, round_),
    )


def differing_ids(session: Session, round_: Round) -> frozenset[int]:
    """Of the deliveries that are held up, those that wait for staff to look at what changed upstream."""
    waiting = select(UpstreamDelivery.id).where(
        UpstreamDelivery.round_id == round_.id, UpstreamDelivery.state == DeliveryState.WAITING
    )
    return frozenset(session.scalars(waiting.where(has_difference())))


def all_stuck(session: Session, round_: Round, state: DeliveryState) -> Iterable[UpstreamDelivery]:
    """Every delivery of a round in a state, oldest first, read as they are asked for."""
    query = _ordered(and_(UpstreamDelivery.round_id == round_.id, UpstreamDelivery.state == state))
    return session.scalars(query.execution_options(yield_per=LISTED))


def deliveries_of(session: Session, application: Application) -> Sequence[UpstreamDelivery]:
    """Everything that was, or is to be, told about an application, in its order."""
    return session.scalars(
        select(UpstreamDelivery)
        .where(UpstreamDelivery.application_id == application.id)
        .order_by(UpstreamDelivery.sequence)
    ).all()


def delivery_of(session: Session, round_: Round, delivery_id: int) -> UpstreamDelivery:
    """A delivery of this round.

    Raises
    ------
    NotFound
        It has none with this number.
    """
    found = session.get(UpstreamDelivery, delivery_id) if abs(delivery_id) <= MAX_ROW_ID else None
    if found is None or found.round_id != round_.id:
        raise NotFound(Text("没有这项推送。", "There is no such delivery."))
    return found


def try_again(session: Session, delivery: UpstreamDelivery, now: datetime, account_id: int | None) -> bool:
    """Let a delivery go again at once, unchanged, with a new day of tries; the caller commits.

    Returns
    -------
    False when there is nothing to do: it goes within a minute anyway, as after a doubled click.

    Raises
    ------
    IllegalState
        It was delivered, given up, or replaced by a newer one.
    """
    session.refresh(delivery, with_for_update=True)
    if delivery.state not in (DeliveryState.DEAD, DeliveryState.WAITING, DeliveryState.QUEUED):
        raise _settled(delivery)
    is_held = delivery.claimed_until is not None and delivery.claimed_until > now
    if is_held or (delivery.state != DeliveryState.DEAD and delivery.next_attempt_at <= now + SOON):
        return False
    if delivery.state == DeliveryState.DEAD:
        # Not `queued`: the platform may have heard of it.
        delivery.state, delivery.attempts = DeliveryState.WAITING, 0
    delivery.next_attempt_at = now
    record_audit(
        session, "upstream.retried", f"application:{delivery.application_id}", _of(delivery), account_id
    )
    return True


def try_all_again(session: Session, round_: Round, now: datetime, account_id: int | None) -> int:
    """Let every failed delivery of a round go again; how many there were."""
    dead = select(UpstreamDelivery).where(
        UpstreamDelivery.round_id == round_.id, UpstreamDelivery.state == DeliveryState.DEAD
    )
    rows = session.scalars(dead.order_by(UpstreamDelivery.id)).all()
    return sum(try_again(session, delivery, now, account_id) for delivery in rows)


def give_up(session: Session, delivery: UpstreamDelivery, note: str, now: datetime, account_id: int) -> bool:
    """Tell the platform no more of this, so that what is behind it can go; the caller commits.

    Returns
    -------
    False when it was given up already.

    Raises
    ------
    IllegalState
        It is just being sent, or is delivered or replaced.
    InvalidInput
        Nothing says why.
    """
    session.refresh(delivery, with_for_update=True)
    if delivery.state == DeliveryState.GIVEN_UP:
        return False
    note = " ".join(note.split())[:MAX_NOTE]
    if not note:
        raise InvalidInput(
            Text(
                "请填写放弃的原因，如“已在平台上人工登记”。",
                "Give the reason for giving up, such as “entered on the platform by hand”.",
            )
        )
    if delivery.state not in (DeliveryState.DEAD, DeliveryState.WAITING):
        raise _settled(delivery)
    if delivery.claimed_until is not None and delivery.claimed_until > now:
        raise IllegalState(
            Text("正在发送，请稍后刷新。", "This is just being sent; reload the page in a while.")
        )
    delivery.state, delivery.settled_by_id, delivery.settled_note = DeliveryState.GIVEN_UP, account_id, note
    detail = {**_of(delivery), "reason": note}
    record_audit(session, "upstream.given_up", f"application:{delivery.application_id}", detail, account_id)
    return True


def _of(delivery: UpstreamDelivery) -> dict[str, object]:
    return {"delivery_kind": delivery.kind, "delivery_number": delivery.sequence}


def _settled(delivery: UpstreamDelivery) -> IllegalState:
    state = STATE_TEXT[DeliveryState(delivery.state)]
    return IllegalState(
        Text(
            "该项推送的状态是“{state}”，请刷新页面。", "This delivery is “{state}”; reload the page."
        ).format(state=state)
    )


def _listed(session: Session, wanted: ColumnElement[bool]) -> Sequence[UpstreamDelivery]:
    return session.scalars(_ordered(wanted).limit(LISTED)).all()


def _ordered(wanted: ColumnElement[bool]) -> Select[UpstreamDelivery]:
    query = select(UpstreamDelivery).where(wanted).order_by(UpstreamDelivery.id)
    return query.options(selectinload(UpstreamDelivery.application))

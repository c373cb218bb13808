"""Telling the upstream platform what is queued, crash-safely, while others may be telling it too.

A delivery is claimed in a short transaction, put to the platform with no transaction open, and its outcome is
written in another one together with the next claims. Whoever is killed in between leaves a delivery that is
put again with the same key and body, which the platform applies once. Within an application they go in their
order and one at a time; different applications go side by side.

Where the record changed upstream the platform refuses what is told of an old version: the record is then
fetched again, and the delivery goes once nothing about it is left for staff to accept or to keep.

Source: docs/upstream-openapi.yaml.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from defense.domain.text import Text
from defense.models import Application, Round, UpstreamDelivery
from defense.services.transaction import begin_write
from defense.services.upstream.answers import DeskAnswer, DeskAnswerKind, words_without_persons
from defense.services.upstream.held import has_difference, held_etags, note_etag
from defense.services.upstream.telling import OPEN_STATES, DeliveryState

LEASE = timedelta(minutes=10)
"""Longer than one delivery can take by the client's time-outs; those of a dead sender wait so long."""
RETRY_DELAYS_MIN = (0.5, 1, 2, 5, 15, 60)
"""After the first, second … failure; the last one repeats. Each is stretched by up to half, at random."""
MAX_ATTEMPTS = 28
"""23 minutes and then hourly: a day of tries."""
FAULT_HERE = DeskAnswer(
    DeskAnswerKind.LATER,
    Text("本系统内部错误，详见日志。", "A fault of this service; its log has more."),
    ends_turn=True,
)


class UpstreamDesk(Protocol):
    """A connection to the platform, used by one thread at a time."""

    def put(
        self, round_code: str, number: str, kind: str, body: dict[str, Any], *, if_match: str, key: str
    ) -> DeskAnswer:
        """Tell it a decision or a result; never raises for what a platform or a line may do."""

    def fetch_again(self, application_id: int) -> DeskAnswer:
        """Fetch the record and keep what differs, in transactions of its own."""


class Job(StrEnum):
    """What is done about a claimed delivery."""

    PUT = "put"
    FETCH = "fetch"


@dataclass(frozen=True)
class PushSummary:
    """What one call sent, put off, found changed upstream, and gave up, in deliveries."""

    sent: int = 0
    later: int = 0
    stale: int = 0
    dead: int = 0


@dataclass(frozen=True)
class _Claimed:
    id: int
    application_id: int
    round_code: str
    number: str
    kind: str
    body: dict[str, Any]
    key: str
    etag: str
    attempts: int
    """This one included."""
    until: datetime
    """By which the claim is known to be still this sender's."""
    job: Job


@dataclass
class _Turn:
    counts: Counter[DeskAnswerKind] = field(default_factory=Counter)
    is_cut_off: bool = False
    """The platform cannot be reached, or wants to be left alone."""


def sendable(now: datetime) -> ColumnElement[bool]:
    """Due, in nobody's hands, behind no other of its application, and not waiting for staff."""
    older = aliased(UpstreamDelivery)
    is_behind = exists().where(
        older.application_id == UpstreamDelivery.application_id,
        older.sequence < UpstreamDelivery.sequence,
        older.state.in_(OPEN_STATES),
    )
    return and_(
        UpstreamDelivery.state.in_((DeliveryState.QUEUED, DeliveryState.WAITING)),
        UpstreamDelivery.next_attempt_at <= now,
        or_(UpstreamDelivery.claimed_until.is_(None), UpstreamDelivery.claimed_until <= now),
        ~is_behind,
        ~has_difference(),
    )


def push_due(
    session_factory: Callable[[], Session],
    desks: Sequence[UpstreamDesk],
    now_fn: Callable[[], datetime],
    chance: Callable[[], float] = random.random,
    limit: int = 2_000,
) -> PushSummary:
    """Tell what is due, oldest first; the call ends when the platform cannot be reached or is in a hurry.

    Parameters
    ----------
    session_factory : makes a new session for every short transaction; this function commits them.
    desks : connections, used at the same time.
    now_fn : the present moment, aware.
    chance : a number from 0 to 1, for the length of the pauses.
    limit : most deliveries claimed in one call.
    """
    turn, claimed_in_all = _Turn(), 0
    with ThreadPoolExecutor(len(desks), thread_name_prefix="upstream") as hands:
        claimed = _claim(session_factory, len(desks), now_fn())
        while claimed:
            claimed_in_all += len(claimed)
            tasks = [hands.submit(_carry_out, d, c) for d, c in zip(desks, claimed, strict=False)]
            errors = [task.exception() for task in tasks]
            for job, task, error in zip(claimed, tasks, errors, strict=True):
                if error is None or isinstance(error, Exception):
                    answer = task.result() if error is None else FAULT_HERE
                    _settle(session_factory, turn, job, answer, now_fn(), chance)
            for error in errors:
                if error is not None:
                    raise error
            may_go_on = not turn.is_cut_off and claimed_in_all < limit
            claimed = _claim(session_factory, len(desks), now_fn()) if may_go_on else []
    return PushSummary(
        sent=turn.counts[DeskAnswerKind.TAKEN],
        later=turn.counts[DeskAnswerKind.LATER],
        stale=turn.counts[DeskAnswerKind.STALE],
        dead=turn.counts[DeskAnswerKind.NEVER],
    )


def _carry_out(desk: UpstreamDesk, claimed: _Claimed) -> DeskAnswer:
    if claimed.job is Job.FETCH:
        return desk.fetch_again(claimed.application_id)
    return desk.put(
        claimed.round_code,
        claimed.number,
        claimed.kind,
        claimed.body,
        if_match=claimed.etag,
        key=claimed.key,
    )


def _claim(session_factory: Callable[[], Session], size: int, now: datetime) -> list[_Claimed]:
    """Take the next deliveries for this sender alone, at most one of each application."""
    wanted = select(UpstreamDelivery.id).where(sendable(now)).order_by(UpstreamDelivery.id).limit(size)
    with session_factory() as session:
        # Asked first, so that an idle service does not take the writer's place every few seconds.
        ids = session.scalars(wanted).all()
        if not ids:
            return []
        begin_write(session)
        until = now + LEASE
        taken = session.scalars(
            update(UpstreamDelivery)
            .where(UpstreamDelivery.id.in_(ids), sendable(now))
            .values(
                state=DeliveryState.WAITING,
                claimed_until=until,
                attempts=UpstreamDelivery.attempts + 1,
            )
            .returning(UpstreamDelivery.id)
            .execution_options(synchronize_session=False)
        ).all()
        claimed = _claimed(session, taken, until)
        session.commit()
    return claimed


def _claimed(session: Session, ids: Sequence[int], until: datetime) -> list[_Claimed]:
    rows = session.execute(
        select(UpstreamDelivery, Application.number, Round.code)
        .join(Application, Application.id == UpstreamDelivery.application_id)
        .join(Round, Round.id == UpstreamDelivery.round_id)
        .where(UpstreamDelivery.id.in_(ids))
        .order_by(UpstreamDelivery.id)
    ).all()
    etags = held_etags(session, [delivery.application_id for delivery, _number, _code in rows])
    claimed = []
    for delivery, number, code in rows:
        etag = etags.get(delivery.application_id, "")
        if not delivery.is_stale:
            delivery.etag = delivery.etag or etag
        claimed.append(
            _Claimed(
                id=delivery.id,
                application_id=delivery.application_id,
                round_code=code,
                number=number,
                kind=delivery.kind,
                body=delivery.body_json,
                key=delivery.idempotency_key,
                etag=etag,
                attempts=delivery.attempts,
                until=until,
                job=Job.FETCH if delivery.is_stale else Job.PUT,
            )
        )
    return claimed


def _settle(
    session_factory: Callable[[], Session],
    turn: _Turn,
    claimed: _Claimed,
    answer: DeskAnswer,
    now: datetime,
    chance: Callable[[], float],
) -> None:
    """Write down what became of it, unless somebody else has taken it over meanwhile."""
    with session_factory() as session:
        begin_write(session)
        delivery = session.get_one(UpstreamDelivery, claimed.id, with_for_update=True)
        if delivery.claimed_until == claimed.until:
            delivery.claimed_until = None
            words = words_without_persons(answer.words, delivery.application.record)
            delivery.last_answer = words.to_json()
            _apply(session, delivery, claimed, answer, now, chance)
            session.commit()
    turn.is_cut_off |= answer.ends_turn
    if claimed.job is Job.PUT or answer.kind is not DeskAnswerKind.TAKEN:
        turn.counts[answer.kind] += 1


def _apply(
    session: Session,
    delivery: UpstreamDelivery,
    claimed: _Claimed,
    answer: DeskAnswer,
    now: datetime,
    chance: Callable[[], float],
) -> None:
    delivery.next_attempt_at = now
    if answer.kind is DeskAnswerKind.TAKEN and claimed.job is Job.FETCH:
        delivery.is_stale = False
        delivery.next_attempt_at = now + _patience(claimed.attempts - 2, chance)
    elif answer.kind is DeskAnswerKind.TAKEN:
        if delivery.etag == claimed.etag:
            note_etag(session, claimed.application_id, claimed.etag, answer.etag)
        # Else it may be the answer to an earlier attempt, and older than the version that we now hold.
        delivery.state, delivery.sent_at, delivery.etag = DeliveryState.SENT, now, answer.etag
    elif answer.kind is DeskAnswerKind.NEVER or claimed.attempts >= MAX_ATTEMPTS:
        delivery.state = DeliveryState.DEAD
    elif answer.kind is DeskAnswerKind.STALE:
        # It is not there under its key either, so no earlier attempt has arrived.
        delivery.is_stale, delivery.etag = True, None
    else:
        wished = timedelta(seconds=answer.retry_after_s or 0)
        delivery.next_attempt_at = now + max(wished, _patience(claimed.attempts, chance))


def _patience(failures: int, chance: Callable[[], float]) -> timedelta:
    """How long to leave the platform alone after so many failures."""
    if failures < 1:
        return timedelta()
    minutes = RETRY_DELAYS_MIN[min(failures, len(RETRY_DELAYS_MIN)) - 1]
    return timedelta(minutes=minutes * (1 + chance() / 2))

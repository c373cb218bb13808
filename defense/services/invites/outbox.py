"""Sending what is queued, crash-safely, while others may be sending too.

As many messages as there are connections are claimed in one short transaction, handed to the mail server
with no transaction open, and their outcome is committed together with the next claim: whoever is killed
repeats at most one message a connection, and a retry has the same bytes and Message-ID, by which a relay
knows it. Within an invite a message waits while an older one is on its way, and never goes once a newer one
to the same address says how the event stands.

Source: invites.md "Life" and "Delivery".
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from defense.domain.errors import IllegalState
from defense.domain.identity import mask_email
from defense.integrations.mail import MailSender
from defense.integrations.smtp_answers import AnswerKind, SendAnswer
from defense.models import Invite, OutboxMessage
from defense.models.types import UtcDateTime, table_of
from defense.services.invites.mail_throttle import admit, held_back, know_domains, let_rest
from defense.services.invites.post import REMINDERS, STATE_METHODS, open_letter
from defense.services.transaction import begin_write
from defense.settings import Settings

LEASE = timedelta(minutes=10)
"""Longer than one message can take by the time-outs of SMTP; a dead sender's messages wait so long."""
RETRY_DELAYS_MIN = (1, 2, 5, 15, 60)
"""After the first, second … refusal; the last one repeats."""
MAX_ATTEMPTS = 28
"""23 minutes and then hourly: a day of tries."""


class MessageState(StrEnum):
    """Where a message stands.

    A superseded one was never sent: a newer one says all it had to say. A bounced one was taken by the first
    server and sent back by a later one.
    """

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    """Refused for good, or for a day: staff have to act."""
    BOUNCED = "bounced"
    """Taken by the mail server, and sent back later: staff have to act."""
    GIVEN_UP = "given_up"
    """Staff told the person otherwise."""
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class SendSummary:
    """What one call sent, put off, gave up, and found to be superseded, in messages."""

    sent: int = 0
    later: int = 0
    failed: int = 0
    superseded: int = 0


@dataclass(frozen=True)
class _Claimed:
    id: int
    to_address: str
    message_id: str
    data: bytes
    attempts: int

    @property
    def domain(self) -> str:
        """The recipient's."""
        return self.to_address.rpartition("@")[2].lower()


@dataclass
class _Turn:
    """One call of `send_due`: what is left to do, and what the servers said."""

    waiting: deque[tuple[int, str]]
    """Ids and recipients' domains of the messages that were due when the turn began."""
    counts: Counter[MessageState] = field(default_factory=Counter)
    refusing: set[str] = field(default_factory=set)
    """Domains that put a message off in this turn; their others wait for the next one."""
    is_cut_off: bool = False

    def take(self, size: int) -> list[tuple[int, str]]:
        """The next messages to try to claim."""
        taken: list[tuple[int, str]] = []
        while self.waiting and len(taken) < size and not self.is_cut_off:
            id_, domain = self.waiting.popleft()
            if domain not in self.refusing:
                taken.append((id_, domain))
        return taken


def newer_exists() -> ColumnElement[bool]:
    """A newer message to the same address says how the same event stands."""
    newer = aliased(OutboxMessage)
    return exists().where(
        newer.invite_id == OutboxMessage.invite_id,
        newer.to_address == OutboxMessage.to_address,
        newer.method.in_(STATE_METHODS),
        newer.id > OutboxMessage.id,
    )


def _sendable() -> ColumnElement[bool]:
    """Due, in nobody's hands, and neither overtaken nor waiting for an older one; `now` is a parameter."""
    now = bindparam("now", type_=UtcDateTime)
    older = aliased(OutboxMessage)
    older_under_way = exists().where(
        older.invite_id == OutboxMessage.invite_id,
        older.id < OutboxMessage.id,
        older.state == MessageState.QUEUED,
        older.claimed_until > now,
    )
    return and_(
        OutboxMessage.state == MessageState.QUEUED,
        OutboxMessage.next_attempt_at <= now,
        or_(OutboxMessage.claimed_until.is_(None), OutboxMessage.claimed_until <= now),
        ~newer_exists(),
        ~older_under_way,
    )


# Written once: putting such a statement together takes longer than sending a mail.
_DUE = (
    select(OutboxMessage.id, OutboxMessage.domain)
    .where(OutboxMessage.domain.not_in(bindparam("resting", expanding=True)), _sendable())
    .order_by(OutboxMessage.id)
)
_INVITES_OF = (
    select(Invite.id)
    .join(OutboxMessage, OutboxMessage.invite_id == Invite.id)
    .where(OutboxMessage.id.in_(bindparam("ids", expanding=True)))
    .order_by(Invite.id)
    .with_for_update(of=Invite)
)
_CLAIM = (
    update(OutboxMessage)
    .where(OutboxMessage.id.in_(bindparam("ids", expanding=True)), _sendable())
    .values(claimed_until=bindparam("until"))
    .returning(
        OutboxMessage.id,
        OutboxMessage.to_address,
        OutboxMessage.message_id,
        OutboxMessage.data,
        OutboxMessage.attempts,
    )
)
_OUTBOX = table_of(OutboxMessage)
_SETTLE = (
    update(_OUTBOX)
    .where(_OUTBOX.c.id == bindparam("of"))
    .values(
        state=bindparam("to_state"),
        attempts=bindparam("to_attempts"),
        claimed_until=None,
        last_answer=bindparam("words"),
        next_attempt_at=bindparam("next_at"),
        sent_at=bindparam("sent"),
    )
)


def send_due(
    session_factory: Callable[[], Session],
    senders: Sequence[MailSender],
    settings: Settings,
    now_fn: Callable[[], datetime],
    limit: int = 500,
) -> SendSummary:
    """Send the messages that are due, oldest first.

    Once a domain has put one message off, its other ones wait for the next call; when the mail server cannot
    be reached at all, the call ends.

    Parameters
    ----------
    session_factory : makes a new session for every short transaction; this function commits them.
    senders : open connections, used at the same time.
    now_fn : the present moment, aware.
    limit : most messages looked at in one call.
    """
    superseded = _drop_superseded(session_factory, now_fn())
    turn = _Turn(_due(session_factory, settings, now_fn(), limit))
    try:
        with _hands(len(senders)) as hands:
            claimed = _settle_and_claim(session_factory, turn, [], settings, len(senders), now_fn())
            while claimed:
                done, error = _send_all(hands, senders, claimed, settings)
                if error is not None:
                    turn.is_cut_off = True
                claimed = _settle_and_claim(session_factory, turn, done, settings, len(senders), now_fn())
                if error is not None:
                    raise error
    finally:
        for sender in senders:
            sender.close()
    return SendSummary(
        sent=turn.counts[MessageState.SENT],
        later=turn.counts[MessageState.QUEUED],
        failed=turn.counts[MessageState.FAILED],
        superseded=superseded,
    )


@contextmanager
def _hands(count: int) -> Iterator[Executor]:
    """Threads that talk to the server; under gevent they are greenlets."""
    with ThreadPoolExecutor(count, thread_name_prefix="mail") as executor:
        yield executor


def _send_all(
    hands: Executor, senders: Sequence[MailSender], claimed: Sequence[_Claimed], settings: Settings
) -> tuple[list[tuple[_Claimed, SendAnswer]], BaseException | None]:
    """Hand over one message a connection; what went well is settled even when something breaks."""
    tasks = [
        hands.submit(_send, settings, sender, message)
        for sender, message in zip(senders, claimed, strict=False)
    ]
    errors = [task.exception() for task in tasks]
    done = [(m, t.result()) for m, t, e in zip(claimed, tasks, errors, strict=True) if e is None]
    return done, next((error for error in errors if error is not None), None)


def _send(settings: Settings, sender: MailSender, message: _Claimed) -> SendAnswer:
    try:
        data = open_letter(settings, message.message_id, message.data)
    except IllegalState as error:
        return SendAnswer(AnswerKind.NEVER, str(error.text))
    return sender.send(message.to_address, data)


def _drop_superseded(session_factory: Callable[[], Session], now: datetime) -> int:
    free = or_(OutboxMessage.claimed_until.is_(None), OutboxMessage.claimed_until <= now)
    too_late = and_(
        OutboxMessage.kind.in_(REMINDERS),
        exists().where(Invite.id == OutboxMessage.invite_id, Invite.start_at <= now),
    )
    stale = and_(OutboxMessage.state == MessageState.QUEUED, free, or_(newer_exists(), too_late))
    with session_factory() as session:
        ids = session.scalars(select(OutboxMessage.id).where(stale)).all()
        # Asked first, so that an idle service does not take the writer's place every few seconds.
        if ids:
            begin_write(session)
            session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.id.in_(ids), stale)
                .values(state=MessageState.SUPERSEDED, data=b"")
                .execution_options(synchronize_session=False)
            )
            session.commit()
        return len(ids)


def _due(
    session_factory: Callable[[], Session], settings: Settings, now: datetime, limit: int
) -> deque[tuple[int, str]]:
    """Messages that may go now, except to domains that are to be left alone."""
    with session_factory() as session:
        resting = held_back(session, settings.mail_rates, now)
        rows = session.execute(_DUE.limit(limit), {"resting": sorted(resting), "now": now}).all()
        limited = {domain for _, domain in rows if domain in settings.mail_rates}
        if limited:
            begin_write(session)
            know_domains(session, limited)
            session.commit()
        return deque((id_, domain) for id_, domain in rows)


def _settle_and_claim(
    session_factory: Callable[[], Session],
    turn: _Turn,
    done: Sequence[tuple[_Claimed, SendAnswer]],
    settings: Settings,
    size: int,
    now: datetime,
) -> list[_Claimed]:
    """Write down what became of the last messages and take the next ones for this sender alone."""
    for message, answer in done:
        if answer.kind is AnswerKind.LATER:
            turn.refusing.add(message.domain)
        turn.is_cut_off |= answer.unreachable
    wanted = turn.take(size)
    if not done and not wanted:
        return []
    with session_factory() as session:
        begin_write(session)
        _lock_invites(session, wanted)
        _settle(session, turn, done, now)
        claimed = _claim(session, wanted, settings, now)
        while not claimed and (wanted := turn.take(size)):
            # Others have taken all of those, or their domains have had enough for now.
            _lock_invites(session, wanted)
            claimed = _claim(session, wanted, settings, now)
        session.commit()
    return claimed


def _lock_invites(session: Session, wanted: Sequence[tuple[int, str]]) -> None:
    """Whoever queues a newer revision holds the invite's row; without this both could be on their way."""
    session.connection().execute(_INVITES_OF, {"ids": [id_ for id_, _ in wanted]})


def _claim(
    session: Session, wanted: Sequence[tuple[int, str]], settings: Settings, now: datetime
) -> list[_Claimed]:
    admitted = admit(session, [domain for _, domain in wanted], settings.mail_rates, now)
    ids = [id_ for (id_, _), may_go in zip(wanted, admitted, strict=True) if may_go]
    rows = session.connection().execute(_CLAIM, {"ids": ids, "now": now, "until": now + LEASE})
    return sorted((_Claimed(*row) for row in rows), key=lambda message: message.id)


def _settle(
    session: Session, turn: _Turn, done: Sequence[tuple[_Claimed, SendAnswer]], now: datetime
) -> None:
    outcomes = [_outcome(claimed, answer, now) for claimed, answer in done]
    if outcomes:
        session.connection().execute(_SETTLE, outcomes)
    for (claimed, answer), outcome in zip(done, outcomes, strict=True):
        turn.counts[outcome["to_state"]] += 1
        if answer.domain_rests:
            let_rest(session, claimed.domain, outcome["words"], now)


def _outcome(claimed: _Claimed, answer: SendAnswer, now: datetime) -> dict[str, Any]:
    """The parameters of `_SETTLE`."""
    attempts = claimed.attempts + 1
    state = _state_after(answer, attempts)
    return {
        "of": claimed.id,
        "to_state": state,
        "to_attempts": attempts,
        "words": answer.words.replace(claimed.to_address, mask_email(claimed.to_address)),
        "next_at": now if state is MessageState.SENT else now + _delay_after(attempts),
        "sent": now if state is MessageState.SENT else None,
    }


def _state_after(answer: SendAnswer, attempts: int) -> MessageState:
    if answer.kind is AnswerKind.SENT:
        return MessageState.SENT
    gave_up = answer.kind is AnswerKind.NEVER or attempts >= MAX_ATTEMPTS
    return MessageState.FAILED if gave_up else MessageState.QUEUED


def _delay_after(attempts: int) -> timedelta:
    return timedelta(minutes=RETRY_DELAYS_MIN[min(attempts, len(RETRY_DELAYS_MIN)) - 1])

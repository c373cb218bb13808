"""Group commit: whoever comes while a transaction is being written waits and goes into the next one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from defense.domain.errors import DomainError
from defense.services.room.ballots import cast_ballots
from defense.services.transaction import begin_write
from voting.room import BallotRequest, Receipt

MOST_AT_ONCE = 400
"""Ballots in a transaction: more would only make the first of them wait."""


@dataclass
class _Waiting:
    """A ballot under way; `answer` stands when the transaction that holds it is on disk."""

    sign_in_id: str
    request: BallotRequest
    answer: Receipt | Exception | None = None
    woken: threading.Event = field(default_factory=threading.Event)
    """Set when the answer stands, or when it is this one's turn to write."""


class BallotWriter:
    """The one writer of ballots in a process.

    No thread of its own: the first who comes writes for all who have come meanwhile, and hands the turn to
    the first of those who came while it wrote. Under gevent lock and events are cooperative ones, and it
    works with plain threads as well.

    Parameters
    ----------
    sessions : makes a session of the writer's own engine.
    ballot_key : what envelopes are sealed with.
    elsewhere : runs a function and waits for it; a process under gevent gives SQLite's commit, which waits
        for the disk, a thread of its own that way.
    """

    def __init__(
        self,
        sessions: Callable[[], Session],
        ballot_key: bytes,
        elsewhere: Callable[[Callable[[], None]], None] = lambda commit: commit(),
    ) -> None:
        self._sessions, self._ballot_key, self._elsewhere = sessions, ballot_key, elsewhere
        self._turn = threading.Lock()
        self._queue: deque[_Waiting] = deque()

    def cast(self, sign_in_id: str, request: BallotRequest) -> Receipt:
        """Store a ballot; returns when it is on disk.

        Raises
        ------
        DomainError
            It was refused (`services.ballots.cast_ballots`).
        SQLAlchemyError
            The database failed; whether the ballot is in it only sending it again will tell.
        """
        mine = _Waiting(sign_in_id, request)
        self._queue.append(mine)
        if self._turn.acquire(blocking=False):
            self._write_until_answered(mine)
        else:
            mine.woken.wait()
            if mine.answer is None:
                self._turn.acquire()
                self._write_until_answered(mine)
        if isinstance(mine.answer, Receipt):
            return mine.answer
        raise mine.answer or RuntimeError("the writer was stopped")

    def _write_until_answered(self, mine: _Waiting) -> None:
        try:
            while mine.answer is None:
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), MOST_AT_ONCE))]
                try:
                    self._write(batch)
                finally:
                    for waiting in batch:
                        waiting.answer = waiting.answer or RuntimeError("the writer was stopped")
                        waiting.woken.set()
        finally:
            self._turn.release()
            # After the release: who came before it and found the lock taken is seen here.
            with suppress(IndexError):
                self._queue[0].woken.set()

    def _write(self, batch: list[_Waiting]) -> None:
        try:
            answers: list[Receipt | DomainError] = self._commit(batch)
        except Exception as error:
            # One bad ballot must not take the others with it: each is tried in a transaction of its own.
            if len(batch) == 1:
                batch[0].answer = error
            else:
                for waiting in batch:
                    self._write([waiting])
            return
        for waiting, answer in zip(batch, answers, strict=True):
            waiting.answer = answer

    def _commit(self, batch: list[_Waiting]) -> list[Receipt | DomainError]:
        with self._sessions() as session:
            begin_write(session)
            answers = cast_ballots(session, self._ballot_key, [(w.sign_in_id, w.request) for w in batch])
            self._elsewhere(session.commit)
            return answers

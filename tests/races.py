"""Votes against the closing: an interleaving is a round of voting, members and closer let loose at once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from defense.domain.errors import Conflict
from defense.services.room.ballot_desk import DatabaseBallotDesk
from defense.services.room.ballot_writer import BallotWriter
from defense.services.transaction import begin_write
from tests.many_sittings import add_sittings
from tests.rooms import BALLOT_KEY, Room, ballot
from voting.room import BallotRequest
from voting.rules import Choice

Result = TypeVar("Result")
CHOICES = ("pass", "pass", "veto", "abstain")
LATEST_S, CLOSING_LATEST_S = 0.02, 0.04
"""Within this time members vote and the round is closed, each at a random moment."""


def at_once(*acts: Callable[[], Result]) -> list[Result | Exception]:
    """Run all of them, each in a thread of its own and released together; results or errors, in order."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Result]) -> Result | Exception:
        barrier.wait()
        try:
            return act()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


class Races:
    """Rounds in a database of their own; members vote through two writers, as through two processes.

    Parameters
    ----------
    engine : of a copy of the published round.
    count : candidates that wait for a vote.
    """

    def __init__(self, engine: Engine, count: int, seed: int) -> None:
        self.room, self.seed = Room(engine), seed
        self.counted = self.late = 0
        with self.room.sessions() as session:
            begin_write(session)
            sittings = add_sittings(session, self.room.sitting_id, count)
            session.commit()
        self.room.defence_ids = [defence_id for _, (defence_id,) in sittings]
        sessions = sessionmaker(engine)
        other = DatabaseBallotDesk(sessions, BallotWriter(sessions, BALLOT_KEY))
        self._desks = (self.room.desk, other)

    def run(self, numbers: Iterable[int]) -> None:
        """Race in each of these candidates' rounds.

        Raises
        ------
        AssertionError
            Naming seed and round.
        """
        for number in numbers:
            self._race(number)

    def _race(self, number: int) -> None:
        chances, where = random.Random(f"{self.seed}:{number}"), f"seed {self.seed}, round {number}"
        ballot_round_id = self.room.open(number)
        names = chances.sample(self.room.experts, chances.randint(3, 5))
        votes = {name: chances.choice(CHOICES) for name in names}
        acts = [
            self._vote(
                name, ballot_round_id, choice, chances.choice(self._desks), chances.uniform(0, LATEST_S)
            )
            for name, choice in votes.items()
        ]
        closing = self._close(ballot_round_id, chances.uniform(0, CLOSING_LATEST_S))
        *answers, tally = at_once(*acts, closing)
        acknowledged = [answer for answer in answers if isinstance(answer, str)]
        assert [a for a in answers if not isinstance(a, str | Conflict)] == [], where
        assert isinstance(tally, dict), (where, tally)
        assert tally["cast"] == len(acknowledged), where
        kept = self._column("SELECT receipt FROM voter", ballot_round_id)
        assert kept == sorted(acknowledged), where
        expected = [c for c, answer in zip(votes.values(), answers, strict=True) if isinstance(answer, str)]
        assert self._column("SELECT choice FROM ballot", ballot_round_id) == sorted(expected), where
        assert self._column("SELECT id FROM ballot_envelope", ballot_round_id) == [], where
        self.counted += len(acknowledged)
        self.late += len(answers) - len(acknowledged)

    def _vote(
        self, name: str, ballot_round_id: str, choice: str, desk: DatabaseBallotDesk, wait_s: float
    ) -> Callable[[], Any]:
        def vote() -> str:
            request = BallotRequest(**ballot(ballot_round_id, choice) | {"choice": Choice(choice)})
            time.sleep(wait_s)
            return desk.cast_ballot(self.room.sign_ins[name], request).receipt

        return vote

    def _close(self, ballot_round_id: str, wait_s: float) -> Callable[[], Any]:
        def close() -> dict[str, Any]:
            time.sleep(wait_s)
            return self.room.close(ballot_round_id)

        return close

    def _column(self, query: str, ballot_round_id: str) -> Sequence[str]:
        found = self.room.rows(f"{query} WHERE ballot_round_id = :id", id=ballot_round_id)
        return sorted(value for (value,) in found if value is not None)

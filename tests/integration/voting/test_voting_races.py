"""Votes against the closing, and everything else that two people can click at the same moment."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from defense.domain.errors import Conflict, IllegalState
from defense.domain.lifecycle import Move
from defense.services.audit import verify_audit
from tests.rooms import Room

Result = TypeVar("Result")
ROUNDS = 20


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


def test_votes_against_the_closing(room: Room) -> None:
    """Every acknowledged ballot is in the tally, every other one was refused in words."""
    seeded = random.Random(1)
    counted, late, number = 0, 0, 0
    ballot_round_id = room.call_and_open()
    for _ in range(ROUNDS):
        choices = [seeded.choice(["pass", "veto", "abstain"]) for _ in room.experts]
        delay_s = seeded.uniform(0, 0.03)

        def close(wait_s: float = delay_s, of: str = ballot_round_id) -> str:
            time.sleep(wait_s)
            return str(room.close(of)["cast"])

        votes = [
            lambda name=name, choice=choice, of=ballot_round_id: room.vote(name, of, choice)
            for name, choice in zip(room.experts, choices, strict=True)
        ]
        *answers, cast = at_once(*votes, close)
        acknowledged = [a for a in answers if isinstance(a, str)]
        assert [a for a in answers if not isinstance(a, str | Conflict)] == []
        assert cast == str(len(acknowledged))
        _check_stored(room, ballot_round_id, acknowledged, choices, answers)
        counted, late = counted + len(acknowledged), late + len(answers) - len(acknowledged)
        if room.defence(number).state == "closed":
            number += 1
            if number == len(room.defence_ids):
                break
            room.move(Move.CALL_IN, number)
        ballot_round_id = room.open(number)
    # Both sides of the race were really seen.
    assert counted > 0
    assert late > 0
    with room.sessions() as session:
        assert verify_audit(session).broken_at_seq is None


def _check_stored(
    room: Room, ballot_round_id: str, acknowledged: list[str], choices: list[str], answers: Sequence[object]
) -> None:
    kept = room.rows("SELECT receipt FROM voter WHERE ballot_round_id = :id", id=ballot_round_id)
    assert sorted(receipt for (receipt,) in kept if receipt) == sorted(acknowledged)
    stored = room.rows("SELECT choice FROM ballot WHERE ballot_round_id = :id", id=ballot_round_id)
    expected = [c for c, answer in zip(choices, answers, strict=True) if isinstance(answer, str)]
    assert sorted(choice for (choice,) in stored) == sorted(expected)


def test_the_same_ballot_from_two_tabs_counts_once(room: Room) -> None:
    ballot_round_id = room.call_and_open()
    key = "5a" * 16
    answers = at_once(*[lambda: room.vote("expert0", ballot_round_id, key=key)] * 6)
    assert len(set(answers)) == 1
    assert isinstance(answers[0], str)
    assert room.rows("SELECT count(*) FROM ballot") == [(1,)]


def test_two_different_ballots_of_one_member_leave_one(room: Room) -> None:
    ballot_round_id = room.call_and_open()
    votes = [lambda c=c: room.vote("expert0", ballot_round_id, c) for c in ("pass", "veto", "abstain")]
    answers = at_once(*votes)
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "Conflict", "str"]
    assert room.rows("SELECT count(*) FROM ballot") == [(1,)]


def test_two_people_open_and_close_at_once(room: Room) -> None:
    room.move(Move.CALL_IN)
    opened = at_once(lambda: room.open(by="secretary"), lambda: room.open(by="staff"))
    assert sorted(type(answer).__name__ for answer in opened) == ["IllegalState", "str"]
    ballot_round_id = next(answer for answer in opened if isinstance(answer, str))
    room.vote_all(ballot_round_id, "pass", "pass", "pass")
    closed = at_once(
        lambda: room.close(ballot_round_id, by="secretary"), lambda: room.close(ballot_round_id, by="staff")
    )
    assert sorted(type(answer).__name__ for answer in closed) == ["Conflict", "dict"]


def test_two_candidates_are_never_called_in_together(room: Room) -> None:
    answers = at_once(
        lambda: room.move(Move.CALL_IN, 0, by="secretary"), lambda: room.move(Move.CALL_IN, 1, by="staff")
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["IllegalState", "NoneType"]
    assert isinstance(next(a for a in answers if a is not None), IllegalState)


def test_votes_at_once_leave_no_gap_in_the_count(room: Room) -> None:
    ballot_round_id = room.call_and_open()
    before = room.seq()
    at_once(*[lambda name=name: room.vote(name, ballot_round_id) for name in room.experts])
    assert room.seq() == before + len(room.experts)
    assert room.desk.shared_snapshot(room.sitting_id)["shared"]["ballot"]["voted"] == len(room.experts)

"""Group commit: many at once, each answered for itself, and one bad ballot takes nobody with it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import sessionmaker

from defense.domain.errors import Conflict, DomainError
from defense.services.room.ballot_writer import BallotWriter
from tests.rooms import BALLOT_KEY, Room
from tests.rooms import ballot as ballot_fields
from voting.room import BallotRequest, Receipt, parse_ballot


def request(ballot_round_id: str, **fields: Any) -> BallotRequest:
    return parse_ballot(ballot_fields(ballot_round_id) | fields)


def counting(writer_commits: list[int], room: Room) -> Callable[..., None]:
    def count(_connection: object) -> None:
        writer_commits.append(1)

    event.listen(room.engine, "commit", count)
    return count


def test_who_comes_while_one_writes_goes_into_one_transaction(room: Room) -> None:
    """The first holds the turn until all others wait: five ballots, two transactions, five receipts."""
    opened = room.call_and_open()
    everyone_waits, held = threading.Event(), threading.Event()

    def slowly(write: Callable[[], None]) -> None:
        if not held.is_set():
            held.set()
            assert everyone_waits.wait(10)
        write()

    writer = BallotWriter(sessionmaker(room.engine), BALLOT_KEY, slowly)
    commits: list[int] = []
    counting(commits, room)
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(writer.cast, room.sign_ins["expert0"], request(opened))
        assert held.wait(10)
        others = [pool.submit(writer.cast, room.sign_ins[name], request(opened)) for name in room.experts[1:]]
        while len(writer._queue) < len(others):
            threading.Event().wait(0.01)
        everyone_waits.set()
        receipts = {future.result(10).receipt for future in (first, *others)}
    assert len(receipts) == 5
    assert len(commits) == 2
    assert room.close(opened)["passes"] == 5


def test_a_refusal_is_told_to_its_own_sender_only(room: Room) -> None:
    opened = room.call_and_open()
    writer = BallotWriter(sessionmaker(room.engine), BALLOT_KEY)
    mine, another = request(opened), request(opened)
    asked = {
        "good": (room.sign_ins["expert0"], mine),
        "the same again": (room.sign_ins["expert0"], mine),
        "another one": (room.sign_ins["expert0"], another),
        "nobody": ("0" * 32, request(opened)),
        "not entitled": (room.sign_ins["secretary"], request(opened)),
        "no such round": (room.sign_ins["expert1"], request("0" * 32)),
        "a score": (room.sign_ins["expert2"], request(opened, choice="score", score_tenths=900)),
        "also good": (room.sign_ins["expert3"], request(opened, choice="abstain")),
    }

    def answer(who: str) -> str:
        try:
            return writer.cast(*asked[who]).receipt
        except DomainError as error:
            return type(error).__name__

    answers = {who: answer(who) for who in asked}
    assert answers["the same again"] == answers["good"] != answers["also good"]
    assert {who: kind for who, kind in answers.items() if len(kind) < 64} == {
        "another one": "Conflict",
        "nobody": "Forbidden",
        "not entitled": "Forbidden",
        "no such round": "NotFound",
        "a score": "InvalidInput",
    }
    assert room.rows("SELECT count(*) FROM ballot_envelope") == [(2,)]


def test_a_ballot_that_breaks_the_transaction_takes_no_other_with_it(room: Room) -> None:
    """A remark longer than an envelope comes not through `parse_ballot`; the writer bears it all the same."""
    opened = room.call_and_open()
    held, go_on = threading.Event(), threading.Event()

    def slowly(write: Callable[[], None]) -> None:
        if not held.is_set():
            held.set()
            assert go_on.wait(10)
        write()

    writer = BallotWriter(sessionmaker(room.engine), BALLOT_KEY, slowly)
    too_long = replace(request(opened), comment="意" * 2000)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(writer.cast, room.sign_ins["expert0"], request(opened))
        assert held.wait(10)
        bad = pool.submit(writer.cast, room.sign_ins["expert1"], too_long)
        good = pool.submit(writer.cast, room.sign_ins["expert2"], request(opened))
        while len(writer._queue) < 2:
            threading.Event().wait(0.01)
        go_on.set()
        assert isinstance(first.result(10), Receipt)
        assert isinstance(good.result(10), Receipt)
        with pytest.raises(ValueError, match="longer"):
            bad.result(10)
    assert room.rows("SELECT count(receipt) FROM voter") == [(2,)]


def test_many_threads_in_a_hurry_are_all_answered(room: Room) -> None:
    """Everybody sends the same ballot forty times at once: one counts, and every sender gets its receipt."""
    opened = room.call_and_open()
    writer = BallotWriter(sessionmaker(room.engine), BALLOT_KEY)
    ballots = {name: request(opened) for name in room.experts}
    with ThreadPoolExecutor(40) as pool:
        sent = [
            (name, pool.submit(writer.cast, room.sign_ins[name], ballots[name]))
            for _ in range(40)
            for name in room.experts
        ]
        receipts = {(name, future.result(30).receipt) for name, future in sent}
    assert len(receipts) == len(room.experts)
    with pytest.raises(Conflict):
        writer.cast(room.sign_ins["expert0"], request(opened))

"""Votes against the closing, and everything else that two people can click at the same moment."""

from __future__ import annotations

from sqlalchemy import Engine

from defense.domain.errors import IllegalState
from defense.domain.lifecycle import Move
from defense.services.audit_check import verify_audit
from tests.races import Races, at_once
from tests.rooms import Room

INTERLEAVINGS, SEED = 100, 1


def test_votes_against_the_closing(engine: Engine) -> None:
    """Every acknowledged ballot is in the tally, every other one was refused in words; more in tests/soak."""
    races = Races(engine, INTERLEAVINGS, SEED)
    races.run(range(INTERLEAVINGS))
    # Both sides of the race were really seen.
    assert min(races.counted, races.late) > INTERLEAVINGS // 4
    with races.room.sessions() as session:
        assert verify_audit(session).whole


def test_the_same_ballot_from_two_tabs_counts_once(room: Room) -> None:
    ballot_round_id = room.call_and_open()
    key = "5a" * 16
    answers = at_once(*[lambda: room.vote("expert0", ballot_round_id, key=key)] * 6)
    assert len(set(answers)) == 1
    assert isinstance(answers[0], str)
    assert room.rows("SELECT count(*) FROM ballot_envelope") == [(1,)]


def test_two_different_ballots_of_one_member_leave_one(room: Room) -> None:
    ballot_round_id = room.call_and_open()
    votes = [lambda c=c: room.vote("expert0", ballot_round_id, c) for c in ("pass", "veto", "abstain")]
    answers = at_once(*votes)
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "Conflict", "str"]
    assert room.rows("SELECT count(*) FROM ballot_envelope") == [(1,)]


def test_two_people_open_and_close_at_once(room: Room) -> None:
    room.hear()
    opened = at_once(lambda: room.open(by="secretary"), lambda: room.open(by="staff"))
    assert sorted(type(answer).__name__ for answer in opened) == ["IllegalState", "str"]
    ballot_round_id = next(answer for answer in opened if isinstance(answer, str))
    room.vote_all(ballot_round_id, "pass", "pass", "pass")
    closed = at_once(
        lambda: room.close(ballot_round_id, by="secretary"), lambda: room.close(ballot_round_id, by="staff")
    )
    assert sorted(type(answer).__name__ for answer in closed) == ["Conflict", "dict"]


def test_two_candidates_are_never_called_in_together(room: Room) -> None:
    for number in (0, 1):
        room.move(Move.CHECK_IN, number)
    answers = at_once(
        lambda: room.move(Move.CALL_IN, 0, by="secretary"), lambda: room.move(Move.CALL_IN, 1, by="staff")
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["IllegalState", "NoneType"]
    assert isinstance(next(a for a in answers if a is not None), IllegalState)


def test_votes_at_once_leave_no_gap_in_the_count(room: Room) -> None:
    ballot_round_id = room.call_and_open()
    before = room.seq()
    at_once(*[lambda name=name: room.vote(name, ballot_round_id) for name in room.experts])
    # Votes that were committed together are one change to be shown.
    assert before < room.seq() <= before + len(room.experts)
    assert room.shared()["ballot"]["voted"] == len(room.experts)

"""What the database itself refuses, whoever asks."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from defense.models.types import random_id
from defense.services.room.reopening import ask_reopening, decide_reopening
from tests.rooms import Room


@pytest.fixture
def closed(room: Room) -> str:
    """A round of voting that was closed with a verdict, and another candidate's that is open."""
    ballot_round_id = room.call_and_open()
    room.vote_all(ballot_round_id, "pass", "veto", "pass")
    room.close(ballot_round_id)
    still_open = room.call_and_open(1)
    room.vote("expert0", still_open)
    return ballot_round_id


def execute(room: Room, sql: str, **values: object) -> int:
    """Run SQL past the service, as somebody with the database's password could."""
    with room.engine.begin() as connection:
        return connection.execute(text(sql), values).rowcount


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE ballot SET choice = 'pass'", "a ballot is never changed"),
        ("UPDATE ballot SET expert_id = 1 WHERE ballot_round_id = :closed", "a ballot is never changed"),
        ("DELETE FROM ballot WHERE ballot_round_id = :closed", "closed"),
        (
            "INSERT INTO ballot (id, ballot_round_id, choice) VALUES (:fresh, :closed, 'pass')",
            "the round of voting is closed",
        ),
        ("UPDATE ballot_round SET tally = '{}' WHERE id = :closed", "the round of voting is closed"),
        ("UPDATE ballot_round SET closed_at = NULL WHERE id = :closed", "the round of voting is closed"),
        ("DELETE FROM ballot_round WHERE id = :closed", "kept"),
        ("DELETE FROM ballot_round", "kept"),
        ("UPDATE audit_entry SET detail = '{}'", "append-only"),
        ("UPDATE audit_entry SET account_id = NULL", "append-only"),
        ("DELETE FROM audit_entry WHERE seq = 1", "append-only"),
        ("UPDATE defence SET outcome = 'passed' WHERE outcome = 'failed'", "final"),
        ("UPDATE defence SET outcome = NULL WHERE outcome = 'failed'", "final"),
        ("DELETE FROM defence", "kept"),
    ],
)
def test_what_is_decided_cannot_be_rewritten(room: Room, closed: str, sql: str, words: str) -> None:
    tables = ("ballot", "ballot_round", "audit_entry", "defence")
    before = [room.rows(f"SELECT * FROM {table}") for table in tables]
    with pytest.raises(DBAPIError, match=words):
        execute(
            room, sql, **{k: v for k, v in (("closed", closed), ("fresh", random_id())) if f":{k}" in sql}
        )
    assert [room.rows(f"SELECT * FROM {table}") for table in tables] == before


def test_a_ballot_belongs_to_a_round_and_a_voter_is_there_once(room: Room, closed: str) -> None:
    expert_id = room.rows("SELECT expert_id FROM voter LIMIT 1")[0][0]
    with pytest.raises(DBAPIError):
        execute(
            room, f"INSERT INTO ballot (id, ballot_round_id, choice) VALUES ('{'a' * 32}', 'none', 'pass')"
        )
    with pytest.raises(DBAPIError):
        execute(
            room,
            "INSERT INTO voter (ballot_round_id, expert_id) VALUES (:closed, :expert)",
            closed=closed,
            expert=expert_id,
        )


def test_an_envelope_is_neither_changed_nor_slipped_into_a_closed_round(room: Room, closed: str) -> None:
    insert = "INSERT INTO ballot_envelope (id, ballot_round_id, content) VALUES (:fresh, :closed, :content)"
    with pytest.raises(DBAPIError, match="the round of voting is closed"):
        execute(room, insert, fresh=random_id(), closed=closed, content=b"x")
    assert room.rows("SELECT count(*) FROM ballot_envelope") == [(1,)]  # of the round still open
    with pytest.raises(DBAPIError, match="an envelope is never changed"):
        execute(room, "UPDATE ballot_envelope SET content = :content", content=b"x")


def test_an_outcome_is_taken_back_by_a_granted_re_vote_only(room: Room, closed: str) -> None:
    take_back = "UPDATE defence SET outcome = NULL, state = 'discussing' WHERE id = :id"
    defence_id = room.defence_ids[0]
    asked = room.act(
        "secretary", lambda s, who: ask_reopening(s, who, defence_id, "re_vote", "technical", "断线").id
    )
    with pytest.raises(DBAPIError, match="final"):
        execute(room, take_back, id=defence_id)
    ((still_open,),) = room.rows("SELECT id FROM ballot_round WHERE closed_at IS NULL")
    for name in ("expert1", "expert2"):
        room.vote(name, still_open)
    room.close(still_open)
    room.act("supervisor", lambda s, who: decide_reopening(s, who, asked, True) and None)
    assert room.defence().outcome is None
    # The grant is spent: what the panel decides now stands again.
    opened = room.open(0)
    room.vote_all(opened, "pass", "pass", "pass")
    room.close(opened)
    assert room.defence().outcome == "passed"
    with pytest.raises(DBAPIError, match="final"):
        execute(room, take_back, id=defence_id)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE reopening SET decided_by_id = asked_by_id", "who asks does not decide|never changed"),
        ("UPDATE reopening SET granted = :no", "never changed"),
        ("UPDATE reopening SET reason = 'another'", "never changed"),
        ("DELETE FROM reopening", "kept"),
    ],
)
def test_a_decided_request_stays_as_it_was(room: Room, closed: str, sql: str, words: str) -> None:
    asked = room.act(
        "secretary",
        lambda s, who: ask_reopening(s, who, room.defence_ids[0], "second_defence", "technical", "断线").id,
    )
    room.act("supervisor", lambda s, who: decide_reopening(s, who, asked, True) and None)
    with pytest.raises(DBAPIError, match=words):
        execute(room, sql, **({"no": False} if ":no" in sql else {}))


def test_who_asks_does_not_decide(room: Room, closed: str) -> None:
    room.act(
        "secretary",
        lambda s, who: ask_reopening(s, who, room.defence_ids[0], "second_defence", "technical", "断线").id,
    )
    with pytest.raises(DBAPIError, match="who asks does not decide"):
        execute(room, "UPDATE reopening SET decided_by_id = asked_by_id, granted = :yes", yes=True)

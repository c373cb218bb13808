"""What the database itself refuses, and what the audit chain shows when somebody goes round that."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from defense.models.types import random_id
from defense.services.audit import AuditCheck, verify_audit
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


def check(room: Room) -> AuditCheck:
    """The verdict of the verifier."""
    with room.sessions() as session:
        return verify_audit(session)


def test_an_untouched_chain_verifies_and_counts_everything(room: Room, closed: str) -> None:
    found = check(room)
    assert found.broken_at_seq is None
    assert room.rows("SELECT count(*), max(digest) FROM audit_head")[0] == (1, found.head_digest)
    assert room.rows("SELECT count(*), max(seq) FROM audit_entry") == [(found.entries, found.entries)]


def broken_after(room: Room, *statements: str) -> int | None:
    """What the verifier finds after a forger with full rights was there; all of it is taken back."""
    on_table = " ON audit_entry" if room.engine.dialect.name == "postgresql" else ""
    guards = [f"DROP TRIGGER audit_entry_no_{event}{on_table}" for event in ("update", "delete")]
    with room.sessions() as session:
        for statement in (*guards, *statements):
            session.execute(text(statement))
        return verify_audit(session).broken_at_seq


def test_every_edit_is_found_where_it_was_made(room: Room, closed: str) -> None:
    last, someone = check(room).entries, room.rows("SELECT max(id) FROM account")[0][0]
    edits = [
        f"account_id = CASE WHEN account_id IS NULL THEN {someone} END",
        "action = 'nothing'",
        "subject = 'defence:0'",
        """detail = '{"forged"\\:true}'""",
        "at = '2021-11-22 00\\:00\\:00.000000'",
        f"previous_digest = '{'a' * 64}'",
        f"digest = '{'a' * 64}'",
    ]
    for seq in (1, last // 2, last):
        found = {
            edit: broken_after(room, f"UPDATE audit_entry SET {edit} WHERE seq = {seq}") for edit in edits
        }
        assert found == dict.fromkeys(edits, seq)


def test_every_deletion_is_found(room: Room, closed: str) -> None:
    last = check(room).entries
    for seq in (1, last // 2, last):
        assert broken_after(room, f"DELETE FROM audit_entry WHERE seq = {seq}") == seq
    assert broken_after(room, "DELETE FROM audit_entry") == 1
    assert broken_after(room, "DELETE FROM audit_head") == last + 1


def test_every_insertion_is_found(room: Room, closed: str) -> None:
    last = check(room).entries
    for seq, broken in ((-1, 1), (0, 1), (last + 1, last + 1)):
        insertion = (
            f"INSERT INTO audit_entry SELECT {seq}, at, account_id, action, subject, detail, digest,"
            f" '{'b' * 64}' FROM audit_entry WHERE seq = {last}"
        )
        assert broken_after(room, insertion) == broken


def test_two_entries_exchanged_are_found(room: Room, closed: str) -> None:
    exchange = [
        f"UPDATE audit_entry SET seq = {end} WHERE seq = {start}" for start, end in ((3, -3), (4, 3), (-3, 4))
    ]
    assert broken_after(room, *exchange) == 3

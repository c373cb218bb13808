"""Sealing a sitting: by the supervisor, once, when all is done; and then nothing changes any more."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from defense.domain.errors import Conflict, DomainError, Forbidden, IllegalState
from defense.domain.lifecycle import DefenceState, Move
from defense.models import Seal
from defense.models.types import utc_now
from defense.services.access import Principal
from defense.services.audit_check import AuditCheck, verify_audit
from defense.services.audit_export import export_audit
from defense.services.room.conducting import ring_bell
from defense.services.room.reopening import ask_reopening, decide_reopening
from defense.services.room.sealing import seal_sitting, seal_view
from defense.services.room.seals import public_key_of, signature_holds
from defense.services.room.sittings import require_watcher
from tests.rooms import Room

SEAL_KEY = bytes(range(1, 33))
KEYS = {public_key_of(SEAL_KEY)}
VERIFIER = Path(__file__).parents[3] / "tools" / "verify_audit.py"


def seal(room: Room, by: str = "supervisor") -> str:
    """Seal the room's sitting; the signature."""
    return room.act(
        by, lambda session, who: seal_sitting(session, who, room.sitting_id, SEAL_KEY, utc_now()).signature
    )


def finish(room: Room) -> None:
    """Everybody is heard but the last, who did not come."""
    for number in range(len(room.defence_ids) - 1):
        opened = room.call_and_open(number)
        room.vote_all(opened, "pass", "pass", "veto" if number == 0 else "pass")
        room.close(opened)
    room.move(Move.MARK_ABSENT, len(room.defence_ids) - 1)


def check(room: Room) -> AuditCheck:
    with room.sessions() as session:
        return verify_audit(session, public_keys=KEYS)


def standalone(room: Room, path: Path) -> subprocess.CompletedProcess[str]:
    """The verifier that needs no application, on an export of the log."""
    with room.sessions() as session:
        path.write_text("".join(export_audit(session, public_key_of(SEAL_KEY))))
    command = [sys.executable, "-I", str(VERIFIER), str(path), "--public-key", *KEYS]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_sealed_sitting_is_signed_and_sound(room: Room, tmp_path: Path) -> None:
    finish(room)
    signature = seal(room)
    states = [room.defence(number).state for number in range(len(room.defence_ids))]
    assert states == [DefenceState.SEALED] * (len(states) - 1) + [DefenceState.ABSENT]
    with room.sessions() as session:
        kept = session.get_one(Seal, room.sitting_id)
        assert signature_holds(kept.public_key, kept.statement, signature)
        assert not signature_holds(kept.public_key, kept.statement.replace("failed", "passed"), signature)
        stated = json.loads(kept.statement)
    assert [d["outcome"] for d in stated["defences"]][:2] == ["failed", "passed"]
    assert "comments" not in json.dumps(stated)
    found = check(room)
    assert found.whole, found
    assert [s.fault for s in found.seals] == [None]
    told = standalone(room, tmp_path / "audit.jsonl")
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("by", ["secretary", "staff", "expert0"])
def test_only_a_supervisor_seals(room: Room, by: str) -> None:
    finish(room)
    with pytest.raises(Forbidden):
        seal(room, by)
    assert room.rows("SELECT count(*) FROM seal") == [(0,)]


def test_whoever_is_not_done_is_named(room: Room) -> None:
    opened = room.call_and_open()
    with pytest.raises(IllegalState) as refused:
        seal(room)
    names = room.rows(
        "SELECT a.name FROM defence d JOIN application a ON a.id = d.application_id WHERE d.sitting_id = :id",
        id=room.sitting_id,
    )
    assert all(name in refused.value.text.zh and name in refused.value.text.en for (name,) in names)
    with room.sessions() as session:
        room.vote_all(opened, "pass", "pass", "pass")
        assert session.get(Seal, room.sitting_id) is None


def test_a_request_without_an_answer_holds_the_seal_up(room: Room) -> None:
    finish(room)
    asked = room.act(
        "secretary",
        lambda s, who: ask_reopening(s, who, room.defence_ids[0], "second_defence", "technical", "断线").id,
    )
    with pytest.raises(IllegalState):
        seal(room)
    room.act("supervisor", lambda s, who: decide_reopening(s, who, asked, False, "证据不足") and None)
    seal(room)
    assert check(room).whole


def test_it_is_sealed_once_whoever_comes_together(room: Room) -> None:
    finish(room)

    def attempt(_number: int) -> str:
        try:
            return seal(room)
        except Conflict:
            return "sealed already"

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(attempt, range(4)))
    assert sorted(answers)[1:] == ["sealed already"] * 3
    assert check(room).whole


def test_nothing_of_a_sealed_sitting_changes(room: Room) -> None:
    finish(room)
    seal(room)
    before = check(room)
    day: list[Callable[[Session, Principal], object]] = [
        lambda s, who: ring_bell(s, who, room.sitting_id),
        lambda s, who: ask_reopening(s, who, room.defence_ids[0], "re_vote", "technical", "断线"),
    ]
    for change in day:
        with pytest.raises(DomainError):
            room.act("secretary", lambda s, who, change=change: change(s, who))  # type: ignore[misc]
    with pytest.raises(DomainError):
        room.move(Move.STEP_BACK)
    forged = [
        "UPDATE defence SET state = 'closed' WHERE id = :id",
        "UPDATE seal SET signature = 'x' WHERE sitting_id = :sitting",
        "DELETE FROM seal WHERE sitting_id = :sitting",
        "UPDATE sitting SET cancelled = :yes WHERE id = :sitting",
        "INSERT INTO defence (application_id, attempt, sitting_id, start_at, end_at, state, "
        "clock_elapsed_ms) SELECT application_id, 2, sitting_id, start_at, end_at, 'closed', 0 "
        "FROM defence WHERE id = :id",
        "UPDATE defence SET sitting_id = :sitting WHERE sitting_id <> :sitting",
        "INSERT INTO ballot_round (id, defence_id, number, rule, rule_version, terms, seats, effect, secret, "
        "veto_reasons, opened_at, opened_by_id) SELECT 'f', defence_id, 9, rule, rule_version, terms, seats, "
        "effect, secret, veto_reasons, opened_at, opened_by_id FROM ballot_round WHERE defence_id = :id",
    ]
    for sql in forged:
        values = {"id": room.defence_ids[0], "sitting": room.sitting_id, "yes": True}
        with pytest.raises(DBAPIError, match=r"seal"), room.engine.begin() as connection:
            connection.execute(text(sql), {k: v for k, v in values.items() if f":{k}" in sql})
    assert check(room) == before


def test_a_second_defence_asked_for_after_the_seal_leaves_it_sound(room: Room) -> None:
    finish(room)
    seal(room)
    asked = room.act(
        "secretary",
        lambda s, who: ask_reopening(s, who, room.defence_ids[0], "second_defence", "technical", "断线").id,
    )
    room.act("supervisor", lambda s, who: decide_reopening(s, who, asked, True, "") and None)
    assert check(room).whole


def test_a_forged_seal_is_found(room: Room, tmp_path: Path) -> None:
    """Whoever holds the database but not the key can neither sign another statement nor hide the seal."""
    finish(room)
    seal(room)
    on_table = " ON seal" if room.engine.dialect.name == "postgresql" else ""
    edits = {
        "seal_changed": "UPDATE seal SET statement = replace(statement, 'failed', 'passed')",
        "seal_missing": "DELETE FROM seal",
    }
    for number, (fault, sql) in enumerate(edits.items()):
        with room.engine.connect() as connection:
            transaction = connection.begin()
            for event in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER seal_no_{event}{on_table}"))
            connection.execute(text(sql))
            with Session(connection, join_transaction_mode="create_savepoint") as session:
                assert [s.fault for s in verify_audit(session, public_keys=KEYS).seals] == [fault]
                path = tmp_path / f"{number}.jsonl"
                path.write_text("".join(export_audit(session, public_key_of(SEAL_KEY))))
            transaction.rollback()
        done = subprocess.run(
            [sys.executable, "-I", str(VERIFIER), str(path), "--public-key", *KEYS],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, done.stdout + done.stderr


def test_results_changed_after_the_seal_are_found(room: Room) -> None:
    """The chains are sound then and so is the signature: what was signed is held against what is there."""
    finish(room)
    seal(room)
    on_table = " ON defence" if room.engine.dialect.name == "postgresql" else ""
    with room.engine.connect() as connection:
        transaction = connection.begin()
        for guard in ("defence_no_new_outcome", "defence_no_update_sealed"):
            connection.execute(text(f"DROP TRIGGER {guard}{on_table}"))
        connection.execute(text("UPDATE defence SET outcome = 'passed' WHERE outcome = 'failed'"))
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            assert [s.fault for s in verify_audit(session, public_keys=KEYS).seals] == ["seal_results"]
        transaction.rollback()
    assert check(room).whole


def test_the_room_says_what_is_missing_and_what_was_sealed(room: Room) -> None:
    def view(session: Session, who: Principal) -> tuple[bool, int, bool]:
        found = seal_view(session, who, require_watcher(session, who, room.sitting_id))
        return found.may_seal, len(found.missing), found.seal is not None

    assert room.act("supervisor", view) == (False, len(room.defence_ids), False)
    finish(room)
    assert room.act("supervisor", view) == (True, 0, False)
    assert room.act("secretary", view) == (False, 0, False)
    seal(room)
    assert room.act("supervisor", view) == (False, 0, True)

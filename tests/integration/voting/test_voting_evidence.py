"""The audit log shows whatever is done to it past the service, to both verifiers alike.

The forger here has every right in the database; what is done is looked at in a transaction and taken back.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from defense.models import AuditEntry
from defense.services.audit import AuditRecord, entry_digest, genesis_digest
from defense.services.audit_check import PrintedHead, parse_head, verify_audit
from defense.services.audit_export import export_audit
from defense.services.room.seals import public_key_of
from tests.rooms import Room

VERIFIER = Path(__file__).parents[3] / "tools" / "verify_audit.py"
PUBLIC_KEY = public_key_of(bytes(32))


@pytest.fixture
def heard(room: Room) -> str:
    """Two candidates are decided; the name of the sitting's chain."""
    for number, choices in enumerate((("pass", "veto", "pass"), ("pass", "pass", "abstain", "pass"))):
        opened = room.call_and_open(number)
        room.vote_all(opened, *choices)
        room.close(opened)
    return f"sitting:{room.sitting_id}"


def printed(room: Room, chain: str) -> PrintedHead:
    """The head as it stands in the minutes."""
    ((seq, digest),) = room.rows("SELECT seq, digest FROM audit_head WHERE chain = :chain", chain=chain)
    return parse_head(f"{chain}:{seq}:{digest}")


def standalone(export: str, path: Path, heads: Sequence[PrintedHead]) -> tuple[int, str]:
    """Exit status and words of the verifier that needs no application, on an export."""
    path.write_text(export)
    options = [f"--head={head.chain}:{head.seq}:{head.digest}" for head in heads]
    command = [sys.executable, "-I", str(VERIFIER), str(path), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def found_in(
    room: Room, path: Path, statements: Sequence[str], heads: Sequence[PrintedHead] = ()
) -> dict[str, int | None]:
    """Chain → first entry that is wrong, after a forger was there; both verifiers must agree on whether."""
    on_table = " ON audit_entry" if room.engine.dialect.name == "postgresql" else ""
    guards = [f"DROP TRIGGER audit_entry_no_{event}{on_table}" for event in ("update", "delete")]
    with room.engine.connect() as connection:
        transaction = connection.begin()
        for statement in (*guards, *statements):
            connection.execute(text(statement))
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            check = verify_audit(session, heads)
            export = "".join(export_audit(session, PUBLIC_KEY))
        transaction.rollback()
    status, words = standalone(export, path, heads)
    assert (status == 0) is check.whole, (statements, check, words)
    faults = {c.chain: c.broken_at_seq for c in check.chains if c.fault}
    assert all(chain in words for chain in faults), (faults, words)
    return faults


def test_an_untouched_log_is_whole(room: Room, heard: str, tmp_path: Path) -> None:
    assert found_in(room, tmp_path / "log", [], [printed(room, heard), printed(room, "main")]) == {}
    with room.sessions() as session:
        chains = {c.chain: c.entries for c in verify_audit(session).chains}
    assert chains == dict(room.rows("SELECT chain, count(*) FROM audit_entry GROUP BY chain"))


def test_every_edit_is_found_where_it_was_made(room: Room, heard: str, tmp_path: Path) -> None:
    someone = room.rows("SELECT max(id) FROM account")[0][0]
    edits = [
        f"account_id = CASE WHEN account_id IS NULL THEN {someone} END",
        "action = 'nothing'",
        "subject = 'defence:0'",
        """detail = '{"forged"\\:true}'""",
        "at = '2021-11-22 00\\:00\\:00.000000'",
        f"previous_digest = '{'a' * 64}'",
        f"digest = '{'a' * 64}'",
    ]
    for chain in ("main", heard):
        last = printed(room, chain).seq
        for seq, edit in zip((1, last // 2, last, 2, last - 1, 3, last), edits, strict=True):
            forged = f"UPDATE audit_entry SET {edit} WHERE chain = '{chain}' AND seq = {seq}"
            assert found_in(room, tmp_path / "log", [forged])[chain] == seq, edit


def test_every_deletion_is_found(room: Room, heard: str, tmp_path: Path) -> None:
    last = printed(room, heard).seq
    for seq in (1, last // 2, last):
        gone = f"DELETE FROM audit_entry WHERE chain = '{heard}' AND seq = {seq}"
        assert found_in(room, tmp_path / "log", [gone])[heard] == seq
    everything = f"DELETE FROM audit_entry WHERE chain = '{heard}'"
    assert heard in found_in(room, tmp_path / "log", [everything])
    assert heard in found_in(room, tmp_path / "log", [f"DELETE FROM audit_head WHERE chain = '{heard}'"])
    assert "main" in found_in(
        room, tmp_path / "log", ["UPDATE audit_head SET seq = seq + 1 WHERE chain = 'main'"]
    )


def test_a_chain_that_is_taken_away_as_a_whole_is_missed(room: Room, heard: str, tmp_path: Path) -> None:
    away = [f"DELETE FROM {table} WHERE chain = '{heard}'" for table in ("audit_entry", "audit_head")]
    assert heard in found_in(room, tmp_path / "log", away)
    invented = "INSERT INTO audit_head (chain, seq, digest) VALUES ('sitting:999', 0, 'x')"
    assert "sitting:999" in found_in(room, tmp_path / "log", [invented])


def test_exchanged_and_inserted_entries_are_found(room: Room, heard: str, tmp_path: Path) -> None:
    exchange = [
        f"UPDATE audit_entry SET seq = {end} WHERE chain = '{heard}' AND seq = {start}"
        for start, end in ((3, -3), (4, 3), (-3, 4))
    ]
    assert found_in(room, tmp_path / "log", exchange)[heard] == 3
    last = printed(room, heard).seq
    for seq in (-1, 0, last + 1):
        insertion = (
            "INSERT INTO audit_entry (chain, seq, at, account_id, action, subject, detail, previous_digest, "
            f"digest) SELECT chain, {seq}, at, account_id, action, subject, detail, digest, '{'b' * 64}' "
            f"FROM audit_entry WHERE chain = '{heard}' AND seq = {last}"
        )
        assert heard in found_in(room, tmp_path / "log", [insertion])


def test_what_is_cut_off_with_its_head_is_found_by_the_printed_head(
    room: Room, heard: str, tmp_path: Path
) -> None:
    """A bare chain cannot show that its end is gone; the head in the minutes can."""
    head = printed(room, heard)
    for kept in (head.seq - 1, head.seq // 2, 1):
        cut = [
            f"DELETE FROM audit_entry WHERE chain = '{heard}' AND seq > {kept}",
            f"UPDATE audit_head SET seq = {kept}, digest = (SELECT digest FROM audit_entry "
            f"WHERE chain = '{heard}' AND seq = {kept}) WHERE chain = '{heard}'",
        ]
        assert found_in(room, tmp_path / "log", cut) == {}
        assert found_in(room, tmp_path / "log", cut, [head]) == {heard: kept + 1}


def test_a_chain_written_anew_is_found_by_the_printed_head(room: Room, heard: str, tmp_path: Path) -> None:
    """Somebody who can write the database can compute digests, too."""
    head, forged, digest = printed(room, heard), [], genesis_digest(heard)
    with room.sessions() as session:
        for entry in session.scalars(
            select(AuditEntry).where(AuditEntry.chain == heard).order_by(AuditEntry.seq)
        ):
            action = "bell.rung" if entry.seq == 2 else entry.action
            record = AuditRecord(action, entry.subject, entry.detail, entry.account_id)
            previous, digest = digest, entry_digest(entry.seq, entry.at, record, digest)
            forged.append(
                f"UPDATE audit_entry SET action = '{action}', previous_digest = '{previous}', "
                f"digest = '{digest}' WHERE chain = '{heard}' AND seq = {entry.seq}"
            )
    forged.append(f"UPDATE audit_head SET digest = '{digest}' WHERE chain = '{heard}'")
    assert found_in(room, tmp_path / "log", forged) == {}
    assert heard in found_in(room, tmp_path / "log", forged, [head])


def test_whatever_is_changed_at_random_is_found(room: Room, heard: str, tmp_path: Path) -> None:
    """Seeded: a random column of a random entry gets the value of another one."""
    chance = random.Random(20211122)
    for _ in range(15):
        chain = chance.choice(["main", heard])
        last = printed(room, chain).seq
        one, other = chance.sample(range(1, last + 1), 2)
        column = chance.choice(["at", "subject", "action", "detail", "previous_digest", "digest"])
        of = f"SELECT {column} FROM audit_entry WHERE chain = '{chain}' AND seq = "
        values = [room.rows(of + str(seq))[0][0] for seq in (one, other)]
        forged = f"UPDATE audit_entry SET {column} = ({of}{other}) WHERE chain = '{chain}' AND seq = {one}"
        assert (chain in found_in(room, tmp_path / "log", [forged])) is (values[0] != values[1]), forged


@pytest.mark.parametrize("text_of_head", ["", "sitting:1", "sitting:1:x:y", "sitting:1:0:" + "a" * 63])
def test_a_head_that_is_none_is_refused_with_words(text_of_head: str) -> None:
    with pytest.raises(Exception, match="/"):
        parse_head(text_of_head)

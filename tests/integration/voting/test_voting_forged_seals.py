"""Seals forged by somebody who has every right in the database and can compute digests, but not sign.

What is forged is looked at in a transaction and taken back. Both verifiers must find it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from defense.domain.lifecycle import Move
from defense.models import AuditEntry, AuditHead, Seal
from defense.models.audit import MAIN_CHAIN
from defense.models.types import utc_now
from defense.services.audit import AuditRecord, canonical_json, entry_digest, genesis_digest, sitting_chain
from defense.services.audit_check import AuditCheck, PrintedHead, parse_head, verify_audit
from defense.services.audit_export import export_audit
from defense.services.room.seal_check import SITTING_SEALED
from defense.services.room.sealing import seal_sitting
from defense.services.room.seals import public_key_of, seal_digest, sign
from tests.rooms import Room

SEAL_KEY, FORGERS_KEY = bytes(range(1, 33)), bytes(range(2, 34))
KEY = public_key_of(SEAL_KEY)
VERIFIER = Path(__file__).parents[3] / "tools" / "verify_audit.py"
GUARDED = {
    "audit_entry": ("audit_entry_no_update", "audit_entry_no_delete"),
    "seal": ("seal_no_update", "seal_no_delete"),
    "defence": ("defence_no_new_outcome", "defence_no_update_sealed"),
    "ballot_round": ("ballot_round_no_update_closed",),
}
Forgery = Callable[[Session, Seal], None]


@pytest.fixture
def sealed(room: Room) -> Room:
    """A sitting that is decided and sealed."""
    opened = room.call_and_open()
    room.vote_all(opened, "veto", "pass", "pass")
    room.close(opened)
    for number in range(1, len(room.defence_ids)):
        room.move(Move.MARK_ABSENT, number)
    room.act("supervisor", lambda s, who: seal_sitting(s, who, room.sitting_id, SEAL_KEY, utc_now()) and None)
    return room


class Found:
    """What both verifiers say about a forged database."""

    def __init__(self, check: AuditCheck, export: Path) -> None:
        self.check, self.export = check, export
        self.seal = next((s.fault for s in check.seals), None)
        self.chains = {c.chain: c.fault for c in check.chains if c.fault}

    def standalone(self, *options: str) -> tuple[int, str]:
        """Exit status and words of the verifier that needs no application."""
        command = [sys.executable, "-I", str(VERIFIER), str(self.export), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


def forged(room: Room, path: Path, forgery: Forgery, *heads: PrintedHead) -> Found:
    """What is found after a forger was there."""
    on_postgresql = room.engine.dialect.name == "postgresql"
    with room.engine.connect() as connection:
        transaction = connection.begin()
        for table, guards in GUARDED.items():
            for guard in guards:
                connection.execute(text(f"DROP TRIGGER {guard}" + f" ON {table}" * on_postgresql))
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            forgery(session, session.get_one(Seal, room.sitting_id))
            session.flush()
            session.expire_all()
            found = Found(verify_audit(session, heads, {KEY}), path / "audit.jsonl")
            found.export.write_text("".join(export_audit(session, KEY)))
        transaction.rollback()
    return found


def write_anew(
    session: Session, chain: str, edit: Callable[[AuditRecord], AuditRecord | None], *more: AuditRecord
) -> None:
    """Write a chain anew with digests that fit, its entries edited or dropped, or with more at the end."""
    old = session.scalars(select(AuditEntry).where(AuditEntry.chain == chain).order_by(AuditEntry.seq)).all()
    records = [(e.at, edit(AuditRecord(e.action, e.subject, e.detail, e.account_id))) for e in old]
    records += [(old[-1].at, record) for record in more]
    rows, digest = list[dict[str, Any]](), genesis_digest(chain)
    for at, record in ((at, record) for at, record in records if record):
        seq, previous, digest = len(rows) + 1, digest, entry_digest(len(rows) + 1, at, record, digest)
        row = {"chain": chain, "seq": seq, "at": at, "previous_digest": previous, "digest": digest}
        rows.append(row | vars(record))
    session.expunge_all()
    session.execute(delete(AuditEntry).where(AuditEntry.chain == chain))
    session.execute(insert(AuditEntry), rows)
    session.execute(
        update(AuditHead).where(AuditHead.chain == chain).values(seq=len(rows), digest=rows[-1]["digest"])
    )


def announce(session: Session, seal: Seal) -> None:
    """Let the main chain know a forged seal as if it had always been that one."""
    fields = [seal.sitting_id, seal.chain_seq, seal.chain_digest, seal.statement]
    fields += [seal.signature, seal.public_key, seal.sealed_by_id]
    digest = seal_digest(fields, seal.sealed_at)
    session.flush()

    def edit(record: AuditRecord) -> AuditRecord:
        detail = {"seal": digest} if record.action == SITTING_SEALED else record.detail
        return AuditRecord(record.action, record.subject, detail, record.account_id)

    write_anew(session, MAIN_CHAIN, edit)


def passing(statement: str) -> str:
    """A statement in which everybody passes."""
    return statement.replace('"failed"', '"passed"')


def unchanged(record: AuditRecord) -> AuditRecord:
    """An entry as it was."""
    return record


def seal_anew(_session: Session, seal: Seal) -> None:
    """Put a seal of one's own in the place of the supervisor's."""
    seal.statement = passing(seal.statement)
    seal.signature, seal.public_key = sign(FORGERS_KEY, seal.statement), public_key_of(FORGERS_KEY)


def claim_the_key(_session: Session, seal: Seal) -> None:
    """The same, under the name of the service's key."""
    seal.statement = passing(seal.statement)
    seal.signature = sign(FORGERS_KEY, seal.statement)


def copy_signature(_session: Session, seal: Seal) -> None:
    """The signature under another sitting's statement."""
    seal.signature = sign(SEAL_KEY, of_another_sitting(seal.statement))


def copy_seal(_session: Session, seal: Seal) -> None:
    """Statement and signature of another sitting."""
    seal.statement = of_another_sitting(seal.statement)
    seal.signature = sign(SEAL_KEY, seal.statement)


def of_another_sitting(statement: str) -> str:
    """What the service may have signed for another sitting."""
    stated = json.loads(statement)
    stated["sitting"], stated["chain"]["name"] = 999, sitting_chain(999)
    return canonical_json(stated)


@pytest.mark.parametrize(
    ("forgery", "at_first", "even_announced"),
    [
        (seal_anew, "seal_key", "seal_key"),
        (claim_the_key, "seal_changed", "seal_signature"),
        (copy_signature, "seal_changed", "seal_signature"),
        (copy_seal, "seal_changed", "seal_statement"),
    ],
)
def test_another_seal_in_the_place_of_the_supervisors(
    sealed: Room, tmp_path: Path, forgery: Forgery, at_first: str, even_announced: str
) -> None:
    def announced(session: Session, seal: Seal) -> None:
        forgery(session, seal)
        announce(session, seal)

    for forge, fault in ((forgery, at_first), (announced, even_announced)):
        found = forged(sealed, tmp_path, forge)
        assert found.seal == fault
        assert found.chains == {}
        status, words = found.standalone("--public-key", KEY)
        assert (status, fault in words) == (1, True), words


def test_a_seal_by_a_strangers_key_is_not_trusted_because_it_says_so(sealed: Room, tmp_path: Path) -> None:
    """Everything fits but the key; whoever is not told which key to trust must not say that all is well."""

    def forgery(session: Session, seal: Seal) -> None:
        seal_anew(session, seal)
        announce(session, seal)

    found = forged(sealed, tmp_path, forgery)
    assert [str(s.text) for s in found.check.seals if "another key" in str(s.text)]
    status, words = found.standalone()
    assert (status, "--public-key" in words, "给出公布的公钥" in words) == (2, True, True), words
    assert found.standalone("--public-key", public_key_of(FORGERS_KEY))[0] == 0
    both = ("--public-key", public_key_of(FORGERS_KEY), "--public-key", KEY)
    assert found.standalone(*both)[0] == 0


def add_entry(session: Session, seal: Seal) -> None:
    """Something happened after the seal."""
    late = AuditRecord("bell.rung", f"sitting:{seal.sitting_id}", {}, seal.sealed_by_id)
    write_anew(session, sitting_chain(seal.sitting_id), unchanged, late)


def edit_entry(session: Session, seal: Seal) -> None:
    """Another tally stands in the log."""

    def edit(record: AuditRecord) -> AuditRecord:
        detail = json.loads(passing(json.dumps(record.detail)))
        return AuditRecord(record.action, record.subject, detail, record.account_id)

    write_anew(session, sitting_chain(seal.sitting_id), edit)


def cut_off(session: Session, seal: Seal) -> None:
    """The vote never was."""
    write_anew(
        session,
        sitting_chain(seal.sitting_id),
        lambda record: None if record.action.startswith("ballot.") else record,
    )


def move_the_seal(session: Session, seal: Seal) -> None:
    """The seal names the chain as it is now; its statement cannot."""
    add_entry(session, seal)
    seal = session.get_one(Seal, seal.sitting_id)
    head = session.get_one(AuditHead, sitting_chain(seal.sitting_id), populate_existing=True)
    seal.chain_seq, seal.chain_digest = head.seq, head.digest
    announce(session, seal)


def rewrite_main(session: Session, _seal: Seal) -> None:
    """What was before the seal in the main chain is told otherwise."""
    first = iter([True])

    def edit(record: AuditRecord) -> AuditRecord:
        subject = "round:999" if next(first, False) else record.subject
        return AuditRecord(record.action, subject, record.detail, record.account_id)

    write_anew(session, MAIN_CHAIN, edit)


@pytest.mark.parametrize(
    ("forgery", "fault"),
    [
        (add_entry, "seal_head"),
        (edit_entry, "seal_head"),
        (cut_off, "seal_head"),
        (move_the_seal, "seal_statement"),
        (rewrite_main, "seal_main_head"),
    ],
)
def test_a_chain_written_anew_below_the_seal(
    sealed: Room, tmp_path: Path, forgery: Forgery, fault: str
) -> None:
    """The chains fit together again; the seal was put under others."""
    found = forged(sealed, tmp_path, forgery)
    assert (found.seal, found.chains) == (fault, {})
    status, words = found.standalone("--public-key", KEY)
    assert (status, fault in words) == (1, True), words


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE defence SET outcome = 'passed' WHERE outcome = 'failed'",
        "UPDATE defence SET state = 'closed' WHERE state = 'sealed'",
        "UPDATE defence SET attempt = attempt + 1 WHERE outcome = 'failed'",
        "UPDATE defence SET state = 'removed' WHERE outcome = 'failed'",
        'UPDATE ballot_round SET tally = \'{"verdict"\\: "passed"}\'',
        "UPDATE ballot_round SET terms = '{}'",
        "UPDATE application SET number = 'X' || number",
    ],
)
def test_results_that_are_not_those_of_the_seal(sealed: Room, tmp_path: Path, sql: str) -> None:
    """The log is untouched, so that only who can read the results finds it."""
    found = forged(sealed, tmp_path, lambda session, _seal: session.execute(text(sql)) and None)
    assert (found.seal, found.chains) == ("seal_results", {})
    stated = found.export.read_text()
    assert "failed" in stated  # what was signed is still there to be compared with


def test_a_seal_that_was_taken_away(sealed: Room, tmp_path: Path) -> None:
    def take(session: Session, seal: Seal) -> None:
        session.delete(seal)
        session.flush()

    found = forged(sealed, tmp_path, take)
    assert (found.seal, found.chains) == ("seal_missing", {})
    status, words = found.standalone("--public-key", KEY)
    assert (status, "seal_missing" in words) == (1, True), words


def test_a_seal_taken_away_with_its_entry_is_missed_by_the_minutes(sealed: Room, tmp_path: Path) -> None:
    """Nothing in the database knows of it any more; the head beside the printed seal does."""
    ((seq, digest),) = sealed.rows("SELECT seq, digest FROM audit_head WHERE chain = 'main'")
    head = parse_head(f"main:{seq}:{digest}")

    def take(session: Session, seal: Seal) -> None:
        session.delete(seal)
        session.flush()
        write_anew(session, MAIN_CHAIN, lambda r: None if r.action == SITTING_SEALED else r)

    assert forged(sealed, tmp_path, take).check.whole
    found = forged(sealed, tmp_path, take, head)
    assert found.chains == {"main": "printed_cut_off"}
    assert found.standalone(f"--head=main:{seq}:{digest}")[0] == 1

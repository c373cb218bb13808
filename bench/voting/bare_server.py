"""What a durable vote costs at least: asyncio, `websockets`, uvloop, group commit, and nothing else.

It reads a ballot, commits it as durably as the service does, and answers with the same words after the
commit. No sign-ins, no encryption, no other screens to tell: the limit that the service is held against.

Two ways of committing, both into a copy of the service's own database: `same` writes the rows that the
service writes for a ballot (receipt, envelope, chained audit entry, head of the chain, number of the
sitting), `least` one row a ballot and nothing more.
"""

import asyncio
import hashlib
import hmac
import json
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import uvloop
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

LOOPBACK = "127.0.0.1"
ENVELOPE_BYTES = 1340
"""As long as the service's (`defense.services.room.ballot_box`)."""


@dataclass(frozen=True)
class Vote:
    """A ballot as it came, and the receipt for it."""

    ballot_round_id: str
    choice: str
    receipt: str


@dataclass
class Writer:
    """Writes whatever has come while it was writing, in one transaction."""

    commit: Callable[[Sequence[Vote]], None]
    _votes: list[Vote] = field(default_factory=list)
    _answers: list[tuple[ServerConnection, str]] = field(default_factory=list)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, line: ServerConnection, packet: str) -> None:
        """Take in a ballot, as `42N["cast_ballot",{…}]`."""
        start = packet.index("[")
        _name, data = json.loads(packet[start:])
        content = f"{data['ballot_round_id']}{data['choice']}{data['veto_reason']}{data['comment']}"
        receipt = hmac.digest(bytes.fromhex(data["key"]), content.encode(), hashlib.sha256).hex()
        self._votes.append(Vote(data["ballot_round_id"], data["choice"], receipt))
        self._answers.append((line, f'43{packet[2:start]}[{{"ok":true,"receipt":"{receipt}"}}]'))
        self._wake.set()

    async def run(self) -> None:
        """Commit and answer, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            votes, self._votes = self._votes, []
            answers, self._answers = self._answers, []
            await loop.run_in_executor(None, self.commit, votes)
            for line, answer in answers:
                await line.send(answer)


class LeastRows:
    """One row a ballot."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute("CREATE TABLE bare_ballot (ballot_round_id TEXT, choice TEXT, receipt TEXT)")

    def commit(self, votes: Sequence[Vote]) -> None:
        """Write these ballots durably."""
        rows = [(vote.ballot_round_id, vote.choice, vote.receipt) for vote in votes]
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("INSERT INTO bare_ballot VALUES (?, ?, ?)", rows)
        self._database.execute("COMMIT")


class SameRows:
    """The rows of the service; who votes is whoever of the round's members has not yet."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._places = {
            row[0]: (row[1], row[2])
            for row in database.execute(
                "SELECT r.id, d.id, d.sitting_id FROM ballot_round r JOIN defence d ON d.id = r.defence_id"
            )
        }
        self._voters: dict[str, list[int]] = {}
        for round_id, expert_id in database.execute("SELECT ballot_round_id, expert_id FROM voter"):
            self._voters.setdefault(round_id, []).append(expert_id)
        self._heads: dict[str, tuple[int, str]] = {}

    def commit(self, votes: Sequence[Vote]) -> None:
        """Write these ballots durably."""
        receipts, envelopes, entries = [], [], []
        begun, moved = set[str](), set[str]()
        at = datetime.now(UTC)
        for vote in votes:
            defence_id, sitting_id = self._places[vote.ballot_round_id]
            chain = f"sitting:{sitting_id}"
            (moved if chain in self._heads else begun).add(chain)
            receipts.append((vote.receipt, vote.ballot_round_id, self._voters[vote.ballot_round_id].pop()))
            envelopes.append((os.urandom(16).hex(), vote.ballot_round_id, os.urandom(ENVELOPE_BYTES)))
            entries.append(self._entry(chain, at, f"defence:{defence_id}", vote.ballot_round_id))
        sittings = [(int(chain.partition(":")[2]),) for chain in begun | moved]
        heads = [(*self._heads[chain], chain) for chain in sorted(begun | moved)]
        execute, executemany = self._database.execute, self._database.executemany
        execute("BEGIN IMMEDIATE")
        executemany(
            "UPDATE voter SET receipt = ? WHERE ballot_round_id = ? AND expert_id = ? AND receipt IS NULL",
            receipts,
        )
        executemany(
            "INSERT INTO ballot_envelope (id, ballot_round_id, content) VALUES (?, ?, ?)", sorted(envelopes)
        )
        executemany("UPDATE sitting SET seq = seq + 1 WHERE id = ?", sittings)
        executemany(
            "INSERT INTO audit_entry (chain, seq, at, action, subject, detail, previous_digest, digest) "
            "VALUES (?, ?, ?, 'ballot.cast', ?, ?, ?, ?)",
            entries,
        )
        executemany(
            "INSERT INTO audit_head (seq, digest, chain) VALUES (?, ?, ?) "
            "ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq, digest = excluded.digest",
            heads,
        )
        execute("COMMIT")

    def _entry(self, chain: str, at: datetime, subject: str, ballot_round_id: str) -> tuple[object, ...]:
        before, previous = self._heads.get(chain, (0, "0" * 64))
        detail = json.dumps({"ballot_round": ballot_round_id})
        fields = json.dumps([before + 1, at.isoformat(), "ballot.cast", subject, detail, previous])
        digest = hashlib.sha256(fields.encode()).hexdigest()
        self._heads[chain] = before + 1, digest
        return chain, before + 1, at.isoformat(sep=" "), subject, detail, previous, digest


def open_database(path: str) -> sqlite3.Connection:
    """Return a database with the settings of the service's own."""
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        database.execute(f"PRAGMA {pragma}")
    return database


async def run(port: int, path: str, way: str) -> None:
    """Serve until killed."""
    ways: dict[str, Callable[[sqlite3.Connection], SameRows | LeastRows]] = {
        "same": SameRows,
        "least": LeastRows,
    }
    writer = Writer(ways[way](open_database(path)).commit)

    async def hear(line: ServerConnection) -> None:
        try:
            async for packet in line:
                writer.put(line, str(packet))
        except ConnectionClosed:
            pass

    async with serve(hear, LOOPBACK, port, compression=None, ping_interval=None):
        await writer.run()


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1]), sys.argv[2], sys.argv[3]))

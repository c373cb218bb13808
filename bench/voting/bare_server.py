"""What a durable vote costs at least: asyncio, `websockets`, uvloop, group commit, and nothing else.

It reads a ballot, writes a row as durable as the service's, and answers with the same words after the commit.
No sign-ins, no audit, no encryption, no other screens to tell: the limit that the service is held against.
"""

import asyncio
import hashlib
import hmac
import json
import sqlite3
import sys
from dataclasses import dataclass, field

import uvloop
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

LOOPBACK = "127.0.0.1"
ROW = "INSERT INTO ballot VALUES (?, ?, ?, ?, ?, ?, ?)"


@dataclass
class Writer:
    """Writes whatever has come while it was writing, in one transaction."""

    database: sqlite3.Connection
    _rows: list[tuple[object, ...]] = field(default_factory=list)
    _answers: list[tuple[ServerConnection, str]] = field(default_factory=list)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, line: ServerConnection, voter_id: int, packet: str) -> None:
        """Take in a ballot, as `42N["cast_ballot",{…}]`."""
        start = packet.index("[")
        _name, data = json.loads(packet[start:])
        choice, reason, comment = data["choice"], data["veto_reason"], data["comment"]
        content = f"{data['ballot_round_id']}{voter_id}{choice}{reason}{comment}"
        receipt = hmac.digest(bytes.fromhex(data["key"]), content.encode(), hashlib.sha256).hex()
        self._rows.append(
            (data["ballot_round_id"], voter_id, choice, reason, comment, data["score_tenths"], receipt)
        )
        self._answers.append((line, f'43{packet[2:start]}[{{"ok":true,"receipt":"{receipt}"}}]'))
        self._wake.set()

    async def run(self) -> None:
        """Commit and answer, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            rows, self._rows = self._rows, []
            answers, self._answers = self._answers, []
            await loop.run_in_executor(None, self._commit, rows)
            for line, answer in answers:
                await line.send(answer)

    def _commit(self, rows: list[tuple[object, ...]]) -> None:
        self.database.execute("BEGIN IMMEDIATE")
        self.database.executemany(ROW, rows)
        self.database.execute("COMMIT")


def open_database(path: str) -> sqlite3.Connection:
    """Return a new file with the settings of the service's own."""
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute(
        "CREATE TABLE ballot (ballot_round_id TEXT, voter_id INTEGER, choice TEXT, veto_reason TEXT,"
        " comment TEXT, score_tenths INTEGER, receipt TEXT,"
        " PRIMARY KEY (ballot_round_id, voter_id)) WITHOUT ROWID"
    )
    return database


async def run(port: int, path: str) -> None:
    """Serve until killed."""
    writer = Writer(open_database(path))
    voters = 0

    async def hear(line: ServerConnection) -> None:
        nonlocal voters
        voters += 1
        voter_id = voters
        try:
            async for packet in line:
                writer.put(line, voter_id, str(packet))
        except ConnectionClosed:
            pass

    async with serve(hear, LOOPBACK, port, compression=None, ping_interval=None):
        await writer.run()


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1]), sys.argv[2]))

"""What the platform holds, in a SQLite file of its own: records, attachments, and what it was told."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TABLES = """
CREATE TABLE IF NOT EXISTS item (
    round TEXT, number TEXT, record TEXT, status TEXT, version INTEGER, changed INTEGER,
    PRIMARY KEY (round, number));
CREATE TABLE IF NOT EXISTS attachment (id TEXT PRIMARY KEY, name TEXT, data BLOB);
CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, data BLOB);
CREATE TABLE IF NOT EXISTS told (
    position INTEGER PRIMARY KEY AUTOINCREMENT, round TEXT, number TEXT, kind TEXT, key TEXT UNIQUE,
    digest TEXT, body TEXT, sequence INTEGER, etag TEXT, repeats INTEGER DEFAULT 0);
"""


@dataclass(frozen=True)
class Item:
    """One application as the platform holds it."""

    round: str
    number: str
    record: dict[str, Any]
    status: str
    """`approved`, `returned` or `withdrawn`."""
    version: int
    changed: int
    """Grows over the whole platform with every change: the order of the change feed."""

    @property
    def etag(self) -> str:
        """Differs whenever anything about the application does."""
        return etag_of(self.number, self.version)

    def to_json(self) -> dict[str, Any]:
        """As it goes over the line."""
        return {"record": self.record, "etag": self.etag, "status": self.status}


@dataclass(frozen=True)
class Told:
    """A decision or result that was taken."""

    round: str
    number: str
    kind: str
    key: str
    body: dict[str, Any]
    etag: str
    """After it was taken."""
    digest: str
    repeats: int
    """How often it came again and was answered without being taken again."""


class Store:
    """One file; each use is one transaction, and there is one writer at a time."""

    def __init__(self, file: Path, cursor_key: bytes = b"") -> None:
        self._file, self._lock = file, threading.RLock()
        with self.transaction() as connection:
            connection.executescript(_TABLES)
            query = "INSERT OR IGNORE INTO secret VALUES ('cursor', ?)"
            connection.execute(query, (cursor_key or secrets.token_bytes(32),))
            (self.cursor_key,) = connection.execute("SELECT data FROM secret").fetchone()
        # It outlives a restart, as the cursors do that were given out.

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction that others wait for; undone when the block raises."""
        with self._lock:
            connection = sqlite3.connect(self._file)
            connection.row_factory = sqlite3.Row
            # Everything in it is invented: a power cut may have it.
            connection.execute("PRAGMA synchronous=OFF")
            try:
                with connection:
                    yield connection
            finally:
                connection.close()

    def put(self, round_: str, record: dict[str, Any], status: str = "approved") -> Item:
        """Take a record in, or change it; one that is as it was stays at its place in the feed."""
        with self.transaction() as connection:
            before = self._row(connection, round_, record["number"])
            if before is not None and (before.record, before.status) == (record, status):
                return before
            return self._write(connection, round_, record, status, before.version + 1 if before else 1)

    def find(self, round_: str, number: str) -> Item | None:
        """One application."""
        with self.transaction() as connection:
            return self._row(connection, round_, number)

    def changed_since(self, round_: str, changed: int, limit: int) -> list[Item]:
        """The applications that changed after that place in the feed, in the order of their last change."""
        with self.transaction() as connection:
            rows = connection.execute(
                "SELECT * FROM item WHERE round = ? AND changed > ? ORDER BY changed LIMIT ?",
                (round_, changed, limit),
            )
            return [_item(row) for row in rows]

    def count(self, round_: str) -> int:
        """How many applications a round has."""
        with self.transaction() as connection:
            (count,) = connection.execute("SELECT count(*) FROM item WHERE round = ?", (round_,)).fetchone()
            return int(count)

    def rounds(self) -> list[str]:
        """The rounds there are."""
        with self.transaction() as connection:
            return [row[0] for row in connection.execute("SELECT DISTINCT round FROM item ORDER BY round")]

    def put_attachment(self, id_: str, name: str, data: bytes | None) -> None:
        """Keep a file; None when it was taken away."""
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO attachment VALUES (?, ?, ?)", (id_, name, data))

    def attachment(self, id_: str) -> tuple[str, bytes | None] | None:
        """Name and bytes, which are None when the file was taken away; None for one that never was."""
        with self.transaction() as connection:
            row = connection.execute("SELECT name, data FROM attachment WHERE id = ?", (id_,)).fetchone()
            return (row["name"], row["data"]) if row else None

    def told(self, connection: sqlite3.Connection, key: str) -> Told | None:
        """What came under that idempotency key."""
        row = connection.execute("SELECT * FROM told WHERE key = ?", (key,)).fetchone()
        return _told(row) if row else None

    def all_told(self) -> list[Told]:
        """Everything that was taken, in the order in which it was."""
        with self.transaction() as connection:
            return [_told(row) for row in connection.execute("SELECT * FROM told ORDER BY position")]

    def note_repeat(self, connection: sqlite3.Connection, key: str) -> None:
        """The same came again."""
        connection.execute("UPDATE told SET repeats = repeats + 1 WHERE key = ?", (key,))

    def last_sequence(self, connection: sqlite3.Connection, item: Item) -> int:
        """Of what was taken about an application; 0 for nothing."""
        query = "SELECT max(sequence) FROM told WHERE round = ? AND number = ?"
        (last,) = connection.execute(query, (item.round, item.number)).fetchone()
        return int(last or 0)

    def take(
        self, connection: sqlite3.Connection, item: Item, kind: str, key: str, body: dict[str, Any]
    ) -> Item:
        """Keep a decision or result; the application has a new version then."""
        after = self._write(connection, item.round, item.record, item.status, item.version + 1)
        connection.execute(
            "INSERT INTO told (round, number, kind, key, digest, body, sequence, etag)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(item.round, item.number, kind, key, digest_of(body), json.dumps(body)),
                *(body["sequence"], after.etag),
            ),
        )
        return after

    def _row(self, connection: sqlite3.Connection, round_: str, number: str) -> Item | None:
        query = "SELECT * FROM item WHERE round = ? AND number = ?"
        row = connection.execute(query, (round_, number)).fetchone()
        return _item(row) if row else None

    def _write(
        self, connection: sqlite3.Connection, round_: str, record: dict[str, Any], status: str, version: int
    ) -> Item:
        (changed,) = connection.execute("SELECT coalesce(max(changed), 0) + 1 FROM item").fetchone()
        item = Item(round_, record["number"], record, status, version, changed)
        text = json.dumps(record, ensure_ascii=False)
        connection.execute(
            "INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?, ?, ?)",
            (round_, item.number, text, status, version, changed),
        )
        return item


def etag_of(number: str, version: int) -> str:
    """The entity tag of one version of one application, quoted as HTTP wants it."""
    return f'"{version}-{hashlib.sha256(number.encode()).hexdigest()[:8]}"'


def digest_of(body: dict[str, Any]) -> str:
    """Equal for bodies that say the same."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _item(row: sqlite3.Row) -> Item:
    record = json.loads(row["record"])
    return Item(row["round"], row["number"], record, row["status"], row["version"], row["changed"])


def _told(row: sqlite3.Row) -> Told:
    body = json.loads(row["body"])
    return Told(
        row["round"], row["number"], row["kind"], row["key"], body, row["etag"], row["digest"], row["repeats"]
    )

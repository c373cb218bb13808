"""Where transactions begin."""

from __future__ import annotations

import time
from sqlite3 import OperationalError
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

BUSY_TIMEOUT_MS = 10_000


def begin_write(session: Session) -> None:
    """Start the caller's transaction as a writer, before anything is read in it.

    SQLite has one writer: a transaction that reads first and writes later fails when another one wrote in
    between, so writers queue up at their beginning (`BEGIN IMMEDIATE`). Between here and the commit
    nothing may wait for the network: under gevent that would let another writer in this process block
    on the lock, and the process with it. PostgreSQL locks the rows that services name instead.
    """
    if session.in_transaction():
        session.rollback()
    session.connection(execution_options={"write": True})


def begin_snapshot(session: Session) -> None:
    """Start the caller's transaction as a reader that sees one moment of the database until it ends.

    SQLite's readers always do; PostgreSQL's default shows each query what was committed before it.
    """
    if session.in_transaction():
        session.rollback()
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def prepare_engine(engine: Engine) -> None:
    """Give SQLite connections their settings and their explicit BEGIN; PostgreSQL needs nothing."""
    if engine.dialect.name != "sqlite":
        return
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


class LogEraser:
    """Empties SQLite's write-ahead log after a round of secret ballots has been closed.

    The log keeps the pages of every commit, and each envelope came with its voter's page: until it is
    emptied, a copy of the files together with `BALLOT_KEY` tells who voted what. While somebody reads it
    cannot be emptied, so whoever looks after the process asks again and again (`look`); the first time at
    its start, because a process that was killed may have left a log behind.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_due = engine.dialect.name == "sqlite"

    def erase(self) -> None:
        """Empty it now, or else at one of the next looks; called outside every transaction."""
        self._is_due = self._engine.dialect.name == "sqlite"
        self.look()

    def look(self) -> None:
        """Empty it if that is due and nobody is in the way."""
        if self._is_due:
            self._is_due = not self._empty()

    def _empty(self) -> bool:
        connection = self._engine.raw_connection()
        cursor = connection.cursor()
        try:
            # SQLite's own waiting would stop the whole process, and with it the readers it waits for.
            cursor.execute("PRAGMA busy_timeout=0")
            (is_busy, _in_log, _moved) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not is_busy
        except OperationalError:  # locked: SQLite raises when it is another checkpoint that is under way
            return False
        finally:
            cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            connection.close()


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by its own ideas
    _enter_wal(connection)
    for pragma in (
        "synchronous=FULL",  # an acknowledged ballot survives a power cut
        "foreign_keys=ON",
        "secure_delete=ON",  # what was shuffled or revoked leaves no bytes behind
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _enter_wal(connection: Any) -> None:
    """Of two who make a new file at once SQLite refuses one without waiting, whatever its time-out."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _on_begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

"""Bringing the database to the newest migration, by one process at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from flask_migrate import upgrade
from sqlalchemy import text

from defense.extensions import db, migrate

ADVISORY_LOCK = 0x_DEFE_4CE
"""A number of our own among PostgreSQL's advisory locks."""


def ensure_database() -> None:
    """Bring the database to the newest migration, if it is not there yet.

    Workers that start at the same moment wait for the one that migrates.
    """
    if _is_current():
        return
    with _alone():
        if not _is_current():
            upgrade()


def _is_current() -> bool:
    head = ScriptDirectory(migrate.directory).get_current_head()
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other process migrates this database; a process that dies holds nobody up."""
    settings = current_app.extensions["settings"]
    if settings.uses_sqlite:
        with (settings.instance_dir / "migration.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    with db.engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": ADVISORY_LOCK})
        # The lock is the connection's, not the transaction's: nothing is left open while others alter tables.
        connection.commit()
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": ADVISORY_LOCK})
            connection.commit()

"""A PostgreSQL server of its own for the test session, and databases in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine, create_engine

from defense.app import create_app
from defense.extensions import db
from defense.migrating import ensure_database
from tests.conftest import make_settings, publish_sample_round

SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{directory}'
fsync = off
max_connections = 60
"""


class PostgresServer:
    """A cluster in a temporary directory, reached by a Unix socket in that directory."""

    def __init__(self) -> None:
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        assert binaries, "these tests need a PostgreSQL server: apt-get install postgresql"
        self._binaries = binaries[-1]
        # Not in pytest's own directory: the server's user may not enter that.
        self.directory = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self._data = self.directory / "data"

    def start(self) -> None:
        """Make the cluster and start it; returns when it answers."""
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        self._run(
            "initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"
        )
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(SETTINGS.format(directory=self.directory))
        self._run("pg_ctl", "--wait", f"--log={self.directory / 'log'}", "start")

    def stop(self) -> None:
        """Stop at once and leave nothing behind."""
        self._run("pg_ctl", "--wait", "--mode=immediate", "stop")
        shutil.rmtree(self.directory)

    def create_database(self, template: str = "template0") -> str:
        """A new database, as the address that the service takes; a template must be without connections."""
        name = f"t{uuid4().hex}"
        with psycopg.connect(host=str(self.directory), user="postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return f"postgresql://postgres@/{name}?host={self.directory}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), f"--pgdata={self._data}", *arguments]
        if os.geteuid() == 0:  # the server refuses to run as root
            command = ["runuser", "-u", "postgres", "--", *command]
        # The started server inherits the streams: a pipe would never end.
        with (self.directory / "commands.log").open("ab") as log:
            subprocess.run(command, check=True, cwd=self.directory, stdout=log, stderr=log)


def engine_of(url: str) -> Engine:
    """An engine on a database's address, without the service around it."""
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running server."""
    server = PostgresServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def published_postgres(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of a database with a sample round: migrated, imported, solved and published here, not copied."""
    directory = tmp_path_factory.mktemp("published_postgres")
    url = postgres.create_database()
    settings = make_settings(directory, DATABASE_URL=url)
    app = create_app(settings)
    with app.app_context():
        ensure_database()
        publish_sample_round(settings, directory)
        db.engine.dispose()
    return url.partition("@/")[2].partition("?")[0]

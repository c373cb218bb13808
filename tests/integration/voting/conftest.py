"""A room on each of the two databases."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from defense.services.transaction import prepare_engine
from tests.postgres import PostgresServer, engine_of
from tests.rooms import Room


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A copy of the published round."""
    if request.param == "sqlite":
        copy = shutil.copy(request.getfixturevalue("published_sqlite"), tmp_path / "defence.sqlite3")
        engine = create_engine(f"sqlite:///{copy}")
        prepare_engine(engine)
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        engine = engine_of(server.create_database(request.getfixturevalue("published_postgres")))
    yield engine
    engine.dispose()


@pytest.fixture
def room(engine: Engine) -> Room:
    """Everybody around one sitting."""
    return Room(engine)

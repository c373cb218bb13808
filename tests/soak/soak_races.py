"""Vote against close, 10,000 interleavings: threads and processes, SQLite and PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from defense.services.audit_check import verify_audit
from defense.services.transaction import prepare_engine
from tests.postgres import PostgresServer
from tests.races import Races

INTERLEAVINGS, SEED = 5_000, 21
"""Of each database; together they are the 10,000."""
IN_ONE_DATABASE = 500


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_votes_against_the_closing(
    request: pytest.FixtureRequest, tmp_path: Path, scaled: Callable[[int], int], kind: str
) -> None:
    left = scaled(INTERLEAVINGS)
    counted = late = 0
    for number in range(0, left, IN_ONE_DATABASE):
        url = _database(request, tmp_path, kind, number)
        engine = create_engine(url)
        prepare_engine(engine)
        races = Races(engine, min(IN_ONE_DATABASE, left - number), SEED + number)
        races.run(range(len(races.room.defence_ids)))
        counted, late = counted + races.counted, late + races.late
        with races.room.sessions() as session:
            assert verify_audit(session).whole
        engine.dispose()
    print(f"{kind}: {left} interleavings, {counted} ballots counted, {late} refused as late")
    # Both sides of the race were really seen, however slow the machine.
    assert left < 50 or min(counted, late) > left // 4


def _database(request: pytest.FixtureRequest, directory: Path, kind: str, number: int) -> str:
    if kind == "sqlite":
        copy = shutil.copy(request.getfixturevalue("published_sqlite"), directory / f"{number}.sqlite3")
        return f"sqlite:///{copy}"
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create_database(request.getfixturevalue("published_postgres"))
    return url.replace("postgresql://", "postgresql+psycopg://")

"""SQLite's log is emptied after a closing; whoever reads meanwhile is neither stopped nor waited for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from defense.services.transaction import BUSY_TIMEOUT_MS, LogEraser, prepare_engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'day.sqlite3'}")
    prepare_engine(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE ballot (choice TEXT)")
    yield engine
    engine.dispose()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "day.sqlite3-wal"


def vote(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO ballot VALUES ('pass')")


def test_a_reader_goes_on_and_the_log_is_emptied_when_it_has_ended(engine: Engine, log: Path) -> None:
    eraser = LogEraser(engine)
    with engine.connect() as reader:
        reader.exec_driver_sql("SELECT * FROM ballot").all()
        vote(engine)
        eraser.erase()
        assert log.stat().st_size > 0
        assert reader.exec_driver_sql("SELECT count(*) FROM ballot").scalar() == 0
    eraser.look()
    assert log.stat().st_size == 0
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == BUSY_TIMEOUT_MS


def test_the_log_of_a_process_that_was_killed_is_emptied_at_the_start(engine: Engine, log: Path) -> None:
    vote(engine)
    eraser = LogEraser(engine)
    eraser.look()
    assert log.stat().st_size == 0
    # Later looks leave it alone until the next closing.
    vote(engine)
    eraser.look()
    assert log.stat().st_size > 0

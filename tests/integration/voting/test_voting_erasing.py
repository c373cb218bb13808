"""SQLite's log is emptied after a closing, without stopping the process for whoever reads meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from defense.services import transaction
from defense.services.transaction import erase_write_ahead_log, prepare_engine


def test_a_reader_goes_on_while_the_log_waits_to_be_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under gevent others go on only where we pause; waiting within SQLite, the reader would never end."""
    engine = create_engine(f"sqlite:///{tmp_path / 'log.sqlite3'}")
    prepare_engine(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE ballot (choice TEXT)")
    reader = engine.connect()
    reader.exec_driver_sql("SELECT * FROM ballot").all()
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO ballot VALUES ('pass')")
    pauses = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            reader.close()

    monkeypatch.setattr(transaction.time, "sleep", pause)
    assert erase_write_ahead_log(engine)
    assert len(pauses) == 3
    assert (tmp_path / "log.sqlite3-wal").stat().st_size == 0
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == transaction.BUSY_TIMEOUT_MS
    engine.dispose()

"""kill -9 of the process that takes a large workbook in: all of it is in, or nothing."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from bench.records.workbooks import write_applications
from defense.domain.round_rules import parse_round_rules
from defense.extensions import db
from defense.models import Application, ApplicationFinding, ImportBatch
from defense.services.imports.importing import preview_import
from defense.services.imports.running import APPLY, run_of, start_apply, watch_import
from defense.services.rounds import RULE_FILES_DIR, ensure_round
from defense.services.transaction import begin_write

ROWS = 800
"""So many that writing them takes some tenths of a second."""
HELD_S = (0.02, 0.08)
"""How long the writer's place has been held by the process when it is killed."""


@pytest.fixture
def batch_id(app: Flask, tmp_path: Path) -> Iterator[int]:
    """Of a workbook that was looked at."""
    rules = parse_round_rules((RULE_FILES_DIR / "2021.toml").read_text(encoding="utf-8"))
    write_applications(tmp_path / "large.xlsx", rules, ROWS, "甲单位")
    with app.app_context():
        with sessionmaker(db.engine)() as session:
            begin_write(session)
            round_ = ensure_round(session, "2021")
            data = (tmp_path / "large.xlsx").read_bytes()
            batch = preview_import(session, round_, "applications", "large.xlsx", data, None)
            session.commit()
            found = batch.id
        yield found


def test_a_process_killed_while_it_writes_leaves_nothing(batch_id: int, tmp_path: Path) -> None:
    database = tmp_path / str(db.engine.url.database)
    killed_in_time = 0
    for held_s in HELD_S:
        watcher = _begin(batch_id, tmp_path)
        _wait_until_held(database, held_s)
        os.kill(_child(), signal.SIGKILL)
        watcher.join(30)
        with sessionmaker(db.engine)() as session:
            batch = session.get_one(ImportBatch, batch_id)
            if batch.applied_at is None:
                killed_in_time += 1
                assert _counts(session) == (0, 0)
                run = run_of(batch)
                assert run is not None and run["state"] == "failed" and "意外结束" in run["error"]["zh"]
            else:
                assert _counts(session)[0] == ROWS
    assert killed_in_time == len(HELD_S)

    _begin(batch_id, tmp_path).join(60)
    with sessionmaker(db.engine)() as session:
        assert session.get_one(ImportBatch, batch_id).applied_at is not None
        assert _counts(session)[0] == ROWS


def _begin(batch_id: int, instance: Path) -> Thread:
    factory = sessionmaker(db.engine)
    with factory() as session:
        begin_write(session)
        start_apply(session, session.get_one(ImportBatch, batch_id))
        session.commit()
    environment = {"DATABASE_URL": str(db.engine.url), "INSTANCE_DIR": str(instance)}
    watcher = Thread(target=watch_import, args=(factory, batch_id, APPLY, None, environment))
    watcher.start()
    return watcher


def _wait_until_held(database: Path, held_s: float) -> None:
    """Until somebody has been writing for so long; the short notes of progress are over sooner."""
    deadline = time.monotonic() + 60
    line = sqlite3.connect(database, timeout=0, isolation_level=None)
    since = None
    while since is None or time.monotonic() - since < held_s:
        assert time.monotonic() < deadline, "nobody wrote"
        try:
            line.execute("BEGIN IMMEDIATE")
            line.execute("ROLLBACK")
            since = None
        except sqlite3.OperationalError:
            since = since or time.monotonic()
        time.sleep(0.001)
    line.close()


def _child() -> int:
    """The one process that this one started for the import."""
    (found,) = (
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _is_import(entry) and _parent(entry) == os.getpid()
    )
    return found


def _is_import(entry: Path) -> bool:
    try:
        return b"run-import" in (entry / "cmdline").read_bytes()
    except OSError:
        return False


def _parent(entry: Path) -> int:
    return int((entry / "stat").read_text().rpartition(")")[2].split()[1])


def _counts(session: Session) -> tuple[int, int]:
    tables = (Application, ApplicationFinding)
    found = [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]
    return found[0], found[1]

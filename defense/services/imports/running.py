"""Large workbooks: looked at and taken in by a process of their own, so that the served one goes on."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from defense.domain.errors import Conflict, DomainError
from defense.domain.text import Text
from defense.models import ImportBatch, Round
from defense.models.types import utc_now
from defense.services.imports.exports import export_import
from defense.services.imports.importing import (
    CANCELLED,
    MAX_ROWS_AT_ONCE,
    ImportCancelled,
    apply_import_briefly,
    counts_of,
    keep_workbook,
    look_through,
    marked_copy,
    refuse_cancelled,
)
from defense.services.keeping.retention import refuse_erased
from defense.services.transaction import begin_snapshot, begin_write
from defense.settings import PROJECT_DIR

PREVIEW, APPLY = "preview", "apply"
MARKED, TABLE = "marked", "table"
"""Workbooks about an upload: itself with its faults marked; its faults, oddities and changes as tables."""

LIMIT = timedelta(minutes=15)
"""After it a run is stopped."""
SILENCE = timedelta(minutes=1)
"""A run that has told nothing for so long was interrupted: the whole service may have stopped with it."""

_LOOK_S = 0.5
_LARGE_BYTES = 1_500_000
"""Unpacked; a workbook of some 300 whole applications has fewer."""
_COSTLY_BYTES = 500_000
"""Unpacked, of any kind; to mark such a workbook takes some tenths of a second."""
_TOLD_EVERY_S = 1.0
_ALIVE_EVERY_S = 10.0

_INTERRUPTED = Text(
    "处理进程意外结束，未导入任何数据：请重试；若再次发生，请联系系统管理员。",
    "The process of this import ended unexpectedly; nothing was imported. Try again, and if it happens "
    "again, turn to the administrator of this service.",
)
_BUSY = Text("该文件正在处理，请稍候。", "This file is being worked on; please wait.")
_ONE_AT_A_TIME = Text(
    "正在为另一位用户生成大型工作簿，请一分钟后再试。",
    "A large workbook is being made for somebody else; try again in a minute.",
)
_NOT_MADE = Text(
    "未能生成该工作簿：请重试；若再次发生，请联系系统管理员。",
    "The workbook could not be made. Try again, and if it happens again, turn to the administrator of this "
    "service.",
)
_working = threading.BoundedSemaphore(2)
"""Processes that look through or take in: each takes a core and hundreds of megabytes."""
_making = threading.Lock()
"""One process that makes a workbook is enough: each takes a core and hundreds of megabytes."""


def is_large(kind: str, data: bytes) -> bool:
    """Whether a workbook of that kind is left to a process of its own; a broken file is not."""
    return kind == "applications" and _unpacked_bytes(data) > _LARGE_BYTES


def _unpacked_bytes(data: bytes) -> int:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return sum(entry.file_size for entry in archive.infolist())
    except Exception:  # a damaged archive surfaces as any of a dozen kinds; its reader says which it is
        return 0


def is_large_batch(batch: ImportBatch) -> bool:
    """Whether taking in a batch is left to a process of its own."""
    return batch.kind == "applications" and counts_of(batch).to_write > MAX_ROWS_AT_ONCE


def run_of(batch: ImportBatch) -> dict[str, Any] | None:
    """What goes on with a batch, or what stopped it; None when it simply was looked at."""
    run: dict[str, Any] | None = batch.report.get("run")
    if run is not None and run["state"] == "running" and utc_now() - _last_word(run) > SILENCE:
        return {**run, "state": "failed", "error": _INTERRUPTED.to_json()}
    return run


def start_preview(
    session: Session, round_: Round, filename: str, data: bytes, account_id: int | None
) -> ImportBatch:
    """Keep a workbook of applications that is going to be looked at.

    Raises
    ------
    IllegalState
        The round's personal data was deleted.
    """
    refuse_erased(session, round_)
    batch = keep_workbook(session, round_, "applications", filename, data, account_id)
    _begin(batch, PREVIEW)
    session.flush()
    return batch


def start_apply(session: Session, batch: ImportBatch) -> None:
    """Note that a batch is going to be taken in.

    Raises
    ------
    Conflict
        It is being worked on, or was never looked through.
    """
    session.refresh(batch, ["report"], with_for_update=True)
    run = run_of(batch)
    if run is not None and (run["state"] == "running" or run["phase"] == PREVIEW):
        raise Conflict(_BUSY)
    _begin(batch, APPLY)
    session.flush()


def request_stop(session: Session, batch: ImportBatch) -> None:
    """Ask for the end of what goes on; its process is killed within about a second."""
    session.refresh(batch, ["report"], with_for_update=True)
    run = run_of(batch)
    if run is not None and run["state"] == "running":
        batch.report = {**batch.report, "run": {**run, "cancel": True}}
        session.flush()


def carry_out_import(
    session_factory: sessionmaker[Session], batch_id: int, phase: str, account_id: int | None
) -> None:
    """Do the work of a batch; run in a process of its own, an outermost caller."""
    tell = _teller(session_factory, batch_id)
    threading.Thread(target=_say_alive, args=(session_factory, batch_id), daemon=True).start()
    try:
        with session_factory() as session:
            if phase == APPLY:
                apply_import_briefly(session, batch_id, account_id, tell)
            else:
                begin_snapshot(session)
                report = look_through(session, session.get_one(ImportBatch, batch_id), tell)
                begin_write(session)
                batch = session.get_one(ImportBatch, batch_id, with_for_update=True)
                refuse_erased(session, session.get_one(Round, batch.round_id))
                refuse_cancelled(batch)
                batch.report = report
            session.commit()
    except ImportCancelled as error:
        _end(session_factory, batch_id, "cancelled", error.text)
    except DomainError as error:
        _end(session_factory, batch_id, "failed", error.text)


def watch_import(
    session_factory: sessionmaker[Session],
    batch_id: int,
    phase: str,
    account_id: int | None,
    environment: dict[str, str],
) -> None:
    """Start the process of a batch and see it to its end, whatever that is.

    While it works this only reads: a writer here would wait, and the served process with it.
    """
    with session_factory() as session:
        began = session.get_one(ImportBatch, batch_id).report["run"]["since"]
    while not _working.acquire(timeout=_ALIVE_EVERY_S):
        _note(session_factory, batch_id, {})
        if _is_unwanted(session_factory, batch_id, began):
            _end(session_factory, batch_id, "cancelled", CANCELLED, began)
            return
    try:
        _watch_process(session_factory, batch_id, phase, account_id, environment, began)
    finally:
        _working.release()


def _watch_process(
    session_factory: sessionmaker[Session],
    batch_id: int,
    phase: str,
    account_id: int | None,
    environment: dict[str, str],
    began: str,
) -> None:
    process = _start(environment, "run-import", str(batch_id), phase, str(account_id or 0))
    state, text = "failed", _INTERRUPTED
    began_s = time.monotonic()
    while process.poll() is None:
        time.sleep(_LOOK_S)
        if _is_unwanted(session_factory, batch_id, began):
            state, text = "cancelled", CANCELLED
            process.kill()
        elif time.monotonic() - began_s > LIMIT.total_seconds():
            process.kill()
    _end(session_factory, batch_id, state, text, began)


def write_workbook(
    session_factory: sessionmaker[Session], batch_id: int, what: str, column: str, out: BinaryIO
) -> None:
    """Write `MARKED` or `TABLE` of a batch; run in a process of its own, an outermost caller."""
    with session_factory() as session:
        begin_snapshot(session)
        out.write(_workbook(session, session.get_one(ImportBatch, batch_id), what, column))


def workbook_of(
    session: Session, batch: ImportBatch, what: str, column: str, environment: dict[str, str]
) -> bytes:
    """`MARKED` or `TABLE` of a batch; a costly one is made by a process of its own, with no transaction open.

    Parameters
    ----------
    column : of the table, the one in which changed rows must differ; empty for any.

    Raises
    ------
    Conflict
        Another one is being made, or the process did not end well.
    """
    if _unpacked_bytes(batch.data) <= _COSTLY_BYTES:
        return _workbook(session, batch, what, column)
    batch_id = batch.id
    session.rollback()
    if not _making.acquire(blocking=False):
        raise Conflict(_ONE_AT_A_TIME)
    try:
        process = _start(environment, "write-import-workbook", str(batch_id), what, column)
        try:
            data, _nothing = process.communicate(timeout=LIMIT.total_seconds())
        finally:
            process.kill()
    except subprocess.TimeoutExpired as error:
        raise Conflict(_NOT_MADE) from error
    finally:
        _making.release()
    if process.returncode != 0:
        raise Conflict(_NOT_MADE)
    return bytes(data)


def _workbook(session: Session, batch: ImportBatch, what: str, column: str) -> bytes:
    return marked_copy(session, batch) if what == MARKED else export_import(session, batch, column)


def _start(environment: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    call = [sys.executable, "-m", "flask", "--app", "defense.app:create_app", *arguments]
    return subprocess.Popen(call, cwd=PROJECT_DIR, env=os.environ | environment, stdout=subprocess.PIPE)


def _is_unwanted(session_factory: sessionmaker[Session], batch_id: int, began: str) -> bool:
    with session_factory() as session:
        run = session.get_one(ImportBatch, batch_id).report.get("run")
        return bool(run and run["since"] == began and run.get("cancel"))


def _begin(batch: ImportBatch, phase: str) -> None:
    run = {"phase": phase, "state": "running", "since": utc_now().isoformat(), "done": 0, "total": 0}
    batch.report = {**batch.report, "run": run}


def _end(
    session_factory: sessionmaker[Session], batch_id: int, state: str, text: Text, began: str = ""
) -> None:
    """Only what is still said to be running ends so: a finished process has taken its run away.

    `began` names the run: the next one may have begun before the watcher of this one looks.
    """
    with session_factory() as session:
        begin_write(session)
        batch = session.get_one(ImportBatch, batch_id, with_for_update=True)
        run = batch.report.get("run")
        if run is not None and run["state"] == "running" and began in ("", run["since"]):
            batch.report = {**batch.report, "run": {**run, "state": state, "error": text.to_json()}}
        session.commit()


def _teller(session_factory: sessionmaker[Session], batch_id: int) -> Callable[[int, int], None]:
    told_s = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal told_s
        if time.monotonic() - told_s < _TOLD_EVERY_S:
            return
        told_s = time.monotonic()
        _note(session_factory, batch_id, {"done": done, "total": total})

    return tell


def _say_alive(session_factory: sessionmaker[Session], batch_id: int) -> None:
    """Reading a workbook takes longer than a silence may last, and tells nothing itself."""
    while True:
        time.sleep(_ALIVE_EVERY_S)
        # While the rows are written, the writer's place is this process's own, and not to be had.
        with suppress(OperationalError):
            _note(session_factory, batch_id, {})


def _note(session_factory: sessionmaker[Session], batch_id: int, news: dict[str, int]) -> None:
    with session_factory() as session:
        begin_write(session)
        batch = session.get_one(ImportBatch, batch_id, with_for_update=True)
        run = batch.report.get("run")
        if run is not None:
            batch.report = {**batch.report, "run": {**run, **news, "seen": utc_now().isoformat()}}
        session.commit()


def _last_word(run: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(run.get("seen", run["since"]))

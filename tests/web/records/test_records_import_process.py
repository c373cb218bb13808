"""A large workbook is looked at and taken in by a process of its own, all of it or nothing."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from bench.records.workbooks import write_applications
from defense.domain.round_rules import parse_round_rules
from defense.extensions import db, socketio
from defense.models import Account, Application, ImportBatch, RetentionExport, Round, RoundErasure
from defense.models.types import utc_now
from defense.services.imports import running as import_running
from defense.services.imports.running import (
    APPLY,
    PREVIEW,
    carry_out_import,
    request_stop,
    run_of,
    start_apply,
)
from defense.services.rounds import RULE_FILES_DIR

Office = Callable[[str], FlaskClient]
Upload = Callable[..., TestResponse]
ROWS, FAULTY_ROW = 400, 7


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    rules = parse_round_rules((RULE_FILES_DIR / "2021.toml").read_text(encoding="utf-8"))
    path: Path = tmp_path_factory.mktemp("large") / "large.xlsx"
    write_applications(path, rules, ROWS, "甲单位")
    return path.read_bytes()


@pytest.fixture
def ended(database: Callable, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], ImportBatch]]:
    """Wait until nothing works on the one batch any more; also before the database goes."""

    watchers: list[Thread] = []

    def begin(work: Callable[..., None], *arguments: object) -> None:
        # The server's greenlets run only under its own loop; here a thread does the same work.
        watchers.append(Thread(target=work, args=arguments))
        watchers[-1].start()

    monkeypatch.setattr(socketio, "start_background_task", begin)

    def wait() -> ImportBatch:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            batch: ImportBatch = database(_loaded)
            run = run_of(batch)
            if run is None or run["state"] != "running":
                return batch
            time.sleep(0.1)
        raise AssertionError("the process did not end")

    yield wait
    for watcher in watchers:
        watcher.join(60)


def _loaded(session) -> ImportBatch:  # type: ignore[no-untyped-def]
    batch: ImportBatch = session.scalars(select(ImportBatch)).one()
    session.refresh(batch)
    session.expunge(batch)
    return batch


def _count(database: Callable) -> int:
    return int(database(lambda s: s.scalar(select(func.count()).select_from(Application))))


def test_a_large_workbook_is_previewed_and_imported_behind_the_page(
    app: Flask, office: Office, upload: Upload, large: bytes, database: Callable, ended: Callable
) -> None:
    staff = office("staff")
    location = upload(staff, "applications", large).location
    page = staff.get(location).get_data(as_text=True)
    assert 'http-equiv="refresh"' in page
    batch = ended()
    assert batch.report["counts"] == {"new": ROWS, "changed": 0, "unchanged": 0, "refused": 0}, batch.report
    assert 'http-equiv="refresh"' not in staff.get(location).get_data(as_text=True)
    assert _count(database) == 0

    assert staff.post(location).status_code == 302
    assert ended().applied_at is not None
    assert _count(database) == ROWS


def test_a_cancelled_preview_leaves_nothing_and_says_so(
    office: Office, upload: Upload, large: bytes, database: Callable, ended: Callable
) -> None:
    staff = office("staff")
    location = upload(staff, "applications", large).location
    assert staff.post(f"{location}/cancel").location == location
    assert run_of(ended())["state"] == "cancelled"
    assert "已取消" in staff.get(location).get_data(as_text=True)
    assert staff.post(location).status_code == 409
    assert _count(database) == 0


def test_the_list_of_uploads_tells_a_stopped_look_from_a_finished_one(
    office: Office, upload: Upload, large: bytes, ended: Callable
) -> None:
    staff = office("staff")
    location = upload(staff, "applications", large).location
    assert "处理中" in staff.get("/rounds/2021/import").get_data(as_text=True)
    staff.post(f"{location}/cancel")
    ended()
    page = staff.get("/rounds/2021/import").get_data(as_text=True)
    assert "未检查完" in page and "仅检查" not in page and "新增0" not in page


def test_workbooks_about_a_large_upload_are_made_by_a_process_of_their_own(
    office: Office, upload: Upload, large: bytes, ended: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = office("staff")
    location = upload(staff, "applications", _with_a_fault(large)).location
    assert ended().report["counts"]["refused"] == 1
    # Made in this process it would come out of these.
    monkeypatch.setattr(import_running, "_workbook", None)
    marked = staff.post(f"{location}/marked.xlsx", data={"reason": "退回单位修改"})
    assert marked.status_code == 200
    sheet = load_workbook(io.BytesIO(marked.data)).worksheets[0]
    (noted,) = (row[-1].row for row in sheet.iter_rows(min_row=2) if row[-1].value)
    assert noted == FAULTY_ROW
    table = staff.post(f"{location}/table.xlsx")
    faults = load_workbook(io.BytesIO(table.data)).worksheets[0]
    assert [row[1].value for row in faults.iter_rows(min_row=2)] == [FAULTY_ROW]


def test_one_such_workbook_is_made_at_a_time(
    office: Office, upload: Upload, large: bytes, ended: Callable
) -> None:
    staff = office("staff")
    location = upload(staff, "applications", large).location
    ended()
    with import_running._making:
        assert "一分钟后" in _refusal(staff.post(f"{location}/table.xlsx"))
    assert staff.post(f"{location}/table.xlsx").status_code == 200


def test_a_workbook_whose_process_fails_is_no_workbook(
    office: Office, upload: Upload, large: bytes, ended: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = office("staff")
    location = upload(staff, "applications", large).location
    ended()
    with monkeypatch.context() as broken:
        broken.setenv("SOLVE_TIME_LIMIT_S", "no number")
        assert "未能生成" in _refusal(staff.post(f"{location}/table.xlsx"))
    assert staff.post(f"{location}/table.xlsx").status_code == 200


def _refusal(response: TestResponse) -> str:
    assert response.status_code == 409
    return response.get_data(as_text=True)


def _with_a_fault(data: bytes) -> bytes:
    workbook = load_workbook(io.BytesIO(data))
    workbook.worksheets[0].cell(FAULTY_ROW, 3).value = "不详"
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def test_a_run_that_stopped_with_the_whole_service_does_not_stay_for_ever(
    office: Office, upload: Upload, large: bytes, database: Callable, ended: Callable
) -> None:
    staff = office("staff")
    location = upload(staff, "applications", large).location
    ended()

    def left_behind(seconds_ago: int) -> Callable:
        def write(session: Session) -> None:
            batch = session.scalars(select(ImportBatch)).one()
            seen = (utc_now() - timedelta(seconds=seconds_ago)).isoformat()
            run = {"phase": "apply", "state": "running", "since": seen, "done": 0, "total": 0, "seen": seen}
            batch.report = {**batch.report, "run": run}

        return write

    database(left_behind(30))
    assert 'http-equiv="refresh"' in staff.get(location).get_data(as_text=True)
    database(left_behind(90))
    page = staff.get(location).get_data(as_text=True)
    assert 'http-equiv="refresh"' not in page and "意外结束" in page
    assert staff.post(location).status_code == 302
    assert ended().applied_at is not None


def test_a_process_says_that_it_is_alive(
    office: Office, upload: Upload, large: bytes, database: Callable, ended: Callable
) -> None:
    staff = office("staff")
    upload(staff, "applications", large)
    ended()
    batch: ImportBatch = database(_loaded)
    database(lambda session: start_apply(session, session.get_one(ImportBatch, batch.id)))
    before = database(_loaded).report["run"]

    def note(session: Session) -> None:
        import_running._note(sessionmaker(session.get_bind()), batch.id, {"done": 3})

    database(note)
    after = database(_loaded).report["run"]
    assert "seen" not in before and after == {**before, "done": 3, "seen": after["seen"]}


@pytest.mark.parametrize("phase", [PREVIEW, APPLY])
def test_a_run_whose_watcher_is_gone_heeds_the_request_to_stop(
    app: Flask,
    office: Office,
    upload: Upload,
    large: bytes,
    database: Callable,
    ended: Callable,
    phase: str,
) -> None:
    staff = office("staff")
    upload(staff, "applications", large)
    batch_id = ended().id
    database(lambda session: _leave_running(session, phase))
    database(lambda session: request_stop(session, session.get_one(ImportBatch, batch_id)))
    with app.app_context():
        carry_out_import(sessionmaker(db.engine), batch_id, phase, None)
    batch = database(_loaded)
    assert (batch.applied_at, run_of(batch)["state"]) == (None, "cancelled")
    assert _count(database) == 0


def test_a_preview_brings_nothing_back_into_a_round_erased_meanwhile(
    app: Flask,
    office: Office,
    upload: Upload,
    large: bytes,
    database: Callable,
    ended: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    staff = office("staff")
    upload(staff, "applications", _with_a_fault(large))
    batch_id = ended().id
    database(lambda session: _leave_running(session, PREVIEW))
    plain = import_running.look_through

    def erased_meanwhile(session: Session, batch: ImportBatch, tell: Callable) -> dict:
        report = plain(session, batch, tell)
        session.rollback()
        database(_erase)
        return report

    monkeypatch.setattr(import_running, "look_through", erased_meanwhile)
    with app.app_context():
        carry_out_import(sessionmaker(db.engine), batch_id, PREVIEW, None)
    report = database(_loaded).report
    assert report["errors"] == [] and "已删除" in report["run"]["error"]["zh"]


def test_no_more_than_two_are_worked_on_at_once(
    office: Office,
    upload: Upload,
    large: bytes,
    database: Callable,
    ended: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(import_running, "_ALIVE_EVERY_S", 0.1)
    staff = office("staff")
    with import_running._working, import_running._working:
        location = upload(staff, "applications", large).location
        time.sleep(0.5)
        waiting = run_of(database(_loaded))
        assert waiting is not None and waiting["state"] == "running" and "seen" in waiting
        staff.post(f"{location}/cancel")
        assert run_of(ended())["state"] == "cancelled"


def test_a_costly_workbook_of_any_kind_is_marked_by_a_process(
    office: Office,
    upload: Upload,
    workbooks: dict[str, bytes],
    ended: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    staff = office("staff")
    location = upload(staff, "experts", workbooks["experts"]).location
    monkeypatch.setattr(import_running, "_COSTLY_BYTES", 1_000)
    monkeypatch.setattr(import_running, "_workbook", None)
    marked = staff.post(f"{location}/marked.xlsx", data={"reason": "退回单位修改"})
    assert load_workbook(io.BytesIO(marked.data)).worksheets[0].max_row > 5


def _leave_running(session: Session, phase: str) -> None:
    batch = session.scalars(select(ImportBatch)).one()
    now = utc_now().isoformat()
    run = {"phase": phase, "state": "running", "since": now, "done": 0, "total": 0}
    batch.report = {**batch.report, "errors": [], "run": run}


def _erase(session: Session) -> None:
    account_id, round_id = (
        session.scalars(select(Account.id)).first(),
        session.scalars(select(Round.id)).one(),
    )
    digest = "00" * 32
    export = RetentionExport(
        round_id=round_id, digest=digest, content_digest=digest, size=1, records=1, is_encrypted=False
    )
    session.add(export)
    session.flush()
    session.add(RoundErasure(round_id=round_id, export_id=export.id, confirmed_by_id=account_id))

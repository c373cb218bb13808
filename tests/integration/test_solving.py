"""The scheduler as a process of its own: watched, stopped, failing, and the server alive meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import sessionmaker

from defense.domain.errors import Conflict
from defense.extensions import db
from defense.models import Account, AuditEntry, Round, Schedule, SolveRun
from defense.services.timetable import process as scheduler_process
from defense.services.timetable.process import Demand, SchedulerCancelled, SchedulerJob, run_job
from defense.services.timetable.solving import (
    SILENCE_IS_DEATH,
    RunRequest,
    carry_out_run,
    living_run,
    request_cancel,
    request_keep,
    start_run,
)
from defense.services.transaction import begin_write
from scheduler.generate import generate_instance
from tests.live import LiveServer

ANSWER_LIMIT_S = 2.0


@pytest.fixture
def factory(published_app: Flask) -> Iterator[sessionmaker]:
    """Sessions on the published round, outside every application context."""
    with published_app.app_context():
        engine = db.engine
    yield sessionmaker(engine)


def begin(factory: sessionmaker, seed: int = 1) -> int:
    with factory() as session:
        begin_write(session)
        round_ = session.scalars(select(Round)).one()
        run_id = start_run(session, round_, None, RunRequest(seed=seed)).id
        session.commit()
    return run_id


def ask(factory: sessionmaker, run_id: int, request: Callable[..., None]) -> None:
    with factory() as session:
        begin_write(session)
        request(session, session.get_one(SolveRun, run_id), session.scalars(select(Account.id)).first())
        session.commit()


def state_of(factory: sessionmaker, run_id: int) -> tuple[str, int]:
    with factory() as session:
        run = session.get_one(SolveRun, run_id)
        return run.state, session.scalar(select(func.count()).select_from(Schedule)) or 0


def error_of(factory: sessionmaker, run_id: int) -> dict[str, str]:
    with factory() as session:
        return session.get_one(SolveRun, run_id).error or {}


def job_of(
    candidates: int, *arguments: str, time_limit_s: int = 60, memory_limit_mb: int = 4096
) -> SchedulerJob:
    """A solve of a generated instance, too large to be proven in no time."""
    inputs = {"instance.json": generate_instance(candidates, 1).to_json()}
    return SchedulerJob("solve", inputs, "--out", time_limit_s, memory_limit_mb, arguments)


def solver_processes() -> list[int]:
    """Ids of the scheduler processes that this test started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            words = stat.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getpid() and b"scheduler" in words:
            found.append(int(stat.parent.name))
    return found


def test_a_cancelled_solver_stops_at_once() -> None:
    heard: list[dict[str, Any]] = []

    def cancel(progress: dict[str, Any]) -> Demand:
        heard.append(progress)
        return Demand.CANCEL if len(heard) > 2 else Demand.GO_ON

    began = time.monotonic()
    with pytest.raises(SchedulerCancelled):
        run_job(job_of(600), cancel)
    assert time.monotonic() - began < 30
    assert solver_processes() == []


def test_a_solver_that_is_told_to_keep_gives_the_best_so_far() -> None:
    def keep(progress: dict[str, Any]) -> Demand:
        return Demand.KEEP if progress.get("placed") else Demand.GO_ON

    began = time.monotonic()
    written = run_job(job_of(600), keep)
    assert time.monotonic() - began < 30
    assert written["status"] == "stopped"
    assert len(written["schedule"]["assignments"]) > 0


def test_a_solver_that_fails_says_so() -> None:
    with pytest.raises(Conflict, match="求解进程退出"):
        run_job(job_of(12, "--seed", "-1"), lambda _progress: Demand.GO_ON)


def test_a_solver_that_needs_too_much_memory_says_so() -> None:
    with pytest.raises(Conflict, match="内存上限") as caught:
        run_job(job_of(600, memory_limit_mb=40), lambda _progress: Demand.GO_ON)
    assert "memory limit" in caught.value.text.en


def test_a_solver_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler_process, "GRACE_S", 1)
    job = job_of(3000, "--time-limit", "60", time_limit_s=1)
    with pytest.raises(Conflict, match="强制结束"):
        run_job(job, lambda _progress: Demand.GO_ON)
    assert solver_processes() == []


def test_a_solver_killed_by_the_system_ends_in_words(factory: sessionmaker) -> None:
    run_id = begin(factory)
    before = state_of(factory, run_id)[1]

    def kill(_progress: dict[str, Any]) -> None:
        for pid in solver_processes():
            os.kill(pid, signal.SIGKILL)

    carry_out_run(factory, run_id, 20, kill)
    assert state_of(factory, run_id) == ("failed", before)
    assert "内存不足" in error_of(factory, run_id)["zh"] and "memory" in error_of(factory, run_id)["en"]
    begin(factory)


def test_a_cancelled_run_changes_nothing(factory: sessionmaker) -> None:
    run_id = begin(factory)
    before = state_of(factory, run_id)[1]
    ask(factory, run_id, request_cancel)
    carry_out_run(factory, run_id, 20)
    assert state_of(factory, run_id) == ("cancelled", before)


def test_a_run_told_to_keep_saves_what_it_has(factory: sessionmaker) -> None:
    run_id = begin(factory)
    before = state_of(factory, run_id)[1]

    def keep(progress: dict[str, Any]) -> None:
        if progress.get("placed"):
            ask(factory, run_id, request_keep)

    carry_out_run(factory, run_id, 20, keep)
    assert state_of(factory, run_id) == ("done", before + 1)
    with factory() as session:
        newest = session.scalars(select(Schedule).order_by(Schedule.id.desc())).first()
        assert newest is not None and newest.slots
        assert newest.solver_json["status"] in ("stopped", "optimal")
        asked = select(func.count()).where(AuditEntry.action == "solve.kept")
        assert session.scalar(asked) == 1, "asking again adds nothing"


def test_a_failed_run_ends_in_words(factory: sessionmaker) -> None:
    run_id = begin(factory, seed=-1)
    before = state_of(factory, run_id)[1]
    carry_out_run(factory, run_id, 20)
    assert state_of(factory, run_id) == ("failed", before)


def test_two_runs_at_once_do_not_tread_on_each_other(factory: sessionmaker) -> None:
    run_id = begin(factory)
    with pytest.raises(Conflict, match="正在排期"):
        begin(factory)
    carry_out_run(factory, run_id, 20)
    assert state_of(factory, run_id)[0] == "done"
    begin(factory)


def test_a_run_whose_server_died_is_written_off(factory: sessionmaker) -> None:
    run_id = begin(factory)
    with factory() as session:
        begin_write(session)
        run = session.get_one(SolveRun, run_id)
        run.heard_at -= 2 * SILENCE_IS_DEATH
        assert living_run(session, session.scalars(select(Round)).one()) is None
        session.commit()
    assert state_of(factory, run_id)[0] == "interrupted"


def test_the_server_answers_while_it_solves(live: LiveServer) -> None:
    staff = live.sign_in("staff")
    address = f"{live.url}/rounds/2021/schedule"
    assert staff.post(f"{address}/solve", timeout=10, allow_redirects=False).status_code == 302
    slowest, state = 0.0, "queued"
    deadline = time.monotonic() + 90
    while state in ("queued", "running") and time.monotonic() < deadline:
        began = time.monotonic()
        assert requests.get(f"{live.url}/login", timeout=10).ok
        slowest = max(slowest, time.monotonic() - began)
        told = staff.get(f"{address}/run", timeout=10).json()
        state = told["state"]
    assert state == "done"
    assert all(term["label"] for term in told["progress"]["terms"])
    assert slowest < ANSWER_LIMIT_S

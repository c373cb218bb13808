"""The solver as a process of its own: watched, cancelled, failing, and the server alive meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import sessionmaker

from defense.domain.errors import Conflict
from defense.extensions import db
from defense.models import Round, Schedule, SolveRun
from defense.services.solving import (
    SILENCE_IS_DEATH,
    SolverStopped,
    carry_out_run,
    living_run,
    request_cancel,
    run_solver,
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


def begin(factory: sessionmaker) -> int:
    with factory() as session:
        begin_write(session)
        run_id = start_run(session, session.scalars(select(Round)).one(), None).id
        session.commit()
    return run_id


def state_of(factory: sessionmaker, run_id: int) -> tuple[str, int]:
    with factory() as session:
        run = session.get_one(SolveRun, run_id)
        return run.state, session.scalar(select(func.count()).select_from(Schedule)) or 0


def test_a_cancelled_solver_stops_at_once() -> None:
    instance = generate_instance(600, 1)
    heard = []
    began = time.monotonic()
    with pytest.raises(SolverStopped):
        run_solver(instance, 60, 1, lambda progress: heard.append(progress) or len(heard) > 1)  # type: ignore[func-returns-value]
    assert time.monotonic() - began < 30
    assert {"placed", "placed_bound", "elapsed_s"} <= heard[0].keys()


def test_a_solver_that_fails_says_so() -> None:
    instance = generate_instance(12, 1)
    with pytest.raises(Conflict, match="求解进程退出"):
        run_solver(instance, 5, -1, lambda _progress: False)


def test_a_cancelled_run_changes_nothing(factory: sessionmaker) -> None:
    run_id = begin(factory)
    before = state_of(factory, run_id)[1]
    with factory() as session:
        begin_write(session)
        request_cancel(session, session.get_one(SolveRun, run_id), 1)
        session.commit()
    carry_out_run(factory, run_id, 20)
    assert state_of(factory, run_id) == ("cancelled", before)


def test_a_failed_run_ends_in_words(factory: sessionmaker) -> None:
    run_id = begin(factory)
    before = state_of(factory, run_id)[1]
    carry_out_run(factory, run_id, 20, seed=-1)
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
    deadline = time.monotonic() + 60
    while state in ("queued", "running") and time.monotonic() < deadline:
        began = time.monotonic()
        assert requests.get(f"{live.url}/login", timeout=10).ok
        slowest = max(slowest, time.monotonic() - began)
        state = staff.get(f"{address}/run", timeout=10).json()["state"]
    assert state == "done"
    assert slowest < ANSWER_LIMIT_S

"""Several keepers at once where writers do not queue up by themselves."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.models import Round, Sitting
from defense.services.meetings.rows import MeetingState
from tests.doubles.tencent_double import TencentDouble
from tests.doubles.zoom_double import ZoomDouble
from tests.keeping_world import KeepingWorld, fill
from tests.postgres import PostgresServer, engine_of

pytestmark = pytest.mark.postgres

AT_ONCE = 4


@pytest.fixture
def world(tmp_path: Path, postgres: PostgresServer) -> Iterator[KeepingWorld]:
    engine = engine_of(postgres.create_database())
    fill(engine, tmp_path)
    with TencentDouble() as tencent, ZoomDouble() as zoom:
        yield KeepingWorld(tmp_path, engine, tencent, zoom)
    engine.dispose()


def keep_together(world: KeepingWorld) -> None:
    start, failures = threading.Barrier(AT_ONCE), list[BaseException]()

    def run() -> None:
        start.wait()
        try:
            world.keep()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def test_keepers_at_once_make_every_meeting_once(world: KeepingWorld) -> None:
    keep_together(world)
    world.check_all_is_well()
    assert world.tencent.created == 3


def test_keepers_at_once_follow_the_timetable(world: KeepingWorld) -> None:
    rng = random.Random(5)
    for turn in range(12):

        def change(session: Session, turn: int = turn) -> None:
            for sitting in session.scalars(select(Sitting)):
                sitting.cancelled = rng.random() < 0.3
            if turn % 3 == 0:
                round_ = session.scalars(select(Round)).one()
                names = (round_.second_meeting_provider or "", round_.meeting_provider)
                round_.meeting_provider, round_.second_meeting_provider = names

        world.change(change)
        keep_together(world)
        keep_together(world)
        world.check_all_is_well()
    assert not world.rows(MeetingState.PLANNED, MeetingState.CREATING, MeetingState.CANCELLING)

"""Hundreds of runs with faults and changes of the timetable: in the end one right meeting a sitting."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, sessionmaker

from defense.extensions import db
from defense.integrations.meetings.provider import ProviderName
from defense.models import Defence, Meeting, Round, Sitting
from defense.services.meeting_keeping import keep_meetings
from defense.services.transaction import begin_write, prepare_engine
from defense.settings import Settings
from tests.integration.meetings.memory_provider import Killed, MemoryProvider
from tests.invite_world import START, World

FAULTS = ("later", "quota", "never", "unknown", "unknown_after", "killed_before", "killed_after")


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=7)
        return self.now


def change_timetable(session: Session, rng: random.Random, world_sittings: list[int]) -> None:
    sitting = session.get_one(Sitting, rng.choice(world_sittings))
    what = rng.randrange(4)
    if what == 0:
        sitting.start_at += timedelta(minutes=rng.choice((-40, 20, 60)))
        sitting.end_at = sitting.start_at + timedelta(minutes=90)
    elif what == 1:
        sitting.cancelled = True
    elif what == 2:
        sitting.cancelled = False
    else:
        round_ = session.get_one(Round, sitting.round_id)
        pair = rng.choice((("tencent", "zoom"), ("zoom", "tencent"), ("tencent", None)))
        round_.meeting_provider, round_.second_meeting_provider = pair


@pytest.mark.parametrize("seed", range(200))
def test_every_sitting_ends_with_one_meeting_and_no_provider_with_an_orphan(
    seed: int, tmp_path: Path
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    prepare_engine(engine)
    db.metadata.create_all(engine)
    sessions = sessionmaker(engine)
    settings = Settings.from_env({"INSTANCE_DIR": str(tmp_path), "SECRET_KEY": "k" * 32})
    rng = random.Random(seed)
    clock = Clock(START - timedelta(days=9))
    with sessions() as session:
        begin_write(session)
        world = World(session, settings)
        world.round.meeting_provider, world.round.second_meeting_provider = "tencent", "zoom"
        for day in (1, 2):
            sitting = world.add_sitting(START + timedelta(days=day))
            session.add(
                Defence(
                    application_id=world.candidates[day - 1].id,
                    attempt=2,
                    sitting_id=sitting.id,
                    start_at=sitting.start_at,
                    end_at=sitting.end_at,
                )
            )
        ids = list(session.scalars(select(Sitting.id)))
        session.commit()
    tencent, zoom = MemoryProvider(ProviderName.TENCENT), MemoryProvider(ProviderName.ZOOM)
    providers = {"tencent": tencent, "zoom": zoom}
    for _ in range(40):
        if rng.random() < 0.3:
            with sessions() as session:
                begin_write(session)
                change_timetable(session, rng, ids)
                session.commit()
        for provider in (tencent, zoom):
            if rng.random() < 0.4:
                provider.faults.extend(rng.choices(FAULTS, k=rng.randrange(1, 4)))
        with suppress(Killed):
            keep_meetings(sessions, providers, settings, clock)
        clock.now += timedelta(minutes=rng.choice((0, 1, 5, 20)))
    tencent.faults.clear()
    zoom.faults.clear()
    for _ in range(8):
        keep_meetings(sessions, providers, settings, clock)
        clock.now += timedelta(minutes=61)
    with sessions() as session:
        held = {m.sitting_id: m for m in session.scalars(select(Meeting).where(Meeting.state == "held"))}
        wanted = {s.id: s for s in session.scalars(select(Sitting).where(Sitting.cancelled.is_(False)))}
        assert held.keys() == wanted.keys()
        there = {plan.tag: plan for p in (tencent, zoom) for plan in p.meetings.values()}
        assert sum(len(p.meetings) for p in (tencent, zoom)) == len(there) == len(wanted)
        for sitting_id, meeting in held.items():
            plan = there[meeting.tag]
            assert (plan.start_at, plan.end_at) == (wanted[sitting_id].start_at, wanted[sitting_id].end_at)
            assert plan in providers[meeting.provider].meetings.values()
    engine.dispose()

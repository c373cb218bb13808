"""Feeds and the calendar push where writers do not queue up by themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from defense.integrations.caldav_push import CaldavServer
from defense.models import CalendarObject, Feed, Panel, Sitting
from defense.models.types import utc_now
from defense.services.access import Role, create_account
from defense.services.invites.calendar_keeping import PushSummary, push_calendar
from defense.services.invites.feeds import calendar_of_feed, find_feed, note_reading, open_feed
from defense.services.invites.sitting_events import keep_sitting_events
from tests.integration.invites.calendar_server import CalendarServerProcess
from tests.postgres import PostgresServer, engine_of

pytestmark = pytest.mark.postgres

BEFORE_THE_ROUND = datetime(2021, 11, 1, 4, tzinfo=UTC)
AT_ONCE = 6


@pytest.fixture
def engine(postgres: PostgresServer, published_postgres: str) -> Iterator[Engine]:
    engine = engine_of(postgres.create_database(published_postgres))
    yield engine
    engine.dispose()


def together(act: Callable[[], object]) -> None:
    """Run it in several threads at the same moment; none may fail."""
    start, failures = threading.Barrier(AT_ONCE), list[BaseException]()

    def run() -> None:
        start.wait()
        try:
            act()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_one_feed_of_a_panel_is_left(engine: Engine, tmp_path: Path) -> None:
    sessions = sessionmaker(engine)
    with sessions() as session:
        staff_id = create_account(session, Role.STAFF, "王工", "staff", None).id
        panel_id = session.scalars(select(Panel.id)).first()
        session.commit()
    paths: list[str] = []

    def act() -> None:
        with sessions() as session:
            paths.append(open_feed(session, session.get_one(Panel, panel_id), staff_id))
            session.commit()

    together(act)
    server = CalendarServerProcess(tmp_path / "unstarted")
    with sessions() as session:
        found = [find_feed(session, p.removeprefix("/feeds/").removesuffix(".ics")) for p in paths]
        (live,) = [feed for feed in found if feed is not None]
        assert session.scalar(select(func.count()).select_from(Feed)) == AT_ONCE
        note_reading(session, live, utc_now())
        data = calendar_of_feed(session, live, server.settings(tmp_path))
        sittings = select(func.count()).select_from(Sitting).where(Sitting.panel_id == panel_id)
        assert data.count(b"BEGIN:VEVENT") == session.scalar(sittings)
        session.commit()


def test_every_sitting_is_put_once(engine: Engine, tmp_path: Path) -> None:
    sessions: Callable[[], Session] = sessionmaker(engine)
    together(lambda: keep_sitting_events(sessions, lambda: BEFORE_THE_ROUND))
    with sessions() as session:
        assert set(session.scalars(select(CalendarObject.sequence))) == {0}
        count = session.scalar(select(func.count()).select_from(Sitting))
    server = CalendarServerProcess(tmp_path / "radicale")
    server.start()
    try:
        server.make_calendar()
        settings = server.settings(tmp_path / "instance")
        assert settings.caldav is not None
        caldav, done = settings.caldav, list[PushSummary]()
        together(
            lambda: done.append(
                push_calendar(sessions, CaldavServer(caldav), settings, lambda: BEFORE_THE_ROUND)
            )
        )
        assert sum(one.put for one in done) == count == len(server.objects())
        assert sum(one.later for one in done) == 0
    finally:
        server.stop()

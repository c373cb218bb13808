"""Fixtures that every kind of test shares: databases, an application, people who sign in, a real server."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.app import create_app
from defense.extensions import db
from defense.integrations.sample_data import write_sample_data
from defense.migrating import ensure_database
from defense.models import Account, Round, Sitting, SolveRun
from defense.models.types import utc_now
from defense.services.access import Role, candidate_account, create_account, expert_account, issue_link
from defense.services.rounds import ensure_round
from defense.services.timetable.publishing import publish
from defense.services.timetable.schedules import latest_schedule
from defense.services.timetable.solving import carry_out_run, start_run
from defense.services.transaction import begin_write
from defense.settings import Settings
from tests.importing import import_workbook
from tests.live import LiveServer, start_server

SAMPLE_CANDIDATES = 24
FIRST_DAY = date(2021, 11, 22)
CALENDARS = Path(__file__).parent / "data" / "calendars"
"""Of years that are not published yet: some tests look ahead from the day on which they run."""


LONG_FIRST = ("unit/scheduler", "web", "browser", "integration")
"""Folders whose files take longest; begun first, so that no worker is left with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first."""
    root = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        folder = item.path.relative_to(root).as_posix()
        return next((i for i, name in enumerate(LONG_FIRST) if folder.startswith(name)), len(LONG_FIRST))

    items.sort(key=rank)


def make_settings(directory: Path, **environ: str) -> Settings:
    """Settings of an installation that lives in one directory."""
    return Settings.from_env(
        {
            "INSTANCE_DIR": str(directory),
            "CALENDAR_DIR": str(CALENDARS),
            "SECRET_KEY": "test",
            "PUBLIC_URL": "http://localhost",
            **environ,
        }
    )


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at the newest migration; tests take copies."""
    settings = make_settings(tmp_path_factory.mktemp("migrated"))
    app = create_app(settings)
    with app.app_context():
        ensure_database()
        db.engine.dispose()
    return settings.instance_dir / "defence.sqlite3"


@pytest.fixture(scope="session")
def published_sqlite(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Path:
    """A SQLite file with a sample round, solved and published; tests take copies."""
    directory = tmp_path_factory.mktemp("published")
    shutil.copy(migrated_sqlite, directory / "defence.sqlite3")
    settings = make_settings(directory)
    app = create_app(settings)
    with app.app_context():
        publish_sample_round(settings, directory)
        db.engine.dispose()
    return directory / "defence.sqlite3"


@pytest.fixture(scope="session")
def future_sqlite(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Path:
    """A published sample round that begins on a Monday in one to two weeks, with a staff member."""
    directory = tmp_path_factory.mktemp("future")
    shutil.copy(migrated_sqlite, directory / "defence.sqlite3")
    settings = make_settings(directory)
    today = utc_now().date()
    with create_app(settings).app_context():
        publish_sample_round(settings, directory, today + timedelta(days=14 - today.weekday()))
        with sessionmaker(db.engine)() as session:
            create_account(session, Role.STAFF, "王工", "staff", None)
            create_account(session, Role.SUPERVISOR, "赵监督", "supervisor", None)
            session.commit()
        db.engine.dispose()
    return directory / "defence.sqlite3"


def publish_sample_round(settings: Settings, directory: Path, first_day: date = FIRST_DAY) -> None:
    """Import, solve and publish a sample round in the database of the current application."""
    with sessionmaker(db.engine)() as session:
        begin_write(session)
        round_ = ensure_round(session, "2021")
        write_sample_data(directory, SAMPLE_CANDIDATES, 7, first_day, round_.rules)
        for kind in ("experts", "panels", "applications"):
            data = (directory / f"{kind}.xlsx").read_bytes()
            import_workbook(session, round_, kind, data)
        run_id = start_run(session, round_, None).id
        session.commit()
    carry_out_run(sessionmaker(db.engine), run_id, time_limit_s=20)
    with sessionmaker(db.engine)() as session:
        begin_write(session)
        schedule = latest_schedule(session, session.scalars(select(Round)).one())
        assert schedule is not None, [(r.state, r.error) for r in session.scalars(select(SolveRun))]
        publish(session, schedule, settings, utc_now(), None)
        session.commit()


def make_app(directory: Path, database: Path) -> Flask:
    """An application on a copy of a database, without the CSRF check (which has tests of its own)."""
    shutil.copy(database, directory / "defence.sqlite3")
    app = create_app(make_settings(directory))
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture
def app(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Flask]:
    """An application with an empty database of its own."""
    app = make_app(tmp_path, migrated_sqlite)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def published_app(tmp_path: Path, published_sqlite: Path) -> Iterator[Flask]:
    """An application with a published sample round."""
    app = make_app(tmp_path, published_sqlite)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def future_app(tmp_path: Path, future_sqlite: Path) -> Iterator[Flask]:
    """An application with a published round whose defences are still to come."""
    app = make_app(tmp_path, future_sqlite)
    yield app
    with app.app_context():
        db.engine.dispose()


@dataclass
class People:
    """The office, and the people of a round's fullest sitting with five experts."""

    sitting_id: int
    defence_ids: list[int]
    links: dict[str, str]
    """`staff`, `supervisor`, `secretary`, `expert0` …, `candidate0` … → path of a personal link."""


def introduce_people(session: Session) -> People:
    """Make accounts and links for everybody around one sitting; commits."""
    begin_write(session)
    sittings = session.scalars(select(Sitting).order_by(Sitting.start_at, Sitting.id))
    sitting = max((s for s in sittings if len(s.members) == 5), key=lambda s: len(s.defences))
    accounts: dict[str, Account] = {
        "staff": create_account(session, Role.STAFF, "王工", "staff", None),
        "supervisor": create_account(session, Role.SUPERVISOR, "赵监督", "supervisor", None),
    }
    assert sitting.panel.secretary is not None
    accounts["secretary"] = sitting.panel.secretary
    for i, member in enumerate(sitting.members):
        accounts[f"expert{i}"] = expert_account(session, member.expert)
    for i, defence in enumerate(sitting.defences):
        accounts[f"candidate{i}"] = candidate_account(session, defence.application)
    expires_at = utc_now() + timedelta(days=1)
    links = {name: issue_link(session, account, expires_at) for name, account in accounts.items()}
    people = People(sitting.id, [d.id for d in sitting.defences], links)
    session.commit()
    return people


@pytest.fixture
def people(published_app: Flask) -> People:
    """Everybody around one sitting of the published round."""
    with published_app.app_context(), sessionmaker(db.engine)() as session:
        return introduce_people(session)


@pytest.fixture
def enter(published_app: Flask, people: People) -> Callable[[str], FlaskClient]:
    """A browser of the named person, signed in by link."""

    def enter_as(name: str) -> FlaskClient:
        client = published_app.test_client()
        assert client.get(people.links[name]).status_code == 302
        return client

    return enter_as


@pytest.fixture
def live(tmp_path: Path, published_sqlite: Path) -> Iterator[LiveServer]:
    """The service as it is really run, on a copy of the published round, with people to sign in."""
    shutil.copy(published_sqlite, tmp_path / "defence.sqlite3")
    app = create_app(make_settings(tmp_path))
    with app.app_context():
        with sessionmaker(db.engine)() as session:
            people = introduce_people(session)
        db.engine.dispose()
    server = start_server(tmp_path, people.sitting_id, people.defence_ids, people.links)
    yield server
    # Stopping in order takes two seconds; nothing is looked at afterwards.
    server.kill()


def csrf_token(html: str) -> str:
    """The CSRF token of a page."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', html)
    assert found is not None
    return found[1]

"""Senders that are killed with kill -9 lose nothing and repeat next to nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import sessionmaker

from defense.app import create_app
from defense.extensions import db
from defense.migrating import ensure_database
from defense.services.access import Role, create_account
from defense.services.rounds import ensure_round
from tests.conftest import make_settings
from tests.outbox_kills import KilledSending
from tests.postgres import PostgresServer


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'defence.sqlite3'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create_database()


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Flask:
    app = create_app(make_settings(tmp_path, DATABASE_URL=database_url))
    with app.app_context():
        ensure_database()
        with sessionmaker(db.engine)() as session:
            ensure_round(session, "2021")
            create_account(session, Role.STAFF, "王工", "staff", None)
            session.commit()
    return app


def test_five_kills(office: Flask, database_url: str, tmp_path: Path) -> None:
    sending = KilledSending(office, tmp_path, database_url, seed=7)
    sending.queue(120)
    sending.run(kills=5)
    sending.check()

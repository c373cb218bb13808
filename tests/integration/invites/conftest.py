"""A published round in a SQLite file, and a real mail server on the loopback interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

import defense.models  # noqa: F401 (registers the tables)
from defense.extensions import db
from defense.services.transaction import begin_write, prepare_engine
from defense.settings import Settings
from tests.invite_world import World
from tests.mail_server import MailServer
from tests.relay import AnyPortController


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    def authenticate(*args: Any) -> AuthResult:
        right = (args[4].login, args[4].password) == (b"user@x", b"p:w/d")
        return AuthResult(success=right, handled=False)

    handler = MailServer()
    controller = AnyPortController(
        handler, hostname="127.0.0.1", port=0, authenticator=authenticate, auth_require_tls=False
    )
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    prepare_engine(engine)
    db.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> Callable[[], Session]:
    return sessionmaker(engine)


@pytest.fixture
def session(sessions: Callable[[], Session]) -> Iterator[Session]:
    with sessions() as session:
        begin_write(session)
        yield session


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_env(
        {
            "INSTANCE_DIR": str(tmp_path / "instance"),
            "SECRET_KEY": "k" * 32,
            "PUBLIC_URL": "https://defence.example.org",
            "MAIL_FROM": "自治区职称社会化评价中心 <defence@example.com>",
            "LINK_DAYS": "14",
        }
    )


@pytest.fixture
def world(session: Session, settings: Settings) -> World:
    return World(session, settings)

"""`flask send-outbox` is killed again and again in the middle of its work; what must be true in the end."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from defense.app import create_app
from defense.extensions import db
from defense.integrations.mail import Mailbox
from defense.integrations.notices import RenderedNotice
from defense.migrating import ensure_database
from defense.models import Account, OutboxMessage, Round
from defense.models.types import utc_now
from defense.services.access import Role, create_account
from defense.services.invites.post import Addressee, LetterKind, PostOffice
from defense.services.rounds import ensure_round
from defense.settings import Settings
from tests.conftest import make_settings
from tests.postgres import PostgresServer
from tests.relay import Relay, running

PROJECT_DIR = Path(__file__).resolve().parent.parent
CONNECTIONS = 4


@dataclass
class KilledSending:
    """An outbox that is sent under kills.

    Parameters
    ----------
    app : on the database whose outbox is sent.
    database_url : for the senders.
    """

    app: Flask
    instance_dir: Path
    database_url: str
    seed: int
    relay: Relay = field(default_factory=lambda: Relay(delay_s=0.005))
    repeats: list[int] = field(default_factory=list)
    """Of every kill: mails that went again after it."""

    def queue(self, count: int) -> None:
        """Put letters into the outbox."""
        settings: Settings = self.app.extensions["settings"]
        with self.app.app_context(), sessionmaker(db.engine)() as session:
            queue_letters(session, settings, count)
            session.commit()

    def run(self, kills: int) -> None:
        """Kill one sender after the other, then let the last one finish."""
        chances = random.Random(self.seed)
        with running(self.relay):
            for number in range(kills):
                self._send_and_die(after=chances.randint(1, 12), number=number)
            before = self.relay.repeats
            self._let_leases_pass()
            assert self._sender().wait(timeout=120) == 0
            self.repeats.append(self.relay.repeats - before)

    def check(self) -> None:
        """Nothing lost, nothing twice behind the relay, at most one repeated mail a connection and kill."""
        with self.app.app_context(), sessionmaker(db.engine)() as session:
            assert set(session.scalars(select(OutboxMessage.state))) == {"sent"}
        assert not self.lost()
        assert not self.seen_twice()
        assert set(self.relay.arrivals) == self.queued()
        assert all(len(digests) == 1 for digests in self.relay.digests.values()), "other bytes at a retry"
        assert max(self.repeats) <= CONNECTIONS, self.repeats

    def queued(self) -> set[str]:
        """The Message-IDs of all letters that were put into the outbox."""
        with self.app.app_context(), sessionmaker(db.engine)() as session:
            return set(session.scalars(select(OutboxMessage.message_id)))

    def lost(self) -> set[str]:
        """Those that never came to the relay."""
        return self.queued() - set(self.relay.arrivals)

    def seen_twice(self) -> list[str]:
        """Recipients who got their one letter more than once."""
        return [recipient for recipient, count in self.relay.delivered.items() if count > 1]

    def _send_and_die(self, after: int, number: int) -> None:
        started_at = self.relay.arrivals.total()
        repeats = self.relay.repeats
        self._let_leases_pass()
        process = self._sender()

        def trap(count: int) -> None:
            if count >= started_at + after:
                process.kill()

        self.relay.on_mail = trap
        code = process.wait(timeout=120)
        self.relay.on_mail = lambda _count: None
        assert code == -9, f"kill {number}: the sender was done before it could be killed ({code})"
        if number:
            self.repeats.append(self.relay.repeats - repeats)

    def _sender(self) -> subprocess.Popen[bytes]:
        environ = {
            **os.environ,
            "INSTANCE_DIR": str(self.instance_dir),
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": "test",
            "SMTP_URL": self.relay.url,
            "MAIL_CONNECTIONS": str(CONNECTIONS),
            "MAIL_RATES": "",
        }
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "send-outbox"]
        return subprocess.Popen(command, cwd=PROJECT_DIR, env=environ, stdout=subprocess.DEVNULL)

    def _let_leases_pass(self) -> None:
        """What a dead sender held is free after ten minutes; here they pass at once."""
        with self.app.app_context(), sessionmaker(db.engine)() as session:
            session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.claimed_until.is_not(None))
                .values(claimed_until=utc_now() - timedelta(seconds=1))
            )
            session.execute(update(OutboxMessage).values(next_attempt_at=utc_now()))
            session.commit()


def queue_letters(session: Session, settings: Settings, count: int) -> None:
    """Put plain letters to made-up addresses into the outbox; the caller commits."""
    round_ = session.scalars(select(Round)).first()
    account = session.scalars(select(Account)).first()
    assert round_ is not None
    assert account is not None
    post = PostOffice(session, settings, utc_now())
    for number in range(count):
        text = f"第 {number} 封 / letter {number}"
        addressee = Addressee(round_.id, account.id, Mailbox("收件人", f"person{number}@example.org"))
        post.queue(LetterKind.RESULT, addressee, RenderedNotice(text, text, text, f"<p>{text}</p>"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'defence.sqlite3'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create_database()


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Flask:
    return make_office(make_settings(tmp_path, DATABASE_URL=database_url))


def make_office(settings: Settings) -> Flask:
    """An application with a round and one member of staff."""
    app = create_app(settings)
    with app.app_context():
        ensure_database()
        with sessionmaker(db.engine)() as session:
            ensure_round(session, "2021")
            create_account(session, Role.STAFF, "王工", "staff", None)
            session.commit()
    return app

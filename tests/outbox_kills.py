"""`flask send-outbox` is killed again and again in the middle of its work; what must be true in the end."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from defense.extensions import db
from defense.integrations.mail import Mailbox
from defense.integrations.notices import RenderedNotice
from defense.models import Account, OutboxMessage, Round
from defense.models.types import utc_now
from defense.services.post import Addressee, LetterKind, PostOffice
from defense.settings import Settings
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
            states = set(session.scalars(select(OutboxMessage.state)))
            queued = set(session.scalars(select(OutboxMessage.message_id)))
        assert states == {"sent"}
        assert set(self.relay.arrivals) == queued
        assert all(len(digests) == 1 for digests in self.relay.digests.values()), "other bytes at a retry"
        assert max(self.repeats) <= CONNECTIONS, self.repeats

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

"""`flask push-upstream` is killed again and again in the middle of its work; what must be true in the end."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from defense.extensions import db
from defense.models import Application, UpstreamDelivery, UpstreamHold
from defense.models.types import utc_now
from defense.services.records.rulings import override_fee
from tests.upstream_platform import Platform

PROJECT_DIR = Path(__file__).resolve().parent.parent


class KilledPushing:
    """Deliveries that are sent under kills, by processes of their own."""

    def __init__(self, app: Flask, directory: Path, platform: Platform) -> None:
        self.app, self.directory, self.platform = app, directory, platform

    def queue(self, candidates: Sequence[Application], each: int, staff_id: int) -> None:
        """Let the platform own these, and staff decide so often about each of them; commits."""
        with self.app.app_context(), sessionmaker(db.engine)() as session:
            for id_ in [candidate.id for candidate in candidates]:
                application = session.get_one(Application, id_)
                item = self.platform.inside.store.put(application.round.code, application.record_json)
                session.get_one(UpstreamHold, id_).etag = item.etag
                for turn in range(each):
                    override_fee(session, application, turn % 2 == 0, f"理由{turn}", staff_id)
            session.commit()

    def run(self, kills: int, seed: int = 0) -> None:
        """Kill one sender after the other, then let the last one finish."""
        chances = random.Random(seed)
        for number in range(kills):
            self._let_leases_pass()
            before, process = len(self.platform.told()), self._sender()
            after = chances.randint(1, 4)
            while len(self.platform.told()) < before + after and process.poll() is None:
                time.sleep(0.001)
            process.kill()
            assert process.wait(timeout=60) == -9, f"kill {number}: the sender was done before"
        self._let_leases_pass()
        assert self._sender().wait(timeout=120) == 0

    def check(self) -> None:
        """Each was taken once, in its order, and is known here to have been."""
        with self.app.app_context(), sessionmaker(db.engine)() as session:
            for application in session.scalars(select(Application)):
                there = [one["body"] for one in self.platform.told() if one["number"] == application.number]
                assert there == _queued(session, application)
            assert set(session.scalars(select(UpstreamDelivery.state))) == {"sent"}

    def _sender(self) -> subprocess.Popen[bytes]:
        environ = {
            **os.environ,
            "INSTANCE_DIR": str(self.directory),
            "SECRET_KEY": "test",
            **self.platform.environ,
        }
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "push-upstream"]
        return subprocess.Popen(command, cwd=PROJECT_DIR, env=environ, stdout=subprocess.DEVNULL)

    def _let_leases_pass(self) -> None:
        """What a dead sender held is free after ten minutes; here they pass at once."""
        with self.app.app_context(), sessionmaker(db.engine)() as session:
            session.execute(
                update(UpstreamDelivery)
                .where(UpstreamDelivery.claimed_until.is_not(None))
                .values(claimed_until=utc_now() - timedelta(seconds=1))
            )
            session.commit()


def _queued(session: Session, application: Application) -> list[object]:
    bodies = select(UpstreamDelivery.body_json).where(UpstreamDelivery.application_id == application.id)
    return list(session.scalars(bodies.order_by(UpstreamDelivery.sequence)))

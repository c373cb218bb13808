"""A big round is published; the clock runs until the mail server has answered 250 to the last invite."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from bench.figures import Figure, Target, of_runs
from bench.invites.workshop import Bench
from bench.report import PROJECT_DIR
from defense.app import create_app
from defense.extensions import db
from defense.integrations.mail import senders_from
from defense.integrations.sample_data import write_sample_data
from defense.migrating import ensure_database
from defense.models import Round
from defense.models.types import utc_now
from defense.services.imports.importing import apply_import, preview_import
from defense.services.invites.outbox import send_due
from defense.services.rounds import ensure_round
from defense.services.timetable.publishing import publish
from defense.services.timetable.schedules import latest_schedule
from defense.services.timetable.solving import carry_out_run, start_run
from defense.services.transaction import begin_write
from defense.settings import Settings

ROWS, QUICK_ROWS = 8_000, 800
"""Applications of the invented round; 8,000 give some 10,000 invites, panelists included."""
RUNS = 3
CONNECTIONS = 8
SOLVE_LIMIT_S = 60
ENOUGH_S = Target("≤", 30, "s")


@dataclass(frozen=True)
class Run:
    """One round from publishing to the last 250; seconds."""

    invites: int
    publishing_s: float
    sending_s: float
    taken: int
    """Mails that the server had in the end."""


def measure_delivery(bench: Bench) -> list[Figure]:
    """Publish the same solved round in fresh copies of its database, with the code that the service runs."""
    solved = bench.folder / "solved"
    _solve(solved, QUICK_ROWS if bench.is_quick else ROWS)
    runs = [_deliver(solved, bench.folder) for _ in range(RUNS)]
    invites = runs[0].invites
    per_10_000 = [10_000 * (run.publishing_s + run.sending_s) / run.invites for run in runs]
    work = f"publish {invites:,} invites, SQLite, {CONNECTIONS} connections"
    lost = [float(run.invites - run.taken) for run in runs]
    return [
        of_runs(work, "publishing, s", [run.publishing_s for run in runs]),
        of_runs(work, "sending until the last 250, s", [run.sending_s for run in runs]),
        of_runs(work, "both, for 10,000 invites, s", per_10_000, ENOUGH_S),
        of_runs(work, "invites without a 250", lost, Target("=", 0)),
    ]


def _settings(directory: Path, **more: str) -> Settings:
    return Settings.from_env(
        {
            "INSTANCE_DIR": str(directory),
            "SECRET_KEY": "bench",
            "PUBLIC_URL": "https://defence.example.org",
            "MAIL_FROM": "职称评审中心 <centre@example.org>",
            "MAIL_CONNECTIONS": str(CONNECTIONS),
            "MAIL_RATES": "",
            **more,
        }
    )


def _solve(directory: Path, rows: int) -> None:
    """A round with a timetable that is not published yet."""
    app = create_app(_settings(directory))
    with app.app_context():
        ensure_database()
        sessions = sessionmaker(db.engine)
        with sessions() as session:
            begin_write(session)
            round_ = ensure_round(session, "2021")
            write_sample_data(directory, rows, 7, date(2021, 11, 22), round_.rules)
            for kind in ("experts", "panels", "applications"):
                name = f"{kind}.xlsx"
                batch = preview_import(session, round_, kind, name, (directory / name).read_bytes(), None)
                apply_import(session, batch, None)
            run_id = start_run(session, round_, None).id
            session.commit()
        carry_out_run(sessions, run_id, time_limit_s=SOLVE_LIMIT_S)
        db.engine.dispose()


def _deliver(solved: Path, folder: Path) -> Run:
    with tempfile.TemporaryDirectory(dir=folder) as name, _relay() as (relay, port):
        directory = Path(name) / "instance"
        shutil.copytree(solved, directory)
        settings = _settings(directory, SMTP_URL=f"smtp://127.0.0.1:{port}")
        app = create_app(settings)
        began = time.perf_counter()
        invites = _publish(app, settings)
        published = time.perf_counter()
        _send(app, settings)
        sent = time.perf_counter()
        taken, _ = relay.communicate("")
        return Run(invites, published - began, sent - published, int(taken))


def _publish(app: Flask, settings: Settings) -> int:
    with app.app_context(), sessionmaker(db.engine)() as session:
        begin_write(session)
        schedule = latest_schedule(session, session.scalars(select(Round)).one())
        if schedule is None:
            raise ValueError(f"no timetable within {SOLVE_LIMIT_S} s")
        _changes, summary = publish(session, schedule, settings, utc_now(), None)
        session.commit()
        return summary.created


def _send(app: Flask, settings: Settings) -> None:
    with app.app_context():
        senders = senders_from(settings)
        while send_due(sessionmaker(db.engine), senders, settings, utc_now).sent:
            pass
        db.engine.dispose()


@contextmanager
def _relay() -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """A mail server in a process of its own, and its port; closing its input ends it with its count."""
    command = [sys.executable, "-m", "bench.invites.mail_sink"]
    with subprocess.Popen(
        command, cwd=PROJECT_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process, int(next(process.stdout or iter(())))
        finally:
            process.kill()


WORKS = {"delivery": measure_delivery}

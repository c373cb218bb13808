"""The service while a workbook goes through it: how long others wait for a page meanwhile."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import requests
from sqlalchemy.orm import sessionmaker

from bench.voting.servers import environment, free_port, service
from defense.app import create_app
from defense.extensions import db
from defense.migrating import ensure_database
from defense.models.types import utc_now
from defense.services.access import Role, create_account, issue_link
from defense.services.rounds import ensure_round
from defense.services.transaction import begin_write
from defense.settings import Settings

QUIET_S = 10.0
EVERY_S = 0.02
LIMIT_S = 900.0
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ServingError(Exception):
    """A step of the import was not answered as it should be."""


def waits_meanwhile(folder: Path, workbook: Path) -> tuple[list[float], list[float]]:
    """Seconds until each of many pages came: with nothing else to do, and while the workbook goes in.

    The workbook goes the way that a clerk's does: uploaded, looked at, taken in, by the pages.
    """
    environ = environment(folder, free_port())
    path = _seeded(Settings.from_env(environ))
    with service(environ) as server:
        url = f"http://{server.host}"
        with _asking(url) as quiet:
            time.sleep(QUIET_S)
        clerk = requests.Session()
        clerk.headers["Origin"] = url
        clerk.get(url + path, timeout=60)
        page = clerk.get(f"{url}/rounds/2021/import", timeout=60).text
        clerk.headers["X-CSRFToken"] = re.findall(r'name="csrf-token" content="([^"]+)"', page)[0]
        with _asking(url) as disturbed:
            file = {"workbook": ("a.xlsx", workbook.read_bytes(), XLSX)}
            kind = {"kind": "applications"}
            place = clerk.post(f"{url}/rounds/2021/import", data=kind, files=file, timeout=60).url
            _wait_for_end(clerk, place)
            clerk.post(place, timeout=60)
            _wait_for_end(clerk, place)
            if "已导入" not in clerk.get(place, timeout=60).text:
                raise ServingError("the rows were not imported")
    return quiet, disturbed


def _seeded(settings: Settings) -> str:
    """Make the database with a round and a clerk; return the clerk's personal link."""
    app = create_app(settings)
    with app.app_context():
        ensure_database()
        with sessionmaker(db.engine)() as session:
            begin_write(session)
            ensure_round(session, "2021")
            clerk = create_account(session, Role.STAFF, "王工", "clerk", None)
            path = issue_link(session, clerk, utc_now() + timedelta(days=1))
            session.commit()
        db.engine.dispose()
    return path


@contextmanager
def _asking(url: str) -> Iterator[list[float]]:
    """Ask for a page again and again; the waits are in the list."""
    waits: list[float] = []
    is_over = threading.Event()

    def ask() -> None:
        with requests.Session() as somebody:
            while not is_over.wait(EVERY_S):
                began_s = time.perf_counter()
                somebody.get(f"{url}/login", timeout=60).raise_for_status()
                waits.append(time.perf_counter() - began_s)

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        yield waits
    finally:
        is_over.set()
        asker.join()


def _wait_for_end(clerk: requests.Session, place: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while 'http-equiv="refresh"' in clerk.get(place, timeout=60).text:
        if time.monotonic() > deadline:
            raise ServingError("the import did not end")
        time.sleep(1)

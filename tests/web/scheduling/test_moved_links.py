"""A move is published: within a second what the old invites opened is shut, pages and sockets."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from socketio.exceptions import ConnectionError
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.app import create_app
from defense.extensions import db
from defense.models import Account, Invite, Sitting
from defense.models.types import utc_now
from defense.services.access import invite_link, issue_link
from defense.services.transaction import begin_write
from tests.conftest import make_settings
from tests.live import LiveServer, start_server
from tests.sockets import RoomSocket, rows

DIES_WITHIN_S = 1.0
"""From the answer to the staff who published."""
RUN_LIMIT_S = 120


@dataclass(frozen=True)
class Lost:
    """The half-day that will be lost."""

    half_day_id: int
    defence_ids: list[int]


def people_of_a_sitting(session: Session, secret_key: str) -> tuple[int, Lost, dict[str, str]]:
    """The fullest sitting, and the links that its people were sent."""
    begin_write(session)
    sitting = max(session.scalars(select(Sitting)).all(), key=lambda s: (len(s.defences), -s.id))
    staff = session.scalars(select(Account).where(Account.username == "staff")).one()
    links = {"staff": issue_link(session, staff, utc_now() + timedelta(days=1))}
    of_sitting = session.scalars(
        select(Invite).where(Invite.sitting_id == sitting.id).order_by(Invite.id)
    ).all()
    links |= {f"expert{i}": invite_link(invite, secret_key) for i, invite in enumerate(of_sitting)}
    defence_ids = [defence.id for defence in sitting.defences]
    of_defences = session.scalars(select(Invite).where(Invite.defence_id.in_(defence_ids))).all()
    links |= {f"candidate{i}": invite_link(invite, secret_key) for i, invite in enumerate(of_defences)}
    session.commit()
    return sitting.id, Lost(sitting.half_day_id, defence_ids), links


@pytest.fixture
def town(tmp_path: Path, future_sqlite: Path) -> Iterator[tuple[LiveServer, Lost]]:
    """The service on a published round that is still to come, and the links in its invites."""
    shutil.copy(future_sqlite, tmp_path / "defence.sqlite3")
    settings = make_settings(tmp_path)
    with create_app(settings).app_context():
        with sessionmaker(db.engine)() as session:
            sitting_id, lost, links = people_of_a_sitting(session, settings.secret_key)
        db.engine.dispose()
    server = start_server(tmp_path, sitting_id, lost.defence_ids, links)
    yield server, lost
    server.kill()


def reschedule(server: LiveServer, staff: requests.Session, half_day_id: int) -> int:
    """Staff lose a half-day and solve anew; the schedule that waits for its publication."""
    address = f"{server.url}/rounds/2021/schedule"
    lost = {"half_day_id": str(half_day_id), "reason": "线路故障"}
    assert staff.post(f"{address}/change/half-days", data=lost, timeout=10).ok
    assert staff.post(f"{address}/reschedule", timeout=10).ok
    deadline = time.monotonic() + RUN_LIMIT_S
    while staff.get(f"{address}/run", timeout=10).json()["state"] in ("queued", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return int(rows(server, "SELECT max(id) FROM schedule")[0][0])


def is_signed_in(server: LiveServer, http: requests.Session) -> bool:
    answer = http.get(server.url + "/sittings", timeout=10, allow_redirects=False)
    return not (answer.status_code == 302 and "/login" in answer.headers["Location"])


def test_it_dies_within_a_second_of_a_move(town: tuple[LiveServer, Lost]) -> None:
    server, lost = town
    staff = server.sign_in("staff")
    new = reschedule(server, staff, lost.half_day_id)
    holders = {name: server.sign_in(name) for name in ("candidate0", "candidate1", "expert0", "expert1")}
    assert all(is_signed_in(server, http) for http in holders.values())
    sockets = {name: RoomSocket(server, holders[name]) for name in ("expert0", "expert1")}
    for socket in sockets.values():
        socket.enter()
    page = staff.post(
        f"{server.url}/rounds/2021/schedule/{new}/publish",
        data={"told_ok": "1", "short_ok": "1"},
        timeout=30,
        allow_redirects=False,
    )
    began = time.monotonic()
    assert page.status_code == 302
    assert not any(is_signed_in(server, http) for http in holders.values())
    for name in holders:
        answer = requests.get(server.url + server.links[name], timeout=10, allow_redirects=False)
        assert answer.status_code == 410, name
        # The page says whom to call.
        assert re.search(r"\d{4}-\d{7}", answer.text)
    for name, socket in sockets.items():
        assert socket.cut.wait(max(0.0, began + DIES_WITHIN_S - time.monotonic())), name
    assert time.monotonic() - began < DIES_WITHIN_S
    with pytest.raises((ConnectionError, ValueError)):
        RoomSocket(server, holders["expert0"])
    # The staff, and the new revisions, are as alive as ever.
    assert is_signed_in(server, staff)
    fresh = rows(
        server,
        "SELECT count(*) FROM access_link JOIN invite ON invite.id = invite_id"
        " WHERE revoked_at IS NULL AND NOT cancelled AND defence_id IS NOT NULL",
    )
    alive = rows(server, "SELECT count(*) FROM invite WHERE NOT cancelled AND defence_id IS NOT NULL")
    assert fresh == alive

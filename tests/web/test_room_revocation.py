"""Who loses a right is hung up on within a second, wherever it was taken away, and acts no more meanwhile."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
import requests
from socketio.exceptions import ConnectionError, SocketIOError
from sqlalchemy import create_engine, select
from sqlalchemy.orm import sessionmaker

from defense.models import Account
from defense.models.types import utc_now
from defense.services.access import Role
from defense.services.office import set_account_active
from defense.services.transaction import begin_write, prepare_engine
from tests.live import LiveServer
from tests.rooms import ballot
from tests.sockets import WAIT_S, RoomSocket, open_ballot, rows

CUT_WITHIN_S = 1.0
"""From the answer to whoever took the right away."""


@pytest.fixture
def server(live: LiveServer) -> Iterator[LiveServer]:
    yield live
    live.kill()


def expert_of(server: LiveServer) -> int:
    """The expert whose link is `expert0`."""
    query = "SELECT expert_id FROM sitting_member WHERE sitting_id = ? ORDER BY is_head DESC, expert_id"
    expert_id: int = rows(server, query, server.sitting_id)[0][0]
    return expert_id


def post(http: requests.Session, server: LiveServer, path: str, **form: str) -> None:
    """Click."""
    answer = http.post(server.url + path, data=form, timeout=WAIT_S, allow_redirects=False)
    assert answer.status_code in (200, 302), answer.text[-500:]


def log_out(server: LiveServer, expert: requests.Session) -> None:
    post(expert, server, "/logout")


def revoke_links(server: LiveServer, _expert: requests.Session) -> None:
    post(server.sign_in("staff"), server, f"/rounds/2021/people/experts/{expert_of(server)}/revoke")


def close_account(server: LiveServer, _expert: requests.Session) -> None:
    """By another process, as a command would."""
    engine = create_engine(f"sqlite:///{server.directory / 'defence.sqlite3'}")
    prepare_engine(engine)
    with sessionmaker(engine)() as session:
        begin_write(session)
        staff = session.scalars(select(Account).where(Account.role == Role.STAFF)).first()
        account = session.scalars(select(Account).where(Account.expert_id == expert_of(server))).one()
        assert staff is not None
        set_account_active(session, account, False, staff.id)
        session.commit()
    engine.dispose()


def recuse(server: LiveServer, _expert: requests.Session) -> None:
    path = f"/defences/{server.defence_ids[0]}/recusals"
    post(server.sign_in("secretary"), server, path, expert_id=str(expert_of(server)), reason="师生关系")


WAYS = {way.__name__: way for way in (log_out, revoke_links, close_account, recuse)}


@pytest.mark.parametrize("way", sorted(WAYS))
def test_every_socket_is_cut_within_a_second(server: LiveServer, way: str) -> None:
    ballot_round_id = open_ballot(server, server.sign_in("secretary"))
    http = server.sign_in("expert0")
    sockets = [RoomSocket(server, http) for _ in range(3)]
    other = RoomSocket(server, server.sign_in("expert1"))
    for socket in (*sockets, other):
        socket.enter()
    WAYS[way](server, http)
    began = time.monotonic()
    # Before the sockets are gone, too, nobody acts by a right that has ended.
    try:
        answer = sockets[0].call("cast_ballot", ballot(ballot_round_id))
    except SocketIOError:
        answer = {"ok": False}
    assert not answer["ok"]
    for socket in sockets:
        assert socket.cut.wait(max(0.0, began + CUT_WITHIN_S - time.monotonic())), way
    assert not other.cut.is_set()
    assert rows(server, "SELECT count(*) FROM voter WHERE receipt IS NOT NULL") == [(0,)]
    if way != "recuse":  # who is recused from one candidate keeps the sitting's other ones
        with pytest.raises((ConnectionError, ValueError)):
            RoomSocket(server, http)
    other.close()


def test_a_sign_in_that_runs_out_takes_its_sockets_with_it(server: LiveServer) -> None:
    """Nobody clicks anything: the time is over."""
    ballot_round_id = open_ballot(server, server.sign_in("secretary"))
    http = server.sign_in("expert0")
    expires_at = utc_now() + timedelta(seconds=3)
    with closing(sqlite3.connect(server.directory / "defence.sqlite3", timeout=WAIT_S)) as connection:
        ends = expires_at.strftime("%Y-%m-%d %H:%M:%S.%f")
        connection.execute("UPDATE sign_in SET expires_at = ? WHERE link_id IS NOT NULL", (ends,))
        connection.commit()
    socket = RoomSocket(server, http)
    socket.enter()
    assert socket.cut.wait((expires_at - utc_now()).total_seconds() + CUT_WITHIN_S)
    assert utc_now() >= expires_at
    with pytest.raises(SocketIOError):
        socket.call("cast_ballot", ballot(ballot_round_id))


def test_a_changed_role_is_seen_at_the_next_event(server: LiveServer) -> None:
    """No page changes a role; whoever does it in the database is obeyed at once."""
    ballot_round_id = open_ballot(server, server.sign_in("secretary"))
    socket = RoomSocket(server, server.sign_in("expert0"))
    socket.enter()
    with closing(sqlite3.connect(server.directory / "defence.sqlite3", timeout=WAIT_S)) as connection:
        change = "UPDATE account SET role = 'candidate' WHERE expert_id = ?"
        connection.execute(change, (expert_of(server),))
        connection.commit()
    assert not socket.call("cast_ballot", ballot(ballot_round_id))["ok"]
    assert not socket.call("enter", {"sitting_id": server.sitting_id})["ok"]
    assert rows(server, "SELECT count(*) FROM voter WHERE receipt IS NOT NULL") == [(0,)]
    socket.close()

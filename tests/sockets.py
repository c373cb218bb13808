"""Real websockets to a running server."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from threading import Event
from typing import Any

import requests
import socketio

from tests.live import LiveServer
from tests.rooms import TO_DISCUSSION

WAIT_S = 10.0


class RoomSocket:
    """One page's socket: what it was told, and what it can ask."""

    def __init__(
        self,
        server: LiveServer,
        http: requests.Session | None,
        origin: str | None = "",
        csrf_token: str | None = "",
    ) -> None:
        self.server, self.news = server, list[dict[str, Any]]()
        self.cut, self.asked_again = Event(), Event()
        # The library's own Origin is suppressed, so that ours is the only one, or there is none.
        self.client = socketio.Client(
            reconnection=False, websocket_extra_options={"suppress_origin": True}, handle_sigint=False
        )
        self.client.on("sitting_changed", self.news.append)
        self.client.on("enter_again", self.asked_again.set)
        self.client.on("disconnect", lambda _reason: self.cut.set())
        headers = {}
        if origin is not None:
            headers["Origin"] = origin or server.url
        if http is not None:
            headers["Cookie"] = "; ".join(f"{cookie.name}={cookie.value}" for cookie in http.cookies)
        own = str(http.headers.get("X-CSRFToken")) if http is not None else None
        auth = {"csrf_token": own if csrf_token == "" else csrf_token}
        self.client.connect(
            server.url, headers=headers, auth=auth, transports=["websocket"], wait_timeout=WAIT_S
        )

    def call(self, event: str, data: Any) -> dict[str, Any]:
        """Send an event and wait for its answer."""
        answer: dict[str, Any] = self.client.call(event, data, timeout=WAIT_S)
        return answer

    def enter(self) -> dict[str, Any]:
        """Enter the sitting; the snapshot."""
        answer = self.call("enter", {"sitting_id": self.server.sitting_id})
        assert answer["ok"], answer
        snapshot: dict[str, Any] = answer["snapshot"]
        return snapshot

    def close(self) -> None:
        """Hang up."""
        self.client.disconnect()


def wait_for(condition: Callable[[], bool], limit_s: float = WAIT_S) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def rows(server: LiveServer, sql: str, *values: object) -> list[Any]:
    """Rows of the running server's database, read beside it."""
    connection = sqlite3.connect(server.directory / "defence.sqlite3", timeout=WAIT_S)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def open_ballot(server: LiveServer, secretary: requests.Session, number: int = 0) -> str:
    """Hear a candidate and open the ballot; the id of the round of voting."""
    defence_id = server.defence_ids[number]
    for path in (
        *(f"/defences/{defence_id}/moves/{move}" for move in TO_DISCUSSION),
        f"/defences/{defence_id}/ballot",
    ):
        assert secretary.post(server.url + path, timeout=WAIT_S, allow_redirects=False).status_code == 302
    newest = "SELECT id FROM ballot_round WHERE defence_id = ? ORDER BY number DESC"
    ballot_round_id: str = rows(server, newest, defence_id)[0][0]
    return ballot_round_id


def close_ballot(server: LiveServer, secretary: requests.Session, ballot_round_id: str) -> None:
    """Close a round of voting."""
    path = f"{server.url}/ballot-rounds/{ballot_round_id}/close"
    assert secretary.post(path, timeout=WAIT_S, allow_redirects=False).status_code == 302

"""All that a running service tells: every page to everybody, every frame of every socket, every table."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import threading
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import requests
import websocket
from flask import Flask

from tests.live import LiveServer

NOT_ASKED = {
    "static": "files of the release, the same for everybody",
    "bootstrap.static": "files of the release, the same for everybody",
    "attachments.read": "files that came with the record; every look is written down, so it is an act",
    "feeds.read": "one person's appointments, which no vote writes; test_feeds looks at it",
    "sign_in.link": "opens a session: asking for it is an act, not a look",
}
RANDOM = re.compile(
    "|".join(
        (
            # Random, or a digest over something random: CSRF tokens, ids, receipts, keys, hashes, ETags.
            r'(?<=name="csrf-token" content=")[^"]+',
            r'(?<=name="csrf_token" value=")[^"]+',
            r"\b[0-9a-f]{64}\b",
            r"\b[0-9a-f]{32}\b",
            r"(?<=表决轮次编号</span> )[0-9a-f]{8}",
            r"(?<=表决轮次编号 )[0-9a-f]{8}",
            r"(?<=<code id=\"receipt-code\">)[0-9a-f]{12}",
            # The clock: stamps on pages and in tables, milliseconds in messages.
            r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?",
            r"\b\d\d:\d\d(?::\d\d)?\b",
            r"\b1[0-9]{12}\b",
        )
    )
)


MILLISECONDS = re.compile(r'(?<=phase_ms": )\d+|(?<=（毫秒）</span> )\d+')
"""How long the phases before the vote took, in the audit log and on its page."""


def masked(text: str) -> str:
    """A text without what is random or a time; as long as it was, so that lengths are compared too."""
    return MILLISECONDS.sub("x", RANDOM.sub(lambda found: "x" * len(found[0]), text))


def addresses(app: Flask, ids: Mapping[str, object]) -> dict[str, str]:
    """Endpoint → address, for everything that can be asked for with GET.

    Raises
    ------
    AssertionError
        Naming the endpoints that need an id which is not known here: a new page wants to be looked at too.
    """
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    unknown = {
        rule.endpoint: sorted(rule.arguments - ids.keys())
        for rule in rules
        if rule.endpoint not in NOT_ASKED and not rule.arguments <= ids.keys()
    }
    assert unknown == {}, f"tell this test what to look at: {unknown}"
    adapter = app.url_map.bind("")
    return {
        rule.endpoint: adapter.build(rule.endpoint, {name: ids[name] for name in rule.arguments})
        for rule in rules
        if rule.endpoint not in NOT_ASKED
    }


def exports(app: Flask, ids: Mapping[str, object]) -> dict[str, str]:
    """Endpoint → address of every table that leaves the house, by POST."""
    adapter = app.url_map.bind("")
    return {
        rule.endpoint: adapter.build(
            rule.endpoint, {name: ids[name] for name in rule.arguments}, method="POST"
        )
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.rule.endswith(".xlsx")
    }


def _xml_of(book: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """The parts of a workbook by name, with their characters as themselves, so that `RANDOM` finds them.

    Moments are numbers of days; the clock went on between two runs.
    """
    for name in sorted(book.namelist()):
        xml = unescape(book.read(name).decode(errors="replace"))
        yield name, re.sub(r"(?<=<v>)[45]\d{4}\.\d+(?=</v>)", "DAY", xml)


def answer_of(response: requests.Response) -> str:
    """Status, headers and body as one masked text."""
    # The cookie is signed over the time; only its length could tell. The date is a time.
    headers = {
        name: re.sub(r"(?<==)[^;]+", lambda found: "x" * len(found[0]), value, count=1)
        if name == "Set-Cookie"
        else value
        for name, value in sorted(response.headers.items())
        if name not in ("Date", "Content-Length")
    }
    if "openxmlformats" in headers.get("Content-Type", ""):
        # A zip of parts that name the moment they were written; packed, other times have other lengths.
        with zipfile.ZipFile(io.BytesIO(response.content)) as parts:
            body = "\n".join(f"{name}\n{text}" for name, text in _xml_of(parts))
    else:
        body = response.text
    return masked(f"{response.status_code}\n{headers}\n{body}")


@dataclass
class Frames:
    """A socket of the room, by hand: what came through it, frame by frame."""

    server: LiveServer
    http: requests.Session
    heard: list[str] = field(default_factory=list)
    answers: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        address = self.server.url.replace("http", "ws")
        self._line = websocket.create_connection(
            f"{address}/socket.io/?sitting={self.server.sitting_id}&EIO=4&transport=websocket",
            origin=self.server.url,
            cookie="; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies),
            timeout=30,
        )
        self._came, self._asked = threading.Condition(), 0
        self._line.recv()
        self._line.send("40" + json.dumps({"csrf_token": self.http.headers["X-CSRFToken"]}))
        welcome = str(self._line.recv())
        assert welcome.startswith("40"), welcome
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, event: str, data: object) -> str:
        """Send an event; the frame that answers it."""
        self._asked += 1
        number = self._asked
        self._line.send(f"42{number}{json.dumps([event, data])}")
        with self._came:
            assert self._came.wait_for(lambda: number in self.answers, 10), f"no answer to {event}"
        return self.answers[number]

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until a frame with this text, so many times in it, has come."""
        with self._came:
            assert self._came.wait_for(lambda: any(f.count(text) >= times for f in self.heard), 10), text

    def told(self) -> list[str]:
        """The news since the ballot opened, each once; what came before comes in parts that time decides."""
        before = ('"ballot":null', '"entitled":null')
        frames = [masked(frame) for frame in self.heard if not any(part in frame for part in before)]
        return list(dict.fromkeys(frames))

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def _listen(self) -> None:
        try:
            while frame := str(self._line.recv()):
                with self._came:
                    if frame == "2":
                        self._line.send("3")
                    elif found := re.match(r"43(\d+)\[", frame):
                        self.answers[int(found[1])] = frame
                    else:
                        self.heard.append(frame)
                    self._came.notify_all()
        except (OSError, websocket.WebSocketException):
            return


def tables_of(database: Path) -> dict[str, list[str]]:
    """Every table as masked rows in an order of their own; a sealed ballot is its length."""
    connection = sqlite3.connect(database, timeout=10)
    try:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {name: sorted(_rows(connection.execute(f'SELECT * FROM "{name}"'))) for name in names}
    finally:
        connection.close()


def _rows(cursor: sqlite3.Cursor) -> list[str]:
    columns = [column[0] for column in cursor.description]
    return [masked(" | ".join(map(_cell, columns, row))) for row in cursor]


def _cell(column: str, value: Any) -> str:
    if isinstance(value, bytes):
        return f"{column}: {len(value)} bytes"
    return f"{column}: {'a time' if column.endswith('_ms') else value}"


def bytes_on_disk(directory: Path) -> bytes:
    """Everything that the service keeps: database, write-ahead log, logs, keys, outbox."""
    return b"".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())

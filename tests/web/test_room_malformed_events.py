"""Hundreds of events that no page of ours sends, from a signed-in expert's socket and as raw frames."""

from __future__ import annotations

import random
from typing import Any

import pytest
import requests
import websocket
from socketio.exceptions import SocketIOError

from tests.live import LiveServer
from tests.rooms import ballot
from tests.sockets import RoomSocket, open_ballot, rows

EVENTS = 320
RAW_FRAMES = [
    *("", "0", "1", "2", "3", "4", "5", "6", "9", "4x", "40", "40/admin,", "41", "42", "42[", "42[]", "42{}"),
    *('42["enter"', '42["enter"]', "42[null]", "42[1,2]", '42[["enter"],{}]', '42[{"a":1}]', '42""', "43[]"),
    *('42["cast_ballot",null]', '42["connect"]', '42["disconnect"]', '42["__class__",1]', '42["enter",1,2]'),
    *('451-["enter",{"_placeholder":true,"num":0}]', '459999999999-["enter"]', "45-", "46-", "44{}", "47"),
    *('420["enter",{"sitting_id":1e400}]', "42999999999999999999999[]", '42/,["enter"]', "\ud7ff\u0000"),
    *('42["enter",' + "[" * 5000 + "]" * 5000 + "]", '42["on_enter",{}]', '42["role_of","x"]'),
]


def untouched(server: LiveServer) -> list[Any]:
    """Everything that an event could change."""
    tables = ("sitting", "defence", "ballot_round", "voter", "ballot", "audit_entry", "account")
    return [rows(server, f"SELECT * FROM {table}") for table in tables]


def junk(seeded: random.Random, depth: int = 0) -> Any:
    """Some JSON."""
    makers = [
        lambda: None,
        lambda: seeded.random() < 0.5,
        lambda: seeded.choice([0, -1, 1.5, 2**31, 2**53, 2**64, -(2**70), 1e300]),
        lambda: seeded.choice(["", "\x00", "\x1f", "' OR 1=1 --", "<b>", "𝄞", "enter", "a" * 2000]),
        lambda: seeded.randbytes(12),
        lambda: [junk(seeded, depth + 1) for _ in range(seeded.randrange(4))] if depth < 3 else [],
        lambda: {str(i): junk(seeded, depth + 1) for i in range(seeded.randrange(4))} if depth < 3 else {},
    ]
    return seeded.choice(makers)()


def malformed(seeded: random.Random, ballot_round_id: str) -> tuple[str, Any]:
    """An event with something wrong in it."""
    kind = seeded.randrange(4)
    if kind == 0:
        return seeded.choice(["enter", "cast_ballot", "nothing", "connect", "explain", "desk"]), junk(seeded)
    if kind == 1:
        return "enter", {"sitting_id": seeded.choice([None, True, "1", [1], -1, 0, 999, 2**40, 1.0, {}])}
    spoiled = ballot(ballot_round_id, "veto")
    field = seeded.choice(list(spoiled))
    if kind == 2 and field != "comment":
        del spoiled[field]
        return "cast_ballot", spoiled
    wrong: dict[str, list[Any]] = {
        "ballot_round_id": ["0" * 32, ballot_round_id.upper() + "g", 5, None, ballot_round_id[:-1]],
        "choice": ["", "PASS", "yes", 1, None, ["pass"], "pass\n"],
        "veto_reason": ["", "没有这个原因", 7, "x" * 51, "材料不实\x00", ["材料不实"]],
        "comment": ["x" * 501, 3, {"a": 1}, "\x00", "\x1b[2J"],
        "key": ["", "g" * 32, "A" * 32, "a" * 31, "a" * 100, None, 12],
    }
    return "cast_ballot", spoiled | {field: seeded.choice(wrong[field])}


@pytest.fixture
def ballot_round_id(live: LiveServer) -> str:
    return open_ballot(live, live.sign_in("secretary"))


def test_malformed_events_change_nothing(live: LiveServer, ballot_round_id: str) -> None:
    seeded, http = random.Random(3), live.sign_in("expert0")
    before, answers, lines = untouched(live), [], 1
    socket = RoomSocket(live, http)
    for number in range(EVENTS):
        if socket.cut.is_set():
            socket, lines = RoomSocket(live, http), lines + 1
        event, data = malformed(seeded, ballot_round_id)
        try:
            if number % 2 and event in ("enter", "cast_ballot"):
                answers.append(socket.call(event, data))
            else:
                socket.client.emit(event, data)
        except SocketIOError:
            socket.cut.set()
    assert untouched(live) == before
    assert {answer["ok"] for answer in answers} == {False}
    assert {answer["code"] for answer in answers} <= {"malformed", "NotFound", "InvalidInput"}
    # Bad content is answered, it does not end the line.
    assert lines == 1
    assert "Traceback" not in (live.directory / "server.log").read_text()
    _works(live, http, ballot_round_id)


def test_raw_frames_change_nothing(live: LiveServer, ballot_round_id: str) -> None:
    http = live.sign_in("expert0")
    before = untouched(live)
    cookie = "; ".join(f"{c.name}={c.value}" for c in http.cookies)
    for frame in RAW_FRAMES:
        for opcode in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY):
            line = websocket.create_connection(
                f"ws{live.url.removeprefix('http')}/socket.io/?EIO=4&transport=websocket",
                cookie=cookie,
                origin=live.url,
                timeout=5,
            )
            line.send("40")
            line.recv()
            line.send(frame.encode(), opcode)
            line.close()
    assert untouched(live) == before
    _works(live, http, ballot_round_id)


def _works(live: LiveServer, http: requests.Session, ballot_round_id: str) -> None:
    socket = RoomSocket(live, http)
    assert socket.enter()["own"]["may_vote"]
    assert socket.call("cast_ballot", ballot(ballot_round_id))["ok"]
    socket.close()
    assert http.get(f"{live.url}/sittings", timeout=5).ok
    live.kill()  # quicker than in order: nothing is looked at any more

"""The room over real websockets: who is let in, who is told what and when."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from threading import Barrier
from typing import Any

import pytest
import requests
import socketio
from socketio.exceptions import BadNamespaceError, ConnectionError

from tests.live import LiveServer
from tests.rooms import ballot
from tests.sockets import WAIT_S, RoomSocket, close_ballot, open_ballot, rows, wait_for

Dial = Callable[[str], RoomSocket]
EXPERTS = [f"expert{i}" for i in range(5)]


@pytest.fixture
def dial(live: LiveServer) -> Iterator[Dial]:
    """Connect the named person; hung up at the end."""
    opened: list[RoomSocket] = []

    def connect(name: str) -> RoomSocket:
        opened.append(RoomSocket(live, live.sign_in(name)))
        return opened[-1]

    yield connect
    for one in opened:
        one.close()
    live.kill()  # quicker than in order: nothing is looked at any more


@pytest.fixture
def secretary(live: LiveServer) -> Iterator[requests.Session]:
    yield live.sign_in("secretary")
    live.kill()


ORIGINS = (None, "http://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1", "{}.evil.example")
# A refusal of the handshake, or an end right after it: the client library has two words for them.
REFUSED = (ConnectionError, ValueError)


def test_only_a_page_of_this_site_is_let_in(live: LiveServer) -> None:
    http = live.sign_in("expert0")
    for origin in ORIGINS:
        with pytest.raises(REFUSED):
            RoomSocket(live, http, origin.format(live.url) if origin else None)
    RoomSocket(live, http).close()


def test_whoever_has_no_place_is_not_let_in(live: LiveServer) -> None:
    forged = requests.Session()
    forged.cookies.set("session", "eyJzaWduX2luX2lkIjoiYWJjIn0.ZZZZZZ.forged")
    for http in (None, live.sign_in("candidate0"), forged):
        with pytest.raises(REFUSED):
            RoomSocket(live, http)
    polling = live.sign_in("expert0").get(f"{live.url}/socket.io/?EIO=4&transport=polling", timeout=5)
    assert polling.status_code == 400


def test_five_vote_at_once_and_everybody_follows(
    live: LiveServer, dial: Dial, secretary: requests.Session
) -> None:
    """The count rises to five for all; no verdict before the closing; then all have the same result."""
    watchers = {name: dial(name) for name in (*EXPERTS, "secretary", "supervisor", "staff")}
    for socket in watchers.values():
        assert socket.enter()["shared"]["ballot"] is None
    ballot_round_id = open_ballot(live, secretary)
    choices = dict(zip(EXPERTS, ("pass", "veto", "abstain", "pass", "pass"), strict=True))
    barrier = Barrier(len(EXPERTS))

    def vote(name: str) -> dict[str, Any]:
        barrier.wait()
        return watchers[name].call("cast_ballot", ballot(ballot_round_id, choices[name]))

    with ThreadPoolExecutor(len(EXPERTS)) as pool:
        answers = list(pool.map(vote, EXPERTS))
    assert all(answer["ok"] for answer in answers)
    assert len({answer["receipt"] for answer in answers}) == 5
    for socket in watchers.values():
        wait_for(partial(_has_heard, socket, voted=5))
    before = {name: list(socket.news) for name, socket in watchers.items()}
    told = json.dumps(before)
    assert [word for word in ("veto", "pass", "abstain", "failed", "材料") if word in told] == []
    assert {d["outcome"] for d in watchers["expert0"].news[-1]["shared"]["defences"]} == {None}
    for news in before.values():
        counts = [one["shared"]["ballot"]["voted"] for one in sorted(news, key=lambda one: one["seq"])[2:]]
        assert counts == sorted(counts)
    close_ballot(live, secretary, ballot_round_id)
    for socket in watchers.values():
        wait_for(partial(_has_heard, socket, voted=None))
    results = [socket.news[-1]["shared"]["defences"][0] for socket in watchers.values()]
    assert results == [results[0]] * len(watchers)
    assert (results[0]["outcome"], results[0]["tally"]["vetoes"]) == ("failed", 1)


def _has_heard(socket: RoomSocket, voted: int | None) -> bool:
    """Whether the newest news has that count, or, for None, no open ballot any more."""
    if not socket.news:
        return False
    open_now = socket.news[-1]["shared"]["ballot"]
    return (open_now["voted"] if open_now else None) == voted


def test_a_ballot_whose_answer_was_lost_is_sent_again(
    live: LiveServer, dial: Dial, secretary: requests.Session
) -> None:
    ballot_round_id = open_ballot(live, secretary)
    mine = ballot(ballot_round_id, "veto")
    first = dial("expert0")
    first.enter()
    first.client.emit("cast_ballot", mine)
    wait_for(lambda: bool(rows(live, "SELECT 1 FROM voter WHERE receipt IS NOT NULL")))
    first.close()
    again = dial("expert0")
    stored = again.enter()["own"]["receipt"]
    assert again.call("cast_ballot", mine) == {"ok": True, "receipt": stored}
    refused = again.call("cast_ballot", ballot(ballot_round_id, "pass"))
    assert (refused["ok"], refused["code"]) == (False, "Conflict")
    assert refused["message"]
    by_form = live.sign_in("expert0").post(
        f"{live.url}/sittings/{live.sitting_id}/ballots", json=mine, timeout=10
    )
    assert by_form.json() == {"ok": True, "receipt": stored}
    assert rows(live, "SELECT count(*) FROM ballot_envelope") == [(1,)]


def test_only_experts_vote_by_socket(live: LiveServer, dial: Dial, secretary: requests.Session) -> None:
    ballot_round_id = open_ballot(live, secretary)
    for name in ("secretary", "supervisor", "staff"):
        socket = dial(name)
        assert socket.enter()["own"] == {"may_vote": False, "receipt": None, "nudged_at": None}
        assert socket.call("cast_ballot", ballot(ballot_round_id))["code"] == "Forbidden"
    assert rows(live, "SELECT count(*) FROM ballot_envelope") == [(0,)]


def test_whether_one_may_vote_is_personal(live: LiveServer, dial: Dial, secretary: requests.Session) -> None:
    with sqlite3.connect(live.directory / "defence.sqlite3") as connection:
        connection.execute(
            "INSERT INTO declared_recusal (application_id, expert_id, reason, account_id, declared_at)"
            " SELECT d.application_id, m.expert_id, '师生', a.id, '2021-11-01 00:00:00' FROM defence d"
            " JOIN sitting_member m ON m.sitting_id = d.sitting_id JOIN account a ON a.role = 'staff'"
            " WHERE d.id = ? ORDER BY m.is_head DESC, m.expert_id LIMIT 1",
            (live.defence_ids[0],),
        )
    ballot_round_id = open_ballot(live, secretary)
    sockets = {name: dial(name) for name in EXPERTS}
    may = {name: socket.enter()["own"]["may_vote"] for name, socket in sockets.items()}
    assert may == {name: name != "expert0" for name in EXPERTS}
    assert sockets["expert0"].call("cast_ballot", ballot(ballot_round_id))["code"] == "Forbidden"


def test_after_log_out_the_socket_is_dead(live: LiveServer, secretary: requests.Session) -> None:
    ballot_round_id = open_ballot(live, secretary)
    http = live.sign_in("expert0")
    sockets = [RoomSocket(live, http), RoomSocket(live, http)]
    other = RoomSocket(live, live.sign_in("expert1"))
    for socket in (*sockets, other):
        socket.enter()
    assert http.post(f"{live.url}/logout", timeout=5).ok
    for socket in sockets:
        assert socket.cut.wait(1.0)
        with pytest.raises(BadNamespaceError):
            socket.call("cast_ballot", ballot(ballot_round_id))
    with pytest.raises(ConnectionError):
        RoomSocket(live, http)
    assert other.call("cast_ballot", ballot(ballot_round_id))["ok"]
    assert rows(live, "SELECT count(*) FROM ballot_envelope") == [(1,)]
    other.close()


def test_a_right_that_ended_meanwhile_is_seen_at_the_next_event(
    live: LiveServer, dial: Dial, secretary: requests.Session
) -> None:
    """The socket is not cut, as when a link dies by its date; what it asks is refused all the same."""
    ballot_round_id = open_ballot(live, secretary)
    socket = dial("expert0")
    socket.enter()
    with sqlite3.connect(live.directory / "defence.sqlite3") as connection:
        connection.execute("UPDATE access_link SET revoked_at = '2021-11-22 00:00:00'")
    assert socket.call("cast_ballot", ballot(ballot_round_id))["code"] == "Forbidden"
    assert socket.call("enter", {"sitting_id": live.sitting_id})["code"] == "Forbidden"
    assert rows(live, "SELECT count(*) FROM ballot_envelope") == [(0,)]


def test_too_long_a_message_ends_the_line_and_nothing_else(live: LiveServer, dial: Dial) -> None:
    sender, bystander = dial("expert0"), dial("expert1")
    bystander.enter()
    sender.enter()
    sender.client.emit("enter", {"sitting_id": live.sitting_id, "padding": "x" * 17_000})
    assert sender.cut.wait(5.0)
    assert bystander.enter()["seq"] >= 0
    fitting = dial("expert0").call("enter", {"sitting_id": live.sitting_id, "padding": "x" * 15_000})
    assert fitting["ok"]


def test_after_a_break_the_snapshot_is_up_to_date(
    live: LiveServer, dial: Dial, secretary: requests.Session
) -> None:
    lost = dial("expert0")
    seen = lost.enter()["seq"]
    lost.close()
    ballot_round_id = open_ballot(live, secretary)
    back = dial("expert0")
    snapshot = back.enter()
    assert snapshot["seq"] > seen
    assert snapshot["seq"] == rows(live, "SELECT seq FROM sitting WHERE id = ?", live.sitting_id)[0][0]
    assert (snapshot["shared"]["ballot"]["id"], snapshot["own"]["may_vote"]) == (ballot_round_id, True)
    assert dial("expert1").call("cast_ballot", ballot(ballot_round_id))["ok"]
    # What was told of the opening may come once more; what counts is the vote.
    wait_for(lambda: back.news and back.news[-1]["seq"] > snapshot["seq"])
    assert [one["seq"] for one in back.news if one["seq"] > snapshot["seq"]] == [snapshot["seq"] + 1]


def test_nobody_is_told_of_a_sitting_they_have_not_entered(
    live: LiveServer, dial: Dial, secretary: requests.Session
) -> None:
    outside, inside = dial("expert0"), dial("expert1")
    inside.enter()
    open_ballot(live, secretary)
    wait_for(lambda: bool(inside.news))
    assert outside.news == []
    other = rows(live, "SELECT id FROM sitting WHERE id <> ?", live.sitting_id)[0][0]
    assert outside.call("enter", {"sitting_id": other})["code"] == "NotFound"


def test_other_namespaces_do_not_exist(live: LiveServer) -> None:
    client = socketio.Client(reconnection=False, handle_sigint=False)
    http = live.sign_in("expert0")
    cookie = "; ".join(f"{c.name}={c.value}" for c in http.cookies)
    with pytest.raises(ConnectionError):
        client.connect(live.url, headers={"Cookie": cookie}, transports=["websocket"], namespaces=["/admin"])


def test_publishing_hangs_up_on_who_lost_their_place_and_on_nobody_else(
    live: LiveServer, dial: Dial, secretary: requests.Session
) -> None:
    guest_id = _seat_a_guest(live)
    guest, member = dial("expert1"), dial("expert0")
    for socket in (guest, member):
        socket.enter()
    published = live.sign_in("staff").post(
        f"{live.url}/rounds/2021/schedule/1/publish", timeout=WAIT_S, allow_redirects=False
    )
    assert published.status_code == 302
    assert guest.cut.wait(1.0)
    assert rows(live, "SELECT 1 FROM sitting_member WHERE expert_id = ?", guest_id) == []
    assert not member.cut.is_set()
    move = f"{live.url}/defences/{live.defence_ids[0]}/moves/check_in"
    assert secretary.post(move, timeout=WAIT_S, allow_redirects=False).status_code == 302
    wait_for(lambda: bool(member.news))


def _seat_a_guest(live: LiveServer) -> int:
    """Put an expert of no panel into the sitting, whose link is `expert1`; the expert's id."""
    with closing(sqlite3.connect(live.directory / "defence.sqlite3")) as connection:
        connection.row_factory = sqlite3.Row
        likeness = dict(connection.execute("SELECT * FROM expert LIMIT 1").fetchone())
        likeness |= {"id": 9_999, "number": "Z9999"}
        names, marks = ", ".join(likeness), ", ".join("?" * len(likeness))
        connection.execute(f"INSERT INTO expert ({names}) VALUES ({marks})", list(likeness.values()))
        connection.execute("INSERT INTO sitting_member VALUES (?, 9999, 0)", (live.sitting_id,))
        member = "SELECT expert_id FROM sitting_member WHERE sitting_id = ? ORDER BY is_head DESC, expert_id"
        (_head, (second,), *_others) = map(tuple, connection.execute(member, (live.sitting_id,)))
        connection.execute("UPDATE account SET expert_id = 9999 WHERE expert_id = ?", (second,))
        connection.commit()
    return 9_999

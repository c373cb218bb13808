"""The server dies in the middle of a ballot, again and again; no acknowledged vote is lost or doubled."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import Any

import requests

from tests.live import LiveServer
from tests.rooms import ballot
from tests.sockets import close_ballot, open_ballot, rows

MOST_ROUNDS = 10
EXPERTS = [f"expert{i}" for i in range(5)]


class Killer:
    """Kills the server when a number of votes have been acknowledged."""

    def __init__(self, server: LiveServer, after: int) -> None:
        self.server, self._left, self._lock = server, after, Lock()

    def acknowledged(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.server.kill()


def send(server: LiveServer, http: requests.Session, data: dict[str, Any]) -> str | None:
    """Vote; the receipt, or None when no answer came."""
    try:
        address = f"{server.url}/sittings/{server.sitting_id}/ballots"
        answer = http.post(address, json=data, timeout=10)
    except requests.RequestException:
        return None
    assert answer.status_code == 200, answer.text
    receipt: str = answer.json()["receipt"]
    return receipt


def vote_and_die(
    live: LiveServer, people: dict[str, requests.Session], ballots: dict[str, dict[str, Any]], after: int
) -> dict[str, str | None]:
    """All vote at once, the server dies after some answers; who got which."""
    killer, barrier = Killer(live, after), Barrier(len(ballots))

    def vote(name: str) -> str | None:
        barrier.wait()
        receipt = send(live, people[name], ballots[name])
        if receipt is not None:
            killer.acknowledged()
        return receipt

    with ThreadPoolExecutor(len(ballots)) as pool:
        return dict(zip(ballots, pool.map(vote, ballots), strict=True))


def test_kills_during_ballots(live: LiveServer) -> None:
    seeded, cut_off = random.Random(7), 0
    people = {name: live.sign_in(name) for name in (*EXPERTS, "secretary")}
    rounds = min(MOST_ROUNDS, len(live.defence_ids))
    for number in range(rounds):
        ballot_round_id = open_ballot(live, people["secretary"], number)
        choices = [seeded.choice(["pass", "veto", "abstain"]) for _ in EXPERTS[1:]]
        ballots = {
            name: ballot(ballot_round_id, choice)
            for name, choice in zip(EXPERTS, ["pass", *choices], strict=True)
        }
        receipts = vote_and_die(live, people, ballots, after=1 + number % 4)
        live.kill()
        live.start()
        stored = rows(live, "SELECT receipt FROM voter WHERE ballot_round_id = ?", ballot_round_id)
        known = {receipt for receipt in receipts.values() if receipt}
        assert known <= {receipt for (receipt,) in stored}
        cut_off += list(receipts.values()).count(None)
        retried = {name: send(live, people[name], data) for name, data in ballots.items()}
        assert None not in retried.values()
        # Who had an answer before has the same one again.
        assert {name: retried[name] for name, receipt in receipts.items() if receipt} == {
            name: receipt for name, receipt in receipts.items() if receipt
        }
        _check_round(live, ballot_round_id, ballots)
        close_ballot(live, people["secretary"], ballot_round_id)
        _check_round(live, ballot_round_id, ballots)
    assert cut_off > 0  # the kills did fall among the votes
    decided = rows(live, "SELECT outcome FROM defence WHERE outcome IS NOT NULL")
    assert len(decided) == rounds
    assert rows(live, "PRAGMA integrity_check") == [("ok",)]
    live.kill()


def _check_round(live: LiveServer, ballot_round_id: str, ballots: dict[str, dict[str, Any]]) -> None:
    """Every ballot is there, each once; the tally, once there is one, says the same."""
    stored = rows(live, "SELECT choice FROM ballot WHERE ballot_round_id = ?", ballot_round_id)
    expected = sorted(data["choice"] for data in ballots.values())
    assert sorted(choice for (choice,) in stored) == expected
    audited = rows(
        live,
        "SELECT count(*) FROM audit_entry WHERE action = 'ballot.cast' AND detail LIKE ?",
        f"%{ballot_round_id}%",
    )
    assert audited == [(len(ballots),)]
    ((tally,),) = rows(
        live, "SELECT json_extract(tally, '$.cast') FROM ballot_round WHERE id = ?", ballot_round_id
    )
    assert tally in (None, len(ballots))

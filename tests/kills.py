"""The server dies in the middle of a ballot and comes back; what must be true of every vote."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier, Lock
from typing import Any

import requests
from sqlalchemy import Engine, text

from tests.many_sittings import Browser
from tests.rooms import ballot

CHOICES = ("pass", "veto", "abstain")
SPREAD_S, RECOVER_WITHIN_S = 0.03, 5.0
ENVELOPES = "SELECT count(*) FROM ballot_envelope WHERE ballot_round_id = :id"
BALLOTS = "SELECT choice FROM ballot WHERE ballot_round_id = :id ORDER BY choice"
RECEIPTS = "SELECT receipt FROM voter WHERE ballot_round_id = :id AND receipt IS NOT NULL"
AUDITED = "SELECT detail FROM audit_entry WHERE action = 'ballot.cast' AND subject = :subject"


@dataclass
class KilledRounds:
    """Rounds of voting in which something is killed.

    Parameters
    ----------
    url : where people vote and conduct.
    panel : browsers of the five members, the secretary and a staff member.
    kill, recover : end the server, or one of its workers, as a power cut does; have it back.
    """

    url: str
    engine: Engine
    panel: list[Browser]
    kill: Callable[[], None]
    recover: Callable[[], None]
    seed: int
    cut_off: int = 0
    """Answers that never came, over all rounds."""
    stored_unheard: int = 0
    """Of those, ballots that were stored all the same."""

    def round(self, sitting_id: int, defence_id: int, number: int) -> None:
        """Everybody votes, the kill falls among the answers, everybody sends again, and the round closes."""
        chances = random.Random(f"{self.seed}:{number}")
        where = f"seed {self.seed}, round {number}"
        ballot_round_id = self._open(defence_id)
        ballots = {n: ballot(ballot_round_id, chances.choice(CHOICES)) for n in range(5)}
        pauses_s = [chances.uniform(0, SPREAD_S) for _ in ballots]
        heard = self._vote_and_die(sitting_id, ballots, pauses_s, 1 + number % 4)
        self.recover()
        stored = set(self._values(RECEIPTS, ballot_round_id))
        known = {receipt for receipt in heard.values() if receipt}
        assert known <= stored, f"{where}: acknowledged and lost"
        self.cut_off += list(heard.values()).count(None)
        self.stored_unheard += len(stored - known)
        again = self._send_again(sitting_id, ballots)
        assert None not in again.values(), where
        assert all(again[n] == receipt for n, receipt in heard.items() if receipt), where
        assert stored <= set(again.values()), f"{where}: a stored ballot got another receipt"
        assert self._values(ENVELOPES, ballot_round_id) == [5], where
        self._click(f"/ballot-rounds/{ballot_round_id}/close")
        expected = sorted(data["choice"] for data in ballots.values())
        assert self._values(BALLOTS, ballot_round_id) == expected, where
        with self.engine.connect() as connection:
            audited = connection.execute(text(AUDITED), {"subject": f"defence:{defence_id}"}).all()
        assert len(audited) == 5, where

    def _vote_and_die(
        self, sitting_id: int, ballots: Mapping[int, dict[str, Any]], pauses_s: Sequence[float], after: int
    ) -> dict[int, str | None]:
        """All vote almost at once, the kill comes after so many answers; who got which."""
        barrier, lock, left = Barrier(len(ballots)), Lock(), [after]

        def vote(n: int) -> str | None:
            barrier.wait()
            time.sleep(pauses_s[n])
            receipt = self._send(n, sitting_id, ballots[n])
            if receipt is not None:
                with lock:
                    left[0] -= 1
                    if left[0] == 0:
                        self.kill()
            return receipt

        with ThreadPoolExecutor(len(ballots)) as pool:
            return dict(zip(ballots, pool.map(vote, ballots), strict=True))

    def _send_again(self, sitting_id: int, ballots: Mapping[int, dict[str, Any]]) -> dict[int, str | None]:
        """Everybody sends the same ballot as before, as a page does until it has a receipt: within 5 s.

        The port of a process that is just dying still takes a connection, and a proxy rightly does not
        send a form twice that may have arrived.
        """
        deadline = time.monotonic() + RECOVER_WITHIN_S

        def resend(n: int) -> str | None:
            while (receipt := self._send(n, sitting_id, ballots[n])) is None and time.monotonic() < deadline:
                time.sleep(0.1)
            return receipt

        with ThreadPoolExecutor(len(ballots)) as pool:
            return dict(zip(ballots, pool.map(resend, ballots), strict=True))

    def _send(self, n: int, sitting_id: int, data: dict[str, Any]) -> str | None:
        """Vote; the receipt, or None when no answer came."""
        address = f"{self.url}/sittings/{sitting_id}/ballots"
        try:
            answer = requests.post(address, json=data, headers=self._headers(n), timeout=10)
        except requests.RequestException:
            return None
        if answer.status_code in (502, 504):  # a proxy before the workers says that one of them is gone
            return None
        assert answer.status_code == 200, answer.text
        receipt: str = answer.json()["receipt"]
        return receipt

    def _open(self, defence_id: int) -> str:
        self._click(f"/defences/{defence_id}/ballot")
        with self.engine.connect() as connection:
            newest = "SELECT id FROM ballot_round WHERE defence_id = :id ORDER BY number DESC"
            return str(connection.execute(text(newest), {"id": defence_id}).scalars().first())

    def _click(self, path: str) -> None:
        answer = requests.post(self.url + path, headers=self._headers(-1), timeout=20, allow_redirects=False)
        assert answer.status_code == 302, answer.text[-500:]

    def _headers(self, n: int) -> dict[str, str]:
        return {**self.panel[n].headers, "Origin": self.url, "Referer": self.url + "/"}

    def _values(self, query: str, ballot_round_id: str) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(text(query), {"id": ballot_round_id}).scalars())

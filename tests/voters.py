"""Clients that follow the page's rules (static/room/line.js and ballot.js), many of them in one process."""

from __future__ import annotations

import asyncio
import json
import random
import re
from typing import Any

from tests.frames import BROKEN, Line, Refused, join, post
from tests.live import PROJECT_DIR

PING_LIMIT_S = 45.0
"""Without a ping for so long, the server's interval and its patience, the library takes a line for dead."""
CONNECT_LIMIT_S = 20.0
BYTES_OF_A_BALLOT = 1600


def page_constant_s(name: str) -> float:
    """A waiting time of the page's script, in seconds."""
    script = (PROJECT_DIR / "defense/static/room/line.js").read_text(encoding="utf-8")
    found = re.search(rf"\b{name} = ([\d_]+);", script)
    assert found is not None, name
    return int(found[1].replace("_", "")) / 1000


ACK_WAIT_S, RETRY_S = page_constant_s("ACK_WAIT_MS"), page_constant_s("RETRY_MS")
ENTER_AGAIN_S = page_constant_s("ENTER_AGAIN_MS")


class Voter:
    """One page in one browser.

    Parameters
    ----------
    url : the server, or the line to it.
    cookie, csrf_token : of a page of this person.
    seed : of the pauses between tries.
    """

    def __init__(self, url: str, cookie: str, csrf_token: str, sitting_id: int, seed: int) -> None:
        self.url, self.cookie, self.csrf_token, self.sitting_id = url, cookie, csrf_token, sitting_id
        self.seq, self.shared, self.own = -1, dict[str, Any](), dict[str, Any]()
        self.kept: dict[str, Any] | None = None
        """The ballot that has no receipt yet, as in the browser's storage."""
        self.receipts: dict[str, str] = {}
        self.refusals: list[str] = []
        self.errors: list[BaseException] = []
        self.seqs: list[int] = []
        """Every number that was shown, in the order of showing."""
        self._line: Line | None = None
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._asked = 0
        self._random = random.Random(seed)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._sending = False
        self._page = asyncio.ensure_future(self._stay_connected())

    async def close(self) -> None:
        """Close the page."""
        tasks = [self._page, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._line is not None:
            self._line.cut()
        if not self._page.cancelled() and (error := self._page.exception()) is not None:
            self.errors.append(error)
        assert self.errors == []

    def vote(self, ballot: dict[str, Any]) -> None:
        """Choose and send; what happens to the line afterwards is this client's business."""
        short = BYTES_OF_A_BALLOT - len(json.dumps({**ballot, "pad": ""}, separators=(",", ":")))
        self.kept = {**ballot, "pad": "0" * max(0, short)}
        self._spawn(self._send())

    def shows(self, seq: int, shared: dict[str, Any]) -> bool:
        """Whether the screen is the server's, and nothing of the voter's is under way."""
        return self.seq == seq and self.shared == shared and self.kept is None

    # --- the line ---

    async def _stay_connected(self) -> None:
        failures = 0
        while True:
            try:
                async with asyncio.timeout(CONNECT_LIMIT_S):
                    self._line = await join(self.url, self.cookie, self.csrf_token, self.sitting_id)
                failures = 0
                self._spawn(self._enter())
                await self._listen(self._line)
            except Refused:
                await asyncio.sleep(RETRY_S)
            except (*BROKEN, TimeoutError):
                most = min(0.3 * 2**failures, 1.5)
                await asyncio.sleep(most * self._random.uniform(0.5, 1.5))
                failures += 1
            finally:
                self._line = None
                # As the library does: what was asked on a line that broke is answered by an error at once.
                for waiting in self._answers.values():
                    if not waiting.done():
                        waiting.set_exception(ConnectionResetError())

    async def _listen(self, line: Line) -> None:
        while True:
            async with asyncio.timeout(PING_LIMIT_S):
                packet = await line.receive()
            if packet == "2":
                await line.send("3")
            elif packet.startswith("42"):
                self._hear(*json.loads(packet[2:]))
            elif packet.startswith("43"):
                number, _, answer = packet[2:].partition("[")
                waiting = self._answers.pop(int(number), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(json.loads("[" + answer)[0])
            elif packet.startswith(("1", "41")):
                raise ConnectionResetError("the server hung up")

    async def _emit(self, event: str, data: dict[str, Any]) -> dict[str, Any] | None:
        """Send an event; its answer, or None when none came in time."""
        self._asked += 1
        number, answer = self._asked, asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            async with asyncio.timeout(ACK_WAIT_S):
                if (line := self._line) is not None:
                    packet = json.dumps([event, data], separators=(",", ":"))
                    await line.send(f"42{number}{packet}")
                return await answer
        except (*BROKEN, TimeoutError):
            return None
        finally:
            self._answers.pop(number, None)

    # --- what is shown ---

    def _hear(self, event: str, *data: Any) -> None:
        if event == "enter_again":
            self._spawn(self._enter())
        elif event == "sitting_changed" and data[0]["seq"] > self.seq:
            before = self.shared.get("ballot")
            self._show(data[0]["seq"], data[0]["shared"])
            if _id_of(before) != _id_of(self.shared.get("ballot")):
                self._spawn(self._enter())

    def _show(self, seq: int, shared: dict[str, Any]) -> None:
        self.seq, self.shared = seq, shared
        self.seqs.append(seq)

    async def _enter(self) -> None:
        asked_at = self.seq
        answer = await self._emit("enter", {"sitting_id": self.sitting_id})
        if answer is None:
            if self._line is not None:
                await asyncio.sleep(ENTER_AGAIN_S)
                self._spawn(self._enter())
        elif not answer["ok"]:
            self.refusals.append(str(answer.get("message")))
        elif answer["snapshot"]["seq"] < self.seq and self.seq > asked_at:
            self._spawn(self._enter())
        else:
            snapshot = answer["snapshot"]
            self.own = snapshot["own"]
            self._show(snapshot["seq"], snapshot["shared"])
            await self._resume()

    # --- the ballot ---

    async def _resume(self) -> None:
        if self.kept is None:
            return
        round_id = self.kept["ballot_round_id"]
        if _id_of(self.shared.get("ballot")) == round_id and self.own.get("receipt"):
            self._settle(self.own["receipt"])
        elif not self._sending:
            await self._send()

    async def _send(self) -> None:
        if self._sending or self.kept is None:
            return
        self._sending, ballot = True, self.kept
        answer = await self._emit("cast_ballot", ballot) if self._line is not None else None
        if answer is None or not (answer["ok"] or answer.get("message")):
            answer = await self._post(ballot)
        self._sending = False
        if answer is None:
            await asyncio.sleep(RETRY_S)
            await self._send()
        elif answer["ok"]:
            self._settle(answer["receipt"])
        else:
            self.kept = None
            self.refusals.append(answer["message"])
            await self._enter()

    def _settle(self, receipt: str) -> None:
        if self.kept is not None:
            self.receipts[self.kept["ballot_round_id"]] = receipt
            self.own = {**self.own, "receipt": receipt}
            self.kept = None

    async def _post(self, ballot: dict[str, Any]) -> dict[str, Any] | None:
        """The same ballot without a socket; None when nothing came back that says anything."""
        headers = {
            "Cookie": self.cookie,
            "X-CSRFToken": self.csrf_token,
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        path = f"/sittings/{self.sitting_id}/ballots"
        try:
            status, _, body = await post(self.url, path, headers, json.dumps(ballot).encode())
        except BROKEN:
            return None
        if not 200 <= status < 500 or status == 429:
            return None
        answer: dict[str, Any] = json.loads(body)
        return answer

    def _spawn(self, work: Any) -> None:
        def ended(task: asyncio.Task[Any]) -> None:
            self._tasks.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                self.errors.append(error)

        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(ended)


def _id_of(ballot: dict[str, Any] | None) -> str | None:
    return ballot["id"] if ballot else None

"""One round of voting over bad lines, and what has to be right when the lines are good again."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from tests.faulty_proxy import GOOD_LINE, Faults, FaultyProxy
from tests.frames import ask, join, post
from tests.many_sittings import Browser, Scene
from tests.rooms import ballot
from tests.voters import Voter

BAD_LINE = Faults(lose_ack=0.3, repeat=0.3, delay=0.4, cut=0.1)
RIGHT_WITHIN_S = 5.0
GIVES_UP_AFTER_S = 30.0
ASK_AGAIN_S = 0.2
CHOICES = ("pass", "pass", "veto", "abstain")


@dataclass
class BadRun:
    """A panel of five and its secretary, each behind a line of their own.

    Parameters
    ----------
    url : the server, reached without a proxy by the staff member who opens and closes.
    part_s : how long the lines of some of them are parted.
    """

    scene: Scene
    url: str
    lines: Sequence[FaultyProxy]
    panel: Sequence[Browser]
    sitting_id: int
    defence_id: int
    seed: int
    part_s: float

    async def run(self) -> list[float]:
        """Vote, spoil, mend; seconds until all were right after the lines' return, and after the closing.

        Raises
        ------
        AssertionError
            Naming the seed.
        """
        self.chances = random.Random(self.seed)
        self.voters = [
            Voter(line.url, browser.cookie, browser.csrf_token, self.sitting_id, self.seed)
            for line, browser in zip(self.lines, self.panel, strict=False)
        ]
        staff = self.panel[-1]
        self.good_line = await join(self.url, staff.cookie, staff.csrf_token, self.sitting_id)
        try:
            async with asyncio.timeout(self.part_s + GIVES_UP_AFTER_S):
                return await self._run()
        except Exception as error:
            raise AssertionError(f"seed {self.seed}, parted {self.part_s} s: {error!r}") from error
        finally:
            self.good_line.cut()
            for line in self.lines:
                line.faults = GOOD_LINE
                line.rejoin(resets=False)
            for voter in self.voters:
                await voter.close()

    async def _run(self) -> list[float]:
        await self._all_right()
        ballot_round_id = await self._open()
        parted = self.chances.sample(self.lines, self.chances.randint(1, 4))
        for line in self.lines:
            line.faults = BAD_LINE
        ballots = {n: self._ballot(ballot_round_id) for n in range(5)}
        acts = [self._vote_soon(n, mine, parted) for n, mine in ballots.items()]
        closes_early = self.chances.random() < 0.3
        if closes_early:
            acts.append(self._close_soon(ballot_round_id))
        await asyncio.gather(*acts, asyncio.sleep(self.part_s))
        resets = self.chances.random() < 0.5
        for line in self.lines:
            line.faults = GOOD_LINE
            if line in parted:
                line.rejoin(resets)
        took = [await self._all_right()]
        if not closes_early:
            assert [voter.refusals for voter in self.voters] == [[]] * len(self.voters)
            await self._close(ballot_round_id)
            took.append(await self._all_right())
        self._check(ballot_round_id, ballots, everybody=not closes_early)
        return took

    def _ballot(self, ballot_round_id: str) -> dict[str, Any]:
        key = f"{self.chances.getrandbits(128):032x}"
        return ballot(ballot_round_id, self.chances.choice(CHOICES), key=key)

    async def _vote_soon(self, n: int, mine: dict[str, Any], parted: Sequence[FaultyProxy]) -> None:
        await asyncio.sleep(self.chances.uniform(0, 0.5))
        # Some lines are lost before the ballot leaves, some after.
        if self.lines[n] in parted and self.chances.random() < 0.5:
            self.lines[n].part()
        self.voters[n].vote(mine)
        await asyncio.sleep(self.chances.uniform(0, 0.2))
        if self.lines[n] in parted:
            self.lines[n].part()

    async def _close_soon(self, ballot_round_id: str) -> None:
        await asyncio.sleep(self.chances.uniform(0, 0.8))
        await self._close(ballot_round_id)

    async def _open(self) -> str:
        await self._click(f"/defences/{self.defence_id}/ballot")
        (_seq, shared) = await self._server()
        opened: str = shared["ballot"]["id"]
        return opened

    async def _close(self, ballot_round_id: str) -> None:
        await self._click(f"/ballot-rounds/{ballot_round_id}/close")

    async def _click(self, path: str) -> None:
        status, _, body = await post(self.url, path, self.panel[-1].headers)
        assert status == 302, (path, status, body[-300:])

    async def _server(self) -> tuple[int, dict[str, Any]]:
        """The state as the server has it, asked by a good line."""
        answer = await ask(self.good_line, "enter", {"sitting_id": self.sitting_id})
        return answer["snapshot"]["seq"], answer["snapshot"]["shared"]

    async def _all_right(self) -> float:
        """Wait until every screen shows what the server has; the seconds it took."""
        began = time.monotonic()
        while True:
            seq, shared = await self._server()
            behind = [n for n, voter in enumerate(self.voters) if not voter.shows(seq, shared)]
            took = time.monotonic() - began
            if not behind:
                return took
            assert took < RIGHT_WITHIN_S, (
                behind,
                seq,
                [(v.seq, v.kept is not None, v.receipts, v.refusals) for v in self.voters],
            )
            await asyncio.sleep(ASK_AGAIN_S)

    def _check(self, ballot_round_id: str, ballots: dict[int, dict[str, Any]], everybody: bool) -> None:
        """Each ballot that was acknowledged stands once, and no other."""
        receipts = {n: self.voters[n].receipts.get(ballot_round_id) for n in ballots}
        if everybody:
            assert None not in receipts.values()
        else:
            assert all(receipts[n] or self.voters[n].refusals for n in ballots), receipts
        acknowledged = sorted(receipt for receipt in receipts.values() if receipt)
        assert self._column("SELECT receipt FROM voter", ballot_round_id) == acknowledged
        cast = sorted(ballots[n]["choice"] for n, receipt in receipts.items() if receipt)
        assert self._column("SELECT choice FROM ballot", ballot_round_id) == cast
        for voter in self.voters:
            assert voter.seqs == sorted(voter.seqs)

    def _column(self, query: str, ballot_round_id: str) -> list[str]:
        with self.scene.engine.connect() as connection:
            found = connection.execute(
                text(f"{query} WHERE ballot_round_id = :id"), {"id": ballot_round_id}
            ).scalars()
            return sorted(value for value in found if value is not None)


async def run_lanes(scene: Scene, url: str, seeds: Sequence[int], partings_s: Sequence[float]) -> list[float]:
    """Run through all seeds, as many at a time as there are panels; how long all were behind, of each run.

    Parameters
    ----------
    partings_s : taken in turn, one for each seed.
    """
    port = int(url.rpartition(":")[2])
    waiting = list(enumerate(seeds))[::-1]
    took: list[float] = []
    failures: list[AssertionError] = []

    async def lane(panel: Sequence[Browser]) -> None:
        lines = [FaultyProxy(port, seeds[0] + n) for n in range(len(panel) - 1)]
        for line in lines:
            await line.start()
        while waiting:
            number, seed = waiting.pop()
            sitting_id, (defence_id, *_) = scene.sittings[number]
            part_s = partings_s[number % len(partings_s)]
            run = BadRun(scene, url, lines, panel, sitting_id, defence_id, seed, part_s)
            try:
                took.extend(await run.run())
            except AssertionError as error:
                failures.append(error)
        for line in lines:
            await line.stop()

    await asyncio.gather(*(lane(panel) for panel in scene.panels))
    assert failures == [], f"{len(failures)} of {len(seeds)} runs: " + "\n".join(map(str, failures[:5]))
    return took

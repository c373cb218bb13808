"""A room in which everybody has voted, and a flood of malformed messages from all of them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import text

from tests.frames import ask, join, post
from tests.live import LiveServer
from tests.loops import run_async
from tests.malformed import Malice, messages
from tests.many_sittings import Browser, Scene
from tests.rooms import ballot

EXPERTS = 5


@dataclass
class MaliciousRoom:
    """A server whose first sitting has an open ballot, and whose second one has a closed one."""

    scene: Scene
    server: LiveServer

    def prepare(self) -> list[str]:
        """Let everybody vote in both; the packets that they sent."""
        return run_async(self._prepare())

    async def _prepare(self) -> list[str]:
        recorded, self.round_ids = [], list[str]()
        with self.scene.engine.begin() as connection:
            # What is sent in the background must not look like a change.
            connection.execute(text("UPDATE outbox_message SET state = 'sent'"))
        for sitting_id, (defence_id,) in self.scene.sittings:
            await self._click(f"/defences/{defence_id}/ballot")
            for n, expert in enumerate(self._panel[:EXPERTS]):
                line = await join(self.server.url, expert.cookie, expert.csrf_token, sitting_id)
                entered = await ask(line, "enter", {"sitting_id": sitting_id})
                round_id = entered["snapshot"]["shared"]["ballot"]["id"]
                mine = ballot(round_id, ("pass", "veto", "abstain")[n % 3])
                assert (await ask(line, "cast_ballot", mine))["ok"]
                recorded.append(f"42{n}{json.dumps(['cast_ballot', mine])}")
                line.cut()
            self.round_ids.append(round_id)
        await self._click(f"/ballot-rounds/{self.round_ids[1]}/close")
        return recorded

    def flood(self, recorded: list[str], count: int, seed: int) -> Malice:
        """Send so many messages, in turn from everybody of the panel, its secretary and a staff member."""
        malice = Malice(self.server.url, self._panel, self.server.directory / "server.log")
        sittings = [sitting_id for sitting_id, _ in self.scene.sittings]
        malice.flood(messages(self.round_ids, sittings, recorded), count, seed)
        return malice

    def works(self) -> None:
        """The room goes on: the ballot closes with every vote in it."""
        run_async(self._click(f"/ballot-rounds/{self.round_ids[0]}/close"))
        with self.scene.engine.connect() as connection:
            tally = connection.execute(
                text("SELECT count(*) FROM ballot WHERE ballot_round_id = :id"), {"id": self.round_ids[0]}
            )
            assert tally.scalar() == EXPERTS

    @property
    def _panel(self) -> list[Browser]:
        return self.scene.panels[0]

    async def _click(self, path: str) -> None:
        status, _, body = await post(self.server.url, path, self._panel[-1].headers)
        assert status == 302, (path, status, body[-300:])

"""The server dies in the middle of a ballot, again and again; no acknowledged vote is lost or doubled."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.frames import ask, join, post
from tests.kills import KilledRounds
from tests.live import LiveServer, start_server
from tests.loops import run_async
from tests.many_sittings import Scene, set_scene
from tests.rooms import ballot
from tests.voters import Voter

ROUNDS, SEED = 10, 7
RECOVERED_WITHIN_S = 5.0


@pytest.fixture
def scene(tmp_path: Path, published_sqlite: Path) -> Iterator[Scene]:
    shutil.copy(published_sqlite, tmp_path / "defence.sqlite3")
    scene = set_scene(tmp_path, None, sittings=1, defences=ROUNDS, panels=1)
    yield scene
    scene.engine.dispose()


@pytest.fixture
def server(scene: Scene) -> Iterator[LiveServer]:
    sitting_id, defence_ids = scene.sittings[0]
    server = start_server(scene.directory, sitting_id, defence_ids, scene.people.links)
    yield server
    server.kill()


def test_kills_during_ballots(scene: Scene, server: LiveServer) -> None:
    rounds = KilledRounds(server.url, scene.engine, scene.panels[0], server.kill, server.start, SEED)
    for number, defence_id in enumerate(server.defence_ids):
        rounds.round(server.sitting_id, defence_id, number)
    assert rounds.cut_off > 0  # the kills did fall among the votes
    with closing(sqlite3.connect(scene.directory / "defence.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("end", [LiveServer.stop, LiveServer.kill])
def test_clients_recover_by_themselves_after_a_restart(
    scene: Scene, server: LiveServer, end: Callable[[LiveServer], None]
) -> None:
    """Half have voted, the server goes away and comes back; nobody touches anything."""
    run_async(_restart(scene, server, end))


async def _restart(scene: Scene, server: LiveServer, end: Callable[[LiveServer], None]) -> None:
    panel, defence_id = scene.panels[0], server.defence_ids[0]
    staff = panel[-1]
    voters = [
        Voter(server.url, one.cookie, one.csrf_token, server.sitting_id, seed)
        for seed, one in enumerate(panel[:5])
    ]
    status, _, _ = await post(server.url, f"/defences/{defence_id}/ballot", staff.headers)
    assert status == 302
    try:
        ballot_round_id = await _opened(server, voters)
        for voter in voters[:2]:
            voter.vote(ballot(ballot_round_id))
        await _until(lambda: all(voter.receipts for voter in voters[:2]))
        await asyncio.to_thread(end, server)
        assert "graceful timeout" not in (scene.directory / "server.log").read_text(), (
            "it waited for lines that only listened"
        )
        voters[2].vote(ballot(ballot_round_id, "veto"))  # while nobody is there to take it
        await asyncio.to_thread(server.start)
        began = time.monotonic()
        await _until(lambda: bool(voters[2].receipts))
        line = await join(server.url, staff.cookie, staff.csrf_token)
        snapshot = (await ask(line, "enter", {"sitting_id": server.sitting_id}))["snapshot"]
        line.cut()
        await _until(lambda: all(v.shows(snapshot["seq"], snapshot["shared"]) for v in voters))
        assert time.monotonic() - began < RECOVERED_WITHIN_S
        assert snapshot["shared"]["ballot"]["voted"] == 3
        assert all(voter.own["receipt"] == voter.receipts[ballot_round_id] for voter in voters[:3])
    finally:
        for voter in voters:
            await voter.close()


async def _opened(server: LiveServer, voters: list[Voter]) -> str:
    await _until(lambda: all(voter.shared.get("ballot") for voter in voters))
    opened: str = voters[0].shared["ballot"]["id"]
    return opened


async def _until(condition: Callable[[], bool], limit_s: float = 10.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.02)

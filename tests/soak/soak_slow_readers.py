"""Clients that ask and never read: what the server keeps for them is bounded, and it hangs up on them."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

import pytest

from tests.frames import BROKEN, join
from tests.live import start_server
from tests.loops import run_async
from tests.many_sittings import set_scene
from tests.web.test_room_floods import worker_bytes

READERS, ASKS_A_SECOND, LASTS_S = 20, 8, 75.0
KEPT_FOR_EACH = 4 << 20


@pytest.mark.timeout(600)
def test_who_never_reads_is_hung_up_on(tmp_path: Path, published_sqlite: Path) -> None:
    shutil.copy(published_sqlite, tmp_path / "defence.sqlite3")
    scene = set_scene(tmp_path, None, sittings=1, defences=5, panels=READERS)
    sitting_id, defence_ids = scene.sittings[0]
    server = start_server(tmp_path, sitting_id, defence_ids, scene.people.links)

    async def ask_and_never_read(panel: int) -> float:
        browser, began = scene.panels[panel][0], time.monotonic()
        line = await join(server.url, browser.cookie, browser.csrf_token, sitting_id)
        line.writer.transport.pause_reading()  # type: ignore[attr-defined]
        try:
            while time.monotonic() - began < LASTS_S:
                await line.send(f'42["enter",{{"sitting_id":{sitting_id}}}]')
                await asyncio.sleep(1 / ASKS_A_SECOND)
        except BROKEN:
            pass
        line.cut()
        return time.monotonic() - began

    async def all_of_them() -> list[float]:
        return await asyncio.gather(*(ask_and_never_read(panel) for panel in range(READERS)))

    try:
        before = worker_bytes(server)
        held_s = run_async(all_of_them())
        gained = worker_bytes(server) - before
    finally:
        server.kill()
        scene.engine.dispose()
    print(f"held {min(held_s):.0f} to {max(held_s):.0f} s; {gained / READERS / 1024:.0f} kB for each")
    assert gained < READERS * KEPT_FOR_EACH
    assert max(held_s) < LASTS_S

"""100,000 malformed, replayed and foreign messages."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live import start_server
from tests.malformed import digests
from tests.malicious_room import MaliciousRoom
from tests.many_sittings import set_scene

MESSAGES, SEED = 50_000, 900


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", [0, 1])
def test_nothing_changes(
    tmp_path: Path, published_sqlite: Path, scaled: Callable[[int], int], part: int
) -> None:
    shutil.copy(published_sqlite, tmp_path / "defence.sqlite3")
    scene = set_scene(tmp_path, None, sittings=2, defences=1, panels=1)
    server = start_server(tmp_path, scene.sittings[0][0], scene.sittings[0][1], scene.people.links)
    try:
        room = MaliciousRoom(scene, server)
        recorded = room.prepare()
        before = digests(scene.engine)
        malice = room.flood(recorded, scaled(MESSAGES), SEED + part)
        assert digests(scene.engine) == before
        room.works()
    finally:
        server.kill()
        scene.engine.dispose()
    print(f"{malice.sent} messages on {malice.lines} lines")

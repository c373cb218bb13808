"""Thousands of messages that no page of ours sends: no error, no change; a long run is in tests/soak."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import start_server
from tests.malformed import digests
from tests.malicious_room import MaliciousRoom
from tests.many_sittings import set_scene

MESSAGES, SEED = 1_500, 5


@pytest.fixture
def room(tmp_path: Path, published_sqlite: Path) -> Iterator[MaliciousRoom]:
    shutil.copy(published_sqlite, tmp_path / "defence.sqlite3")
    scene = set_scene(tmp_path, None, sittings=2, defences=1, panels=2)
    server = start_server(scene.directory, scene.sittings[0][0], scene.sittings[0][1], scene.people.links)
    yield MaliciousRoom(scene, server)
    server.kill()
    scene.engine.dispose()


def test_malformed_replayed_and_foreign_messages_change_nothing(room: MaliciousRoom) -> None:
    recorded = room.prepare()
    before = digests(room.scene.engine)
    malice = room.flood(recorded, MESSAGES, SEED)
    assert malice.sent >= MESSAGES
    assert digests(room.scene.engine) == before
    room.works()

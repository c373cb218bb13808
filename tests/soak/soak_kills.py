"""200 times kill -9 in mid-vote."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.kills import KilledRounds
from tests.live import start_server
from tests.many_sittings import set_scene

ROUNDS, SEED = 200, 70


@pytest.mark.timeout(7200)
def test_kills_during_ballots(tmp_path: Path, published_sqlite: Path, scaled: Callable[[int], int]) -> None:
    count = scaled(ROUNDS)
    shutil.copy(published_sqlite, tmp_path / "defence.sqlite3")
    scene = set_scene(tmp_path, None, sittings=count, defences=1, panels=1)
    server = start_server(tmp_path, scene.sittings[0][0], scene.sittings[0][1], scene.people.links)
    rounds = KilledRounds(server.url, scene.engine, scene.panels[0], server.kill, server.start, SEED)
    try:
        for number, (sitting_id, (defence_id,)) in enumerate(scene.sittings):
            rounds.round(sitting_id, defence_id, number)
    finally:
        server.kill()
        scene.engine.dispose()
    print(f"{count} kills: {rounds.cut_off} answers lost, {rounds.stored_unheard} of them of stored ballots")
    assert rounds.cut_off > 0
    with closing(sqlite3.connect(tmp_path / "defence.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

"""The room over lines that lose, repeat, delay, reorder, break and part; the long run is in tests/soak."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faulty_runs import RIGHT_WITHIN_S, run_lanes
from tests.live import LiveServer, start_server
from tests.loops import run_async
from tests.many_sittings import Scene, set_scene

RUNS, FIRST_SEED = 10, 4_000
PARTINGS_S = (0.5, 3.0)


@pytest.fixture
def scene(tmp_path: Path, published_sqlite: Path) -> Iterator[Scene]:
    shutil.copy(published_sqlite, tmp_path / "defence.sqlite3")
    scene = set_scene(tmp_path, None, sittings=RUNS, defences=1, panels=5)
    yield scene
    scene.engine.dispose()


@pytest.fixture
def server(scene: Scene) -> Iterator[LiveServer]:
    server = start_server(scene.directory, scene.sittings[0][0], scene.sittings[0][1], scene.people.links)
    yield server
    server.kill()


def test_all_are_right_soon_after_the_line_is_back(scene: Scene, server: LiveServer) -> None:
    seeds = range(FIRST_SEED, FIRST_SEED + RUNS)
    took = run_async(run_lanes(scene, server.url, seeds, PARTINGS_S))
    assert len(took) >= RUNS
    assert max(took) < RIGHT_WITHIN_S
    assert "Traceback" not in (scene.directory / "server.log").read_text()

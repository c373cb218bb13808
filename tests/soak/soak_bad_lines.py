"""500 rounds of voting over lines that lose, repeat, delay, reorder, break, and part for up to 30 s."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faulty_runs import RIGHT_WITHIN_S, run_lanes
from tests.live import start_server
from tests.loops import run_async
from tests.many_sittings import set_scene

RUNS, AT_ONCE, FIRST_SEED = 500, 20, 40_000
PARTINGS_S = (0.5, 3.0, 10.0, 30.0)


@pytest.mark.timeout(7200)
def test_all_are_right_soon_after_the_line_is_back(
    tmp_path: Path, published_sqlite: Path, scaled: Callable[[int], int]
) -> None:
    runs = scaled(RUNS)
    shutil.copy(published_sqlite, tmp_path / "defence.sqlite3")
    scene = set_scene(tmp_path, None, sittings=runs, defences=1, panels=min(AT_ONCE, runs))
    server = start_server(tmp_path, scene.sittings[0][0], scene.sittings[0][1], scene.people.links)
    try:
        seeds = range(FIRST_SEED, FIRST_SEED + runs)
        took = run_async(run_lanes(scene, server.url, seeds, PARTINGS_S))
    finally:
        server.kill()
        scene.engine.dispose()
    print(f"{runs} runs: right after {statistics.median(took):.2f} s (median), {max(took):.2f} s (longest)")
    assert max(took) < RIGHT_WITHIN_S
    assert "Traceback" not in (tmp_path / "server.log").read_text()

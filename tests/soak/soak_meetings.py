"""500 runs of the keeper of meetings with faults, kills and changes of the timetable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.keeping_runs import run_all
from tests.keeping_world import make_template

RUNS, FIRST_SEED = 500, 10_000


@pytest.mark.timeout(7200)
def test_no_orphan_and_no_half_day_without_a_meeting(tmp_path: Path, scaled: Callable[[int], int]) -> None:
    (tmp_path / "template").mkdir()
    runs = scaled(RUNS)
    template = make_template(tmp_path / "template")
    run_all(range(FIRST_SEED, FIRST_SEED + runs), tmp_path, template)
    print(f"{runs} runs: one meeting a half-day, no orphan")

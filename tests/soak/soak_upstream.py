"""200 round trips with the platform, with faults, kills and changes on both sides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.upstream_runs import run_all
from tests.upstream_world import make_template

RUNS, FIRST_SEED = 200, 10_000


@pytest.mark.timeout(7200)
def test_both_sides_end_equal(tmp_path: Path, scaled: Callable[[int], int]) -> None:
    runs = scaled(RUNS)
    counts = run_all(range(FIRST_SEED, FIRST_SEED + runs), tmp_path, make_template(tmp_path), slowly=True)
    print(f"{runs} runs: both sides equal, everything told once and in order; {dict(counts)}")

"""Runs with faults, kills and changes on both sides; tests/soak has more of them."""

from __future__ import annotations

from pathlib import Path

from tests.upstream_runs import run_all
from tests.upstream_world import make_template

RUNS = 6


def test_both_sides_end_equal_and_everything_was_told_once(tmp_path: Path) -> None:
    counts = run_all(range(RUNS), tmp_path, make_template(tmp_path), slowly=False)
    assert counts["told"] > 5 * RUNS
    assert counts["repeated"], "the platform heard something twice, and took it once"
    assert counts["changed"], "a record changed upstream before we knew"
    assert counts["superseded"]

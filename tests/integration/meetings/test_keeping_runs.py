"""Runs with faults, kills and changes of the timetable: in the end one right meeting a half-day."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.keeping_runs import run_all
from tests.keeping_world import make_template

BLOCKS, RUNS_A_BLOCK = 4, 15
"""Hundreds more under `make soak`."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("keeping"))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_half_day_ends_with_one_meeting_and_no_provider_with_an_orphan(
    block: int, tmp_path: Path, template: Path
) -> None:
    run_all(range(block * RUNS_A_BLOCK, (block + 1) * RUNS_A_BLOCK), tmp_path, template)

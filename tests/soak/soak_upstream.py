"""200 round trips with the platform, with faults, kills and changes on both sides; 25 real kills."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.orm import sessionmaker

from defense.app import create_app
from defense.extensions import db
from defense.migrating import ensure_database
from defense.models import UpstreamHold
from tests.conftest import make_settings
from tests.invite_world import World
from tests.upstream_kills import KilledPushing
from tests.upstream_platform import serving
from tests.upstream_runs import run_all
from tests.upstream_world import make_template

RUNS, FIRST_SEED = 200, 10_000
KILLS = 25


@pytest.mark.timeout(7200)
def test_both_sides_end_equal(tmp_path: Path, scaled: Callable[[int], int]) -> None:
    runs = scaled(RUNS)
    counts = run_all(range(FIRST_SEED, FIRST_SEED + runs), tmp_path, make_template(tmp_path), slowly=True)
    print(f"{runs} runs: both sides equal, everything told once and in order; {dict(counts)}")


@pytest.mark.timeout(3600)
def test_killed_senders_lose_and_repeat_nothing(tmp_path: Path, scaled: Callable[[int], int]) -> None:
    kills = scaled(KILLS)
    app = create_app(make_settings(tmp_path))
    with app.app_context(), serving(tmp_path / "platform.sqlite3", "hmac") as platform:
        ensure_database()
        with sessionmaker(db.engine)() as session:
            world = World(session, app.extensions["settings"])
            for candidate in world.candidates:
                session.add(UpstreamHold(application_id=candidate.id, etag=""))
            sending = KilledPushing(app, tmp_path, platform)
            staff_id = world.staff_id()
            sending.queue(world.candidates, each=3 * kills + 3, staff_id=staff_id)
        sending.run(kills, seed=7)
        sending.check()
        repeats = sum(one["repeats"] for one in platform.told())
    print(f"{kills} kills: {6 * kills + 6} decisions taken once and in order, {repeats} heard twice")

"""Runs of the keeper of meetings with faults, kills and changes of the timetable."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.models import Round, Sitting
from tests.doubles.server import Fault, FaultPlan
from tests.doubles.tencent_double import TencentDouble
from tests.doubles.zoom_double import ZoomDouble
from tests.keeping_world import KeepingWorld, Killed

TURNS = 14
FAULTS = (
    *(Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.CUT_OFF, Fault.WRONG_TYPE, Fault.ERROR_500),
    *(Fault.ERROR_500_AFTER, Fault.ERROR_503, Fault.RATE, Fault.QUOTA),
)
SILENCES = (Fault.SILENCE_BEFORE, Fault.SILENCE_AFTER)
"""Rarer than the others: each takes as long as the connector waits."""


def faults_of(rng: random.Random, share: float) -> FaultPlan:
    def plan(_call: str) -> Fault | None:
        if rng.random() >= share:
            return None
        return rng.choice(SILENCES) if rng.random() < 0.06 else rng.choice(FAULTS)

    return plan


def change_timetable(rng: random.Random) -> Callable[[Session], None]:
    def change(session: Session) -> None:
        sitting = rng.choice(session.scalars(select(Sitting).order_by(Sitting.id)).all())
        match rng.randrange(4):
            case 0:
                sitting.start_at += timedelta(minutes=rng.choice((-40, 20, 60)))
                sitting.end_at = sitting.start_at + timedelta(minutes=90)
            case 1:
                sitting.cancelled = True
            case 2:
                sitting.cancelled = False
            case _:
                round_ = session.get_one(Round, sitting.round_id)
                pair = rng.choice((("tencent", "zoom"), ("zoom", "tencent"), ("tencent", None)))
                round_.meeting_provider, round_.second_meeting_provider = pair

    return change


def run(seed: int, world: KeepingWorld) -> None:
    rng = random.Random(seed)
    for _ in range(TURNS):
        if rng.random() < 0.35:
            world.change(change_timetable(rng))
        for name, double in world.doubles.items():
            double.faults = faults_of(rng, rng.choice((0.0, 0.3, 0.6, 1.0)))
            world.mortals[name].dies = rng.choice(("", "", "", "before", "after"))
        with suppress(Killed):
            world.keep()
        world.clock.wait(rng.choice((0, 1, 5, 20)))
    for name, double in world.doubles.items():
        double.faults = lambda _call: None
        world.mortals[name].dies = ""
    world.keep_for(turns=6, minutes=61)


def run_all(seeds: Iterable[int], directory: Path, template: Path) -> None:
    """In the end every half-day has one right meeting, and no provider holds another one."""
    for seed in seeds:
        with TencentDouble() as tencent, ZoomDouble() as zoom:
            world = KeepingWorld(directory, template, tencent, zoom)
            run(seed, world)
            try:
                world.check_all_is_well()
            except AssertionError as error:
                raise AssertionError(f"seed {seed}") from error
            world.engine.dispose()

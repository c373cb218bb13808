"""Seeded round trips: faults and kills on the way, and changes on both sides meanwhile."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.upstream_platform import serving
from tests.upstream_world import RoundTrip

TURNS = 12
NUMBERS = ("A0001", "A0002", "A0003", "A0004")


def run(seed: int, world: RoundTrip, *, slowly: bool) -> None:
    rng = random.Random(seed)
    for turn in range(TURNS):
        for _ in range(rng.randrange(5)):
            happen(rng, world)
        world.side.go_wrong(seed * TURNS + turn, rng.choice((0.0, 0.2, 0.5, 1.0)), slowly=slowly)
        world.side.client.dies = deaths_of(rng, rng.choice((0.0, 0.0, 0.1)))
        if rng.random() < 0.3:
            world.pull()
        world.push(deaths_of(rng, rng.choice((0.0, 0.0, 0.05, 0.3))), rng.random)
        world.clock.wait(rng.choice((0, 1, 5, 20)))
    world.side.go_wrong(seed, 0.0, slowly=False)
    world.side.client.dies = lambda: ""
    for _ in range(4):
        world.act(world.wake_the_dead)
        world.pull()
        for number in NUMBERS:
            world.act(lambda session, number=number: world.settle_difference(session, number, True))
        world.push()
        world.clock.wait(90)
    world.pull()


def happen(rng: random.Random, world: RoundTrip) -> None:
    """Something that somebody does, here or over there."""
    number = rng.choice(NUMBERS)
    here = (world.decide_fee, world.decide_validity, world.mark_absent, world.hear_again, world.release)
    match rng.randrange(8):
        case 0:
            world.side.platform.change(number, phone=f"139{rng.randrange(10**8):08}")
        case 1:
            world.side.platform.change(number, status=rng.choice(("approved", "returned")))
        case 2:
            accept = rng.random() < 0.5
            world.act(lambda session: world.settle_difference(session, number, accept))
        case _:
            act = rng.choice(here)
            world.act(lambda session: act(session, number))


def deaths_of(rng: random.Random, share: float) -> Callable[[], str]:
    return lambda: rng.choice(("before", "after")) if rng.random() < share else ""


def run_all(seeds: Iterable[int], directory: Path, template: Path, *, slowly: bool) -> Counter[str]:
    """In the end both sides are equal, and everything was told once and in its order."""
    counts = Counter[str]()
    for seed in seeds:
        file = directory / "platform.sqlite3"
        file.unlink(missing_ok=True)
        with serving(file, "hmac" if seed % 2 else "oauth2") as platform:
            world = RoundTrip(directory, template, platform)
            try:
                run(seed, world, slowly=slowly)
                world.check()
                counts += world.count()
            except AssertionError as error:
                raise AssertionError(f"seed {seed}") from error
            finally:
                world.engine.dispose()
    return counts

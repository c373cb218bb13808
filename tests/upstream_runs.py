"""Seeded round trips: faults and kills on the way, and changes on both sides meanwhile."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.upstream_platform import serving
from tests.upstream_world import RoundTrip

TURNS = 12


def run(seed: int, world: RoundTrip, *, slowly: bool) -> None:
    rng = random.Random(seed)
    import_all(rng, world)
    for turn in range(TURNS):
        for _ in range(rng.randrange(6)):
            happen(rng, world)
        world.side.go_wrong(seed * TURNS + turn, rng.choice((0.0, 0.2, 0.5, 1.0)), slowly=slowly)
        world.side.client.dies = deaths_of(rng, rng.choice((0.0, 0.0, 0.1)))
        if rng.random() < 0.3:
            world.pull(deaths_of(rng, rng.choice((0.0, 0.2))))
        world.push(deaths_of(rng, rng.choice((0.0, 0.0, 0.05, 0.3))), rng.random)
        world.clock.wait(rng.choice((0, 1, 5, 20)))
    world.side.go_wrong(seed, 0.0, slowly=False)
    world.side.client.dies = lambda: ""
    for _ in range(4):
        world.pull()
        world.act(world.wake_the_dead)
        for number in world.numbers:
            world.act(lambda session, number=number: world.accept(session, number))
            # What cannot be accepted any more, for a defence has begun, stays as it is.
            world.act(lambda session, number=number: world.keep(session, number))
        world.push()
        world.clock.wait(90)
    world.pull()


def import_all(rng: random.Random, world: RoundTrip) -> None:
    """Everybody is read from the platform, whatever goes wrong."""
    world.side.go_wrong(rng.randrange(10**6), 0.5, slowly=False)
    while not world.has_imported():
        world.pull(deaths_of(rng, 0.1))
        world.clock.wait(6)


def happen(rng: random.Random, world: RoundTrip) -> None:
    """Something that somebody does, here or over there."""
    number = rng.choice(world.numbers)
    here = (world.decide_fee, world.decide_validity, world.mark_absent, world.hear_again, world.release)
    match rng.randrange(8):
        case 0:
            world.side.platform.change(number, phone=f"139{rng.randrange(10**8):08}")
        case 1:
            world.side.platform.change(number, status=rng.choice(("approved", "approved", "returned")))
        case 2:
            settle = rng.choice((world.accept, world.keep))
            world.act(lambda session: settle(session, number))
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

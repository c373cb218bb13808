"""Seeded runs of telling the platform: faults, kills, and changes on both sides meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.upstream_paper import PaperFault
from tests.upstream_world import RoundTrip

TURNS = 14
NUMBERS = ("A0001", "A0002", "A0003", "A0004")
FAULTS = tuple(PaperFault)


def run(seed: int, world: RoundTrip) -> None:
    rng = random.Random(seed)
    for _ in range(TURNS):
        for _ in range(rng.randrange(4)):
            happen(rng, world)
        share, dying = rng.choice((0.0, 0.2, 0.5, 1.0)), rng.choice((0.0, 0.0, 0.05, 0.3))
        world.platform.next_fault = faults_of(rng, share)
        if rng.random() < 0.3:
            world.pull()
        world.push(deaths_of(rng, dying), rng.random)
        world.clock.wait(rng.choice((0, 1, 5, 20)))
    world.platform.next_fault = lambda: None
    for _ in range(4):
        world.act(world.wake_the_dead)
        for number in NUMBERS:
            world.act(lambda session, number=number: world.settle_difference(session, number, True))
        world.push()
        world.pull()
        world.clock.wait(90)


def happen(rng: random.Random, world: RoundTrip) -> None:
    """Something that somebody does, here or over there."""
    number = rng.choice(NUMBERS)
    here = (world.decide_fee, world.decide_validity, world.mark_absent, world.hear_again, world.release)
    match rng.randrange(8):
        case 0:
            world.platform.change(number, phone=f"139{rng.randrange(10**8):08}")
        case 1:
            world.platform.change(number)
        case 2:
            accept = rng.random() < 0.5
            world.act(lambda session: world.settle_difference(session, number, accept))
        case _:
            act = rng.choice(here)
            world.act(lambda session: act(session, number))


def faults_of(rng: random.Random, share: float) -> Callable[[], PaperFault | None]:
    return lambda: rng.choice(FAULTS) if rng.random() < share else None


def deaths_of(rng: random.Random, share: float) -> Callable[[], str]:
    return lambda: rng.choice(("before", "after")) if rng.random() < share else ""


def run_all(seeds: Iterable[int], directory: Path, template: Path) -> None:
    """In the end both sides are equal, and everything was told once and in its order."""
    for seed in seeds:
        world = RoundTrip(directory, template)
        try:
            run(seed, world)
            world.check()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error
        finally:
            world.engine.dispose()

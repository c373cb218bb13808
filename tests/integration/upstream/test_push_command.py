"""The command that tells the platform, as a process that is killed, and where there is no platform."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from tests.invite_world import World
from tests.upstream_kills import KilledPushing
from tests.upstream_platform import Platform


def test_without_a_platform_it_says_what_to_set(app: Flask) -> None:
    with app.app_context():
        done = app.test_cli_runner().invoke(args=["push-upstream"])
    assert done.exit_code == 1
    assert "UPSTREAM_URL" in done.output


def test_a_killed_sender_loses_and_repeats_nothing(
    app: Flask, tmp_path: Path, platform: Platform, world: World, staff_id: int
) -> None:
    sending = KilledPushing(app, tmp_path, platform)
    sending.queue(world.candidates, each=6, staff_id=staff_id)
    sending.run(kills=1)
    sending.check()

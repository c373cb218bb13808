"""The bell between processes, with a real Redis that goes away and comes back; and attempts counted in it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from defense.integrations.bell import MOST_WAITING, RedisBell, SilentBell, bell_from
from defense.services.throttle import AttemptLimiter
from tests.cluster import Program, redis_server
from tests.conftest import make_settings
from tests.sockets import wait_for


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Program]:
    server = redis_server(tmp_path)
    server.start()
    yield server
    server.kill()


def url_of(server: Program, number: int = 0) -> str:
    return f"redis://127.0.0.1:{server.port}/{number}"


def listening(bell: RedisBell) -> list[dict[str, Any]]:
    """What a bell hears from now on."""
    heard: list[dict[str, Any]] = []
    threading.Thread(target=bell.listen, args=(heard.append,), daemon=True).start()
    return heard


def ring_until_heard(ringing: RedisBell, heard: list[dict[str, Any]], message: dict[str, Any]) -> None:
    """Ring again and again, as messages may be lost."""

    def rung() -> bool:
        ringing.ring(message)
        time.sleep(0.05)
        return message in heard

    wait_for(rung, 10)


def test_others_hear_and_the_ringer_does_not(redis: Program) -> None:
    one, other, elsewhere = RedisBell(url_of(redis)), RedisBell(url_of(redis)), RedisBell(url_of(redis, 1))
    heard_one, heard_other, heard_elsewhere = listening(one), listening(other), listening(elsewhere)
    ring_until_heard(one, heard_other, {"sittings": [1, 2]})
    ring_until_heard(other, heard_one, {"nudge": [7, 1]})
    assert {"sittings": [1, 2]} not in heard_one
    assert heard_elsewhere == []  # another installation in the same Redis


def test_ringing_never_waits_and_listening_goes_on(redis: Program) -> None:
    one, other = RedisBell(url_of(redis)), RedisBell(url_of(redis))
    heard = listening(other)
    ring_until_heard(one, heard, {"sittings": [1]})
    for spoil in (lambda: redis.send(signal.SIGSTOP), redis.kill):
        spoil()
        began = time.monotonic()
        for number in range(2 * MOST_WAITING):
            one.ring({"sittings": [number]})
        assert time.monotonic() - began < 0.2
    redis.start()
    ring_until_heard(one, heard, {"sittings": [3, 4]})


def test_a_bad_message_ends_no_listening(redis: Program) -> None:
    one, other = RedisBell(url_of(redis)), RedisBell(url_of(redis))
    heard = listening(other)
    ring_until_heard(one, heard, {"sittings": [1]})
    for packet in ("", "[]", "{", "{}", "\ud7ff"):
        one._redis.publish(one._channel, packet)
    ring_until_heard(one, heard, {"sittings": [2]})


def test_one_process_needs_no_redis(tmp_path: Path) -> None:
    assert isinstance(bell_from(make_settings(tmp_path)), SilentBell)
    settings = make_settings(tmp_path, REDIS_URL="redis://127.0.0.1:1/0")
    assert isinstance(bell_from(settings), RedisBell)


def test_attempts_are_counted_by_all_processes_together(redis: Program) -> None:
    one, other = (AttemptLimiter(3, 60, url_of(redis)) for _ in range(2))
    assert [one.allows("a"), other.allows("a"), one.allows("a")] == [True, True, True]
    assert not other.allows("a") and not one.allows("a") and one.allows("b")
    other.clear("a")
    assert one.allows("a")


def test_without_redis_each_process_counts_for_itself(redis: Program) -> None:
    limiter = AttemptLimiter(2, 60, url_of(redis))
    assert limiter.allows("a") and limiter.allows("a") and not limiter.allows("a")
    for spoil in (lambda: redis.send(signal.SIGSTOP), redis.kill):
        spoil()
        name, began = str(spoil), time.monotonic()
        assert [limiter.allows(name) for _ in range(3)] == [True, True, False]
        assert time.monotonic() - began < 3
    redis.start()
    assert limiter.allows("a")  # that Redis forgot everything

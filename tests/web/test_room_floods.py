"""Clients that send too much, too large or nothing: each is hung up on, the others hardly notice."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.frames import BROKEN, TEXT, Line, Refused, ask, encode_frame, join
from tests.live import LiveServer, start_server
from tests.loops import run_async
from tests.many_sittings import Browser, Scene, set_scene

GIGABYTE = 1 << 30
ASKED = 40
MEMORY_ALLOWED = 30 << 20
"""Bytes that the worker may have gained: caches of the first requests, never a gigabyte."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, published_sqlite: Path) -> Iterator[Scene]:
    directory = tmp_path_factory.mktemp("floods")
    shutil.copy(published_sqlite, directory / "defence.sqlite3")
    scene = set_scene(directory, None, sittings=1, defences=1, panels=1)
    yield scene
    scene.engine.dispose()


@pytest.fixture(scope="module")
def server(scene: Scene) -> Iterator[LiveServer]:
    server = start_server(scene.directory, scene.sittings[0][0], scene.sittings[0][1], scene.people.links)
    yield server
    server.kill()


def worker_bytes(server: LiveServer) -> int:
    """Memory that the worker holds."""
    assert server.process is not None
    pid = server.process.pid
    child = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]
    status = Path(f"/proc/{child}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def come_in(server: LiveServer, browser: Browser) -> object:
    return join(server.url, browser.cookie, browser.csrf_token, server.sitting_id)


async def is_hung_up(line: Line, within_s: float) -> bool:
    """Whether the server ends the line in time."""
    try:
        async with asyncio.timeout(within_s):
            await line.over()
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("token", [None, "", "x", "IjAwMDAi.foreign.token"])
def test_a_foreign_csrf_token_is_refused(server: LiveServer, scene: Scene, token: str | None) -> None:
    browser = scene.panels[0][0]

    async def knock() -> None:
        line = await Line.open(server.url, {"Origin": server.url, "Cookie": browser.cookie})
        await line.receive()
        await line.send("40" if token is None else '40{"csrf_token":"' + token + '"}')
        assert (await line.receive()).startswith("44")
        assert await is_hung_up(line, 5.0)

    run_async(knock())


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1"])
def test_a_foreign_origin_is_refused(server: LiveServer, scene: Scene, origin: str | None) -> None:
    browser = scene.panels[0][0]

    async def knock() -> str:
        headers = {"Cookie": browser.cookie} | ({"Origin": origin} if origin else {})
        line = await Line.open(server.url, headers)
        await line.receive()
        await line.send('40{"csrf_token":"' + browser.csrf_token + '"}')
        return await line.receive()

    try:
        assert run_async(knock()).startswith("44")
    except (Refused, *BROKEN):
        pass  # turned away even earlier


@pytest.mark.parametrize("announced", [16 * 1024 + 1, 1 << 20, GIGABYTE, 1 << 62])
def test_a_frame_that_announces_too_much_ends_the_line(
    server: LiveServer, scene: Scene, announced: int
) -> None:
    async def announce() -> None:
        line = await come_in(server, scene.panels[0][0])  # type: ignore[misc]
        head = bytes([0x80 | TEXT, 0x80 | 127]) + announced.to_bytes(8, "big") + b"mask"
        line.writer.write(head + b"x" * 4096)
        assert await is_hung_up(line, 2.0)

    before = worker_bytes(server)
    run_async(announce())
    assert worker_bytes(server) - before < MEMORY_ALLOWED


def test_many_small_pieces_of_a_large_message_end_the_line(server: LiveServer, scene: Scene) -> None:
    async def send() -> None:
        line = await come_in(server, scene.panels[0][0])  # type: ignore[misc]
        for n in range(20):
            line.writer.write(encode_frame(b"4" * 1024, TEXT if n == 0 else 0, fin=False))
        assert await is_hung_up(line, 2.0)

    run_async(send())


@pytest.mark.parametrize("said", ["", "3"])
def test_who_never_asks_to_come_in_is_hung_up_on(server: LiveServer, scene: Scene, said: str) -> None:
    """A handshake costs nothing; neither silence nor answers to pings keep such a line open."""

    async def wait() -> None:
        line = await Line.open(server.url, {"Origin": server.url, "Cookie": scene.panels[0][0].cookie})
        if said:
            await line.send(said)
        assert await is_hung_up(line, 15.0)

    run_async(wait())


def test_a_flood_is_cut_off_and_others_hardly_notice(server: LiveServer, scene: Scene) -> None:
    """The median of answers to somebody else, while one after the other floods, is under twice the normal."""
    flooder, other = scene.panels[0][0], scene.panels[0][1]

    async def latencies(line: Line) -> list[float]:
        took = []
        for number in range(ASKED):
            began = time.perf_counter()
            await ask(line, "clock", {}, number)
            took.append(time.perf_counter() - began)
            await asyncio.sleep(0.1)
        return took

    async def flood(cuts: list[float]) -> None:
        while True:
            line = await come_in(server, flooder)  # type: ignore[misc]
            began = time.monotonic()
            try:
                for _ in range(5_000):
                    await line.send('42["enter",{"sitting_id":1}]')
            except BROKEN:
                pass
            await line.over()
            cuts.append(time.monotonic() - began)
            await asyncio.sleep(0.3)  # as a page that comes again

    async def both() -> tuple[list[float], list[float], list[float]]:
        line = await come_in(server, other)  # type: ignore[misc]
        calm, cuts = await latencies(line), list[float]()
        flooding = asyncio.ensure_future(flood(cuts))
        busy = await latencies(line)
        assert not flooding.done()
        flooding.cancel()
        return calm, busy, cuts

    calm, busy, cuts = run_async(both())
    assert len(cuts) >= 3
    assert max(cuts) < 2.0
    # A floor of a few milliseconds: below it the clock of a shared machine says nothing.
    assert statistics.median(busy) < 2 * max(statistics.median(calm), 0.004), (calm, busy)

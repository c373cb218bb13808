"""A bad line: a TCP proxy on the loopback interface that understands enough of websockets to spoil them."""

from __future__ import annotations

import asyncio
import random
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.frames import BROKEN, TEXT, Frame, read_frame

Result = TypeVar("Result")
CHUNK_BYTES = 1 << 14


@dataclass(frozen=True)
class Faults:
    """How likely each fault is, message by message.

    Packets with which a line begins and is kept alive are let through: TCP would have kept their order,
    and a client that has not got in has nothing to lose.
    """

    lose_ack: float = 0.0
    """An answer of the server never arrives."""
    repeat: float = 0.0
    """A message of the client arrives twice."""
    delay: float = 0.0
    """A message arrives later, and others overtake it."""
    cut: float = 0.0
    """The line breaks after a message."""
    most_delay_s: float = 0.4


GOOD_LINE = Faults()


class FaultyProxy:
    """One person's line to the server.

    Parameters
    ----------
    upstream : port of the server.
    seed : of all the chances.
    """

    def __init__(self, upstream: int, seed: int) -> None:
        self.upstream, self.port = upstream, 0
        self.faults = GOOD_LINE
        self._random = random.Random(seed)
        self._up = asyncio.Event()
        self._up.set()
        self._lines: set[StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where clients find the server behind this line."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Break every line and listen no more."""
        assert self._server is not None
        self._server.close()
        self.cut_all()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def part(self) -> None:
        """Let nothing through, either way, and tell nobody; new connections get no answer."""
        self._up.clear()

    def rejoin(self, resets: bool) -> None:
        """Let everything through that has waited; or lose it with the connections (`resets`)."""
        if resets:
            self.cut_all()
        self._up.set()

    def cut_all(self) -> None:
        """Break every connection."""
        for writer in list(self._lines):
            writer.transport.abort()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._lines.add(writer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await self._up.wait()
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
            self._lines.add(up_writer)
            try:
                up_writer.write(head)
                if b"upgrade: websocket" in head.lower():
                    await self._send(writer, await up_reader.readuntil(b"\r\n\r\n"))
                    await self._both(self._messages, reader, writer, up_reader, up_writer)
                else:
                    await self._both(self._bytes, reader, writer, up_reader, up_writer)
            finally:
                self._lines.discard(up_writer)
                up_writer.transport.abort()
        except (*BROKEN, asyncio.CancelledError):
            pass  # of a connection that is cancelled the library would complain
        finally:
            self._lines.discard(writer)
            self._tasks.discard(task)
            writer.close()

    async def _both(
        self,
        pump: Any,
        reader: StreamReader,
        writer: StreamWriter,
        up_reader: StreamReader,
        up_writer: StreamWriter,
    ) -> None:
        """Carry both directions until either ends."""
        ways = [
            asyncio.ensure_future(pump(reader, up_writer, True)),
            asyncio.ensure_future(pump(up_reader, writer, False)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _bytes(self, reader: StreamReader, writer: StreamWriter, _from_client: bool) -> None:
        while data := await reader.read(CHUNK_BYTES):
            if self._happens(self.faults.cut):
                return
            await self._send(writer, data)

    async def _messages(self, reader: StreamReader, writer: StreamWriter, from_client: bool) -> None:
        while True:
            frame = await read_frame(reader)
            if not _may_be_spoiled(frame):
                await self._send(writer, frame.raw)
                continue
            if not from_client and frame.payload.startswith(b"43") and self._happens(self.faults.lose_ack):
                continue
            times = 2 if from_client and self._happens(self.faults.repeat) else 1
            for _ in range(times):
                if self._happens(self.faults.delay):
                    self._send_later(writer, frame.raw)
                else:
                    await self._send(writer, frame.raw)
            if self._happens(self.faults.cut):
                return

    def _happens(self, chance: float) -> bool:
        return self._random.random() < chance

    async def _send(self, writer: StreamWriter, data: bytes) -> None:
        await self._up.wait()
        writer.write(data)
        await writer.drain()

    def _send_later(self, writer: StreamWriter, data: bytes) -> None:
        async def send() -> None:
            await asyncio.sleep(self._random.uniform(0, self.faults.most_delay_s))
            with suppress(OSError):  # the line broke meanwhile: the message is lost, as it would be
                await self._send(writer, data)

        task = asyncio.ensure_future(send())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _may_be_spoiled(frame: Frame) -> bool:
    """Whether it is an event or an answer."""
    return frame.opcode == TEXT and frame.payload[:2] in (b"42", b"43")


class Background:
    """An event loop in a thread of its own, for tests that wait by themselves."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do something in it, and wait."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def call(self, act: Any, *arguments: Any) -> None:
        """Do something in it, soon."""
        self._loop.call_soon_threadsafe(act, *arguments)

    def stop(self) -> None:
        """End it."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def bad_lines(upstream: int, seeds: range) -> Iterator[tuple[Background, list[FaultyProxy]]]:
    """Lines to a server, carried by a thread."""
    background = Background()

    async def start() -> list[FaultyProxy]:
        lines = [FaultyProxy(upstream, seed) for seed in seeds]
        for line in lines:
            await line.start()
        return lines

    lines = background.run(start())
    try:
        yield background, lines
    finally:
        for line in lines:
            background.run(line.stop())
        background.stop()

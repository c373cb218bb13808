"""Websockets by hand, for tests that must say and hear what no library would: frames, and a line of them."""

from __future__ import annotations

import asyncio
import json
import os
from asyncio import IncompleteReadError, StreamReader, StreamWriter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
BROKEN = (OSError, IncompleteReadError, asyncio.LimitOverrunError)
"""What reading and writing raise when the other end is gone."""


@dataclass(frozen=True)
class Frame:
    """One frame; `raw` are its bytes as they came."""

    opcode: int
    payload: bytes
    raw: bytes


def encode_frame(payload: bytes, opcode: int = TEXT, fin: bool = True, masked: bool = True) -> bytes:
    """A frame as a client sends it; `masked=False`: as a server does."""
    head = bytes([(0x80 if fin else 0) | opcode])
    marked = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([marked | len(payload)])
    elif len(payload) < 1 << 16:
        head += bytes([marked | 126]) + len(payload).to_bytes(2, "big")
    else:
        head += bytes([marked | 127]) + len(payload).to_bytes(8, "big")
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + _xor(payload, mask)


async def read_frame(reader: StreamReader) -> Frame:
    """The next frame, whoever sent it."""
    raw = await reader.readexactly(2)
    length = raw[1] & 0x7F
    if length >= 126:
        more = await reader.readexactly(2 if length == 126 else 8)
        raw, length = raw + more, int.from_bytes(more, "big")
    mask = await reader.readexactly(4) if raw[1] & 0x80 else b""
    payload = await reader.readexactly(length)
    opened = _xor(payload, mask) if mask else payload
    return Frame(raw[0] & 0x0F, opened, raw + mask + payload)


def _xor(payload: bytes, mask: bytes) -> bytes:
    length = len(payload)
    repeated = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(length, "big")


class Refused(Exception):
    """The server answered the handshake with something else than an upgrade; its status line."""


class Line:
    """A websocket to the service, as raw as needed.

    Parameters
    ----------
    reader, writer : of a connection that has been upgraded.
    """

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(
        cls, url: str, headers: Mapping[str, str], path: str = "/socket.io/?EIO=4&transport=websocket"
    ) -> Self:
        """Connect and upgrade.

        Raises
        ------
        Refused
            With what was answered.
        """
        host = urlsplit(url).netloc
        reader, writer = await asyncio.open_connection(*host.split(":"))
        written = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{written}Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            writer.close()
            raise Refused(head.split(b"\r\n")[0].decode())
        return cls(reader, writer)

    async def send(self, text: str | bytes, opcode: int = TEXT) -> None:
        """Send a message in one frame."""
        payload = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        self.writer.write(encode_frame(payload, opcode))
        await self.writer.drain()

    async def receive(self) -> str:
        """The next message of text; a close frame is the end.

        Raises
        ------
        ConnectionResetError, IncompleteReadError
            The line is over.
        """
        while True:
            frame = await read_frame(self.reader)
            if frame.opcode == CLOSE:
                raise ConnectionResetError("closed by the server")
            if frame.opcode == TEXT:
                return frame.payload.decode()

    async def over(self) -> None:
        """Read, and throw away, until the server hangs up."""
        try:
            while True:
                await self.receive()
        except BROKEN:
            return

    def cut(self) -> None:
        """Break the line without a word."""
        self.writer.transport.abort()


async def join(url: str, cookie: str, csrf_token: str, sitting_id: int = 0) -> Line:
    """A line that the room has let in.

    Raises
    ------
    Refused
        By the handshake, or by what the server said to our token.
    """
    path = f"/socket.io/?sitting={sitting_id}&EIO=4&transport=websocket"
    line = await Line.open(url, {"Origin": url, "Cookie": cookie}, path)
    try:
        await line.receive()  # Engine.IO's greeting
        await line.send('40{"csrf_token":"' + csrf_token + '"}')
        answer = await line.receive()
    except BROKEN as error:
        line.cut()
        raise Refused("hung up") from error
    if not answer.startswith("40"):
        line.cut()
        raise Refused(answer)
    return line


async def ask(line: Line, event: str, data: Any, number: int = 0) -> dict[str, Any]:
    """Send an event and wait for its answer; pings are answered on the way."""
    await line.send(f"42{number}{json.dumps([event, data])}")
    while not (packet := await line.receive()).startswith(f"43{number}["):
        if packet == "2":
            await line.send("3")
    answer: dict[str, Any] = json.loads(packet[len(f"43{number}") :])[0]
    return answer


async def post(
    url: str, path: str, headers: Mapping[str, str], body: bytes = b""
) -> tuple[int, Mapping[str, str], bytes]:
    """A POST on a connection of its own; status, headers in lower case, and body.

    Raises
    ------
    ConnectionResetError, IncompleteReadError
        No whole answer came.
    """
    host = urlsplit(url).netloc
    written = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    reader, writer = await asyncio.open_connection(*host.split(":"))
    try:
        writer.write(
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {url}\r\nReferer: {url}/\r\n{written}"
            f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:])}
        length = fields.get("content-length")
        answer = await (reader.readexactly(int(length)) if length else reader.read())
    finally:
        writer.transport.abort()
    return int(head[0].split()[1]), fields, answer

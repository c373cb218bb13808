"""The websocket side of gunicorn's worker: gevent-websocket with limits, for small messages of text."""

from __future__ import annotations

import json
import re
import socket
import time
from contextlib import suppress
from typing import Any

import gevent
from geventwebsocket import handler as library
from geventwebsocket.exceptions import ProtocolError
from geventwebsocket.gunicorn.workers import GeventWebSocketWorker
from geventwebsocket.handler import Client, WebSocketHandler
from geventwebsocket.websocket import Header, WebSocket
from gunicorn.workers.ggevent import PyWSGIServer

MAX_MESSAGE_BYTES = 16 * 1024
MAX_DIGITS = 20
MAX_BRACKETS = 500
"""Two hundred characters of a remark may be brackets; the library reads no deeper than Python's stack."""
READ_BUFFER_BYTES = 1024
BURST_FRAMES, FRAMES_A_SECOND = 60, 15.0
"""What one client may send; a page sends some ten frames when it opens and then one a vote."""
FIRST_MESSAGE_S = 10.0
MAX_UNSENT_BYTES, WRITE_BYTES = 1 << 20, 1 << 16
UNREAD_MS = 45_000
"""How long a client may leave what we send unread before the kernel hangs up."""
CONNECT = "40"
BARE_PACKETS = ("1", "3", "41")
"""Engine.IO close and pong, Socket.IO disconnect."""
RESERVED_EVENTS = ("connect", "connect_error", "disconnect", "disconnecting")
"""The library calls handlers by these names itself; whoever sent one would pass for gone and still hear."""
PACKET_WITH_JSON = re.compile(r"4(?:(0)|2[0-9]{0,9}(?=\[))", re.ASCII)
"""Socket.IO connect and event, in the one namespace there is, without attachments."""


class RoomWebSocket(WebSocket):
    """A websocket that reads one small text message at a time and hangs up on whoever floods it.

    The library checks UTF-8 and takes the mask off byte by byte in Python, and reads a frame of any length
    into memory; both are done here at once and within limits.
    """

    __slots__ = ("_allowance", "_counted_at", "_greeted", "_socket", "_unsent")

    def __init__(self, environ: dict[str, Any], stream: Any, handler: Any) -> None:
        super().__init__(environ, stream, handler)
        self._allowance, self._counted_at, self._greeted = float(BURST_FRAMES), time.monotonic(), False
        self._socket, self._unsent = handler.socket, bytearray()
        self.raw_write = self._write  # type: ignore[misc]
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)

    def send_or_cut(self, text: str) -> None:
        """Send a message without waiting for its reader; a dead line is cut, so that its reader here ends."""
        try:
            self.send(text)
        except OSError:
            self.cut()

    def cut(self) -> None:
        """End the line at once."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _write(self, frame: bytes) -> None:
        """Give the kernel what it takes, and keep the rest for a greenlet that waits in our place.

        Raises
        ------
        OSError
            The line is dead, or its reader so slow that too much is kept already.
        """
        if self._unsent:
            if len(self._unsent) + len(frame) > MAX_UNSENT_BYTES:
                raise OSError("the other side does not read")
            self._unsent += frame
            return
        try:
            sent = self._socket.send(frame, timeout=0.0)
        except BlockingIOError:
            sent = 0
        if sent < len(frame):
            self._unsent += frame[sent:]
            gevent.spawn(self._write_unsent)

    def _write_unsent(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(self._unsent[:WRITE_BYTES])]
        except OSError:
            self.cut()

    def receive(self) -> str | None:
        """The next message, or None when the connection is over; the first one says who comes, and soon."""
        if self._greeted:
            return super().receive()
        with gevent.Timeout(FIRST_MESSAGE_S, False):
            message = super().receive()
            if message is not None and message.startswith(CONNECT):
                self._greeted = True
                return message
        self.close(1008)
        return None

    def read_message(self) -> str | None:
        """One whole text message; pings are answered on the way."""
        message, begun = b"", False
        while True:
            header, payload = self.read_frame()
            if header.opcode == self.OPCODE_PING:
                self.handle_ping(header, payload)
            elif header.opcode == self.OPCODE_CLOSE:
                self.handle_close(header, payload)
                return None
            elif header.opcode != self.OPCODE_PONG:
                if header.opcode != (self.OPCODE_CONTINUATION if begun else self.OPCODE_TEXT):
                    raise ProtocolError("not a text message")
                message, begun = message + payload, True
                if len(message) > MAX_MESSAGE_BYTES:
                    raise ProtocolError("message too large")
                if header.fin:
                    return _packet(message.decode())

    def read_frame(self) -> tuple[Any, bytes]:
        """One frame, unmasked."""
        header, read = Header.decode_header(self.stream), self.raw_read
        self._count_frame()
        if header.flags or not header.mask or header.length > MAX_MESSAGE_BYTES or read is None:
            raise ProtocolError("a frame that no browser sends here")
        payload = read(header.length) if header.length else b""
        if len(payload) != header.length:
            raise ProtocolError("the line broke within a frame")
        return header, _unmask(payload, bytes(header.mask))

    def _count_frame(self) -> None:
        now = time.monotonic()
        earned = (now - self._counted_at) * FRAMES_A_SECOND
        self._allowance, self._counted_at = min(self._allowance + earned, BURST_FRAMES) - 1, now
        if self._allowance < 0:
            raise ProtocolError("too many frames")


def _packet(text: str) -> str:
    """The packet, if a page of ours can have sent it; the library would log a traceback of any other."""
    if text in BARE_PACKETS:
        return text
    found = PACKET_WITH_JSON.match(text)
    if found is None or not _is_sound(text[found.end() :], connects=found[1] is not None):
        raise ProtocolError("no packet of a page of ours")
    return text


def _is_sound(content: str, connects: bool) -> bool:
    if content.count("[") + content.count("{") > MAX_BRACKETS:
        return False
    try:
        data = json.loads(content, parse_int=_short_number) if content else None
    except ValueError:
        return False
    if connects:
        return data is None or isinstance(data, dict)
    if not isinstance(data, list) or not 1 <= len(data) <= 2:
        return False
    return isinstance(data[0], str) and data[0] not in RESERVED_EVENTS


def _short_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number longer than any of ours")
    return int(digits)


def _unmask(payload: bytes, mask: bytes) -> bytes:
    length = len(payload)
    repeated = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(length, "big")


class RoomWebSocketHandler(WebSocketHandler):
    """Lets an upgrade through only where a page of ours can have asked for it.

    Who it is, and whether the origin is the right one, is found out later; but without an Origin and a
    cookie nobody gets as far as holding a connection open.
    """

    def __init__(self, sock: Any, address: Any, server: Any, rfile: Any = None) -> None:
        # A tenth of what a socket holds would be Python's usual buffer for reading.
        super().__init__(sock, address, server, rfile or sock.makefile("rb", READ_BUFFER_BYTES))

    def read_requestline(self) -> str:
        """Wait for the browser's next request; a server that stops need not wait with us."""
        idle = self.server.idle
        idle.add(self.socket)
        try:
            line: str = super().read_requestline()
            return line
        finally:
            idle.discard(self.socket)

    def upgrade_websocket(self) -> Any:
        """Upgrade, or answer 403."""
        environ = self.environ
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket" and not (
            environ.get("PATH_INFO") == "/socket.io/"
            and environ.get("HTTP_ORIGIN")
            and "session=" in environ.get("HTTP_COOKIE", "")
        ):
            self.start_response("403 Forbidden", [("Content-Length", "0")])
            return [b""]
        return super().upgrade_websocket()


# The library has no other place to say which class its handler makes.
library.WebSocket = RoomWebSocket


class RoomServer(PyWSGIServer):
    """Ends, when told to, without waiting for lines on which nothing is under way."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.idle: set[Any] = set()
        """Sockets of browsers that have no request under way."""
        self.clients: dict[Any, Client] = {}
        """Of the library: whoever has a websocket, by address."""

    def close(self) -> None:
        """Let nobody in any more, and hang up on whoever waits."""
        super().close()
        for client in list(self.clients.values()):
            client.ws.cut()
        for browser in list(self.idle):
            with suppress(OSError):
                browser.shutdown(socket.SHUT_RDWR)


class RoomWorker(GeventWebSocketWorker):
    """gunicorn's worker class for this service."""

    server_class = RoomServer
    wsgi_handler = RoomWebSocketHandler

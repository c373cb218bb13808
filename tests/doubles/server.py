"""What the stand-ins have in common: an HTTP server, and faults that a test plans call by call."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

LONGEST_SILENCE_S = 30.0


class Fault(StrEnum):
    """What can go wrong with one call. AFTER: the call was carried out, and the caller does not learn it."""

    SILENCE_BEFORE = "silence before"
    SILENCE_AFTER = "silence after"
    RESET_BEFORE = "reset before"
    RESET_AFTER = "reset after"
    CUT_OFF = "cut off"
    """Carried out; half of the answer arrives."""
    WRONG_TYPE = "wrong type"
    """Carried out; the answer is a page of some gateway with status 200."""
    ERROR_500 = "500"
    ERROR_500_AFTER = "500 after"
    ERROR_503 = "503"
    RATE = "rate"
    """As the provider says it."""
    QUOTA = "quota"
    """As the provider says it; a call that makes nothing is not touched."""

    @property
    def is_after(self) -> bool:
        """Whether the call is carried out."""
        return self in (
            Fault.SILENCE_AFTER,
            Fault.RESET_AFTER,
            Fault.CUT_OFF,
            Fault.WRONG_TYPE,
            Fault.ERROR_500_AFTER,
        )


FaultPlan = Callable[[str], Fault | None]
"""From a call, such as "POST /v1/meetings" (without its query), to its fault."""


def no_faults(_call: str) -> None:
    """Everything goes well."""


@dataclass(frozen=True)
class Asked:
    """One request as it arrived. `uri` is path and query, byte by byte."""

    method: str
    uri: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.uri).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.uri).query, True).items()}

    def json(self) -> Any:
        """The body; None if it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass
class Reply:
    """What is answered."""

    status: int
    body: bytes = b""
    content_type: str = "application/json;charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, value: Any, status: int = 200) -> Reply:
        return cls(status, json.dumps(value, ensure_ascii=False).encode())


class Double:
    """A server of its own port, from `start` (or `with`) to `stop`.

    `faults` may be replaced at any time; it is asked once for every request, with "METHOD /path". All the
    state is changed under `lock`.
    """

    def __init__(self) -> None:
        self.faults: FaultPlan = no_faults
        self.lock = threading.RLock()
        self.calls: list[str] = []
        self._closing = threading.Event()
        self._server: ThreadingHTTPServer | None = None

    def answer(self, asked: Asked) -> Reply:
        """Carry out one request; runs under `lock`."""
        raise NotImplementedError

    def rate_reply(self) -> Reply:
        return Reply(429, b"{}", headers={"Retry-After": "1"})

    def quota_reply(self, asked: Asked) -> Reply | None:
        """None: this request makes nothing, so it is carried out."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        self._closing.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def handle(self, handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        """Answer, or fail as planned."""
        call = f"{asked.method} {asked.path}"
        with self.lock:
            self.calls.append(call)
            fault = self.faults(call)
            reply = self.answer(asked) if fault is None or fault.is_after else None
            if fault is Fault.QUOTA and (reply := self.quota_reply(asked)) is None:
                reply = self.answer(asked)
        match fault:
            case Fault.SILENCE_BEFORE | Fault.SILENCE_AFTER:
                self._keep_silent(handler.connection)
            case Fault.RESET_BEFORE | Fault.RESET_AFTER:
                _reset(handler.connection)
            case Fault.CUT_OFF:
                assert reply is not None
                _send(handler, reply, cut=True)
            case Fault.WRONG_TYPE:
                _send(handler, Reply(200, b"<html><body>gateway</body></html>", "text/html"))
            case Fault.ERROR_500 | Fault.ERROR_500_AFTER:
                _send(handler, Reply(500, b"internal error", "text/plain"))
            case Fault.ERROR_503:
                _send(handler, Reply(503, b"unavailable", "text/plain"))
            case Fault.RATE:
                _send(handler, self.rate_reply())
            case _:
                assert reply is not None
                _send(handler, reply)

    def _keep_silent(self, connection: socket.socket) -> None:
        """Until the other side goes away."""
        connection.settimeout(0.1)
        for _ in range(int(LONGEST_SILENCE_S / 0.1)):
            with suppress(TimeoutError):
                if not connection.recv(1024):
                    return
            if self._closing.is_set():
                return


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that hang up are part of the tests; anything else would be an error of the stand-in."""
        import sys

        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _handler_of(double: Double) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.close_connection = True
            double.handle(self, Asked(self.command, self.path, headers, self.rfile.read(length)))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

        def log_message(self, *_: object) -> None:
            """Nothing on the screen."""

    return Handler


def _send(handler: BaseHTTPRequestHandler, reply: Reply, cut: bool = False) -> None:
    handler.send_response(reply.status)
    if reply.body:
        handler.send_header("Content-Type", reply.content_type)
    if reply.status != 204:
        handler.send_header("Content-Length", str(len(reply.body) + (1 if cut and not reply.body else 0)))
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(reply.body[: len(reply.body) // 2] if cut else reply.body)


def _reset(connection: socket.socket) -> None:
    """Close with RST: what the other side reads is an error and not an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()

"""Engine.IO's side of a socket of the voting room: one greenlet a socket, the one that reads.

The library keeps a second greenlet for each socket that waits for something to write, and a third that sleeps
until the next ping: two thirds of the memory of an idle socket, and two switches for every message.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gevent
from engineio import exceptions, packet, socket

from defense.websocket import RoomWebSocket

CUT_OFF_AFTER_S = 2.0
"""How long a client that was told good-bye may keep the line."""


class RoomSocket(socket.Socket):
    """An Engine.IO socket over a websocket whose `send` never waits."""

    def __init__(self, server: Any, sid: str) -> None:
        super().__init__(server, sid)
        self.last_ping: float | None = time.time()
        self._line: RoomWebSocket | None = None
        self._timer: Any = None
        """Of the next ping, or of its answer; when all is over, of the cut."""

    def send(self, pkt: packet.Packet) -> None:
        """Send a packet, or keep it until the line is open.

        Raises
        ------
        SocketIsClosedError
            The socket was closed.
        """
        if not self.check_ping_timeout():
            return
        if self._line is None:
            self.queue.put(pkt)
        else:
            self._line.send_or_cut(pkt.encode())

    def close(self, wait: bool = True, abort: bool = False, reason: Any = None) -> None:
        """Say good-bye; a client that keeps the line nevertheless is cut off."""
        if self.closed or self.closing:
            return
        super().close(wait=False, abort=abort, reason=reason)
        self._stop_timer()
        if self._line is not None and not self._line.closed:
            self._line.close()
            self._start_timer(CUT_OFF_AFTER_S, self._line.cut)

    def schedule_ping(self) -> None:
        """Ping after the interval, if the last ping has been answered."""
        if self.last_ping:
            self.last_ping = None
            self._stop_timer()
            self._start_timer(self.server.ping_interval, self._ping)

    def _ping(self) -> None:
        if not self.closing and not self.closed:
            self.last_ping = time.time()
            self.send(packet.Packet(packet.PING))
            self._stop_timer()
            self._start_timer(self.server.ping_timeout, self._miss_answer)

    def _miss_answer(self) -> None:
        """The library would notice in its next walk past all sockets, up to another time-out later."""
        self.close(reason=self.server.reason.PING_TIMEOUT)

    def _start_timer(self, delay_s: float, callback: Callable[[], None]) -> None:
        self._timer = gevent.get_hub().loop.timer(delay_s)
        # In a greenlet: the loop itself must never wait, not even for a lock of the log.
        self._timer.start(gevent.spawn, callback)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.close()
            self._timer = None

    def _upgrade_websocket(self, environ: dict[str, Any], _start_response: Any) -> Any:
        """Read until the line is over."""
        line: RoomWebSocket = environ["wsgi.websocket"]
        self._line, self.connected, self.upgraded = line, True, True
        while not self.queue.empty():
            line.send_or_cut(self.queue.get().encode())
        try:
            while not line.closed and (message := line.receive()) is not None:
                self.receive(packet.Packet(encoded_packet=message))
        except exceptions.SocketIsClosedError:
            pass
        except Exception:
            self.server.logger.exception("an event of the room failed")
        self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
        self._stop_timer()
        return []


def use_room_sockets() -> None:
    """Have Engine.IO make these; the library has no other place to say so."""
    socket.Socket = RoomSocket

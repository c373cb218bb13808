"""A crowd of clients in one process, by epoll: it shares the cores with what it measures."""

import select
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bench.voting import frames

AT_ONCE = 100
"""Clients that come in at the same time."""
PATIENCE_S = 60.0
RESET_AT_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER: thousands of closed lines must not keep their ports for a minute."""
RECEIVE_BYTES = 1 << 16


class CrowdError(Exception):
    """The service refused or forgot a client that had every right."""


@dataclass(frozen=True)
class Place:
    """What one client needs to come in and to vote.

    Parameters
    ----------
    host : `address:port` of the process that serves it.
    ballot_round_ids : the rounds in which it may vote, in their order.
    """

    host: str
    cookie: str
    csrf_token: str
    sitting_id: int
    ballot_round_ids: tuple[str, ...]


@dataclass(eq=False, slots=True)
class Line:
    """One client's connection."""

    place: Place
    socket: socket.socket
    rest: bytes = b""
    is_upgraded: bool = False
    is_in: bool = False
    sent_at: float = 0.0
    voted: int = 0
    """Rounds it has voted in."""
    ballots: list[bytes] = field(default_factory=list)
    """Frames made ahead, the last one first."""


class Crowd:
    """Clients that come in, vote, and count what they are told.

    Parameters
    ----------
    speaks_socketio : a bare server is given ballots at once, without a greeting.
    """

    def __init__(self, speaks_socketio: bool = True) -> None:
        self._speaks_socketio = speaks_socketio
        self._epoll = select.epoll()
        self._by_number: dict[int, Line] = {}
        self._buffer = memoryview(bytearray(RECEIVE_BYTES))
        self.errors: list[str] = []
        self.on_ack: Callable[[Line, float], None] = lambda _line, _now: None
        self.on_news: Callable[[Line, bytes, float], None] | None = None
        self.on_loss: Callable[[Line], None] = self._lose

    @property
    def lines(self) -> Sequence[Line]:
        """Everybody with a connection."""
        return list(self._by_number.values())

    def come_in(self, places: Iterable[Place]) -> None:
        """Connect and enter, some at a time, until everybody has a snapshot."""
        waiting, coming = iter(places), list[Line]()
        deadline = time.perf_counter() + PATIENCE_S
        while True:
            coming = [line for line in coming if not line.is_in]
            for place in _first(waiting, AT_ONCE - len(coming)):
                coming.append(self.connect(place))
                deadline = time.perf_counter() + PATIENCE_S
            if not coming:
                return
            self.turn(1.0)
            if time.perf_counter() > deadline:
                raise CrowdError(f"{len(coming)} clients did not get in: {self.errors[:3]}")

    def connect(self, place: Place) -> Line:
        """Begin one client's way in.

        Raises
        ------
        OSError
            Nobody listens.
        """
        address, _, port = place.host.partition(":")
        line = Line(place, socket.create_connection((address, int(port))))
        line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        line.socket.send(frames.handshake(place.host, place.sitting_id, place.cookie))
        line.socket.setblocking(False)
        self._by_number[line.socket.fileno()] = line
        self._epoll.register(line.socket.fileno(), select.EPOLLIN)
        return line

    def leave(self) -> None:
        """Hang up, all of them."""
        for line in self.lines:
            self._forget(line)
        self._epoll.close()

    def turn(self, timeout_s: float) -> None:
        """Wait for news, and take in all that has come."""
        for number, _ in self._epoll.poll(max(timeout_s, 0.0)):
            line = self._by_number.get(number)
            if line is None:
                continue
            try:
                length = line.socket.recv_into(self._buffer)
            except BlockingIOError:
                continue
            except OSError:
                length = 0
            now = time.perf_counter()
            if not length:
                self._drop(line)
                continue
            line.rest += bytes(self._buffer[:length])
            if line.is_upgraded or self._take_upgrade(line):
                packets, line.rest = frames.decode(line.rest)
                for packet in packets:
                    self._take(line, packet, now)

    def run(self, seconds: float) -> None:
        """Take in what comes for a while."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.turn(left)

    def until(self, is_done: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Take in what comes until something is so.

        Raises
        ------
        CrowdError
            It took too long.
        """
        deadline = time.perf_counter() + patience_s
        while not is_done():
            self.turn(1.0)
            if time.perf_counter() > deadline:
                raise CrowdError(f"waited {patience_s:g} s in vain; {self.errors[:3]}")

    def prepare(self, lines: Iterable[Line], rounds: int, random_hex: Iterator[str]) -> None:
        """Make the frames of the next rounds ahead."""
        for line in lines:
            ids = line.place.ballot_round_ids[line.voted : line.voted + rounds]
            if len(ids) < rounds:
                raise CrowdError("the database has too few rounds of voting for this measure")
            line.ballots = [
                frames.ballot(line.voted + n + 1, id_, next(random_hex)) for n, id_ in enumerate(ids)
            ][::-1]

    def vote(self, line: Line, at: float) -> None:
        """Send a client's next ballot; its answer is timed from `at`."""
        frame = line.ballots.pop()
        line.sent_at = at
        line.voted += 1
        if line.socket.send(frame) != len(frame):
            raise CrowdError("the service stopped reading")

    def _take_upgrade(self, line: Line) -> bool:
        head, separator, rest = line.rest.partition(b"\r\n\r\n")
        if not separator:
            return False
        if not head.startswith(b"HTTP/1.1 101"):
            self.errors.append(head.split(b"\r\n")[0].decode())
            self._drop(line)
            return False
        line.is_upgraded, line.is_in, line.rest = True, not self._speaks_socketio, rest
        return True

    def _take(self, line: Line, packet: bytes, now: float) -> None:
        if packet.startswith(b"42"):
            if self.on_news is not None:
                self.on_news(line, packet, now)
        elif packet.startswith(b"43"):
            self._take_answer(line, packet, now)
        elif packet == b"2":
            line.socket.send(frames.PONG)
        elif packet.startswith(b"0{"):
            line.socket.send(frames.encode(frames.connect_packet(line.place.csrf_token)))
        elif packet.startswith(b"40"):
            line.socket.send(frames.event(0, "enter", {"sitting_id": line.place.sitting_id}))
        else:
            self.errors.append(packet[:200].decode(errors="replace") or "closed by the service")
            self._drop(line)

    def _take_answer(self, line: Line, packet: bytes, now: float) -> None:
        if b'"ok":true' not in packet[:24]:
            self.errors.append(packet[:200].decode(errors="replace"))
        if line.is_in:
            self.on_ack(line, now)
        line.is_in = True

    def _drop(self, line: Line) -> None:
        self._forget(line)
        self.on_loss(line)

    def _forget(self, line: Line) -> None:
        if self._by_number.pop(line.socket.fileno(), None) is not None:
            self._epoll.unregister(line.socket.fileno())
            line.socket.close()

    def _lose(self, line: Line) -> None:
        self.errors.append("the line broke")
        line.is_in = True


def _first(items: Iterator[Place], count: int) -> Iterator[Place]:
    for _ in range(count):
        try:
            yield next(items)
        except StopIteration:
            return

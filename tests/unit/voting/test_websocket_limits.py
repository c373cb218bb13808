"""The websocket's own limits, on frames as they come over the line."""

from __future__ import annotations

import io
import logging
import os
import struct
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from gevent.socket import SO_RCVBUF, SO_SNDBUF, SOL_SOCKET
from gevent.socket import socket as GeventSocket
from geventwebsocket.exceptions import ProtocolError

from defense.websocket import BURST_FRAMES, MAX_MESSAGE_BYTES, MAX_UNSENT_BYTES, RoomWebSocket

TEXT, CONTINUATION, BINARY, PING, CLOSE = 0x1, 0x0, 0x2, 0x9, 0x8


def frame(
    payload: bytes, opcode: int = TEXT, fin: bool = True, masked: bool = True, announced: int = -1
) -> bytes:
    """A frame as a browser sends it; `announced` lies about its length."""
    length = len(payload) if announced < 0 else announced
    head = bytes([opcode | (0x80 if fin else 0)])
    mask_bit = 0x80 if masked else 0
    if length < 126:
        head += bytes([mask_bit | length])
    elif length < 2**16:
        head += bytes([mask_bit | 126]) + struct.pack("!H", length)
    else:
        head += bytes([mask_bit | 127]) + struct.pack("!Q", length)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


class Line:
    """What `RoomWebSocket` reads from; it writes to the socket itself."""

    def __init__(self, data: bytes) -> None:
        self.read, self.write = io.BytesIO(data).read, None


class Handler:
    """The part of the library's handler that a websocket asks for."""

    def __init__(self, line: GeventSocket) -> None:
        self.socket = line
        self.server = SimpleNamespace(application=None)
        self.logger = logging.getLogger("websocket")


@pytest.fixture
def line_ends() -> Iterator[tuple[GeventSocket, GeventSocket]]:
    """Ours and the client's."""
    with GeventSocket() as door, GeventSocket() as client:
        for end in (door, client):
            # Small buffers, which a slow reader fills soon.
            end.setsockopt(SOL_SOCKET, SO_SNDBUF, 1 << 14)
            end.setsockopt(SOL_SOCKET, SO_RCVBUF, 1 << 14)
        door.bind(("127.0.0.1", 0))
        door.listen()
        client.connect(door.getsockname())
        ours, _ = door.accept()
        with ours:
            yield ours, client


@pytest.fixture
def kernel_socket(line_ends: tuple[GeventSocket, GeventSocket]) -> GeventSocket:
    return line_ends[0]


def websocket(data: bytes, kernel_socket: GeventSocket) -> RoomWebSocket:
    found: Any = RoomWebSocket({}, Line(data), Handler(kernel_socket))
    return found


@pytest.mark.parametrize(
    "text", ["3", "40{}", '42["enter",{"sitting_id":1}]', '42["x","表决票' + "意" * 5000 + '"]']
)
def test_a_packet_of_a_page_is_read_as_it_was_sent(text: str, kernel_socket: GeventSocket) -> None:
    assert websocket(frame(text.encode()), kernel_socket).read_message() == text


def test_a_message_in_parts_is_put_together_and_pings_are_answered_between(
    line_ends: tuple[GeventSocket, GeventSocket],
) -> None:
    word = '42["票"]'.encode()
    parts = frame(word[:7], fin=False) + frame(b"hello", PING) + frame(word[7:], CONTINUATION)
    ours, client = line_ends
    assert websocket(parts, ours).read_message() == '42["票"]'
    assert client.recv(100).endswith(b"hello")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (frame(b"4", BINARY), "binary"),
        (frame(b"42[]", masked=False), "no browser sends an unmasked frame"),
        (frame(b"4" * (MAX_MESSAGE_BYTES + 1)), "too long"),
        (frame(b"42", announced=2**30), "a gigabyte announced: refused before it is read"),
        (frame(b"42", announced=50), "the line breaks within a frame"),
        (frame(b"42[]", CONTINUATION), "a continuation of nothing"),
        (frame(b"42[", fin=False) + frame(b"42[]"), "a new message within one"),
        (frame(b""), "nothing"),
        (frame(b"2probe"), "no packet of ours"),
        (frame(b"451-[]"), "a binary event"),
        (frame(b"9"), "no packet at all"),
        (frame(b"42["), "broken JSON"),
        (frame(b"42{}"), "an event that is no list"),
        (frame(b"42[1]"), "an event without a name"),
        (frame(b'42["a",1,2]'), "more than one argument"),
        (frame(b'42["connect",{}]'), "a name that is the library's own"),
        (frame(b'42["disconnect","bye"]'), "a good-bye of somebody who stays"),
        (frame(b'42["a",' + b"[" * 3000 + b"]" * 3000 + b"]"), "deeper than Python goes"),
        (
            frame(b'42["a",' + b"[" * 900 + b"]" * 900 + b"]"),
            "deeper than Python goes where the library reads",
        ),
        (frame(b'42/other,["a"]'), "another namespace"),
        (frame(b"40[1]"), "a connect whose words are no object"),
        (frame(b'42["a",' + b"9" * 101 + b"]"), "a number of a hundred digits"),
        (frame(b"431[]"), "an acknowledgement of nothing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_page_of_ours_sends_ends_the_connection(
    data: bytes, why: str, kernel_socket: GeventSocket
) -> None:
    with pytest.raises(ProtocolError):
        websocket(data, kernel_socket).read_message()


def test_broken_utf8_ends_the_connection(kernel_socket: GeventSocket) -> None:
    with pytest.raises(UnicodeDecodeError):
        websocket(frame(b'42["\xff"]'), kernel_socket).read_message()


def test_a_message_in_many_parts_is_cut_at_the_limit(kernel_socket: GeventSocket) -> None:
    parts = frame(b"42" + b"x" * 9000, fin=False) + frame(b"x" * 9000, CONTINUATION)
    with pytest.raises(ProtocolError):
        websocket(parts, kernel_socket).read_message()


def test_a_flood_of_frames_ends_the_connection(kernel_socket: GeventSocket) -> None:
    found = websocket(frame(b'42["a"]') * (3 * BURST_FRAMES), kernel_socket)
    read = 0
    with pytest.raises(ProtocolError, match="too many"):
        while found.read_message():
            read += 1
    assert BURST_FRAMES <= read < 2 * BURST_FRAMES
    # Pings are frames too, though no message comes of them.
    with pytest.raises(ProtocolError, match="too many"):
        websocket(frame(b"", PING) * (3 * BURST_FRAMES), kernel_socket).read_message()


def test_the_first_message_says_who_comes(kernel_socket: GeventSocket) -> None:
    found = websocket(frame(b"40{}") + frame(b"3"), kernel_socket)
    assert (found.receive(), found.receive()) == ("40{}", "3")
    # Nobody stays who only answers pings, or sends events before coming in.
    assert websocket(frame(b"3"), kernel_socket).receive() is None
    assert websocket(frame(b'42["enter"]'), kernel_socket).receive() is None


def test_a_slow_reader_is_waited_for_by_nobody_and_gets_all_in_order(
    line_ends: tuple[GeventSocket, GeventSocket],
) -> None:
    ours, client = line_ends
    found = websocket(b"", ours)
    texts = [f"{number:04}" + "票" * 9_000 for number in range(30)]
    with gevent.Timeout(5):
        for text in texts:
            found.send_or_cut(text)
        assert _texts(client, len(texts)) == texts


def test_who_does_not_read_at_all_is_cut_off(line_ends: tuple[GeventSocket, GeventSocket]) -> None:
    ours, client = line_ends
    found = websocket(b"", ours)
    with gevent.Timeout(5):
        for _ in range(3 * MAX_UNSENT_BYTES // 10_000):
            found.send_or_cut("x" * 100_000)
        assert ours.recv(1) == b"", "its reader here ends"
        while client.recv(1 << 20):
            pass


def _texts(client: GeventSocket, count: int) -> list[str]:
    """That many messages with a length of two bytes, read slowly."""
    with client.makefile("rb") as frames:
        texts = []
        for _ in range(count):
            gevent.sleep(0.01)
            _, _, length = struct.unpack("!BBH", frames.read(4))
            texts.append(frames.read(length).decode())
        return texts

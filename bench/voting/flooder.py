"""A client that sends as fast as it can, and comes back whenever it is cut off, until it is killed."""

import json
import socket
import sys
import time
from contextlib import suppress

from bench.voting import frames
from bench.voting.crowd import Place

PAUSE_S = 1.0
"""As a page's library waits before it connects again."""
BLOCK = 50
"""Events in one send."""


def flood(place: Place) -> None:
    """Come in and send until cut off."""
    address, _, port = place.host.partition(":")
    with socket.create_connection((address, int(port)), timeout=10) as line:
        line.sendall(frames.handshake(place.host, place.sitting_id, place.cookie))
        line.recv(4096)
        line.sendall(frames.encode(frames.connect_packet(place.csrf_token)))
        line.sendall(frames.event(0, "enter", {"sitting_id": place.sitting_id}))
        events = frames.event(1, "clock", {}) * BLOCK
        while True:
            line.sendall(events)
            line.setblocking(False)
            try:
                while line.recv(1 << 16):
                    pass
                return
            except BlockingIOError:
                pass
            line.setblocking(True)


def main() -> None:
    """Flood for ever."""
    place = Place(**json.loads(sys.argv[1]))
    while True:
        with suppress(OSError):
            flood(place)
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()

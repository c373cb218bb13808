"""A long table leaves room for others while its rows are read."""

from __future__ import annotations

import time
from collections.abc import Iterator

import gevent

from defense.web.downloads import gathered


def test_others_have_their_turn_while_rows_are_read() -> None:
    def rows() -> Iterator[tuple[int]]:
        for number in range(100):
            time.sleep(0.005)  # monkeypatched nowhere here: it holds the processor's thread
            yield (number,)

    waits: list[float] = []

    def somebody() -> None:
        while True:
            began_s = time.perf_counter()
            gevent.sleep(0.001)
            waits.append(time.perf_counter() - began_s)

    other = gevent.spawn(somebody)
    tables = gathered({"表": (["数"], rows())})
    other.kill()
    assert tables == {"表": (["数"], [(number,) for number in range(100)])}
    assert len(waits) > 20 and max(waits) < 0.2

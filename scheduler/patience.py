"""Ends a search that has stopped getting anywhere."""

import threading
import time
from collections.abc import Callable
from types import TracebackType

POLL_S = 0.1


class Patience:
    """Watches a search from a thread and interrupts it when nothing improved for a while.

    Parameters
    ----------
    limit_s : float
        Seconds without a better solution or bound, counted from the first solution: presolve takes its time.
    interrupt : callable
        Ends the search.
    """

    def __init__(self, limit_s: float, interrupt: Callable[[], None]) -> None:
        self._limit_s = limit_s
        self._interrupt = interrupt
        self._last_s: float | None = None
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Patience":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finished.set()
        self._thread.join()

    def start(self) -> None:
        """Count from now, as a better solution was found."""
        self._last_s = time.monotonic()

    def renew(self) -> None:
        """Count from now if the counting has begun, as a better bound was found."""
        if self._last_s is not None:
            self._last_s = time.monotonic()

    def _watch(self) -> None:
        while not self._finished.wait(POLL_S):
            last_s = self._last_s
            if last_s is not None and time.monotonic() - last_s > self._limit_s:
                self._interrupt()

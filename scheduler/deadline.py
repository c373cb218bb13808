"""One clock for building, searching and arranging, and the switch that cancels all three."""

import threading
import time
from collections.abc import Callable


class OutOfTime(Exception):
    """The deadline passed, or the solve was cancelled, before the step was done."""


class StopSwitch:
    """Lets another thread cancel a running solve."""

    def __init__(self) -> None:
        self._requested = threading.Event()
        self._interrupt: Callable[[], None] | None = None

    @property
    def requested(self) -> bool:
        """Whether someone asked to stop."""
        return self._requested.is_set()

    def request(self) -> None:
        """Ask to stop; may be repeated, and wakes the search that runs at the moment."""
        self._requested.set()
        interrupt = self._interrupt
        if interrupt is not None:
            interrupt()

    def guard(self, interrupt: Callable[[], None] | None) -> None:
        """Name what `request` must call to end the running search; None when no search runs."""
        self._interrupt = interrupt


class Deadline:
    """Wall-clock limit that starts when it is made.

    Parameters
    ----------
    limit_s : float
        Seconds from now.
    stop : StopSwitch
        Cancelling counts as having no time left.
    """

    def __init__(self, limit_s: float, stop: StopSwitch) -> None:
        self.stop = stop
        self.limit_s = limit_s
        self._started_s = time.monotonic()

    def elapsed_s(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._started_s

    def remaining_s(self) -> float:
        """Return the seconds left, 0 when cancelled."""
        return 0.0 if self.stop.requested else max(0.0, self.limit_s - self.elapsed_s())

    def check(self) -> None:
        """Raise OutOfTime when nothing is left."""
        if self.remaining_s() <= 0:
            raise OutOfTime

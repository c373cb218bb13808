"""One budget for building, searching and arranging, and the switch that cancels all three."""

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
    """Wall-clock limit that starts when it is made; with `effort_limit` a limit on counted effort as well.

    Parameters
    ----------
    limit_s : float
        Seconds from now.
    stop : StopSwitch
        Cancelling counts as having no time left.
    effort_limit : float, optional
        Deterministic time of all searches together, see `SolveParameters.deterministic_limit`. All decisions
        about time are then made by effort, so that they fall the same way on every machine; the wall clock
        only ends the whole.
    """

    def __init__(self, limit_s: float, stop: StopSwitch, effort_limit: float | None = None) -> None:
        self.stop = stop
        self.limit_s = limit_s
        self._effort_limit = effort_limit
        self._effort = 0.0
        self._started_s = time.monotonic()

    @property
    def is_deterministic(self) -> bool:
        """Whether effort is counted instead of seconds."""
        return self._effort_limit is not None

    @property
    def total(self) -> float:
        """The whole budget, in effort or in seconds."""
        return self.limit_s if self._effort_limit is None else self._effort_limit

    def elapsed_s(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._started_s

    def spent(self) -> float:
        """Return what is spent of the budget, in effort or in seconds."""
        return self.elapsed_s() if self._effort_limit is None else self._effort

    def spend(self, effort: float) -> None:
        """Count the deterministic time of a finished search."""
        self._effort += effort

    def remaining_s(self) -> float:
        """Return what is left of the budget, 0 when cancelled or when the wall clock ran out."""
        if self.stop.requested or self.elapsed_s() >= self.limit_s:
            return 0.0
        return max(0.0, self.total - self.spent())

    def check(self) -> None:
        """Raise OutOfTime when nothing is left."""
        if self.remaining_s() <= 0:
            raise OutOfTime

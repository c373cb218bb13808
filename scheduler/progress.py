"""Progress of a solve: one report per improvement, and a heartbeat in between."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from scheduler.deadline import Deadline

ProgressCallback = Callable[[dict[str, Any]], None]
HEARTBEAT_S = 1.0


class ProgressReporter:
    """Calls `on_progress` with the latest figures, never twice at the same time.

    The figures count candidates and sittings: placed, placed_bound, opened, opened_bound (None while not
    known). They come from the counting model and may drop when an order within a sitting proves impossible.
    """

    def __init__(self, on_progress: ProgressCallback | None, deadline: Deadline) -> None:
        self._on_progress = on_progress
        self._deadline = deadline
        self._lock = threading.Lock()
        self._finished = threading.Event()
        self._figures: dict[str, Any] = {
            "event": "progress",
            "phase": "build",
            "placed": 0,
            "placed_bound": None,
            "opened": None,
            "opened_bound": None,
        }
        self._heart = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> "ProgressReporter":
        if self._on_progress:
            self.report()
            self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finished.set()
        if self._heart.is_alive():
            self._heart.join()

    def report(self, **figures: Any) -> None:
        """Send the figures known so far, with those given taken in."""
        with self._lock:
            self._figures.update(figures)
            if self._on_progress:
                self._on_progress(self._figures | {"elapsed_s": round(self._deadline.elapsed_s(), 3)})

    def _beat(self) -> None:
        while not self._finished.wait(HEARTBEAT_S):
            self.report()

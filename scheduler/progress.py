"""Progress of a solve: one report per improvement, and a heartbeat in between."""

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from scheduler.deadline import Deadline
from scheduler.objective import PLACED_PREFIX, TermName
from scheduler.result import ObjectiveTerm

ProgressCallback = Callable[[dict[str, Any]], None]
HEARTBEAT_S = 1.0


class ProgressReporter:
    """Calls `on_progress` with the latest figures, never twice at the same time.

    A report holds each tier with its value and bound as ``terms``, and from them the sums ``placed`` and
    ``placed_bound``, and ``opened`` and ``opened_bound`` where opened sittings are a tier of their own. A
    search in progress may report a value that no order within a sitting can hold after all.
    """

    def __init__(self, on_progress: ProgressCallback | None, deadline: Deadline) -> None:
        self._on_progress = on_progress
        self._deadline = deadline
        self._lock = threading.Lock()
        self._finished = threading.Event()
        self._figures: dict[str, Any] = {"event": "progress", "phase": "build"} | figures(())
        self._heart = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> "ProgressReporter":
        if self._on_progress:
            self._send()
            self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finished.set()
        if self._heart.is_alive():
            self._heart.join()

    def report(self, phase: str, terms: Sequence[ObjectiveTerm]) -> None:
        """Send the tiers with the values and bounds known now."""
        self._figures = {"event": "progress", "phase": phase} | figures(terms)
        self._send()

    def _send(self) -> None:
        with self._lock:
            if self._on_progress:
                self._on_progress(self._figures | {"elapsed_s": round(self._deadline.elapsed_s(), 3)})

    def _beat(self) -> None:
        while not self._finished.wait(HEARTBEAT_S):
            self._send()


def figures(terms: Sequence[ObjectiveTerm]) -> dict[str, Any]:
    """Return the figures of a report."""
    placed = [term for term in terms if term.name.startswith(PLACED_PREFIX)]
    opened = next((term for term in terms if term.name == TermName.OPENED.value), None)
    return {
        "placed": sum(term.value for term in placed),
        "placed_bound": sum(term.best_bound for term in placed) if placed else None,
        "opened": opened.value if opened else None,
        "opened_bound": opened.best_bound if opened else None,
        "terms": [
            {
                "name": term.name,
                "sense": term.sense.value,
                "value": term.value,
                "best_bound": term.best_bound,
            }
            for term in terms
        ],
    }

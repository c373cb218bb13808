"""A limit on attempts, kept in memory: losing it at a restart costs nothing."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable


class AttemptLimiter:
    """Counts attempts of each key within a sliding window.

    Parameters
    ----------
    most : attempts that a key has within the window.
    window_s : its length in seconds.
    """

    def __init__(self, most: int, window_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._window_s, self._clock = most, window_s, clock
        self._attempts: dict[Hashable, deque[float]] = {}

    def allows(self, key: Hashable) -> bool:
        """Count an attempt; False when the key has had its share."""
        now = self._clock()
        self._forget(now)
        attempts = self._attempts.setdefault(key, deque())
        if len(attempts) >= self._most:
            return False
        attempts.append(now)
        return True

    def clear(self, key: Hashable) -> None:
        """Forget the attempts of a key that succeeded."""
        self._attempts.pop(key, None)

    def _forget(self, now: float) -> None:
        for key, attempts in list(self._attempts.items()):
            while attempts and attempts[0] <= now - self._window_s:
                attempts.popleft()
            if not attempts:
                del self._attempts[key]

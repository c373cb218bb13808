"""A limit on attempts, shared by all processes through Redis where there is one."""

from __future__ import annotations

import logging
from collections.abc import Callable

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry

REDIS_TIMEOUT_S = 0.5
logger = logging.getLogger(__name__)


class AttemptLimiter:
    """Counts attempts of each key within a sliding window.

    While Redis does not answer each process counts in its own memory: nobody is locked out, and the
    limit holds for each process.

    Parameters
    ----------
    most : attempts that a key has within the window.
    window_s : its length in seconds.
    redis_url : where the processes count together; None for one process.
    """

    def __init__(self, most: int, window_s: int, redis_url: str | None = None) -> None:
        self._limit = RateLimitItemPerSecond(most, window_s, namespace="sign-in")
        self._memory = MemoryStorage()
        self._shared = _redis_storage(redis_url) if redis_url else None

    def allows(self, key: str) -> bool:
        """Count an attempt; False when the key has had its share."""
        return self._ask(lambda counting: counting.hit(self._limit, key))

    def clear(self, key: str) -> None:
        """Forget the attempts of a key that succeeded."""

        def forget(counting: MovingWindowRateLimiter) -> bool:
            counting.clear(self._limit, key)
            return True

        self._ask(forget)

    def _ask(self, question: Callable[[MovingWindowRateLimiter], bool]) -> bool:
        if self._shared is not None:
            try:
                return question(MovingWindowRateLimiter(self._shared))
            except Exception as error:
                # Whatever is wrong with Redis: a panel must be able to sign in.
                logger.warning("attempts are counted without Redis: %s", type(error).__name__)
        return question(MovingWindowRateLimiter(self._memory))


def _redis_storage(url: str) -> RedisStorage:
    # `unix://` is what redis-py calls a socket; the library wants its own name in front.
    address = f"redis+{url}" if url.startswith("unix:") else url
    return RedisStorage(
        address,
        key_prefix="defence",
        socket_timeout=REDIS_TIMEOUT_S,
        socket_connect_timeout=REDIS_TIMEOUT_S,
        max_connections=10,
        # Somebody is waiting: memory answers when the first try fails. (Handed on to redis-py as it is.)
        retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]
    )

"""How the processes that hold sockets tell each other that there is news (`voting.room.Bell`)."""

from __future__ import annotations

import json
import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from defense.settings import Settings

TIMEOUT_S = 2.0
RETRY_S, LONGEST_RETRY_S = 0.1, 1.0
MOST_WAITING = 100
"""Messages that wait for a slow Redis: what does not fit is lost, and found by the sweep of the database."""
logger = logging.getLogger(__name__)

Heard = Callable[[dict[str, Any]], None]


class Bell(Protocol):
    """See `voting.room.Bell`."""

    def ring(self, message: dict[str, Any]) -> None:
        """Tell the other processes; never waits and never fails."""
        ...

    def listen(self, heard: Heard) -> None:
        """Hear what they tell, for ever."""
        ...


class SilentBell:
    """There is one process: nobody to tell."""

    def ring(self, message: dict[str, Any]) -> None:
        """Nothing."""

    def listen(self, heard: Heard) -> None:
        """Nothing will come."""


class RedisBell:
    """Through a channel of Redis, which may lose messages: whoever listens also looks into the database.

    A thread of its own, under gevent a greenlet, carries the messages out: whoever rings does not wait for
    a Redis that is slow, frozen or away.

    Parameters
    ----------
    url : `redis://…`, `rediss://…` or `unix://…`. Channels are not divided by database, so its number
        becomes part of the channel's name: two installations can share one Redis.
    """

    def __init__(self, url: str) -> None:
        self._mine = secrets.token_hex(8)
        # Tried once: a message that is late is worth nothing.
        self._redis = redis.Redis.from_url(
            url,
            max_connections=4,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=10,
        )
        number = self._redis.connection_pool.connection_kwargs.get("db") or 0
        self._channel = f"defence:{number}:room"
        self._waiting: queue.Queue[str] = queue.Queue(MOST_WAITING)
        self._starting = threading.Lock()
        self._carrier: threading.Thread | None = None

    def ring(self, message: dict[str, Any]) -> None:
        """Hand the message over for publishing."""
        self._start_carrier()
        try:
            self._waiting.put_nowait(json.dumps({**message, "from": self._mine}))
        except queue.Full:
            return

    def listen(self, heard: Heard) -> None:
        """Subscribe, and subscribe again whenever the line breaks; an outage is logged once."""
        pause_s, is_away = RETRY_S, False
        while True:
            try:
                with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    channel.subscribe(self._channel)
                    pause_s, is_away = RETRY_S, False
                    while True:
                        self._hear(channel.get_message(timeout=TIMEOUT_S / 2), heard)
            except (redis.RedisError, OSError) as error:
                if not is_away:
                    logger.warning("not listening to Redis: %s; trying again", type(error).__name__)
                is_away = True
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_RETRY_S)

    def _start_carrier(self) -> None:
        with self._starting:
            if self._carrier is None:
                self._carrier = threading.Thread(target=self._carry_out, daemon=True)
                self._carrier.start()

    def _carry_out(self) -> None:
        """Publish what waits, for ever; an outage is logged once."""
        is_away = False
        while True:
            packet = self._waiting.get()
            try:
                self._redis.publish(self._channel, packet)
                is_away = False
            except (redis.RedisError, OSError) as error:
                if not is_away:
                    logger.warning("Redis is away: %s; rooms hear of news later", type(error).__name__)
                is_away = True

    def _hear(self, packet: dict[str, Any] | None, heard: Heard) -> None:
        if packet is None:
            return
        try:
            message = json.loads(packet["data"])
            if message.pop("from") != self._mine:
                heard(message)
        except Exception as error:
            # One bad message, or one bad moment of the listener, must not end the listening.
            logger.warning("a message of another process could not be used: %s", type(error).__name__)


def bell_from(settings: Settings) -> Bell:
    """The bell that an installation needs."""
    return RedisBell(settings.redis_url) if settings.redis_url else SilentBell()

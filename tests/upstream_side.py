"""The platform as a real server on the other side of a round trip, and a client that may be killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from defense.integrations.upstream import FailureKind, FeedItem, FeedPage, UpstreamClient, UpstreamFailure
from defense.integrations.upstream.client import Timing
from defense.services.upstream.desk import PlatformDesk
from defense.services.upstream.pulling import PullSummary, pull_round
from defense.services.upstream.refetch import refetch
from defense.settings import UpstreamAccess
from tests.upstream_paper import Killed
from tests.upstream_platform import Platform

ROUND = "2021"
PAGE = 3
FAULTS = ("cut", "429", "500", "502", "503", "504", "cut_after", "truncated", "not_json")
SLOW_FAULTS = ("timeout", "timeout_after")
"""Rarer than the others: each takes as long as the client waits."""
HASTY = Timing(connect_s=1.0, read_s=0.25, patience_s=0.5, attempts=2, first_pause_s=0.002)
HOLD_S = 0.3
"""Longer than the client waits."""


class MortalClient(UpstreamClient):
    """A client in a process that may be killed before a call, or after it was answered."""

    dies: Callable[[], str] = staticmethod(lambda: "")
    stale = 0
    """How often the platform said that the record has changed."""

    def put(self, *args: Any, **named: Any) -> str:
        dies = self._dies_before()
        try:
            etag = super().put(*args, **named)
        except UpstreamFailure as failure:
            self.stale += failure.kind is FailureKind.STALE
            raise
        finally:
            if dies == "after":
                raise Killed
        return etag

    def fetch(self, round_code: str, number: str, etag: str = "") -> FeedItem | None:
        dies = self._dies_before()
        item = super().fetch(round_code, number, etag)
        if dies == "after":
            raise Killed
        return item

    def pages(self, round_code: str, cursor: str = "", limit: int = PAGE) -> Iterator[FeedPage]:
        for page in super().pages(round_code, cursor, limit):
            dies = self._dies_before()
            yield page
            if dies == "after":
                raise Killed

    def _dies_before(self) -> str:
        dies = self.dies()
        if dies == "before":
            raise Killed
        return dies


class Side:
    """The platform and the way to it."""

    def __init__(self, platform: Platform, now_fn: Callable[[], datetime]) -> None:
        self.platform, self._now_fn = platform, now_fn
        access = UpstreamAccess(platform.url, platform.auth, platform.client_id, platform.secret)
        self.client = MortalClient(access, HASTY)

    def desk(self, sessions: Callable[[], Session]) -> PlatformDesk:
        return PlatformDesk(self.client, partial(refetch, sessions, self.client))

    def pull(self, sessions: Callable[[], Session]) -> PullSummary:
        """Read what changed there."""
        return pull_round(sessions, self.client, ROUND, self._now_fn)

    def go_wrong(self, seed: int, share: float, *, slowly: bool) -> None:
        """Let so many of the calls go wrong."""
        shares = dict.fromkeys(FAULTS, share / len(FAULTS))
        if slowly:
            shares |= dict.fromkeys(SLOW_FAULTS, share / 30)
        self.platform.put("faults", {"shares": shares, "seed": seed, "hold_s": HOLD_S})

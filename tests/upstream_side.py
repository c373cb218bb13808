"""The platform as a real server on the other side of a round trip, and a client that may be killed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.integrations.upstream import FailureKind, FeedItem, UpstreamClient, UpstreamFailure
from defense.integrations.upstream.client import Timing
from defense.models import Application, UpstreamHold
from defense.services.upstream_desk import PlatformDesk
from defense.services.upstream_refetch import refetch
from defense.settings import UpstreamAccess
from tests.upstream_paper import Killed
from tests.upstream_platform import Platform

ROUND = "2021"
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

    def _dies_before(self) -> str:
        dies = self.dies()
        if dies == "before":
            raise Killed
        return dies


class Side:
    """The platform and the way to it."""

    def __init__(self, platform: Platform, sessions: Callable[[], Session]) -> None:
        self.platform, self.sessions = platform, sessions
        access = UpstreamAccess(platform.url, platform.auth, platform.client_id, platform.secret)
        self.client = MortalClient(access, HASTY)

    def desk(self) -> PlatformDesk:
        return PlatformDesk(self.client, self._fetch)

    def _fetch(self, application_id: int) -> None:
        refetch(self.sessions, self.client, application_id)

    def pull(self) -> None:
        """Look at every record there."""
        with self.sessions() as session:
            ids = session.scalars(select(Application.id)).all()
        for id_ in ids:
            self.desk().fetch_again(id_)

    def settle_difference(self, session: Session, application: Application, accept: bool) -> None:
        """What staff do about a difference."""
        hold, item = session.get_one(UpstreamHold, application.id), self.platform.item(application.number)
        if hold.is_different:
            if accept:
                application.record_json = item["record"]
            hold.etag, hold.is_different = item["etag"], False

    def go_wrong(self, seed: int, share: float, *, slowly: bool) -> None:
        """Let so many of the calls go wrong."""
        shares = dict.fromkeys(FAULTS, share / len(FAULTS))
        if slowly:
            shares |= dict.fromkeys(SLOW_FAULTS, share / 30)
        self.platform.put("faults", {"shares": shares, "seed": seed, "hold_s": HOLD_S})

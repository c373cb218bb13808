"""The platform as a real server on the other side of a round trip, with a sender that may be killed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import requests
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.text import Text
from defense.models import Application, UpstreamHold
from defense.services.transaction import begin_write
from defense.services.upstream_answers import DeskAnswer, DeskAnswerKind
from defense.services.upstream_desk import PlatformDesk
from tests.upstream_paper import Killed
from tests.upstream_platform import Caller, Platform

ROUND = "2021"
FAULTS = ("cut", "429", "500", "502", "503", "504", "cut_after", "truncated", "not_json")
SLOW_FAULTS = ("timeout", "timeout_after")
"""Rarer than the others: each takes a while."""
HOLD_S = 0.2


class Silence(StrEnum):
    CUT_OFF = "answer"


@dataclass(frozen=True)
class Heard:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    said: dict[str, Any] | None

    def json(self) -> dict[str, Any] | None:
        return self.said


class Side:
    """The platform, the ways to it, and who goes them: he may be killed before or after each call."""

    def __init__(self, platform: Platform, sessions: Callable[[], Session]) -> None:
        self.platform, self.sessions = platform, sessions
        self.dies: Callable[[], str] = lambda: ""
        self.stale = 0
        """How often the platform said that the record has changed."""
        self._caller = Caller(platform)

    def desk(self) -> PlatformDesk:
        return PlatformDesk(self._call, self._fetch)

    def _call(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes) -> Heard | Silence:
        dies = self.dies()
        if dies == "before":
            raise Killed
        heard: Heard | Silence = Silence.CUT_OFF
        with suppress(requests.RequestException):
            answer = self._caller.call(method, path, headers=dict(headers), data=body)
            said = None
            with suppress(ValueError):
                said = answer.json()
            self.stale += answer.status_code == 412
            heard = Heard(answer.status_code, answer.headers, said if isinstance(said, dict) else None)
        if dies == "after":
            raise Killed
        return heard

    def _fetch(self, application_id: int) -> DeskAnswer:
        """Fetch one record and keep that it differs."""
        with self.sessions() as session:
            number = session.get_one(Application, application_id).number
        heard = self._call("GET", f"/rounds/{ROUND}/applications/{number}", headers={}, body=b"")
        if not isinstance(heard, Heard) or heard.status != 200 or heard.said is None:
            return DeskAnswer(DeskAnswerKind.LATER, Text("未取得", "not fetched"))
        with self.sessions() as session:
            begin_write(session)
            application = session.get_one(Application, application_id)
            hold = session.get_one(UpstreamHold, application_id)
            hold.is_different = application.record_json != heard.said["record"]
            if not hold.is_different:
                hold.etag = heard.said["etag"]
            session.commit()
        return DeskAnswer(DeskAnswerKind.TAKEN, Text("已获取", "fetched"))

    def pull(self) -> None:
        """Look at every record there."""
        with self.sessions() as session:
            ids = session.scalars(select(Application.id)).all()
        for id_ in ids:
            self._fetch(id_)

    def settle_difference(self, session: Session, application: Application, accept: bool) -> None:
        """What staff do about a difference."""
        hold, item = session.get_one(UpstreamHold, application.id), self.platform.item(application.number)
        if hold.is_different:
            if accept:
                application.record_json = item["record"]
            hold.etag, hold.is_different = item["etag"], False

    def go_wrong(self, seed: int, share: float, *, slowly: bool) -> None:
        """Let so many of the calls go wrong."""
        kinds = (*FAULTS, *SLOW_FAULTS) if slowly else FAULTS
        shares = dict.fromkeys(kinds, share / len(kinds))
        self.platform.put("faults", {"shares": shares, "seed": seed, "hold_s": HOLD_S})

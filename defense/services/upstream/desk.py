"""Telling the platform over HTTP, and what its refusals mean for a delivery."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.text import Text
from defense.integrations.upstream import FailureKind, UpstreamClient, UpstreamFailure
from defense.services.upstream.answers import DeskAnswer, DeskAnswerKind
from defense.services.upstream.refetch import refetch
from defense.settings import UpstreamAccess

CONNECTIONS = 4

MAX_REST_S = 3600.0
"""Longer than this nobody is left alone, whatever they ask for."""
TAKEN = Text("平台已接收。", "Taken by the platform.")
_KIND_OF = {
    FailureKind.ABSENT: DeskAnswerKind.NEVER,
    FailureKind.REFUSED: DeskAnswerKind.NEVER,
    FailureKind.STALE: DeskAnswerKind.STALE,
}
"""All others pass: also an answer that cannot be read, for the same key brings the same one."""
_OF_ALL = (FailureKind.LATER, FailureKind.CREDENTIALS)
"""The next delivery would fare no better now."""


@dataclass(frozen=True)
class PlatformDesk:
    """A `defense.services.upstream.pushing.UpstreamDesk` at a real platform."""

    client: UpstreamClient
    fetch: Callable[[int], object]
    """Fetches the record of an application again and keeps what differs; may raise `UpstreamFailure`."""

    def put(
        self, round_code: str, number: str, kind: str, body: dict[str, Any], *, if_match: str, key: str
    ) -> DeskAnswer:
        """See `UpstreamDesk`."""
        try:
            etag = self.client.put(round_code, number, kind, body, if_match=if_match, key=key)
        except UpstreamFailure as failure:
            return answer_of(failure)
        return DeskAnswer(DeskAnswerKind.TAKEN, TAKEN, etag=etag)

    def fetch_again(self, application_id: int) -> DeskAnswer:
        """See `UpstreamDesk`."""
        try:
            self.fetch(application_id)
        except UpstreamFailure as failure:
            return answer_of(failure)
        return DeskAnswer(DeskAnswerKind.TAKEN, TAKEN)


def answer_of(failure: UpstreamFailure) -> DeskAnswer:
    """What a failure means for the delivery."""
    rest_s = failure.retry_after_s
    return DeskAnswer(
        _KIND_OF.get(failure.kind, DeskAnswerKind.LATER),
        failure.words,
        retry_after_s=None if rest_s is None else min(rest_s, MAX_REST_S),
        ends_turn=failure.kind in _OF_ALL,
    )


def desks_at(access: UpstreamAccess, session_factory: Callable[[], Session]) -> list[PlatformDesk]:
    """Desks at the installation's platform, to be used side by side."""
    client = UpstreamClient(access)
    return [PlatformDesk(client, partial(refetch, session_factory, client))] * CONNECTIONS

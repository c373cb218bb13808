"""The one place where this service calls a meeting provider over HTTP.

What goes wrong is sorted by one question: can the call have worked?
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from defense.domain.text import Text
from defense.integrations.http_line import Answer, Request, Silence, send
from defense.integrations.meetings.provider import FailureKind, ProviderFailure
from defense.integrations.meetings.refusals import BUSY, UNANSWERED, UNREACHABLE, UNTRUSTED, Refusal

MOST_BYTES = 1 << 20
"""Of an answer: a page of meetings is far below it."""
_SILENCE = {
    Silence.UNTRUSTED: Refusal(FailureKind.LATER, UNTRUSTED, "certificate"),
    Silence.UNREACHED: Refusal(FailureKind.LATER, UNREACHABLE, "connect"),
    Silence.CUT_OFF: Refusal(FailureKind.UNKNOWN, UNANSWERED, "answer"),
    Silence.TOO_LONG: Refusal(FailureKind.UNKNOWN, UNANSWERED, "length"),
}


@dataclass(frozen=True)
class Timing:
    """How long one call may take, in seconds.

    `patience_s` is the time after which no further attempt begins; a pause grows from `first_pause_s` by
    doubling, shortened at random by up to a half.
    """

    connect_s: float = 3.05
    read_s: float = 8.0
    patience_s: float = 5.0
    attempts: int = 3
    first_pause_s: float = 0.4


class Caller:
    """Sends requests to one provider.

    Parameters
    ----------
    provider : its name as staff know it.
    """

    def __init__(self, provider: Text, timing: Timing | None = None) -> None:
        self._provider = provider
        self._timing = timing or Timing()

    def call(
        self, request: Callable[[], Request], sort: Callable[[Answer], Refusal | None], creating: bool = False
    ) -> Answer:
        """Send, and send again within the patience while that may help and cannot do harm.

        Parameters
        ----------
        request : makes the request anew for every attempt, with a fresh nonce and time.
        sort : None for a success; a refusal of kind `UNKNOWN` means: not understood.
        creating : it makes something, so nothing is repeated that may have worked.

        Raises
        ------
        ProviderFailure
        """
        timing, began = self._timing, time.monotonic()
        attempt = 1
        while True:
            answer = self._once(request())
            refusal = answer if isinstance(answer, Refusal) else sort(answer)
            if isinstance(answer, Answer) and refusal is None:
                return answer
            refusal = self._settled(refusal or Refusal(FailureKind.UNKNOWN, UNANSWERED), creating)
            pause = self._pause(attempt, answer)
            is_late = time.monotonic() - began + pause > timing.patience_s
            if refusal.kind is not FailureKind.LATER or attempt == timing.attempts or is_late:
                raise self._failure(refusal)
            time.sleep(pause)
            attempt += 1

    def not_understood(self, creating: bool = False) -> ProviderFailure:
        """The failure for a success whose answer lacks what it should hold."""
        refusal = Refusal(FailureKind.UNKNOWN, UNANSWERED, "unreadable")
        return self._failure(self._settled(refusal, creating))

    def _failure(self, refusal: Refusal) -> ProviderFailure:
        return ProviderFailure(refusal.kind, refusal.words.format(provider=self._provider), refusal.code)

    def _settled(self, refusal: Refusal, creating: bool) -> Refusal:
        """What is not known of a call that may be repeated is only a reason to come again."""
        if refusal.kind is FailureKind.UNKNOWN and not creating:
            return Refusal(FailureKind.LATER, BUSY, refusal.code)
        return refusal

    def _pause(self, attempt: int, answer: Answer | Refusal) -> float:
        """Seconds. A provider that names a pause gets it, if it is short enough to wait for."""
        asked = answer.headers.get("Retry-After", "") if isinstance(answer, Answer) else ""
        if asked.isascii() and asked.isdigit():
            return float(asked[:6])
        return self._timing.first_pause_s * 2.0 ** (attempt - 1) * random.uniform(0.5, 1)  # noqa: S311

    def _once(self, request: Request) -> Answer | Refusal:
        timing = self._timing
        answer = send(request, timing.connect_s, timing.read_s, MOST_BYTES)
        return _SILENCE[answer] if isinstance(answer, Silence) else answer

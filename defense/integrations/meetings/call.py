"""The one place where this service calls a meeting provider over HTTP.

What goes wrong is sorted by one question: can the call have worked? Neither an exception nor a log line that
comes out of here holds an address, a header or a body, for these carry keys and join addresses.
"""

from __future__ import annotations

import logging
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from defense.domain.text import Text
from defense.integrations.meetings.provider import FailureKind, ProviderFailure
from defense.integrations.meetings.refusals import BUSY, UNANSWERED, UNREACHABLE, UNTRUSTED, Answer, Refusal

MOST_BYTES = 1 << 20
"""Of an answer: a page of meetings is far below it."""
SHORT_READ = 1 << 14

_quiet: ContextVar[bool] = ContextVar("calling a meeting provider", default=False)


class _Discreet(logging.Filter):
    """Drops what the HTTP library tells of our calls: whole addresses, which hold checksums and tokens."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not _quiet.get()


for _name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_Discreet())


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


@dataclass(frozen=True)
class Request:
    """One HTTP request, signed. `url` is percent-encoded to the last character: it may be signed as it is."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


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
            answer = self._once(request(), creating)
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

    def _once(self, request: Request, creating: bool) -> Answer | Refusal:
        """An answer, or why there is none. Nothing is raised from inside the `except`: the library's
        exception holds the address and would hang on ours."""
        try:
            with _hushed():
                return self._sent(request)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if _is_untrusted(error):
                return Refusal(FailureKind.LATER, UNTRUSTED, "certificate")
            if _was_not_sent(error):
                return Refusal(FailureKind.LATER, UNREACHABLE, "connect")
        return Refusal(FailureKind.UNKNOWN, UNANSWERED, "answer")

    def _sent(self, request: Request) -> Answer:
        """A connection for every request: one kept from before may be dead, and would cost a creation."""
        timing = self._timing
        with requests.Session() as session:
            # Neither a proxy nor a password file of the machine's user has a say here.
            session.trust_env = False
            response = session.request(
                request.method,
                request.url,
                data=request.body,
                headers={"Accept-Encoding": "identity", "User-Agent": "defence-service", **request.headers},
                timeout=(timing.connect_s, timing.read_s),
                allow_redirects=False,
                stream=True,
            )
            with response:
                deadline = time.monotonic() + timing.read_s
                body = _read(response.raw, deadline)
                return Answer(response.status_code, CaseInsensitiveDict(response.headers), body)


@contextmanager
def _hushed() -> Iterator[None]:
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def _is_untrusted(error: BaseException) -> bool:
    """Whether the other side could not prove who it is; nothing was sent to it."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, urllib3.exceptions.SSLError) and any(
        isinstance(cause, ssl.SSLCertVerificationError) for cause in (*reason.args, reason.__cause__)
    )


def _was_not_sent(error: BaseException) -> bool:
    """Whether the connection never came to be, so that the provider cannot have done anything."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    if isinstance(error, requests.ConnectionError) and error.args:
        reason = getattr(error.args[0], "reason", None)
        return isinstance(reason, urllib3.exceptions.NewConnectionError)
    # An address that cannot be called at all.
    return isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema)


def _read(raw: Any, deadline: float) -> bytes:
    """The body, as it comes: a server that drips is left at the deadline, one that floods at the limit.

    Raises
    ------
    OSError
        Too long or too slow.
    urllib3.exceptions.HTTPError
        Cut off.
    """
    body = bytearray()
    while piece := raw.read1(SHORT_READ, decode_content=False):
        body += piece
        if len(body) > MOST_BYTES or time.monotonic() > deadline:
            raise OSError("too much or too slow")
    return bytes(body)

"""One HTTP request to another system, and what can be said of it when no answer came.

Neither an exception nor a log line that comes out of here holds an address, a header or a body, for these
carry keys and people's data.
"""

from __future__ import annotations

import io
import json
import logging
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import IO, Any

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

SHORT_READ = 1 << 14
SLOWEST_BYTES_PER_S = 64 << 10
"""A long answer has this much more time for what has come of it; a slower one counts as cut off."""

_quiet: ContextVar[bool] = ContextVar("calling another system", default=False)


class _Discreet(logging.Filter):
    """Drops what the HTTP library tells of our calls: whole addresses, which hold checksums and tokens."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not _quiet.get()


for _name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_Discreet())


@dataclass(frozen=True)
class Request:
    """One HTTP request, signed. `url` is percent-encoded to the last character: it may be signed as it is."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Answer:
    """What came back, whole; without the body where that was written elsewhere."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> dict[str, Any] | None:
        """The JSON object of the body; None if it holds none."""
        if "json" not in self.headers.get("Content-Type", "").lower():
            return None
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


class Silence(StrEnum):
    """Why there is no answer."""

    UNTRUSTED = "certificate"
    """The other side could not prove who it is; nothing was sent to it."""
    UNREACHED = "connect"
    """The connection never came to be, so that the other side cannot have done anything."""
    CUT_OFF = "answer"
    """It may have acted."""
    TOO_LONG = "length"
    """It answered with more than is taken, and would again."""


class _TooLong(OSError):
    """More than is taken."""


def send(
    request: Request, connect_s: float, read_s: float, most_bytes: int, into: IO[bytes] | None = None
) -> Answer | Silence:
    """Send a request once, over a connection of its own, without following redirects.

    Parameters
    ----------
    connect_s, read_s : how long to wait for the connection, and for the answer (`SLOWEST_BYTES_PER_S`).
    most_bytes : of the answer's body.
    into : where the body of a success (200) is written as it comes; what was written before a silence stays.

    Notes
    -----
    Nothing is raised from inside the `except`: the library's exception holds the address and would hang on
    ours. A connection kept from before may be dead, and would leave open whether the other side acted.
    """
    try:
        with _hushed():
            return _sent(request, connect_s, read_s, most_bytes, into)
    except _TooLong:
        return Silence.TOO_LONG
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        if _is_untrusted(error):
            return Silence.UNTRUSTED
        if _was_not_sent(error):
            return Silence.UNREACHED
    return Silence.CUT_OFF


def _sent(
    request: Request, connect_s: float, read_s: float, most_bytes: int, into: IO[bytes] | None
) -> Answer:
    with requests.Session() as session:
        # Neither a proxy nor a password file of the machine's user has a say here.
        session.trust_env = False
        response = session.request(
            request.method,
            request.url,
            data=request.body,
            headers={"Accept-Encoding": "identity", "User-Agent": "defence-service", **request.headers},
            timeout=(connect_s, read_s),
            allow_redirects=False,
            stream=True,
        )
        with response:
            body = io.BytesIO()
            is_elsewhere = into is not None and response.status_code == 200
            _copy(response.raw, into if into and is_elsewhere else body, read_s, most_bytes)
            return Answer(response.status_code, CaseInsensitiveDict(response.headers), body.getvalue())


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
    """Whether the connection never came to be, so that the other side cannot have done anything."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    if isinstance(error, requests.ConnectionError) and error.args:
        reason = getattr(error.args[0], "reason", None)
        return isinstance(reason, urllib3.exceptions.NewConnectionError)
    # An address that cannot be called at all.
    return isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema)


def _copy(raw: Any, into: IO[bytes], read_s: float, most_bytes: int) -> None:
    """The body, as it comes: a server that drips is left at the deadline, one that floods at the limit.

    Raises
    ------
    _TooLong
        More than `most_bytes`.
    OSError
        Too slow.
    urllib3.exceptions.HTTPError
        Cut off.
    """
    size, deadline = 0, time.monotonic() + read_s
    while piece := raw.read1(SHORT_READ, decode_content=False):
        size += len(piece)
        if size > most_bytes:
            raise _TooLong("too much")
        if time.monotonic() > deadline + size / SLOWEST_BYTES_PER_S:
            raise OSError("too slow")
        into.write(piece)

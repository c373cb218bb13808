"""How the service shows the platform who it is: a bearer token, or a signature of every request."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from defense.integrations.http_line import Answer, Request, Silence
from defense.integrations.upstream.failures import FailureKind, failure_of, no_token, silent, unreadable
from defense.settings import UpstreamAccess

MARGIN_S = 30
"""A token is not used any more this long before its end."""


class Signer(Protocol):
    """Adds what the platform wants to see to a request."""

    def headers(self, method: str, url: str, body: bytes | None) -> dict[str, str]:
        """For one attempt at one request; may raise `UpstreamFailure`."""
        ...

    def forget(self) -> bool:
        """The platform refused the sender; whether another attempt can make a difference."""
        ...


class Sending(Protocol):
    """Sends one request once."""

    def __call__(self, request: Request) -> Answer | Silence: ...


@dataclass
class KeySigner:
    """HMAC-SHA256 over method, path with query, time, nonce and the body's digest."""

    access: UpstreamAccess

    def headers(self, method: str, url: str, body: bytes | None) -> dict[str, str]:
        """See `Signer`; time and nonce are new for every attempt."""
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        stamp, nonce = str(int(time.time())), secrets.token_hex(16)
        text = "\n".join([method, path, stamp, nonce, hashlib.sha256(body or b"").hexdigest()])
        signature = hmac.new(self.access.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        return {
            "X-Key-Id": self.access.client_id,
            "X-Timestamp": stamp,
            "X-Nonce": nonce,
            "X-Signature": signature,
        }

    def forget(self) -> bool:
        """See `Signer`: a signature that is refused would be refused again."""
        return False


@dataclass
class TokenSigner:
    """OAuth2 client credentials (RFC 6749, section 4.4); a token is kept in memory while it is good."""

    access: UpstreamAccess
    send: Sending
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _token: str = field(default="", repr=False)
    _until: float = 0.0

    def headers(self, method: str, url: str, body: bytes | None) -> dict[str, str]:
        """See `Signer`."""
        with self._lock:
            if not self._token or time.monotonic() >= self._until:
                self._fetch()
            return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> bool:
        """See `Signer`: a new token may do, once."""
        with self._lock:
            self._token = ""
        return True

    def _fetch(self) -> None:
        access, began = self.access, time.monotonic()
        pair = base64.b64encode(f"{access.client_id}:{access.secret}".encode()).decode()
        headers = {
            "Authorization": f"Basic {pair}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urlencode({"grant_type": "client_credentials"}).encode()
        answer = self.send(Request("POST", f"{access.url}/oauth/token", headers, body))
        if isinstance(answer, Silence):
            raise silent(answer)
        if failure := failure_of(answer):
            raise failure if failure.kind is FailureKind.LATER else no_token(answer.status)
        content = answer.json() or {}
        token, lifetime = content.get("access_token"), content.get("expires_in")
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise unreadable("没有访问令牌", "there is no access token")
        text = str(lifetime)
        seconds = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
        self._token, self._until = token, began + max(0, seconds - MARGIN_S)

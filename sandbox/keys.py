"""Who may ask: bearer tokens for client credentials, or signed requests."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from dataclasses import dataclass, field

WINDOW_S = 300
"""By how much the clocks of both may differ."""


@dataclass(frozen=True)
class Client:
    """One that may use the platform: its name and the secret that both know."""

    id: str
    secret: str


@dataclass
class Clock:
    """Seconds since 1970; a test may set it."""

    frozen_at: float | None = None
    ahead_s: float = 0.0

    def now(self) -> float:
        """The present moment."""
        return (time.time() if self.frozen_at is None else self.frozen_at) + self.ahead_s


@dataclass
class Keys:
    """Tokens that were given out, nonces that were seen, and how fast the client asks."""

    client: Client
    clock: Clock
    lifetime_s: float = 600.0
    rate: float = 0.0
    """Requests a second; 0 for no limit."""
    _tokens: dict[str, float] = field(default_factory=dict)
    _nonces: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _allowance: float = 0.0
    _looked_at: float = 0.0

    def is_client(self, id_: str | None, secret: str | None) -> bool:
        """Whether these are the client's name and secret."""
        both = f"{id_}\n{secret}".encode()
        return hmac.compare_digest(both, f"{self.client.id}\n{self.client.secret}".encode())

    def new_token(self) -> str:
        """A bearer token for `lifetime_s` seconds."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._tokens[token] = self.clock.now() + self.lifetime_s
        return token

    def is_token(self, token: str) -> bool:
        """Whether this token was given out and has not run out."""
        with self._lock:
            return self._tokens.get(token, 0.0) > self.clock.now()

    def forget_tokens(self) -> None:
        """As after a restart of the platform's gate."""
        with self._lock:
            self._tokens.clear()

    def fault_of_signature(
        self, *, key_id: str, timestamp: str, nonce: str, signature: str, method: str, path: str, body: bytes
    ) -> str:
        """Why a signed request is refused; empty when it is right."""
        if not hmac.compare_digest(key_id.encode(), self.client.id.encode()):
            return "unknown key"
        is_number = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12
        if not is_number or abs(int(timestamp) - self.clock.now()) > WINDOW_S:
            return f"the timestamp is not within {WINDOW_S} seconds of this server's clock"
        if len(nonce) != 32 or not set(nonce) <= set("0123456789abcdef"):
            return "the nonce is not 32 lower-case hexadecimal digits"
        wanted = sign(self.client.secret, method, path, timestamp, nonce, body)
        if not hmac.compare_digest(wanted.encode(), signature.encode()):
            return "the signature is wrong"
        with self._lock:
            self._nonces = {n: at for n, at in self._nonces.items() if at > self.clock.now() - 2 * WINDOW_S}
            if nonce in self._nonces:
                return "the nonce was used before"
            self._nonces[nonce] = self.clock.now()
        return ""

    def wait_s(self) -> float:
        """How long the client is to wait before its next request; 0.0: it may go on (token bucket)."""
        if not self.rate:
            return 0.0
        with self._lock:
            now = time.monotonic()  # a test that sets the clock does not mean this one
            burst = max(self.rate, 1.0)
            self._allowance = min(burst, self._allowance + (now - self._looked_at) * self.rate)
            self._looked_at = now
            if self._allowance < 1:
                return (1 - self._allowance) / self.rate
            self._allowance -= 1
            return 0.0


def sign(secret: str, method: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
    """Of a request: hexadecimal HMAC-SHA256 over method, path with query, time, nonce and digest."""
    text = "\n".join([method, path, timestamp, nonce, hashlib.sha256(body).hexdigest()])
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()

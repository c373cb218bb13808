"""Zoom's access tokens: fetched when needed, kept in memory for their hour, never written down."""

from __future__ import annotations

import base64
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import urlencode

from defense.integrations.http_line import Request
from defense.integrations.meetings.call import Caller
from defense.integrations.meetings.zoom_errors import token_understood
from defense.settings import ZoomAccess

MARGIN_S = 60
"""A token is not used any more this long before its end."""


@dataclass
class _Kept:
    """The token of one application; whoever holds `lock` fetches, the others wait for what comes."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    token: str = field(default="", repr=False)
    until: float = 0.0


# Connectors live as long as one errand; a token lives longer.
_kept: defaultdict[ZoomAccess, _Kept] = defaultdict(_Kept)


class TokenKeeper:
    """The tokens of one application, shared by all its connectors in this process."""

    def __init__(self, access: ZoomAccess, caller: Caller) -> None:
        self._access = access
        self._caller = caller

    def token(self, instead_of: str | None = None) -> str:
        """A token that should work.

        Parameters
        ----------
        instead_of : one that was refused; if another thread has replaced it already, that one is returned.

        Raises
        ------
        ProviderFailure
        """
        kept = _kept[self._access]
        with kept.lock:
            if not kept.token or kept.token == instead_of or time.monotonic() >= kept.until:
                kept.token, kept.until = self._fetched()
            return kept.token

    def _fetched(self) -> tuple[str, float]:
        """A new token and until when it is used, on the monotonic clock."""
        access, began = self._access, time.monotonic()
        pair = base64.b64encode(f"{access.client_id}:{access.client_secret}".encode()).decode()
        headers = {
            "Authorization": f"Basic {pair}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urlencode({"grant_type": "account_credentials", "account_id": access.account_id}).encode()
        request = Request("POST", f"{access.oauth_url}/oauth/token", headers, body)
        content = self._caller.call(lambda: request, token_understood).json() or {}
        token, lifetime = content.get("access_token"), content.get("expires_in")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise self._caller.not_understood()
        seconds = lifetime if isinstance(lifetime, int) else 0
        return token, began + max(0, seconds - MARGIN_S)

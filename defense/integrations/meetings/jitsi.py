"""Meeting providers: who makes the address that a person is sent to when they click their link.

A provider's address is made at the click and never stored, mailed or put in a calendar (invites.md
"Privacy").
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote, urlsplit

import jwt

from defense.domain.errors import Forbidden
from defense.domain.text import Text
from defense.settings import Settings

TOKEN_LIFETIME = timedelta(minutes=5)
CLOCK_SKEW = timedelta(minutes=1)


class MeetingProvider(Protocol):
    """Anything that can hold the video meeting of a sitting."""

    def join_url(
        self,
        room: str,
        participant_name: str,
        participant_id: str,
        moderator: bool,
        now: datetime,
        valid_until: datetime,
    ) -> str:
        """The address at which this one person enters the room now.

        Parameters
        ----------
        room : the sitting's meeting key.
        participant_id : names the person to the provider; tells nothing about them.
        now, valid_until : aware; the address may not open anything after `valid_until`.

        Raises
        ------
        Forbidden
            `valid_until` has passed.
        """
        ...


class JitsiProvider:
    """A Jitsi server, open or with token authentication.

    Source: invites.md "Jitsi". The claims are those of the server's token plug-in; the exact room is named,
    so that a token opens no other one.
    """

    def __init__(self, base_url: str, app_id: str | None = None, app_secret: str | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._app_id = app_id
        self._app_secret = app_secret

    def join_url(
        self,
        room: str,
        participant_name: str,
        participant_id: str,
        moderator: bool,
        now: datetime,
        valid_until: datetime,
    ) -> str:
        """See `MeetingProvider.join_url`; a server without tokens cannot enforce the end."""
        if valid_until <= now:
            raise Forbidden(
                Text(
                    "会议入口已关闭，请联系会务人员。",
                    "The meeting is closed to you now; call the organisers.",
                )
            )
        # The server lowers room names before it compares them with the token's.
        room = room.lower()
        url = f"{self._base_url}/{quote(room, safe='')}"
        if not self._app_id or not self._app_secret:
            return url
        claims = {
            "iss": self._app_id,
            "aud": "jitsi",
            "sub": urlsplit(self._base_url).hostname,
            "room": room,
            "nbf": now - CLOCK_SKEW,
            "exp": min(now + TOKEN_LIFETIME, valid_until),
            "context": {"user": {"id": participant_id, "name": participant_name, "moderator": moderator}},
        }
        return f"{url}?jwt={jwt.encode(claims, self._app_secret, algorithm='HS256')}"


def provider_from(settings: Settings) -> MeetingProvider:
    """The provider that this installation uses."""
    return JitsiProvider(settings.jitsi_url, settings.jitsi_app_id, settings.jitsi_app_secret)

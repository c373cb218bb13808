"""Jitsi: a server that makes rooms as people enter them.

A room's address is made at the click and never stored, mailed or put in a calendar (invites.md "Privacy").
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

import jwt

from defense.integrations.meetings.addresses import must_be_open
from defense.integrations.meetings.provider import HeldMeeting, MeetingPlan, Participant, ProviderName

TOKEN_LIFETIME = timedelta(minutes=5)
CLOCK_SKEW = timedelta(minutes=1)


class JitsiProvider:
    """A Jitsi server, open or with token authentication. A meeting's `id` is the room's name.

    Source: invites.md "Jitsi". The claims are those of the server's token plug-in; the exact room is named,
    so that a token opens no other one.
    """

    name = ProviderName.JITSI
    creates_ahead = False

    def __init__(self, base_url: str, app_id: str | None = None, app_secret: str | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._app_id = app_id
        self._app_secret = app_secret

    def create(self, plan: MeetingPlan) -> HeldMeeting:
        """See `MeetingProvider.create`; nothing is asked, the room begins with the first who enters."""
        return HeldMeeting(plan.tag, {})

    def find(self, plan: MeetingPlan) -> HeldMeeting | None:
        """See `MeetingProvider.find`; every room can be entered at any time."""
        return self.create(plan)

    def move(self, meeting: HeldMeeting, plan: MeetingPlan) -> HeldMeeting:
        """See `MeetingProvider.move`; a room has no time."""
        return meeting

    def cancel(self, meeting: HeldMeeting) -> None:
        """See `MeetingProvider.cancel`; this service lets nobody in any more, the server needs no word."""

    def join_url(
        self,
        meeting: HeldMeeting,
        plan: MeetingPlan,
        participant: Participant,
        now: datetime,
        valid_until: datetime,
    ) -> str:
        """See `MeetingProvider.join_url`; a server without tokens cannot enforce the end."""
        must_be_open(now, valid_until)
        # The server lowers room names before it compares them with the token's.
        room = meeting.id.lower()
        url = f"{self._base_url}/{quote(room, safe='')}"
        if not self._app_id or not self._app_secret:
            return url
        user = {"id": participant.id, "name": participant.name, "moderator": participant.moderator}
        claims = {
            "iss": self._app_id,
            "aud": "jitsi",
            "sub": urlsplit(self._base_url).hostname,
            "room": room,
            "nbf": now - CLOCK_SKEW,
            "exp": min(now + TOKEN_LIFETIME, valid_until),
            "context": {"user": user},
        }
        return f"{url}?jwt={jwt.encode(claims, self._app_secret, algorithm='HS256')}"

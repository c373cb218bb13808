"""Zoom, by its REST interface with a server-to-server application.

Source: invites.md "Zoom" and developers.zoom.us/docs/api/meetings. Whoever opens a `start_url` is the host:
it is asked for when a moderator clicks, given to nobody else and kept nowhere.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from defense.domain.text import Text
from defense.integrations.http_line import Request
from defense.integrations.meetings.addresses import is_web_address, kept_address, must_be_open
from defense.integrations.meetings.call import Caller, Timing
from defense.integrations.meetings.provider import (
    ADDRESS,
    PASSWORD,
    FailureKind,
    HeldMeeting,
    MeetingPlan,
    Participant,
    ProviderFailure,
    ProviderName,
)
from defense.integrations.meetings.subject import carries, subject_with_tag
from defense.integrations.meetings.zoom_errors import RUNNING, TOKEN_REFUSED, understood
from defense.integrations.meetings.zoom_token import TokenKeeper
from defense.settings import ZoomAccess

SUBJECT_LENGTH = 200
SCHEDULED = 2
MOST_PAGES = 50
PAGE = 300


class ZoomProvider:
    """Meetings of one Zoom user, made ahead."""

    name = ProviderName.ZOOM
    creates_ahead = True

    def __init__(self, access: ZoomAccess, timing: Timing | None = None) -> None:
        self._access = access
        self._caller = Caller(Text("Zoom", "Zoom"), timing)
        self._tokens = TokenKeeper(access, self._caller)
        self._users = f"/v2/users/{quote(access.user_id, safe='')}/meetings"

    def create(self, plan: MeetingPlan) -> HeldMeeting:
        """See `MeetingProvider.create`."""
        wanted = self._fields(plan) | {"password": self._password(plan)}
        held = self._held(self._call("POST", self._users, wanted, creating=True), plan)
        if held is None:
            raise self._caller.not_understood(creating=True)
        return held

    def find(self, plan: MeetingPlan) -> HeldMeeting | None:
        """See `MeetingProvider.find`; what the list leaves out is asked for by the meeting's own address."""
        for found in self._all_meetings():
            if not carries(str(found.get("topic", "")), plan.tag):
                continue
            try:
                whole = self._call("GET", _path(str(found.get("id", ""))))
            except ProviderFailure as failure:
                if failure.kind is FailureKind.ABSENT:
                    continue
                raise
            held = self._held(whole, plan)
            if held is None:
                raise self._caller.not_understood()
            return held
        return None

    def move(self, meeting: HeldMeeting, plan: MeetingPlan) -> HeldMeeting:
        """See `MeetingProvider.move`; number, address and password stay."""
        self._call("PATCH", _path(meeting.id), self._fields(plan))
        return meeting

    def cancel(self, meeting: HeldMeeting) -> None:
        """See `MeetingProvider.cancel`; one that is running is ended first, for it cannot be deleted."""
        try:
            self._delete_if_there(meeting)
        except ProviderFailure as failure:
            if failure.code != RUNNING:
                raise
        else:
            return
        self._call("PUT", f"{_path(meeting.id)}/status", {"action": "end"})
        self._delete_if_there(meeting)

    def join_url(
        self,
        meeting: HeldMeeting,
        plan: MeetingPlan,
        participant: Participant,
        now: datetime,
        valid_until: datetime,
    ) -> str:
        """See `MeetingProvider.join_url`; a moderator becomes the host, everybody else a participant."""
        must_be_open(now, valid_until)
        if not participant.moderator:
            return kept_address(meeting)
        address = self._call("GET", _path(meeting.id)).get("start_url")
        if not is_web_address(address):
            raise self._caller.not_understood()
        return str(address)

    def _fields(self, plan: MeetingPlan) -> dict[str, Any]:
        """What creating and moving have in common. `duration` is in minutes."""
        length = plan.end_at - plan.start_at
        return {
            "topic": subject_with_tag(plan, SUBJECT_LENGTH),
            "type": SCHEDULED,
            "start_time": plan.start_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "duration": max(1, round(length.total_seconds() / 60)),
            "timezone": "Asia/Shanghai",
            "settings": {
                "waiting_room": plan.waiting_room,
                "join_before_host": False,
                "mute_upon_entry": True,
                "auto_recording": "none",
            },
        }

    def _password(self, plan: MeetingPlan) -> str:
        """Six digits, the same for a tag every time: so a meeting that is found again has its password."""
        text = b"meeting password\n" + plan.tag.encode()
        digest = hmac.digest(self._access.client_secret.encode(), text, hashlib.sha256)
        return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"

    def _held(self, found: dict[str, Any], plan: MeetingPlan) -> HeldMeeting | None:
        identity, address = found.get("id"), found.get("join_url")
        if not isinstance(identity, int | str) or not str(identity) or not is_web_address(address):
            return None
        password = found.get("password")
        if not isinstance(password, str) or not password:
            password = self._password(plan)
        return HeldMeeting(str(identity), {ADDRESS: str(address), PASSWORD: password})

    def _all_meetings(self) -> Iterator[dict[str, Any]]:
        """Page by page: to come, running, and past ones that have not expired.

        Raises
        ------
        ProviderFailure
            Also when the list has no end: then nobody knows that a meeting is missing.
        """
        query: dict[str, str | int] = {"type": "scheduled", "page_size": PAGE}
        for _ in range(MOST_PAGES):
            answer = self._call("GET", f"{self._users}?{urlencode(query, quote_via=quote, safe='')}")
            found = answer.get("meetings")
            if not isinstance(found, list):
                break
            yield from (item for item in found if isinstance(item, dict))
            step = answer.get("next_page_token")
            if not step:
                return
            query["next_page_token"] = str(step)
        raise self._caller.not_understood()

    def _delete_if_there(self, meeting: HeldMeeting) -> None:
        try:
            self._call("DELETE", _path(meeting.id))
        except ProviderFailure as failure:
            if failure.kind is not FailureKind.ABSENT:
                raise

    def _call(
        self, method: str, uri: str, body: dict[str, Any] | None = None, creating: bool = False
    ) -> dict[str, Any]:
        """With a new token, once, if the one that was kept is not taken any more: a 401 has done nothing."""
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        token = self._tokens.token()
        try:
            return self._called(token, method, uri, content, creating)
        except ProviderFailure as failure:
            if failure.code != TOKEN_REFUSED:
                raise
        return self._called(self._tokens.token(instead_of=token), method, uri, content, creating)

    def _called(
        self, token: str, method: str, uri: str, content: bytes | None, creating: bool
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        request = Request(method, self._access.url + uri, headers, content)
        return self._caller.call(lambda: request, understood, creating).json() or {}


def _path(meeting_id: str) -> str:
    return f"/v2/meetings/{quote(meeting_id, safe='')}"

"""Tencent Meeting (腾讯会议), by its REST interface with an enterprise's own key.

Source: invites.md "Tencent Meeting" and the provider's documents 1095/42413 (signature), 1095/43704 (errors),
1095/105276 (limits), 1095/42421 (list), 1095/57955 (ending a running meeting).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterator
from datetime import datetime
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
from defense.integrations.meetings.subject import carries, subject_with_tag, utf8_length
from defense.integrations.meetings.tencent_errors import ENDED, STARTED, understood
from defense.settings import TencentAccess

SUBJECT_BYTES = 512
INSTANCE = 1
"""The kind of device that an operator is said to use: a PC."""
ANYBODY = 1
"""Who may enter without the waiting room: whoever has the number."""
MOST_PAGES = 50
"""Of 20 meetings each."""


class TencentProvider:
    """Meetings of one Tencent Meeting user, made ahead."""

    name = ProviderName.TENCENT
    creates_ahead = True

    def __init__(self, access: TencentAccess, timing: Timing | None = None) -> None:
        self._access = access
        self._caller = Caller(Text("腾讯会议", "Tencent Meeting"), timing)

    def create(self, plan: MeetingPlan) -> HeldMeeting:
        """See `MeetingProvider.create`."""
        wanted = self._fields(plan) | {"type": 0, "hosts": [{"userid": self._access.user_id}]}
        wanted["password"] = self._password(plan)
        answer = self._call("POST", "/v1/meetings", wanted, creating=True)
        for found in _meetings(answer):
            if held := self._held(found, plan):
                return held
        raise self._caller.not_understood(creating=True)

    def find(self, plan: MeetingPlan) -> HeldMeeting | None:
        """See `MeetingProvider.find`; the provider lists meetings that are to come or running."""
        for found in self._all_meetings():
            subject = found.get("subject")
            if isinstance(subject, str) and carries(subject, plan.tag):
                held = self._held(found, plan)
                if held is None:
                    raise self._caller.not_understood()
                return held
        return None

    def move(self, meeting: HeldMeeting, plan: MeetingPlan) -> HeldMeeting:
        """See `MeetingProvider.move`; number, address and password stay."""
        self._call("PUT", _path(meeting), self._fields(plan))
        return meeting

    def cancel(self, meeting: HeldMeeting) -> None:
        """See `MeetingProvider.cancel`; one that is running is ended, and its number taken back."""
        reason = {"instanceid": INSTANCE, "reason_code": 1}
        operator = self._access.user_id
        try:
            self._call("POST", f"{_path(meeting)}/cancel", {"userid": operator, **reason})
            return
        except ProviderFailure as failure:
            if failure.kind is FailureKind.ABSENT:
                return
            if failure.code != STARTED:
                raise
        dismissal = {"operator_id": operator, "operator_id_type": 1, **reason}
        dismissal |= {"force_dismiss_meeting": 1, "retrieve_code": 1}
        try:
            self._call("POST", f"{_path(meeting)}/dismiss", dismissal)
        except ProviderFailure as failure:
            if failure.kind is not FailureKind.ABSENT and failure.code != ENDED:
                raise

    def join_url(
        self,
        meeting: HeldMeeting,
        plan: MeetingPlan,
        participant: Participant,
        now: datetime,
        valid_until: datetime,
    ) -> str:
        """See `MeetingProvider.join_url`; everybody's is the same, the waiting room tells people apart."""
        must_be_open(now, valid_until)
        return kept_address(meeting)

    def _fields(self, plan: MeetingPlan) -> dict[str, Any]:
        """What creating and moving have in common. Times are seconds since 1970, written as text."""
        return {
            "userid": self._access.user_id,
            "instanceid": INSTANCE,
            "subject": subject_with_tag(plan, SUBJECT_BYTES, utf8_length),
            "start_time": str(int(plan.start_at.timestamp())),
            "end_time": str(int(plan.end_at.timestamp())),
            "settings": {
                "mute_enable_join": True,
                "only_user_join_type": ANYBODY,
                "auto_in_waiting_room": plan.waiting_room,
                # With a waiting room they wait there; without one nobody may be alone in the room.
                "allow_in_before_host": plan.waiting_room,
            },
        }

    def _password(self, plan: MeetingPlan) -> str:
        """Six digits, the same for a tag every time: so a meeting that is found again has its password."""
        key = self._access.secret_key.encode()
        digest = hmac.digest(key, b"meeting password\n" + plan.tag.encode(), hashlib.sha256)
        return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"

    def _held(self, found: dict[str, Any], plan: MeetingPlan) -> HeldMeeting | None:
        identity, address = found.get("meeting_id"), found.get("join_url")
        if not isinstance(identity, str) or not identity or not is_web_address(address):
            return None
        password = found.get("password")
        if not isinstance(password, str) or not password:
            password = self._password(plan)
        return HeldMeeting(identity, {ADDRESS: str(address), PASSWORD: password})

    def _all_meetings(self) -> Iterator[dict[str, Any]]:
        """Page by page; meetings with the same start may come twice.

        Raises
        ------
        ProviderFailure
            Also when the list has no end: then nobody knows that a meeting is missing.
        """
        page: dict[str, int] = {}
        for _ in range(MOST_PAGES):
            query = {"userid": self._access.user_id, "instanceid": INSTANCE, **page}
            answer = self._call("GET", f"/v1/meetings?{urlencode(query, quote_via=quote, safe='')}")
            yield from _meetings(answer)
            if not answer.get("remaining"):
                return
            steps = {"pos": answer.get("next_pos"), "cursory": answer.get("next_cursory")}
            page = {name: step for name, step in steps.items() if isinstance(step, int)}
            if not page:
                break
        raise self._caller.not_understood()

    def _call(
        self, method: str, uri: str, body: dict[str, Any] | None = None, creating: bool = False
    ) -> dict[str, Any]:
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        answer = self._caller.call(lambda: signed(self._access, method, uri, content), understood, creating)
        return answer.json() or {}


def signed(access: TencentAccess, method: str, uri: str, content: bytes) -> Request:
    """A request with a fresh nonce and time.

    Parameters
    ----------
    uri : path and query as they are sent.
    """
    nonce, now = str(secrets.randbelow(2**31 - 1) + 1), str(int(time.time()))
    signature = _signature(access, f"{method}\n", nonce, now, uri, content)
    headers = {
        "Content-Type": "application/json",
        "X-TC-Key": access.secret_id,
        "X-TC-Timestamp": now,
        "X-TC-Nonce": nonce,
        "X-TC-Signature": signature,
        "AppId": access.app_id,
        "X-TC-Registered": "1",
    }
    if access.sdk_id:
        headers["SdkId"] = access.sdk_id
    return Request(method, access.url + uri, headers, content or None)


def _signature(access: TencentAccess, head: str, nonce: str, now: str, uri: str, content: bytes) -> str:
    signed_headers = f"X-TC-Key={access.secret_id}&X-TC-Nonce={nonce}&X-TC-Timestamp={now}"
    text = f"{head}{signed_headers}\n{uri}\n".encode() + content
    digest = hmac.new(access.secret_key.encode(), text, hashlib.sha256).hexdigest()
    return base64.b64encode(digest.encode()).decode()


def _path(meeting: HeldMeeting) -> str:
    return f"/v1/meetings/{quote(meeting.id, safe='')}"


def _meetings(answer: dict[str, Any]) -> list[dict[str, Any]]:
    found = answer.get("meeting_info_list")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

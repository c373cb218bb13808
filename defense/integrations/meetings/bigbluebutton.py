"""BigBlueButton: a meeting is made when the first person clicks, and again if it has meanwhile expired.

Source: invites.md "BigBlueButton" and docs.bigbluebutton.org/development/api. The server forgets a meeting
that nobody joins; `create` with the same values does no harm, so it comes before every entry.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from urllib.parse import quote, urlencode
from xml.etree.ElementTree import Element

from defense.domain.text import Text
from defense.integrations.http_line import Request
from defense.integrations.meetings.addresses import must_be_open
from defense.integrations.meetings.bigbluebutton_errors import NO_MEETING, read, understood
from defense.integrations.meetings.call import Caller, Timing
from defense.integrations.meetings.provider import (
    FailureKind,
    HeldMeeting,
    MeetingPlan,
    Participant,
    ProviderFailure,
    ProviderName,
)
from defense.integrations.meetings.subject import subject_with_tag
from defense.settings import BigBlueButtonAccess

SUBJECT_LENGTH = 128
"""Characters; the server takes 2 to 256."""


class BigBlueButtonProvider:
    """Meetings on one server. A meeting's `id` is the plan's tag."""

    name = ProviderName.BIGBLUEBUTTON
    creates_ahead = False

    def __init__(self, access: BigBlueButtonAccess, timing: Timing | None = None) -> None:
        self._access = access
        self._caller = Caller(Text("BigBlueButton", "BigBlueButton"), timing)

    def create(self, plan: MeetingPlan) -> HeldMeeting:
        """See `MeetingProvider.create`; nothing is asked before somebody enters."""
        return HeldMeeting(plan.tag, {})

    def find(self, plan: MeetingPlan) -> HeldMeeting | None:
        """See `MeetingProvider.find`: whether the server has it now."""
        try:
            self._call("getMeetingInfo", {"meetingID": _meeting_id(plan.tag)})
        except ProviderFailure as failure:
            if failure.kind is FailureKind.ABSENT:
                return None
            raise
        return self.create(plan)

    def move(self, meeting: HeldMeeting, plan: MeetingPlan) -> HeldMeeting:
        """See `MeetingProvider.move`; the server knows no times."""
        return meeting

    def cancel(self, meeting: HeldMeeting) -> None:
        """See `MeetingProvider.cancel`; whoever is inside is put out."""
        meeting_id = _meeting_id(meeting.id)
        try:
            self._call("end", {"meetingID": meeting_id, "password": self._word(meeting_id, moderator=True)})
        except ProviderFailure as failure:
            if failure.kind is not FailureKind.ABSENT:
                raise

    def join_url(
        self,
        meeting: HeldMeeting,
        plan: MeetingPlan,
        participant: Participant,
        now: datetime,
        valid_until: datetime,
    ) -> str:
        """See `MeetingProvider.join_url`. The address names the very meeting by its time of creation:
        it opens no later one with the same id."""
        must_be_open(now, valid_until)
        meeting_id = _meeting_id(meeting.id)
        created_at = self._made(meeting_id, plan)
        values = {
            "fullName": participant.name,
            "meetingID": meeting_id,
            "role": "MODERATOR" if participant.moderator else "VIEWER",
            "userID": participant.id,
            "createTime": created_at,
        }
        if plan.waiting_room and not participant.moderator:
            values["guest"] = "true"
        query = urlencode(values, quote_via=quote, safe="")
        return f"{self._access.url}/join?{query}&checksum={self._checksum('join', query)}"

    def _made(self, meeting_id: str, plan: MeetingPlan) -> str:
        """Make the meeting or meet the one that is there; its time of creation, as the server writes it."""
        values = {
            "name": subject_with_tag(plan, SUBJECT_LENGTH),
            "meetingID": meeting_id,
            # Without the same two words the server takes the second creation for another meeting's.
            "attendeePW": self._word(meeting_id, moderator=False),
            "moderatorPW": self._word(meeting_id, moderator=True),
            "guestPolicy": "ASK_MODERATOR" if plan.waiting_room else "ALWAYS_ACCEPT",
            "record": "false",
            "autoStartRecording": "false",
            "allowStartStopRecording": "false",
        }
        created_at = self._call("create", values).findtext("createTime", "").strip()
        if not created_at.isdecimal():
            raise self._caller.not_understood()
        return created_at

    def _word(self, meeting_id: str, moderator: bool) -> str:
        """The meeting's password for one role: older servers compare it, nobody is ever told."""
        text = f"{'moderator' if moderator else 'attendee'}\n{meeting_id}".encode()
        return hmac.digest(self._access.secret.encode(), text, hashlib.sha256).hex()[:32]

    def _call(self, name: str, values: dict[str, str]) -> Element:
        """All values go in the body: addresses are written into logs along the way."""
        body = urlencode(values, quote_via=quote, safe="").encode()
        request = Request(
            "POST",
            f"{self._access.url}/{name}?checksum={self._checksum(name, '')}",
            {"Content-Type": "application/x-www-form-urlencoded"},
            body,
        )
        # Nothing is made twice: a second creation meets the first.
        answer = self._caller.call(lambda: request, understood)
        root = read(answer)
        if root is None:
            raise self._caller.not_understood()
        return root

    def _checksum(self, name: str, query: str) -> str:
        text = f"{name}{query}{self._access.secret}".encode()
        return hashlib.new(self._access.checksum, text).hexdigest()


def _meeting_id(tag: str) -> str:
    """The tag as the server takes it.

    Raises
    ------
    ProviderFailure
    """
    if not 2 <= len(tag) <= 256 or "," in tag or not tag.isprintable():
        raise ProviderFailure(FailureKind.NEVER, NO_MEETING)
    return tag

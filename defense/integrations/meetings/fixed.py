"""A panel's standing conference room: an address and a password that somebody wrote down."""

from __future__ import annotations

from datetime import datetime

from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.integrations.meetings.addresses import is_meeting_address, must_be_open
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

PASSWORD_LENGTH = 40

_ADDRESS_FORM = Text(
    "固定会议室地址应以 https:// 开头，请从会议软件中复制完整的入会链接。",
    "The standing room's address must begin with https://; copy the whole link from the meeting program.",
)
_PASSWORD_FORM = Text(
    "固定会议室密码应为一行文字，最多40个字符。",
    "The standing room's password must be one line of at most 40 characters.",
)
_NO_ROOM = Text(
    "该专业组没有填写固定会议室，请填写会议室地址或选择其他会议服务。",
    "The panel has no standing room; enter its address or choose another provider.",
)


class FixedProvider:
    """Rooms that exist already. A meeting is made by `standing_room`, and every one has its own address."""

    name = ProviderName.FIXED
    creates_ahead = False

    def create(self, plan: MeetingPlan) -> HeldMeeting:
        """See `MeetingProvider.create`; a standing room cannot be made here.

        Raises
        ------
        ProviderFailure
            Always.
        """
        raise ProviderFailure(FailureKind.NEVER, _NO_ROOM)

    def find(self, plan: MeetingPlan) -> HeldMeeting | None:
        """See `MeetingProvider.find`; none was ever made."""
        return None

    def move(self, meeting: HeldMeeting, plan: MeetingPlan) -> HeldMeeting:
        """See `MeetingProvider.move`; the room stands at all times."""
        return meeting

    def cancel(self, meeting: HeldMeeting) -> None:
        """See `MeetingProvider.cancel`; the room stays, other panels may use it."""

    def join_url(
        self,
        meeting: HeldMeeting,
        plan: MeetingPlan,
        participant: Participant,
        now: datetime,
        valid_until: datetime,
    ) -> str:
        """See `MeetingProvider.join_url`; the password is told apart from it."""
        must_be_open(now, valid_until)
        address = meeting.secrets.get(ADDRESS)
        if address is None or not is_meeting_address(address):
            raise ProviderFailure(FailureKind.ABSENT, _NO_ROOM)
        return address


def standing_room(room_id: str, address: str, password: str = "") -> HeldMeeting:
    """The meeting of a room that somebody entered by hand.

    Parameters
    ----------
    room_id : what the service calls the room; it says nothing about the address.
    address : a web address, or a link that opens the program of Tencent Meeting or Zoom.

    Raises
    ------
    InvalidInput
        Without repeating what was entered.
    """
    address, password = address.strip(), password.strip()
    if not is_meeting_address(address):
        raise InvalidInput(_ADDRESS_FORM)
    if len(password) > PASSWORD_LENGTH or not password.isprintable():
        raise InvalidInput(_PASSWORD_FORM)
    return HeldMeeting(room_id, {ADDRESS: address} | ({PASSWORD: password} if password else {}))

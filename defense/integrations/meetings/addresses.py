"""Addresses of meetings, checked wherever they come from: a person's browser is sent there."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from defense.domain.errors import Forbidden
from defense.domain.text import Text
from defense.integrations.meetings.provider import ADDRESS, FailureKind, HeldMeeting, ProviderFailure

_OVER = Text("会议入口已关闭，请联系会务人员。", "The meeting is closed to you now; call the organisers.")


_NO_ADDRESS = Text(
    "这场会议没有可用的入会地址，请联系系统管理员重新建立会议。",
    "The meeting has no address to enter by; have the administrator make it again.",
)


def must_be_open(now: datetime, valid_until: datetime) -> None:
    """Raise `Forbidden` if the right to enter has passed."""
    if valid_until <= now:
        raise Forbidden(_OVER)


def kept_address(meeting: HeldMeeting) -> str:
    """The address that participants of a meeting made ahead enter by.

    Raises
    ------
    ProviderFailure
        None was kept, or none that a browser may be sent to.
    """
    address = meeting.secrets.get(ADDRESS)
    if not is_web_address(address):
        raise ProviderFailure(FailureKind.ABSENT, _NO_ADDRESS)
    return str(address)


def is_web_address(address: object) -> bool:
    """Whether it is a plain `https` or `http` address with a host, without user, blanks or line ends."""
    return _is_plain(address, ("http", "https"))


def is_meeting_address(address: object) -> bool:
    """The same, or a link that opens the program of Tencent Meeting or Zoom on the reader's device."""
    return _is_plain(address, ("http", "https", "wemeet", "zoommtg", "zoomus"))


def _is_plain(address: object, schemes: tuple[str, ...]) -> bool:
    if not isinstance(address, str) or not 10 <= len(address) <= 2000 or not address.isascii():
        return False
    if any(sign <= " " or sign in '\\"<>\x7f' for sign in address):
        return False
    try:
        parts = urlsplit(address)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and parts.username is None
    except ValueError:
        return False

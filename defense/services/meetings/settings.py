"""Who holds the meetings of a round, and the standing conference room of a panel."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.integrations.meetings.fixed import standing_room
from defense.integrations.meetings.provider import ProviderName
from defense.models import Panel, Round
from defense.services.audit import record_audit
from defense.services.keeping.at_rest import open_bytes, seal_bytes
from defense.services.meetings.rows import MeetingState, Providers
from defense.settings import Settings

PROVIDER_TEXT = {
    ProviderName.TENCENT: Text("腾讯会议", "Tencent Meeting"),
    ProviderName.ZOOM: Text("Zoom", "Zoom"),
    ProviderName.BIGBLUEBUTTON: Text("BigBlueButton", "BigBlueButton"),
    ProviderName.JITSI: Text("Jitsi", "Jitsi"),
    ProviderName.FIXED: Text("各组固定会议室", "each panel’s standing conference room"),
}
MEETING_STATE_TEXT: dict[str, Text] = {
    MeetingState.PLANNED: Text("待创建", "to be created"),
    MeetingState.CREATING: Text("创建中", "being created"),
    MeetingState.HELD: Text("已创建", "held"),
    MeetingState.CANCELLING: Text("取消中", "being cancelled"),
    MeetingState.CANCELLED: Text("已取消", "cancelled"),
    MeetingState.FAILED: Text("未能创建", "could not be had"),
}
_PURPOSE = "standing conference rooms"
LONGEST_NUMBER = 40


@dataclass(frozen=True)
class PanelRoom:
    """A panel's standing conference room; number and password may be empty."""

    address: str
    number: str
    password: str


def change_meeting_settings(
    session: Session,
    round_: Round,
    providers: Providers,
    first: str,
    second: str,
    waiting_room: bool,
    account_id: int,
) -> None:
    """Keep who holds the meetings; those that exist already follow in the background.

    Parameters
    ----------
    second : "" for none.

    Raises
    ------
    InvalidInput
        A provider that is not configured, or the same one twice.
    """
    for name in filter(None, (first, second)):
        kept = name in (round_.meeting_provider, round_.second_meeting_provider)
        if name not in PROVIDER_TEXT or (name not in providers and not kept):
            raise InvalidInput(Text("会议平台：请从列表中选择。", "Meeting provider: choose from the list."))
    if not first or first == second:
        raise InvalidInput(
            Text("请选择会议平台；备用平台应与之不同。", "Choose a provider; the second one must differ.")
        )
    before = (round_.meeting_provider, round_.second_meeting_provider, round_.meeting_waiting_room)
    if before == (first, second or None, waiting_room):
        return
    round_.meeting_provider, round_.second_meeting_provider = first, second or None
    round_.meeting_waiting_room = waiting_room
    detail = {"provider": first, "second_provider": second, "waiting_room": waiting_room}
    record_audit(session, "round.meetings_changed", f"round:{round_.id}", detail, account_id)


def keep_panel_room(
    session: Session, settings: Settings, panel: Panel, room: PanelRoom, account_id: int
) -> None:
    """Keep the panel's standing room, sealed; an empty password leaves the present one.

    Raises
    ------
    InvalidInput
        Naming the part that cannot be like this, without repeating it.
    """
    standing_room(f"panel-{panel.id}", room.address, room.password)
    if not room.address.startswith("https://"):
        raise InvalidInput(
            Text(
                "会议地址应以 https:// 开头，请从会议软件中完整复制。",
                "The meeting address begins with https://; copy the whole of it from the meeting program.",
            )
        )
    if len(room.number) > LONGEST_NUMBER or not room.number.isprintable():
        raise InvalidInput(
            Text("会议号应为一行文字，最多40个字符。", "The number is one line of at most 40 characters.")
        )
    panel.meeting_address = _sealed(settings, panel, "address", room.address)
    panel.meeting_number = _sealed(settings, panel, "number", room.number)
    if room.password:
        panel.meeting_password = _sealed(settings, panel, "password", room.password)
    record_audit(session, "panel.room_kept", f"panel:{panel.id}", {}, account_id)


def forget_panel_room(session: Session, panel: Panel, account_id: int) -> None:
    """The panel has no standing room any more."""
    if panel.meeting_address is None:
        return
    panel.meeting_address = panel.meeting_number = panel.meeting_password = None
    record_audit(session, "panel.room_forgotten", f"panel:{panel.id}", {}, account_id)


def panel_room_of(settings: Settings, panel: Panel) -> PanelRoom | None:
    """The panel's standing room, opened; for whoever may enter it now, and for nobody else."""
    if panel.meeting_address is None:
        return None
    return PanelRoom(
        address=_opened(settings, panel, "address", panel.meeting_address),
        number=_opened(settings, panel, "number", panel.meeting_number),
        password=_opened(settings, panel, "password", panel.meeting_password),
    )


def masked_room(settings: Settings, panel: Panel) -> PanelRoom | None:
    """The panel's standing room as staff recognise it, and nobody can enter: the host, the last digits."""
    room = panel_room_of(settings, panel)
    if room is None:
        return None
    return PanelRoom(
        address=f"https://{urlsplit(room.address).hostname}/…",
        number=f"…{room.number[-2:]}" if len(room.number) > 4 else "…" * bool(room.number),
        password="••••" if room.password else "",
    )


def _sealed(settings: Settings, panel: Panel, part: str, value: str) -> bytes:
    return seal_bytes(settings.secret_key, _PURPOSE, f"panel:{panel.id}:{part}", value.encode())


def _opened(settings: Settings, panel: Panel, part: str, sealed: bytes | None) -> str:
    if sealed is None:
        return ""
    return open_bytes(settings.secret_key, _PURPOSE, f"panel:{panel.id}:{part}", sealed).decode()

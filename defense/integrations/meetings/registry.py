"""Which meeting providers this installation has."""

from __future__ import annotations

from defense.integrations.meetings.bigbluebutton import BigBlueButtonProvider
from defense.integrations.meetings.call import Timing
from defense.integrations.meetings.fixed import FixedProvider
from defense.integrations.meetings.jitsi import JitsiProvider
from defense.integrations.meetings.provider import MeetingProvider, ProviderName
from defense.integrations.meetings.tencent import TencentProvider
from defense.integrations.meetings.zoom import ZoomProvider
from defense.settings import Settings


def provider_from(
    settings: Settings, name: ProviderName, timing: Timing | None = None
) -> MeetingProvider | None:
    """The connector of that name; None if the settings do not have it."""
    match name:
        case ProviderName.JITSI:
            return JitsiProvider(settings.jitsi_url, settings.jitsi_app_id, settings.jitsi_app_secret)
        case ProviderName.BIGBLUEBUTTON:
            access = settings.bigbluebutton
            return BigBlueButtonProvider(access, timing) if access else None
        case ProviderName.TENCENT:
            return TencentProvider(settings.tencent, timing) if settings.tencent else None
        case ProviderName.ZOOM:
            return ZoomProvider(settings.zoom, timing) if settings.zoom else None
        case ProviderName.FIXED:
            return FixedProvider()

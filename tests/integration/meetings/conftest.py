"""Stand-ins of the providers, and connectors that are short of patience."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from defense.integrations.meetings.bigbluebutton import BigBlueButtonProvider
from defense.integrations.meetings.tencent import TencentProvider
from defense.integrations.meetings.zoom import ZoomProvider
from tests.doubles.bbb_double import BbbDouble
from tests.doubles.tencent_double import TencentDouble
from tests.doubles.zoom_double import ZoomDouble
from tests.meeting_world import QUICK, bbb_access, tencent_access, zoom_access


@pytest.fixture
def tencent() -> Iterator[TencentDouble]:
    with TencentDouble() as double:
        yield double


@pytest.fixture
def tencent_meetings(tencent: TencentDouble) -> TencentProvider:
    return TencentProvider(tencent_access(tencent), QUICK)


@pytest.fixture
def zoom() -> Iterator[ZoomDouble]:
    with ZoomDouble() as double:
        yield double


@pytest.fixture
def zoom_meetings(zoom: ZoomDouble) -> ZoomProvider:
    return ZoomProvider(zoom_access(zoom), QUICK)


@pytest.fixture
def bbb() -> Iterator[BbbDouble]:
    with BbbDouble() as double:
        yield double


@pytest.fixture
def bbb_meetings(bbb: BbbDouble) -> BigBlueButtonProvider:
    return BigBlueButtonProvider(bbb_access(bbb), QUICK)

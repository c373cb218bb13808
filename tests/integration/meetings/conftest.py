"""Stand-ins of the providers, and connectors that are short of patience."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from defense.integrations.meetings.tencent import TencentProvider
from tests.doubles.tencent_double import TencentDouble
from tests.meeting_world import QUICK, tencent_access


@pytest.fixture
def tencent() -> Iterator[TencentDouble]:
    with TencentDouble() as double:
        yield double


@pytest.fixture
def tencent_meetings(tencent: TencentDouble) -> TencentProvider:
    return TencentProvider(tencent_access(tencent), QUICK)

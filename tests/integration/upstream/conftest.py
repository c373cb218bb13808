"""The upstream platform, served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.upstream_platform import Caller, Platform, serving


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A platform with invented applications that wants tokens."""
    with serving(tmp_path) as platform:
        yield platform


@pytest.fixture
def caller(platform: Platform) -> Caller:
    return Caller(platform)

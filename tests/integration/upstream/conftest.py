"""The upstream platform, served."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.upstream_platform import Caller, Platform, filled_file, serving


@pytest.fixture(scope="session")
def platform_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a platform with invented applications; tests take copies."""
    return filled_file(tmp_path_factory.mktemp("platform"))


@pytest.fixture
def platform(tmp_path: Path, platform_file: Path) -> Iterator[Platform]:
    """A platform with invented applications that wants tokens."""
    with serving(Path(shutil.copy(platform_file, tmp_path))) as platform:
        yield platform


@pytest.fixture
def caller(platform: Platform) -> Caller:
    return Caller(platform)

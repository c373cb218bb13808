"""How much the long runs do: `SOAK_SCALE=0.01 make soak` does a hundredth of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from math import ceil

import pytest

from tests.postgres import postgres, published_postgres

__all__ = ["postgres", "published_postgres"]

Scaled = Callable[[int], int]


@pytest.fixture(scope="session")
def scaled() -> Scaled:
    """A count of the full run → the one of this run, at least 1."""
    scale = float(os.environ.get("SOAK_SCALE") or 1)
    return lambda count: max(1, ceil(count * scale))

"""The one Chromium, and the one PostgreSQL server, that all browser tests of a run share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browsers import CHROMIUM, CHROMIUM_ARGS
from tests.postgres import postgres, published_postgres

__all__ = ["postgres", "published_postgres"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def close_pages(browser: Browser) -> Iterator[None]:
    """No page of a test outlives it."""
    yield
    for context in browser.contexts:
        context.close()

"""Pages of a list."""

from __future__ import annotations

READ_AT_ONCE = 50
"""Rows that a long reading takes from the database at a time."""


def place_page(page: int, found: int, size: int) -> tuple[int, int]:
    """The page to show, from 1, and how many there are; a page that is not there becomes the nearest."""
    pages = max(1, -(-found // size))
    return min(max(page, 1), pages), pages

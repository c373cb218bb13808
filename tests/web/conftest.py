"""Fixtures of the tests with pages and sockets."""

from tests.postgres import postgres, published_postgres

__all__ = ["postgres", "published_postgres"]

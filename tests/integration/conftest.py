"""The PostgreSQL server that all integration tests share."""

from tests.postgres import postgres, published_postgres

__all__ = ["postgres", "published_postgres"]

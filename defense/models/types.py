"""Column types and small helpers shared by the tables."""

from __future__ import annotations

import json
import secrets
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

MAX_ROW_ID = 2**31 - 1
"""Beyond it PostgreSQL answers with an error instead of no row."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; SQLite, which forgets time zones, gives it back aware too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times, which would shift by eight hours unnoticed."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive datetime reached the database: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Attach UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class PackedJson:
    """A value for a JSON column, kept small until it is written: thousands of them wait in memory."""

    packed: bytes

    @classmethod
    def of(cls, value: Any) -> PackedJson:
        """Pack a value that JSON can say."""
        return cls(zlib.compress(json.dumps(value).encode(), level=1))


def json_text(value: Any) -> str:
    """How an engine writes JSON columns: as usual, and what is packed without taking it to pieces again."""
    return zlib.decompress(value.packed).decode() if isinstance(value, PackedJson) else json.dumps(value)


def utc_now() -> datetime:
    """The present moment, aware."""
    return datetime.now(UTC)


def random_id() -> str:
    """128 random bits as 32 hex digits: an id that tells nothing about order or number."""
    return secrets.token_hex(16)


def table_of(model: type[DeclarativeBase]) -> Table:
    """The table of a model, for statements that go past the unit of work."""
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model.__name__} is not a table")
    return table

"""The audit log as it lies in the database, for those who trust nothing in it.

A forger may have put anything into a column, text that is not UTF-8 or JSON with a key twice included, so
nothing here goes through the models. Text that cannot be ours comes out as None; a number's column may hold
anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session


class EntryRow(NamedTuple):
    """An `AuditEntry`; `at` as `2021-11-22 02:00:00.000000` (UTC), `detail` as the stored JSON text."""

    chain: str | None
    seq: Any
    at: str | None
    account_id: Any
    action: str | None
    subject: str | None
    detail: str | None
    previous_digest: str | None
    digest: str | None


class HeadRow(NamedTuple):
    """An `AuditHead`."""

    chain: str | None
    seq: Any
    digest: str | None


class SealRow(NamedTuple):
    """A `Seal`; `sealed_at` as `EntryRow.at`."""

    sitting_id: Any
    chain_seq: Any
    chain_digest: str | None
    statement: str | None
    signature: str | None
    public_key: str | None
    sealed_by_id: Any
    sealed_at: str | None


NUMBERS = {"seq", "account_id", "sitting_id", "chain_seq", "sealed_by_id"}
TIMES = {"at", "sealed_at"}
_STORED_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", re.ASCII)


def entry_rows(session: Session) -> Iterator[EntryRow]:
    """Every entry, chain by chain, by number; a few at a time."""
    return (EntryRow(*row) for row in _rows(session, "audit_entry", EntryRow._fields, "chain, seq"))


def head_rows(session: Session) -> list[HeadRow]:
    """The head of every chain."""
    return [HeadRow(*row) for row in _rows(session, "audit_head", HeadRow._fields, "chain")]


def seal_rows(session: Session) -> list[SealRow]:
    """Every seal."""
    return [SealRow(*row) for row in _rows(session, "seal", SealRow._fields, "sitting_id")]


def _rows(session: Session, table: str, columns: tuple[str, ...], order: str) -> Iterator[list[Any]]:
    column = _postgresql_column if session.get_bind().dialect.name == "postgresql" else _sqlite_column
    # Table and columns are names from this file.
    query = f"SELECT {', '.join(map(column, columns))} FROM {table} ORDER BY {order}"  # noqa: S608
    for row in session.execute(text(query), execution_options={"yield_per": 500}):
        yield [_plain(value, name in NUMBERS) for name, value in zip(columns, row, strict=True)]


def _postgresql_column(name: str) -> str:
    if name in TIMES:
        return f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24\\:MI\\:SS.US')"
    return "CAST(detail AS text)" if name == "detail" else name


def _sqlite_column(name: str) -> str:
    # As bytes, since the driver gives up on text that is not UTF-8.
    return name if name in NUMBERS else f"CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) END"


def _plain(value: object, number: bool) -> object:
    if number:
        return value
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return None
    return value if isinstance(value, str) else None


def stored_moment(text: str | None) -> datetime | None:
    """A moment as rows hold it; None for anything else."""
    if text is None or not _STORED_TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None

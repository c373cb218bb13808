"""Tables taken from a published round, and what the audit log says about it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.extensions import db
from defense.models import AuditEntry

Enter = Callable[[str], FlaskClient]
Database = Callable[[Callable[[Session], Any]], Any]
Sheets = dict[str, list[tuple[Any, ...]]]
Take = Callable[[str], Sheets]


@pytest.fixture
def database(published_app: Flask) -> Database:
    """Do something in a session of its own and commit."""

    def run(work: Callable[[Session], Any]) -> Any:
        with published_app.app_context(), sessionmaker(db.engine)() as session:
            result = work(session)
            session.commit()
            return result

    return run


@pytest.fixture
def take(enter: Enter, database: Database) -> Take:
    """Take a table as staff: sheet → rows, headers first. Nobody else is given it, and it is audited once."""

    def take_table(address: str) -> Sheets:
        for role in ("supervisor", "secretary", "expert0", "candidate0"):
            assert enter(role).post(address).status_code == 403, role
        before = database(_taken)
        answer = enter("staff").post(address)
        assert answer.status_code == 200, answer.text
        (table,) = database(_taken)[len(before) :]
        # A file is named after the table that the audit log names.
        assert table in unquote(answer.headers["Content-Disposition"])
        book = load_workbook(io.BytesIO(answer.data))
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
        assert [cell.value for cell in cells if cell.data_type == "f"] == []
        return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}

    return take_table


def _taken(session: Session) -> list[str]:
    entries = select(AuditEntry.detail).where(AuditEntry.action == "export.taken").order_by(AuditEntry.seq)
    return [detail["table"] for detail in session.scalars(entries)]

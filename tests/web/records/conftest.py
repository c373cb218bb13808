"""Browsers of the office on an empty database, and workbooks to upload."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from defense.domain.round_rules import parse_round_rules
from defense.extensions import db
from defense.integrations.sample_data import write_sample_data
from defense.models import Account
from defense.models.types import utc_now
from defense.services.access import Role, create_account, issue_link
from defense.services.rounds import RULE_FILES_DIR, ensure_round

Query = Callable[[Callable[[Session], Any]], Any]


def in_database(app: Flask, work: Callable[[Session], Any]) -> Any:
    """Do something in a session of its own and commit."""
    with app.app_context(), sessionmaker(db.engine)() as session:
        result = work(session)
        session.commit()
        return result


@pytest.fixture
def database(app: Flask) -> Query:
    return lambda work: in_database(app, work)


@pytest.fixture
def published_database(published_app: Flask) -> Query:
    return lambda work: in_database(published_app, work)


@pytest.fixture
def office(app: Flask, database: Query) -> Callable[[str], FlaskClient]:
    """A browser of somebody of the office, signed in; the round 2021 exists."""

    def link_of(session: Session, role: str) -> str:
        ensure_round(session, "2021")
        account = session.scalar(select(Account).where(Account.username == role))
        if account is None:
            account = create_account(session, Role(role), "某人", role, None)
        return issue_link(session, account, utc_now() + timedelta(days=1))

    def enter_as(role: str) -> FlaskClient:
        client = app.test_client()
        assert client.get(database(lambda session: link_of(session, role))).status_code == 302
        return client

    return enter_as


@pytest.fixture(scope="session")
def workbooks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The three workbooks of an invented round, by kind; some applications have faults."""
    directory: Path = tmp_path_factory.mktemp("uploads")
    rules = parse_round_rules((RULE_FILES_DIR / "2021.toml").read_text(encoding="utf-8"))
    write_sample_data(directory, 48, 5, date(2021, 11, 22), rules, whole=4)
    return {path.stem: path.read_bytes() for path in directory.glob("*.xlsx")}


@pytest.fixture
def upload() -> Callable[..., TestResponse]:
    def send(client: FlaskClient, kind: str, data: bytes, name: str = "a.xlsx") -> TestResponse:
        form = {"kind": kind, "workbook": (io.BytesIO(data), name)}
        return client.post("/rounds/2021/import", data=form)

    return send

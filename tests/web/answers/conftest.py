"""Browsers of invited people and of staff on a published round whose defences are still to come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.extensions import db
from defense.models import Account, Invite
from defense.models.types import utc_now
from defense.services.access import issue_link
from defense.services.invites.own_appointments import audience_of
from defense.services.transaction import begin_write
from tests.answer_pages import Person, Write


@pytest.fixture
def write(future_app: Flask) -> Iterator[Write]:
    """Do something in a session of its own and commit."""

    def do(work: Callable[[Session], Any]) -> Any:
        with future_app.app_context(), sessionmaker(db.engine)() as session:
            begin_write(session)
            result = work(session)
            session.commit()
            return result

    yield do


@pytest.fixture
def invited(future_app: Flask, write: Write) -> Callable[..., Person]:
    """The n-th invited person of an audience, in order of time."""

    def enter(audience: str, number: int = 0) -> Person:
        def find(session: Session) -> int:
            invites = session.scalars(select(Invite).order_by(Invite.start_at, Invite.id))
            return [invite.id for invite in invites if audience_of(invite) == audience][number]

        return Person(future_app, write, write(find))

    return enter


@pytest.fixture
def office(future_app: Flask, write: Write) -> Callable[[str], FlaskClient]:
    """A browser of somebody of the office, signed in."""

    def enter(username: str) -> FlaskClient:
        def link_of(session: Session) -> str:
            account = session.scalars(select(Account).where(Account.username == username)).one()
            return issue_link(session, account, utc_now() + timedelta(days=1))

        client = future_app.test_client()
        assert client.get(write(link_of)).status_code == 302
        return client

    return enter


@pytest.fixture
def staff(office: Callable[[str], FlaskClient]) -> FlaskClient:
    return office("staff")

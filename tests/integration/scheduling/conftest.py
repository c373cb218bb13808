"""Sessions on a published round whose defences are still to come."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.extensions import db
from defense.models import Account, Round
from defense.services.transaction import begin_write


@pytest.fixture
def factory(future_app: Flask) -> sessionmaker[Session]:
    """Sessions on the round, outside every application context."""
    with future_app.app_context():
        engine = db.engine
    return sessionmaker(engine)


@pytest.fixture
def session(factory: sessionmaker[Session]) -> Iterator[Session]:
    """A session that may write; what it does not commit is gone."""
    with factory() as session:
        begin_write(session)
        yield session


@pytest.fixture
def round_(session: Session) -> Round:
    return session.scalars(select(Round)).one()


@pytest.fixture
def staff_id(session: Session) -> int:
    return session.scalars(select(Account.id).where(Account.username == "staff")).one()

"""A published round to write documents about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.extensions import db
from defense.models import Application

WEEK_WITH_A_WORKED_SATURDAY = {"start": "2021-09-13", "end": "2021-09-18"}
"""Saturday 18 September 2021 was worked before the Mid-Autumn festival (调休): six working days."""


@pytest.fixture
def session(published_app: Flask) -> Iterator[Session]:
    """A session on a published sample round of its own."""
    with published_app.app_context(), sessionmaker(db.engine)() as session:
        yield session


@pytest.fixture
def applicant(session: Session) -> Callable[..., Application]:
    """The first application that is in order, its record changed in the fields that are given."""

    def change(publicity: dict[str, Any] | None = None, **fields: Any) -> Application:
        application = session.scalars(
            select(Application).where(Application.valid).order_by(Application.number)
        ).first()
        assert application is not None
        days = application.record_json["publicity"] | (publicity or {})
        application.record_json = application.record_json | fields | {"publicity": days}
        session.flush()
        return application

    return change

"""Browsers of the published round's people, and its database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from defense.extensions import db

Database = Callable[[Callable[[Session], Any]], Any]


@pytest.fixture
def database(published_app: Flask) -> Database:
    """Do something in a session of its own and commit."""

    def in_session(work: Callable[[Session], Any]) -> Any:
        with published_app.app_context(), sessionmaker(db.engine)() as session:
            result = work(session)
            session.commit()
            return result

    return in_session

"""More sittings than a sample round has: copies of one, each candidate waiting for the panel's vote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask import session as flask_session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import Engine, Table, create_engine, insert, select
from sqlalchemy.orm import Session, sessionmaker

from defense.app import create_app
from defense.extensions import db
from defense.models import Account, Application, Defence, PanelHalfDay, SignIn, Sitting, SittingMember
from defense.models.types import random_id, utc_now
from defense.services.access import Role, expert_account
from defense.services.transaction import begin_write, prepare_engine
from tests.conftest import People, introduce_people, make_settings

READY = {"state": "discussing", "outcome": None, "decided_at": None, "interrupted_state": None}
"""A defence whose ballot may be opened."""


def add_sittings(
    session: Session, like: int, sittings: int, defences: int = 1
) -> list[tuple[int, list[int]]]:
    """Copy a sitting with its members so many times; the ids of each copy and of its defences.

    Parameters
    ----------
    like : id of the sitting; its first candidate is copied, too.
    defences : candidates of each copy.
    """
    original = session.get_one(Sitting, like)
    candidate = original.defences[0]
    members = [_row(session, SittingMember, sitting_id=like, expert_id=m.expert_id) for m in original.members]
    made = []
    for number in range(sittings):
        later = timedelta(days=7 * (number + 1))
        half_day = _copy(
            session,
            PanelHalfDay,
            original.half_day_id,
            start_at=original.half_day.start_at + later,
            end_at=original.half_day.end_at + later,
        )
        sitting_id = _copy(
            session, Sitting, like, half_day_id=half_day, meeting_key=random_id(), screen_key=random_id()
        )
        session.execute(insert(SittingMember), [member | {"sitting_id": sitting_id} for member in members])
        made.append((sitting_id, [_copy_defence(session, candidate, sitting_id, n) for n in range(defences)]))
    return made


def _copy_defence(session: Session, candidate: Defence, sitting_id: int, number: int) -> int:
    application_id = _copy(session, Application, candidate.application_id, number=random_id()[:20])
    minutes = timedelta(minutes=number)
    return _copy(
        session,
        Defence,
        candidate.id,
        application_id=application_id,
        sitting_id=sitting_id,
        start_at=candidate.start_at + minutes,
        **READY,
    )


def _copy(session: Session, model: Any, id_: int, **changes: Any) -> int:
    row = _row(session, model, id=id_)
    del row["id"]
    done = session.execute(insert(model).values(row | changes))
    new_id: int = done.inserted_primary_key[0]  # type: ignore[attr-defined]
    return new_id


def _row(session: Session, model: Any, **key: Any) -> dict[str, Any]:
    table: Table = model.__table__
    where = [table.c[name] == value for name, value in key.items()]
    return dict(session.execute(select(table).where(*where)).mappings().one())


@dataclass(frozen=True)
class Browser:
    """Somebody's browser, signed in."""

    cookie: str
    csrf_token: str

    @property
    def headers(self) -> dict[str, str]:
        """What it sends with a form or a script's request."""
        return {"Cookie": self.cookie, "X-CSRFToken": self.csrf_token, "Accept": "application/json"}


def sign_in_browsers(app: Flask, session: Session, accounts: Sequence[Account]) -> list[Browser]:
    """A new browser for each of these, with the cookie that the service would set."""
    expires_at = utc_now() + timedelta(hours=12)
    sign_ins = [SignIn(id=random_id(), account_id=account.id, expires_at=expires_at) for account in accounts]
    session.add_all(sign_ins)
    with app.test_request_context():
        token = generate_csrf()
        secret = flask_session["csrf_token"]
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return [
        Browser(f"session={signer.dumps({'sign_in_id': one.id, 'csrf_token': secret})}", token)
        for one in sign_ins
    ]


@dataclass
class Scene:
    """A database with many sittings of the same panel, before its server starts.

    Parameters
    ----------
    sittings : id of each and of its defences.
    panels : in each, the browsers of all members, then of the secretary, then of a staff member.
    """

    directory: Path
    engine: Engine
    sittings: list[tuple[int, list[int]]]
    panels: list[list[Browser]]
    people: People


def set_scene(directory: Path, url: str | None, sittings: int, defences: int, panels: int) -> Scene:
    """Fill a copy of the published round.

    Parameters
    ----------
    url : of the database; None for the SQLite file in `directory`.
    """
    app = create_app(make_settings(directory, **({"DATABASE_URL": url} if url else {})))
    with app.app_context():
        with sessionmaker(db.engine)() as session:
            people = introduce_people(session)
            begin_write(session)
            made = add_sittings(session, people.sitting_id, sittings, defences)
            sitting = session.get_one(Sitting, people.sitting_id)
            accounts = [expert_account(session, member.expert) for member in sitting.members]
            staff = session.scalars(select(Account).where(Account.role == Role.STAFF)).first()
            assert sitting.panel.secretary is not None
            assert staff is not None
            seats = [*accounts, sitting.panel.secretary, staff]
            browsers = sign_in_browsers(app, session, seats * panels)
            session.commit()
        address = db.engine.url
        db.engine.dispose()
    engine = create_engine(address)
    prepare_engine(engine)
    by_panel = [browsers[n : n + len(seats)] for n in range(0, len(browsers), len(seats))]
    return Scene(directory, engine, made, by_panel, people)

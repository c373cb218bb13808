"""Signing in by password: limits, changes, and what a failure leaves behind."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from defense.extensions import db
from defense.models import Account, AuditEntry, SignIn
from defense.services.access import MAX_FAILURES, Role, create_account
from defense.services.throttle import AttemptLimiter

PASSWORD = "long enough 1"


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session on the application's database, outside its context: requests make their own."""
    with app.app_context():
        engine = db.engine
    with Session(engine) as session:
        yield session


def add_staff(session: Session) -> Account:
    account = create_account(session, Role.STAFF, "王工", "staff", PASSWORD)
    session.commit()
    return account


def test_right_password_enters_and_wrong_one_does_not(app: Flask, session: Session) -> None:
    add_staff(session)
    client = app.test_client()
    wrong = client.post("/login", data={"username": "staff", "password": "not this one"})
    assert wrong.status_code == 401 and "不正确" in wrong.text
    assert client.get("/").status_code == 302
    assert client.post("/login", data={"username": "staff", "password": PASSWORD}).status_code == 302
    assert client.get("/").status_code == 200


def test_guessing_at_one_account_is_cut_off(app: Flask, session: Session) -> None:
    add_staff(session)
    client = app.test_client()
    for _ in range(MAX_FAILURES):
        assert client.post("/login", data={"username": "staff", "password": "guess"}).status_code == 401
    assert client.post("/login", data={"username": "staff", "password": PASSWORD}).status_code == 403


def test_guessing_at_names_is_cut_off_by_address_and_leaves_no_entries(app: Flask, session: Session) -> None:
    client = app.test_client()
    before = session.scalar(select(func.count()).select_from(AuditEntry))
    app.extensions["sign_in_limiter"] = AttemptLimiter(3, 60)
    answers = [
        client.post("/login", data={"username": f"nobody{n}", "password": "x"}).status_code for n in range(5)
    ]
    assert answers == [401, 401, 401, 403, 403]
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == before


def test_the_limit_slides() -> None:
    limiter = AttemptLimiter(2, 1)
    assert limiter.allows("a") and limiter.allows("a") and not limiter.allows("a")
    assert limiter.allows("b")
    time.sleep(1.1)
    assert limiter.allows("a")
    limiter.clear("a")
    assert limiter.allows("a") and limiter.allows("a") and not limiter.allows("a")


def test_a_password_changes_only_with_the_present_one_and_ends_other_sign_ins(
    app: Flask, session: Session
) -> None:
    account = add_staff(session)
    mine, other = app.test_client(), app.test_client()
    for client in (mine, other):
        client.post("/login", data={"username": "staff", "password": PASSWORD})
    new = "another long one"
    for form in ({"current": "wrong", "password": new, "again": new}, {"current": PASSWORD, "password": new}):
        assert mine.post("/password", data=form).status_code == 422
    form = {"current": PASSWORD, "password": new, "again": new}
    assert mine.post("/password", data=form).status_code == 302
    assert mine.get("/").status_code == 200
    assert other.get("/").status_code == 302
    session.expire_all()
    live = (
        select(func.count())
        .select_from(SignIn)
        .where(SignIn.account_id == account.id, SignIn.ended_at.is_(None))
    )
    assert session.scalar(live) == 1

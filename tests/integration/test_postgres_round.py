"""A whole round on PostgreSQL, through the pages: imported, solved and published there, then voted on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import sessionmaker

from defense.app import create_app
from defense.extensions import db
from defense.models import Application, BallotRound, Defence, OutboxMessage, Sitting, UnplacedCandidate
from defense.services.audit_check import verify_audit
from tests.conftest import SAMPLE_CANDIDATES, People, introduce_people, make_settings
from tests.postgres import PostgresServer
from tests.rooms import TO_DISCUSSION, ballot

pytestmark = pytest.mark.postgres


@pytest.fixture
def app(postgres: PostgresServer, published_postgres: str, tmp_path: Path) -> Iterator[Flask]:
    """The service on a copy of the published round."""
    url = postgres.create_database(published_postgres)
    app = create_app(make_settings(tmp_path, DATABASE_URL=url))
    app.config["WTF_CSRF_ENABLED"] = False
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def people(app: Flask) -> People:
    with app.app_context(), sessionmaker(db.engine)() as session:
        return introduce_people(session)


@pytest.fixture
def enter(app: Flask, people: People) -> Callable[[str], FlaskClient]:
    """A browser of the named person, signed in by link."""

    def enter_as(name: str) -> FlaskClient:
        client = app.test_client()
        assert client.get(people.links[name]).status_code == 302
        return client

    return enter_as


def test_the_round_was_seated_and_everybody_told(app: Flask) -> None:
    with app.app_context():
        count = {
            model: db.session.scalar(select(func.count()).select_from(model)) or 0
            for model in (Application, Defence, Sitting, OutboxMessage)
        }
        assert db.session.scalar(select(func.count()).select_from(UnplacedCandidate)) == 0
        assert count[Application] == SAMPLE_CANDIDATES
        assert count[Sitting] > 0
        assert count[OutboxMessage] >= count[Defence] > count[Sitting]
        assert verify_audit(db.session()).whole


def test_a_ballot_from_the_opening_to_the_release(
    app: Flask, people: People, enter: Callable[[str], FlaskClient]
) -> None:
    secretary, staff, room = enter("secretary"), enter("staff"), f"/sittings/{people.sitting_id}"
    defence_id = people.defence_ids[0]
    for move in TO_DISCUSSION:
        assert secretary.post(f"/defences/{defence_id}/moves/{move}").status_code == 302
    assert secretary.post(f"/defences/{defence_id}/ballot").status_code == 302
    with app.app_context():
        ballot_round_id = db.session.scalars(select(BallotRound.id)).one()
    experts = [name for name in people.links if name.startswith("expert")]
    for name, choice in zip(experts, ("pass", "veto", "pass", "abstain", "pass"), strict=True):
        data = ballot(ballot_round_id, choice, comment="第一行\n第二行" if choice == "veto" else None)
        expert = enter(name)
        first = expert.post(f"{room}/ballots", json=data)
        assert first.status_code == 200
        assert expert.post(f"{room}/ballots", json=data).json == first.json
    # What PostgreSQL cannot keep is refused before it gets there.
    broken = ballot(ballot_round_id, "veto", comment="\x00")
    assert enter("expert0").post(f"{room}/ballots", json=broken).status_code == 422
    assert secretary.post(f"/ballot-rounds/{ballot_round_id}/close").status_code == 302
    assert "第一行" in enter("supervisor").get(f"{room}/defences/{defence_id}").text
    assert staff.get("/rounds/2021/results").status_code == 200
    assert staff.post("/rounds/2021/results/results.xlsx").status_code == 200
    assert staff.post("/rounds/2021/results/release").status_code == 302
    assert "不通过" in enter("candidate0").get("/my").text
    with app.app_context():
        assert verify_audit(db.session()).whole


@pytest.mark.parametrize("number", [0, 2**31, 2**63])
def test_an_impossible_number_is_not_found(enter: Callable[[str], FlaskClient], number: int) -> None:
    assert enter("staff").get(f"/sittings/{number}").status_code == 404

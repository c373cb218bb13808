"""What is done in the room through the browser: each button's address, and who may press it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from defense.extensions import db
from defense.models import Defence, Disconnection, Expert, Reopening, Sitting, Voter
from tests.conftest import People
from tests.room_pages import ballot_form, conduct, open_ballot
from tests.rooms import TO_DISCUSSION

Enter = Callable[[str], FlaskClient]


@pytest.fixture
def secretary(enter: Enter) -> FlaskClient:
    """The panel's secretary."""
    return enter("secretary")


def state(app: Flask, defence_id: int) -> str:
    """Where a defence stands."""
    with app.app_context():
        return db.session.get_one(Defence, defence_id).state


def decide_first(app: Flask, people: People, enter: Enter, secretary: FlaskClient) -> None:
    """The first candidate is heard, voted on and passed."""
    ballot_round_id = open_ballot(app, people, secretary)
    for i in range(3):
        form = ballot_form(ballot_round_id)
        assert (
            enter(f"expert{i}").post(f"/sittings/{people.sitting_id}/ballots", data=form).status_code == 302
        )
    conduct(secretary, f"/ballot-rounds/{ballot_round_id}/close")


def test_clock_bell_and_steps(published_app: Flask, people: People, secretary: FlaskClient) -> None:
    defence = f"/defences/{people.defence_ids[0]}"
    for move in TO_DISCUSSION:
        conduct(secretary, f"{defence}/moves/{move}")
    conduct(secretary, f"{defence}/clock/pause")
    assert secretary.post(f"{defence}/clock/pause").status_code == 409
    conduct(secretary, f"{defence}/clock/go")
    assert secretary.post(f"{defence}/clock/faster").status_code == 404
    assert secretary.post(f"{defence}/moves/seal").status_code == 404
    conduct(secretary, f"/sittings/{people.sitting_id}/bell")
    conduct(secretary, f"{defence}/moves/step_back")
    assert state(published_app, people.defence_ids[0]) == "questioning"
    with published_app.app_context():
        assert db.session.get_one(Sitting, people.sitting_id).bell_at is not None


def test_reminding(published_app: Flask, people: People, enter: Enter, secretary: FlaskClient) -> None:
    ballot_round_id = open_ballot(published_app, people, secretary)
    address = f"/ballot-rounds/{ballot_round_id}/nudges"
    with published_app.app_context():
        expert_id = db.session.scalars(select(Voter.expert_id)).first()
    assert secretary.post(address, data={"expert_id": "x"}).status_code == 422
    assert secretary.post(address, data={"expert_id": str(10**30)}).status_code == 422
    secretary.post(address, data={"expert_id": str(expert_id)})
    with published_app.app_context():
        assert list(db.session.scalars(select(Voter.expert_id).where(Voter.nudged_at.is_not(None)))) == [
            expert_id
        ]
    conduct(secretary, address)
    with published_app.app_context():
        assert not db.session.scalars(select(Voter).where(Voter.nudged_at.is_(None))).all()
    assert enter("expert0").post(address).status_code == 403


def test_a_vote_with_too_few_ballots_is_given_again_and_everybody_is_told(
    published_app: Flask, people: People, enter: Enter, secretary: FlaskClient
) -> None:
    ballot_round_id = open_ballot(published_app, people, secretary)
    enter("expert0").post(f"/sittings/{people.sitting_id}/ballots", data=ballot_form(ballot_round_id))
    conduct(secretary, f"/ballot-rounds/{ballot_round_id}/close")
    for name in ("expert0", "expert1", "secretary"):
        page = enter(name).get(f"/sittings/{people.sitting_id}").text
        assert "上一轮表决无效（应投 5 票，收到 1 票）" in page
    conduct(secretary, f"/defences/{people.defence_ids[0]}/ballot")
    assert "上一轮表决无效" not in enter("expert0").get(f"/sittings/{people.sitting_id}").text


def test_an_expert_steps_out_and_reads_no_further(
    published_app: Flask, people: People, enter: Enter, secretary: FlaskClient
) -> None:
    defence_id = people.defence_ids[0]
    open_ballot(published_app, people, secretary)
    expert = enter("expert0")
    record = f"/sittings/{people.sitting_id}/defences/{defence_id}"
    assert expert.get(record).status_code == 200
    assert expert.post(f"/defences/{defence_id}/recusals", data={"reason": ""}).status_code == 422
    assert expert.post(f"/defences/{defence_id}/recusals", data={"reason": "师生"}).status_code == 302
    assert expert.get(record).status_code == 403
    assert state(published_app, defence_id) == "discussing"
    with published_app.app_context():
        assert len(db.session.scalars(select(Disconnection)).all()) == 1
        other = db.session.scalars(select(Expert.id).order_by(Expert.id.desc())).first()
    for wrong in ("", "x", "-1"):
        form = {"expert_id": wrong, "reason": "同门"}
        assert secretary.post(f"/defences/{defence_id}/recusals", data=form).status_code == 422
    form = {"expert_id": str(other), "reason": "同门"}
    assert enter("candidate0").post(f"/defences/{defence_id}/recusals", data=form).status_code == 403


def test_asking_and_granting_take_two(
    published_app: Flask, people: People, enter: Enter, secretary: FlaskClient
) -> None:
    defence_id = people.defence_ids[0]
    decide_first(published_app, people, enter, secretary)
    asked = {"kind": "re_vote", "cause": "organiser", "reason": "表决器故障"}
    assert enter("supervisor").post(f"/defences/{defence_id}/reopenings", data=asked).status_code == 403
    conduct_form(secretary, f"/defences/{defence_id}/reopenings", asked)
    with published_app.app_context():
        reopening_id = db.session.scalars(select(Reopening.id)).one()
    decision = f"/reopenings/{reopening_id}/decision"
    supervisor = enter("supervisor")
    assert secretary.post(decision, data={"granted": "1"}).status_code == 403
    assert supervisor.post(decision, data={"granted": "yes"}).status_code == 422
    assert supervisor.post(decision, data={"granted": "0"}).status_code == 422
    assert supervisor.post("/reopenings/999/decision", data={"granted": "1"}).status_code == 404
    conduct_form(supervisor, decision, {"granted": "1"})
    assert state(published_app, defence_id) == "discussing"
    assert supervisor.post(decision, data={"granted": "1"}).status_code == 409


def test_staff_see_who_waits_for_a_second_defence(
    published_app: Flask, people: People, enter: Enter, secretary: FlaskClient
) -> None:
    defence_id = people.defence_ids[0]
    conduct_form(secretary, f"/defences/{defence_id}/moves/mark_absent", {"reason": "未到"})
    asked = {"kind": "second_defence", "cause": "technical", "reason": "会议平台故障"}
    conduct_form(secretary, f"/defences/{defence_id}/reopenings", asked)
    with published_app.app_context():
        reopening_id = db.session.scalars(select(Reopening.id)).one()
    page = enter("staff").get("/rounds/2021/results").text
    assert "待安排的二次答辩" not in page
    conduct_form(enter("supervisor"), f"/reopenings/{reopening_id}/decision", {"granted": "1"})
    assert "待安排的二次答辩" in enter("staff").get("/rounds/2021/results").text


def conduct_form(client: FlaskClient, path: str, form: dict[str, str]) -> None:
    """Send one of the room's forms."""
    answer = client.post(path, data=form)
    assert answer.status_code == 302, answer.text

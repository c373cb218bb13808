"""Who is decided after the release is written to when staff press the button again."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from defense.extensions import db
from defense.models import OutboxMessage
from tests.conftest import People
from tests.room_pages import ballot_form, conduct, open_ballot

Enter = Callable[[str], FlaskClient]


def test_who_is_decided_after_the_release_is_told_by_the_next_one(
    published_app: Flask, people: People, enter: Enter
) -> None:
    told = []
    for number in (0, 1):
        ballot_round_id = open_ballot(published_app, people, enter("secretary"), number)
        for i in range(3):
            form = ballot_form(ballot_round_id)
            enter(f"expert{i}").post(f"/sittings/{people.sitting_id}/ballots", data=form)
        conduct(enter("secretary"), f"/ballot-rounds/{ballot_round_id}/close")
        page = enter("staff").get("/rounds/2021/results").text
        assert ("通知公布后产生的结果" in page) == (number == 1)
        for _ in range(2):
            assert enter("staff").post("/rounds/2021/results/release").status_code == 302
        with published_app.app_context():
            kind = OutboxMessage.kind == "result"
            told.append(db.session.scalars(select(OutboxMessage.account_id).where(kind)).all())
    assert [len(told[0]), len(set(told[1]))] == [1, 2]
    assert len(told[1]) == 2

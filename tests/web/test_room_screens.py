"""The public waiting screen as it is read: masked, delayed as the day is, and blind to every vote."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import sessionmaker

from defense.extensions import db
from defense.models import Sitting
from defense.services.room.screens import Place, Screen, screen_of
from tests.conftest import People, introduce_people, make_app
from tests.room_pages import ballot_form, conduct, open_ballot
from tests.rooms import TO_DISCUSSION

Enter = Callable[[str], FlaskClient]


def key_of(app: Flask, people: People) -> str:
    with app.app_context():
        return db.session.get_one(Sitting, people.sitting_id).screen_key


def screen_at(app: Flask, people: People, after_start: timedelta) -> Screen:
    """The screen at a moment of the sitting's day."""
    with app.app_context():
        sitting = db.session.get_one(Sitting, people.sitting_id)
        return screen_of(db.session(), sitting.screen_key, sitting.start_at + after_start)


def test_names_are_masked_and_no_other_personal_data_is_there(published_app: Flask, people: People) -> None:
    page = published_app.test_client().get(f"/screens/{key_of(published_app, people)}").text
    with published_app.app_context():
        applications = [d.application for d in db.session.get_one(Sitting, people.sitting_id).defences]
        for application in applications:
            for secret in (application.name, application.number, application.unit, application.record.phone):
                assert secret not in page


def test_states_as_strangers_may_know_them(published_app: Flask, people: People, enter: Enter) -> None:
    secretary, defence_id = enter("secretary"), people.defence_ids[0]
    seen = [screen_at(published_app, people, timedelta(0)).lines[0].place]
    for move in TO_DISCUSSION:
        conduct(secretary, f"/defences/{defence_id}/moves/{move}")
        seen.append(screen_at(published_app, people, timedelta(0)).lines[0].place)
    assert seen == [Place.WAITING, Place.READY, Place.HEARD, Place.HEARD, Place.DONE]
    screen = screen_at(published_app, people, timedelta(0))
    assert screen.heard is None
    assert screen.coming is not None
    assert screen.coming.number == 2


def test_a_late_sitting_says_by_how_much(published_app: Flask, people: People, enter: Enter) -> None:
    on_time = screen_at(published_app, people, timedelta(minutes=-30))
    late = screen_at(published_app, people, timedelta(minutes=12))
    for before, after in zip(on_time.lines, late.lines, strict=True):
        assert after.expected_at - before.expected_at == timedelta(minutes=15)
    # While somebody is heard, the next one waits at least for the end of that slot.
    for move in TO_DISCUSSION[:2]:
        conduct(enter("secretary"), f"/defences/{people.defence_ids[0]}/moves/{move}")
    heard = screen_at(published_app, people, timedelta(minutes=5))
    assert [line.expected_at for line in heard.lines] == [line.expected_at for line in on_time.lines]
    next_day = screen_at(published_app, people, timedelta(days=1))
    assert next_day == screen_at(published_app, people, timedelta(minutes=-1))


@pytest.mark.parametrize("other", ["veto", "abstain"])
def test_the_state_is_the_same_byte_for_byte_whatever_is_voted(
    tmp_path: Path, published_sqlite: Path, other: str
) -> None:
    """From the discussion to the closed ballot nothing moves on it at all, whoever votes how."""
    answers = set()
    for choice in ("pass", other):
        directory = tmp_path / choice
        directory.mkdir()
        app = make_app(directory, published_sqlite)
        with app.app_context(), sessionmaker(db.engine)() as session:
            people = introduce_people(session)
        clients = {name: app.test_client() for name in people.links}
        for name, client in clients.items():
            client.get(people.links[name])
        address = f"/screens/{key_of(app, people)}/state"
        ballot_round_id = open_ballot(app, people, clients["secretary"])
        answers.add(clients["secretary"].get(address).data)
        for i in range(5):
            form = ballot_form(ballot_round_id, choice)
            assert (
                clients[f"expert{i}"].post(f"/sittings/{people.sitting_id}/ballots", data=form).status_code
                == 302
            )
            answers.add(app.test_client().get(address).data)
        conduct(clients["secretary"], f"/ballot-rounds/{ballot_round_id}/close")
        answers.add(app.test_client().get(address).data)
        with app.app_context():
            db.engine.dispose()
    assert len(answers) == 1


def test_the_screen_changes_its_tag_only_with_what_it_shows(
    published_app: Flask, people: People, enter: Enter
) -> None:
    address = f"/screens/{key_of(published_app, people)}/state"
    stranger = published_app.test_client()
    first = stranger.get(address)
    again = stranger.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    conduct(enter("secretary"), f"/defences/{people.defence_ids[0]}/moves/check_in")
    changed = stranger.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize("tail", ["", "/state"])
def test_an_unknown_key_opens_nothing(published_app: Flask, tail: str) -> None:
    assert published_app.test_client().get(f"/screens/{'0' * 32}{tail}").status_code == 404

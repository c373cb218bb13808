"""Who may open what: every page and form of timetables, for every role."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from defense.extensions import db
from defense.models import Schedule

ROUND = "/rounds/2021"
READ = [
    f"{ROUND}/schedule",
    f"{ROUND}/schedule/run",
    f"{ROUND}/schedule/compare",
    f"{ROUND}/schedule/1/picture.svg",
    f"{ROUND}/panels/1",
    f"{ROUND}/settings",
]
STAFF_READ = [f"{ROUND}/schedule/change"]
WRITE = [
    f"{ROUND}/schedule/solve",
    f"{ROUND}/schedule/reschedule",
    f"{ROUND}/schedule/run/1/keep",
    f"{ROUND}/schedule/run/1/cancel",
    f"{ROUND}/schedule/1/explain",
    f"{ROUND}/schedule/1/publish",
    f"{ROUND}/schedule/change/absences",
    f"{ROUND}/schedule/change/absences/1/1/withdraw",
    f"{ROUND}/schedule/change/half-days",
    f"{ROUND}/panels/1/half-days/preview",
    f"{ROUND}/panels/1/half-days",
    f"{ROUND}/panels/1/half-days/1/cancel",
    f"{ROUND}/panels/1/half-days/1/restore",
    f"{ROUND}/people/attendees",
    f"{ROUND}/settings/timetable",
    "/applications/1/wishes",
    "/applications/1/wishes/1/withdraw",
    "/applications/1/attendees",
    "/applications/1/attendees/1/release",
    "/applications/1/priority",
]
OUTSIDERS = ("secretary", "expert0", "candidate0")


def test_staff_and_supervisor_read(enter: Callable[[str], FlaskClient]) -> None:
    for name in ("staff", "supervisor"):
        client = enter(name)
        for url in READ:
            assert client.get(url).status_code == 200, (name, url)
    for url in STAFF_READ:
        assert enter("staff").get(url).status_code == 200, url
        assert enter("supervisor").get(url).status_code == 403, url


@pytest.mark.parametrize("name", OUTSIDERS)
def test_everybody_else_is_refused(enter: Callable[[str], FlaskClient], name: str) -> None:
    client = enter(name)
    for url in READ + STAFF_READ:
        assert client.get(url).status_code == 403, url


@pytest.mark.parametrize("name", ("supervisor", *OUTSIDERS))
def test_only_staff_write(enter: Callable[[str], FlaskClient], name: str) -> None:
    client = enter(name)
    for url in WRITE:
        assert client.post(url).status_code == 403, url


def test_a_stranger_is_sent_to_sign_in(published_app: Flask) -> None:
    client = published_app.test_client()
    for url in READ + STAFF_READ:
        assert client.get(url).status_code == 302, url
    for url in WRITE:
        assert client.post(url).status_code == 401, url


def test_forms_without_their_token_are_refused(
    published_app: Flask, enter: Callable[[str], FlaskClient]
) -> None:
    client = enter("staff")
    published_app.config["WTF_CSRF_ENABLED"] = True
    for url in WRITE:
        assert client.post(url).status_code == 400, url


def test_nothing_of_another_round_is_shown(published_app: Flask, enter: Callable[[str], FlaskClient]) -> None:
    staff = enter("staff")
    with published_app.app_context():
        schedule_id = db.session.scalars(select(Schedule.id)).first()
    for url in (
        f"{ROUND}/schedule/{schedule_id}000/picture.svg",
        f"{ROUND}/schedule/{schedule_id}000/explanation",
        f"{ROUND}/schedule/{schedule_id}/explanation",
        f"{ROUND}/panels/999",
        f"/rounds/1999/schedule/{schedule_id}/picture.svg",
    ):
        assert staff.get(url).status_code == 404, url
    for url in (f"{ROUND}/schedule/run/999/keep", f"{ROUND}/panels/1/half-days/999/cancel"):
        assert staff.post(url).status_code == 404, url

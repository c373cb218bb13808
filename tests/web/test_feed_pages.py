"""Feeds over HTTP, and the pages on which people make and end them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import select

from defense.app import FEED_READINGS, FEED_READINGS_OF_ADDRESS
from defense.extensions import db
from defense.models import Account, AuditEntry, Feed, Sitting
from defense.models.types import utc_now
from defense.services.access import Role, issue_link
from tests.conftest import People, make_settings

Enter = Callable[[str], FlaskClient]


def address_in(page: str) -> str:
    """The path of the address that a page shows."""
    found = re.search(r'id="address" value="http://localhost(/feeds/[\w-]{43}\.ics)"', page)
    assert found is not None
    assert f'href="webcal://localhost{found[1]}"' in page
    return found[1]


@pytest.fixture
def panel_url(published_app: Flask, people: People) -> str:
    with published_app.app_context():
        panel_id = db.session.get_one(Sitting, people.sitting_id).panel_id
    return f"/rounds/2021/panels/{panel_id}"


def test_a_panelist_subscribes_and_revokes(published_app: Flask, enter: Enter) -> None:
    browser, program = enter("expert0"), published_app.test_client()
    assert 'href="/calendar"' in browser.get("/sittings").text
    assert "尚未开通" in browser.get("/calendar").text
    first = address_in(browser.post("/calendar").text)
    answer = program.get(first)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "inline; filename=defences.ics"
    assert "private" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    assert Calendar.from_ical(answer.data).walk("VEVENT")
    page = browser.get("/calendar").text
    assert "日历软件最近一次读取" in page
    assert first not in page, "shown once"
    second = address_in(browser.post("/calendar").text)
    assert program.get(first).status_code == 404
    assert program.get(second).status_code == 200
    assert browser.post("/calendar/revoke").status_code == 302
    assert program.get(second).status_code == 404


def test_304_and_head(published_app: Flask, enter: Enter) -> None:
    path = address_in(enter("secretary").post("/calendar").text)
    program = published_app.test_client()
    first = program.get(path)
    again = program.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    assert program.get(path, headers={"If-None-Match": '"other"'}).data == first.data
    head = program.head(path)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(first.data))
    assert head.headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize("token", ["x", "x" * 43, "x" * 5000, "%00", "名"])
def test_an_unknown_address_is_told_nothing(published_app: Flask, token: str) -> None:
    answer = published_app.test_client().get(f"/feeds/{token}.ics")
    assert answer.status_code == 404
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_feed_signs_nobody_in(published_app: Flask, enter: Enter) -> None:
    path = address_in(enter("expert0").post("/calendar").text)
    program = published_app.test_client()
    program.get(path)
    assert program.get("/sittings").status_code == 302
    assert program.post(path).status_code == 405


def test_too_many_readings_of_one_feed_wait(published_app: Flask, enter: Enter) -> None:
    path = address_in(enter("expert0").post("/calendar").text)
    other = address_in(enter("expert1").post("/calendar").text)
    program = published_app.test_client()
    answers = [program.head(path).status_code for _ in range(FEED_READINGS + 1)]
    assert answers == [200] * FEED_READINGS + [429]
    assert int(program.get(path).headers["Retry-After"]) > 0
    assert program.get(other).status_code == 200


def test_whoever_guesses_is_stopped(published_app: Flask) -> None:
    program = published_app.test_client()
    answers = [program.head(f"/feeds/guess{i}.ics").status_code for i in range(FEED_READINGS_OF_ADDRESS + 1)]
    assert answers[-2:] == [404, 429]


def test_staff_make_the_feed_of_a_panel(published_app: Flask, enter: Enter, panel_url: str) -> None:
    staff, program = enter("staff"), published_app.test_client()
    path = address_in(staff.post(f"{panel_url}/feed").text)
    text = program.get(path).text.replace("\r\n ", "")
    assert "/sittings/" in text
    assert "/link/" not in text
    with published_app.app_context():
        names = db.session.scalars(select(Account.display_name)).all()
        assert names
        assert not [name for name in names if name in text]
    assert "王工" in staff.get(panel_url).text
    assert staff.post(f"{panel_url}/feed/revoke").status_code == 302
    assert program.get(path).status_code == 404
    page = unescape(staff.get("/audit").text)
    assert "开通日历订阅" in page
    assert "作废日历订阅" in page
    assert path not in page


def test_only_those_who_may(published_app: Flask, enter: Enter, panel_url: str) -> None:
    for name in ("supervisor", "secretary", "expert0", "candidate0"):
        assert enter(name).post(f"{panel_url}/feed").status_code == 403
        assert enter(name).post(f"{panel_url}/feed/revoke").status_code == 403
    for name in ("staff", "supervisor", "candidate0"):
        assert enter(name).post("/calendar").status_code == 403
    assert published_app.test_client().post("/calendar").status_code == 401
    supervisor = enter("supervisor").get(panel_url).text
    assert "日历订阅" in supervisor
    assert f"{panel_url}/feed" not in supervisor
    assert enter("staff").post("/rounds/2021/panels/999999/feed").status_code == 404
    with published_app.app_context():
        assert db.session.scalars(select(Feed)).all() == []
        assert not db.session.scalars(select(AuditEntry).where(AuditEntry.action.startswith("feed."))).all()


def test_a_closed_account_ends_its_feed(published_app: Flask, enter: Enter) -> None:
    path = address_in(enter("secretary").post("/calendar").text)
    program = published_app.test_client()
    assert program.get(path).status_code == 200
    with published_app.app_context():
        secretary = select(Account).join(Feed, Feed.account_id == Account.id)
        account = db.session.scalars(secretary).one()
        assert account.role == Role.SECRETARY
        account.active = False
        db.session.commit()
    assert program.get(path).status_code == 404


def test_staff_see_where_the_calendar_server_stands(future_app: Flask) -> None:
    with future_app.app_context():
        account = db.session.scalars(select(Account).where(Account.role == Role.STAFF)).one()
        link = issue_link(db.session(), account, utc_now() + timedelta(days=1))
        db.session.commit()
    staff = future_app.test_client()
    staff.get(link)
    assert "日历服务器" not in staff.get("/rounds/2021/people").text
    future_app.extensions["settings"] = make_settings(
        future_app.extensions["settings"].instance_dir,
        CALDAV_URL="http://127.0.0.1:9/centre",
        CALDAV_USER="centre",
        CALDAV_PASSWORD="s3cret",
        CALDAV_CALENDAR="defences",
    )
    with future_app.app_context():
        pushed = future_app.test_cli_runner().invoke(args=["push-calendar"])
    assert pushed.exit_code == 1
    assert "Connection refused" in pushed.output
    page = staff.get("/rounds/2021/people").text
    assert "服务器答复：Connection refused" in page
    assert "s3cret" not in page + pushed.output


def test_without_the_setting_the_command_says_which(published_app: Flask) -> None:
    with published_app.app_context():
        told = published_app.test_cli_runner().invoke(args=["push-calendar"])
    assert told.exit_code == 1
    assert "CALDAV_URL" in told.output

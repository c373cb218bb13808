"""Answering an invite on a phone whose browser runs no scripts, and the office's page on both sizes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import make_server

from defense.extensions import db
from defense.models import Account, Defence, Invite
from defense.models.types import utc_now
from defense.services.access import invite_link, issue_link
from defense.services.invites.own_appointments import audience_of
from defense.services.meetings.entering import candidate_window
from defense.services.transaction import begin_write
from tests.browsers import LAPTOP, PHONE

_INVITES = select(Invite).order_by(Invite.start_at, Invite.id)


@pytest.fixture
def address(future_app: Flask) -> Iterator[str]:
    """Where the service listens."""
    future_app.config["WTF_CSRF_ENABLED"] = True
    server = make_server("127.0.0.1", 0, future_app, threaded=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def link_of(future_app: Flask) -> Callable[[str], str]:
    """The personal link of the first invited person of an audience, or of staff."""
    secret = future_app.extensions["settings"].secret_key

    def find(session: Session, whose: str) -> str:
        if whose == "staff":
            account = session.scalars(select(Account).where(Account.username == "staff")).one()
            return issue_link(session, account, utc_now() + timedelta(days=1))
        invites = session.scalars(_INVITES)
        return invite_link(next(i for i in invites if audience_of(i) == whose), secret)

    def make(whose: str) -> str:
        with future_app.app_context(), sessionmaker(db.engine)() as session:
            begin_write(session)
            link = find(session, whose)
            session.commit()
            return link

    return make


def open_as(browser: Browser, link: str, size: dict[str, int], **more: Any) -> Page:
    page = browser.new_context(viewport=size, **more).new_page()  # type: ignore[arg-type]
    page.goto(link)
    return page


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    # A locator waits for the page that a click has just asked for.
    return bool(page.locator("html").evaluate("html => html.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("whose", ["candidate", "panelist"])
def test_without_scripts_on_a_phone(
    browser: Browser, address: str, link_of: Callable[[str], str], whose: str
) -> None:
    page = open_as(browser, address + link_of(whose), PHONE, java_script_enabled=False)
    if whose == "panelist":
        page.get_by_role("link", name="立即确认").click()
    section = page.locator("section", has=page.locator("form[action$='/answer']")).first
    box = section.get_by_role("button", name="确认参加").bounding_box()
    assert box is not None and box["height"] >= 44 and box["width"] > 250, "big enough for a thumb"
    section.get_by_role("button", name="确认参加").click()
    assert "已收到：您确认参加" in page.locator(".alert-success").inner_text()
    section.locator("summary", has_text="申请调整时间").click()
    section.get_by_role("checkbox").first.check()
    section.get_by_label("原因（最多 500 字）").fill("上午有课")
    section.get_by_role("button", name="提交申请").click()
    assert "已收到您的调整申请" in page.locator(".alert-success").inner_text()
    assert "上午有课" in section.inner_text()


@pytest.mark.parametrize("size", [PHONE, LAPTOP])
def test_every_page_fits(
    browser: Browser, address: str, link_of: Callable[[str], str], size: dict[str, int]
) -> None:
    person = open_as(browser, address + link_of("candidate"), size)
    person.locator("summary", has_text="申请调整时间").click()
    person.get_by_role("checkbox").first.check()
    person.get_by_label("原因（最多 500 字）").fill("课" * 400)
    assert fits(person)
    person.get_by_role("button", name="提交申请").click()
    assert fits(person)
    expert = open_as(browser, address + link_of("panelist"), size)
    expert.goto(f"{address}/appointments")
    expert.locator("summary", has_text="不能参加").first.click()
    expert.get_by_role("button", name="提交：不能参加").click()
    assert fits(expert)
    staff = open_as(browser, address + link_of("staff"), size)
    staff.goto(f"{address}/rounds/2021/invites/answers")
    assert "不能参加评审，须另行安排" in staff.locator("main").inner_text()
    assert fits(staff)
    staff.once("dialog", lambda dialog: dialog.accept())
    staff.get_by_role("button", name="时间不变").click()
    assert "时间不变，已安排邮件通知本人" in staff.locator(".alert-success").inner_text()


def test_what_is_half_typed_survives_the_last_hour(
    browser: Browser, address: str, link_of: Callable[[str], str], future_app: Flask
) -> None:
    """Shortly before the door opens the page looks for news every minute, but not over somebody's typing."""
    link = link_of("candidate")
    with future_app.app_context(), sessionmaker(db.engine)() as session:
        begin_write(session)
        first = next(i for i in session.scalars(_INVITES) if audience_of(i) == "candidate")
        defence = session.get_one(Defence, first.defence_id)
        earlier = candidate_window(defence).start_at - utc_now() - timedelta(minutes=30)
        for row in (defence, defence.sitting, first):
            row.start_at, row.end_at = row.start_at - earlier, row.end_at - earlier
        session.commit()
    page = browser.new_context(viewport=PHONE).new_page()  # type: ignore[arg-type]
    page.clock.install()
    page.goto(address + link)
    page.evaluate("window.isTheSame = true")
    page.locator("summary", has_text="申请调整时间").click()
    reason = page.get_by_label("原因（最多 500 字）")
    reason.fill("上午有课")
    page.clock.run_for(130_000)
    assert reason.input_value() == "上午有课" and page.evaluate("window.isTheSame") is True
    reason.fill("")
    with page.expect_navigation():
        page.clock.run_for(60_000)
    assert page.evaluate("window.isTheSame") is None

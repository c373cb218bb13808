"""The public waiting screen: right again within two seconds, and the same whatever the panel decides."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, expect

from tests.browsers import LAPTOP, SMALL_PHONE, Conductor
from tests.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

ACCESSIBLE = (Path(__file__).parent / "accessible.js").read_text(encoding="utf-8")


def screen_path(conductor: Conductor) -> str:
    page = conductor.http.get(
        f"{conductor.server.url}/sittings/{conductor.server.sitting_id}", timeout=10
    ).text
    found = re.search(r"/screens/[0-9a-f]{32}", page)
    assert found is not None
    return found[0]


def test_the_screen_is_right_again_within_two_seconds(browser: Browser, live: LiveServer) -> None:
    conductor = Conductor(live)
    path = screen_path(conductor)
    page = browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    page.goto(live.url + path)
    now = page.locator(".screen-card-now")
    expect(now).to_contain_text("当前无人答辩")
    assert "*" in page.locator(".screen-lines td:nth-child(2)").first.inner_text()
    conductor.move("check_in", "call_in")
    expect(now).to_contain_text("进行中", timeout=2000)

    # The server dies; a short break says nothing, a long one does.
    live.kill()
    page.wait_for_timeout(1800)
    notice = page.locator("#screen-offline")
    expect(notice).to_be_hidden()
    expect(notice).to_be_visible(timeout=3500)
    live.start()
    started_at = time.monotonic()
    Conductor(live).move("begin_questions", "begin_discussion")
    expect(now).to_contain_text("当前无人答辩", timeout=2500)
    expect(notice).to_be_hidden()
    assert time.monotonic() - started_at < 2.5  # signing in for the move took part of it

    # The line goes dead and comes back, as when a television wakes up.
    page.context.set_offline(True)
    page.wait_for_timeout(1500)
    Conductor(live).move("check_in", number=1)
    page.context.set_offline(False)
    expect(page.locator(".screen-lines tr").nth(2)).to_contain_text("已签到", timeout=2000)


def test_the_screen_can_be_read_by_everybody(browser: Browser, live: LiveServer) -> None:
    conductor = Conductor(live)
    conductor.move("check_in", "call_in")
    page = browser.new_page()
    page.goto(live.url + screen_path(conductor))
    expect(page.locator(".screen-card-now")).to_contain_text("进行中")
    expect(page.locator("#clock-beijing")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
    assert page.evaluate(ACCESSIBLE) == []
    for size in (SMALL_PHONE, LAPTOP):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_nobody_needs_to_sign_in_and_nobody_can_guess(live: LiveServer) -> None:
    path = screen_path(Conductor(live))
    assert requests.get(live.url + path, timeout=5).status_code == 200
    for strange in ("0" * 32, "1", path.rpartition("/")[2][:-1]):
        for tail in ("", "/state"):
            assert requests.get(f"{live.url}/screens/{strange}{tail}", timeout=5).status_code == 404
    state = requests.get(f"{live.url}{path}/state", timeout=5)
    again = requests.get(
        f"{live.url}{path}/state", headers={"If-None-Match": state.headers["ETag"]}, timeout=5
    )
    assert (again.status_code, again.content) == (304, b"")

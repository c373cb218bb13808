"""The secretary's console and the supervisor's view: who is here or missing, next step, clock and bell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsers import LAPTOP, PHONE, SMALL_PHONE, Conductor, open_page, open_room, vote
from tests.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

ACCESSIBLE = (Path(__file__).parent / "accessible.js").read_text(encoding="utf-8")


def faults_of(page: Page) -> list[str]:
    faults: list[str] = page.evaluate(ACCESSIBLE)
    return faults


def test_one_big_button_leads_through_a_defence(browser: Browser, live: LiveServer) -> None:
    secretary = open_room(browser, live, "secretary")
    big = secretary.locator(".next-step")
    states = []
    for step in ("签到", "请入答辩", "开始提问", "开始评议", "开始表决"):
        expect(big).to_have_count(1)
        expect(big).to_contain_text(step)
        box = big.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        big.click()
        secretary.wait_for_load_state()
        states.append(secretary.locator(".current .status").first.inner_text())
    assert states == ["已签到", "陈述", "提问", "评议", "表决"]

    # Three of five vote; closing names the others, and a "no" leaves the ballot open.
    round_id = secretary.evaluate(
        "JSON.parse(document.getElementById('room-snapshot').textContent).shared.ballot.id"
    )
    names = secretary.locator("[data-member] .member-name").all_inner_texts()
    missing = secretary.locator(".member-missing .member-name")
    expect(missing).to_have_count(5)
    for number in range(3):
        vote(live, f"expert{number}", round_id, "pass")
    expect(missing).to_have_count(2)
    expect(secretary.locator("#ballot-count")).to_have_text("已投票 3 / 5")
    questions: list[str] = []
    secretary.once("dialog", lambda dialog: (questions.append(dialog.message), dialog.dismiss()))
    big.click()
    left = [name.split()[0] for name in missing.all_inner_texts()]
    assert len(left) == 2
    assert set(left) < {name.split()[0] for name in names}
    assert "2" in questions[0]
    assert all(name in questions[0] for name in left)
    expect(secretary.locator("#ballot-status")).to_be_visible()
    secretary.once("dialog", lambda dialog: dialog.accept())
    big.click()
    expect(secretary.locator(".order li").first).to_contain_text("通过 3 · 否决 0")
    expect(big).to_contain_text("签到")


def test_presence_reminders_clock_and_bell(browser: Browser, live: LiveServer) -> None:
    conductor = Conductor(live)
    conductor.move("check_in", "call_in")
    secretary = open_room(browser, live, "secretary")
    present = secretary.locator(".member-present")
    expect(present).to_have_count(0)
    expert = open_room(browser, live, "expert0", PHONE)
    expect(present).to_have_count(1, timeout=6000)

    # The clock runs by the server's time on every page, and stands when it is stopped.
    left = secretary.locator('[data-clock="left"]')
    expect(left).to_have_text(re.compile(r"^0[0-9]:[0-5][0-9]$"))
    first = left.inner_text()
    expect(left).not_to_have_text(first, timeout=2500)
    secretary.get_by_role("button", name="停止计时").click()
    expect(secretary.get_by_role("button", name="继续计时")).to_be_visible()
    expect(expert.locator('[data-clock-row="paused"]')).to_be_visible()
    stopped = left.inner_text()
    secretary.wait_for_timeout(1300)
    expect(left).to_have_text(stopped)
    expect(expert.locator('[data-clock="left"]')).to_have_text(stopped)
    secretary.get_by_role("button", name="继续计时").click()
    expect(expert.locator('[data-clock-row="paused"]')).to_be_hidden()

    # The bell rings on every page for a moment, and not for whoever comes later.
    secretary.get_by_role("button", name="响铃").click()
    for page in (secretary, expert):
        expect(page.locator("#bell")).to_be_visible()
    expect(expert.locator("#bell")).to_be_hidden(timeout=6000)
    late = open_room(browser, live, "expert1", PHONE)
    expect(late.locator("#current h2").first).to_be_visible()
    late.wait_for_timeout(1500)
    expect(late.locator("#bell")).to_be_hidden()

    # One is reminded, then all who are missing; who has voted is left in peace.
    conductor.move("begin_questions", "begin_discussion")
    conductor.post(f"/defences/{live.defence_ids[0]}/ballot")
    expect(expert.locator("#ballot-form")).to_be_visible()
    name = expert.locator(".site-person").inner_text().split()[0].removesuffix("专家")
    row = secretary.locator("[data-member]", has_text=name)
    row.get_by_role("button").click()
    expect(expert.locator("#nudge")).to_be_visible()
    expect(late.locator("#nudge")).to_be_hidden()
    late.get_by_role("radio", name="通过").check()
    late.get_by_role("button", name="提交表决票").click()
    expect(late.locator("#receipt")).to_be_visible()
    secretary.get_by_role("button", name="提醒所有未投票者").click()
    late.wait_for_timeout(500)
    expect(late.locator("#nudge")).to_be_hidden()


def test_overtime_is_red_and_says_so(browser: Browser, live: LiveServer) -> None:
    conductor = Conductor(live)
    conductor.move("check_in", "call_in")
    secretary = open_page(browser, live, live.links["secretary"])
    # By a clock ten minutes ahead of the page's: the server's time decides.
    secretary.clock.install()
    secretary.goto(f"{live.url}/sittings/{live.sitting_id}")
    expect(secretary.locator('[data-clock="left"]')).to_be_visible()
    secretary.clock.fast_forward(600_000)
    over = secretary.locator('[data-clock-row="over"]')
    expect(over).to_contain_text("超时")
    expect(over).to_contain_text("⚠")
    expect(secretary.locator("#phase-clock")).to_have_class(re.compile("phase-clock-over"))


def test_the_supervisor_watches_and_decides_only_what_is_theirs(browser: Browser, live: LiveServer) -> None:
    conductor = Conductor(live)
    first = conductor.open_ballot()
    supervisor = open_room(browser, live, "supervisor")
    expect(supervisor.locator(".member-missing")).to_have_count(5)
    expect(supervisor.locator("#current form, #order form")).to_have_count(0)
    for number in range(5):
        vote(live, f"expert{number}", first)
    conductor.close(first)
    expect(supervisor.locator(".order li").first).to_contain_text("通过 5")

    # The secretary asks for a re-vote; the supervisor reads why and grants it.
    secretary = open_room(browser, live, "secretary")
    item = secretary.locator(".order > li").first
    item.get_by_text("申请重新表决").click()
    item.get_by_label("情况说明").fill("表决时断电")
    item.get_by_role("button", name="提请监督员决定").click()
    expect(supervisor.locator(".reopening")).to_contain_text("表决时断电")
    supervisor.once("dialog", lambda dialog: dialog.accept())
    supervisor.get_by_role("button", name="批准", exact=True).click()
    expect(supervisor.locator(".reopening")).to_have_count(0)


def test_every_state_of_the_room_can_be_read_by_everybody(browser: Browser, live: LiveServer) -> None:
    """Names for every field, contrast, one heading, nothing sideways; before, in and after a vote."""
    conductor = Conductor(live)
    pages = [open_room(browser, live, name) for name in ("expert0", "secretary", "supervisor")]

    def check(when: str) -> None:
        for page in pages:
            page.reload()
            page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
            for size in (LAPTOP, PHONE, SMALL_PHONE):
                page.set_viewport_size(size)  # type: ignore[arg-type]
                assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], when
            assert faults_of(page) == [], when

    check("waiting")
    conductor.move("check_in", "call_in")
    check("presenting")
    conductor.move("begin_questions", "begin_discussion")
    conductor.post(f"/defences/{live.defence_ids[0]}/ballot")
    round_id = conductor.snapshot()["shared"]["ballot"]["id"]
    check("voting")
    for number in range(5):
        vote(live, f"expert{number}", round_id)
    check("voted")
    conductor.close(round_id)
    check("closed")

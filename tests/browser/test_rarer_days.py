"""Days that go another way, by click: a recusal, named ballots, a second vote refused or granted, a seal."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsers import LAPTOP, PHONE, SMALL_PHONE, Conductor, open_page, open_room, vote
from tests.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

ACCESSIBLE = (Path(__file__).parent / "accessible.js").read_text(encoding="utf-8")


def change_rules(server: LiveServer, *changes: tuple[str, str]) -> None:
    """Other words in the round's settings."""
    with sqlite3.connect(server.directory / "defence.sqlite3") as database:
        (rules,) = database.execute("SELECT rules_toml FROM round").fetchone()
        for old, new in changes:
            assert old in rules
            rules = rules.replace(old, new)
        database.execute("UPDATE round SET rules_toml = ?", (rules,))
    database.close()


def assert_accessible(*pages: Page) -> None:
    for page in pages:
        assert page.evaluate(ACCESSIBLE) == []


def ask(secretary: Page, defence_id: int, why: str, kind: str = "重新表决") -> None:
    """The secretary's request."""
    secretary.locator(f"#reopen-{defence_id} summary").click()
    secretary.locator(f"#kind-{defence_id}").select_option(label=kind)
    secretary.locator(f"#why-{defence_id}").fill(why)
    secretary.get_by_role("button", name="提请监督员决定").click()
    expect(secretary.locator(".reopening")).to_contain_text(why)


def test_a_recusal_named_ballots_a_second_vote_and_the_seal(browser: Browser, live: LiveServer) -> None:
    change_rules(live, ("secret_ballots = true", "secret_ballots = false"))
    first, *others = live.defence_ids
    conductor = Conductor(live)
    conductor.move("check_in", "call_in")

    # One of five finds out that he knows the candidate; without a reason nothing is asked and nothing sent.
    expert = open_room(browser, live, "expert4", SMALL_PHONE)
    expert.locator("#recusal summary").click()
    declare = expert.get_by_role("button", name="声明回避")
    declare.click()
    expect(expert.locator("#recusal-reason")).to_be_focused()
    expert.locator("#recusal-reason").fill("曾是我的博士生")
    expert.once("dialog", lambda dialog: dialog.accept())
    declare.click()
    expect(expert.locator("#recusal")).to_have_count(0)
    expect(expert.locator("#record details")).to_have_count(0)
    assert_accessible(expert)

    secretary = open_room(browser, live, "secretary", LAPTOP)
    conductor.move("begin_questions", "begin_discussion")
    conductor.post(f"/defences/{first}/ballot")
    expect(expert.locator("#no-vote")).to_be_visible()
    expect(secretary.locator("#ballot-count")).to_have_text("已投票 0 / 4")
    head = open_room(browser, live, "expert0", PHONE)
    expect(head.locator("#ballot-form")).to_contain_text("记名")
    round_id = str(conductor.snapshot()["shared"]["ballot"]["id"])
    for number in range(4):
        vote(live, f"expert{number}", round_id, "veto" if number == 3 else "pass")
    conductor.close(round_id)
    row = secretary.locator(f'[data-defence="{first}"]')
    expect(row).to_contain_text("通过 3 · 否决 1")

    # Refusing needs a reason; a second request is granted, and the panel votes again.
    ask(secretary, first, "第四位专家投票时误触")
    supervisor = open_room(browser, live, "supervisor", PHONE)
    assert_accessible(secretary, supervisor)
    refuse = supervisor.get_by_role("button", name="不批准")
    refuse.click()
    expect(supervisor.locator(".reopening input[name=reason]")).to_be_focused()
    supervisor.locator(".reopening input[name=reason]").fill("投错票不属于组织或技术原因")
    refuse.click()
    expect(supervisor.locator(".reopening")).to_have_count(0)
    secretary.reload()
    ask(secretary, first, "表决时视频中断，专家未听到提问")
    supervisor.reload()
    supervisor.once("dialog", lambda dialog: dialog.accept())
    supervisor.get_by_role("button", name="批准", exact=True).click()
    expect(supervisor.locator(".current .status")).to_have_text("评议")
    conductor.post(f"/defences/{first}/ballot")
    round_id = str(conductor.snapshot()["shared"]["ballot"]["id"])
    for number in range(4):
        vote(live, f"expert{number}", round_id)
    conductor.close(round_id)
    expect(row).to_contain_text("通过 4 · 否决 0")

    # Named ballots are for the head and the supervisor.
    address = f"{live.url}/sittings/{live.sitting_id}/defences/{first}"
    for page, sees in ((head, True), (supervisor, True), (secretary, False)):
        page.goto(address)
        ballots = page.get_by_role("heading", name="记名表决").locator("xpath=following-sibling::ul[1]/li")
        expect(ballots).to_have_text([re.compile("：通过$")] * 4 if sees else [])
        assert_accessible(page)

    # The others did not come. The supervisor counts and seals; then all that can be asked for is another day.
    for number in range(1, len(others) + 1):
        conductor.move("mark_absent", number=number)
    supervisor.goto(f"{live.url}/sittings/{live.sitting_id}")
    supervisor.once("dialog", lambda dialog: dialog.dismiss())
    seal = supervisor.get_by_role("button", name="清点并封存")
    seal.click()
    expect(seal).to_be_visible()
    supervisor.once("dialog", lambda dialog: dialog.accept())
    seal.click()
    expect(supervisor.locator("#seal")).to_contain_text("封存")
    for name, size in (
        ("secretary", LAPTOP),
        ("supervisor", PHONE),
        ("expert0", SMALL_PHONE),
        ("staff", PHONE),
    ):
        page = open_room(browser, live, name, size)
        expect(page.locator("#current")).to_contain_text("本场已封存")
        expect(page.locator('#room form:not(#ballot-form, [action$="/reopenings"])')).to_have_count(0)
        assert set(page.locator("#room option").all_text_contents()) <= {"二次答辩", "组织方原因", "技术原因"}
        expect(page.locator("#ballot-form")).to_be_hidden()
        assert_accessible(page)


def test_the_mean_of_the_points_is_shown_with_one_decimal(browser: Browser, live: LiveServer) -> None:
    change_rules(live, ('panel_rule = "one_vote_veto"', 'panel_rule = "mean_score"'))
    conductor = Conductor(live)
    round_id = conductor.open_ballot()
    secretary = open_room(browser, live, "secretary")
    by_keyboard(open_room(browser, live, "expert0", PHONE), "60")
    for number in (1, 2):
        score(live, f"expert{number}", round_id, 599)
    conductor.close(round_id)
    # 59.93 is cut off, not rounded, and not enough.
    row = secretary.locator(f'[data-defence="{live.defence_ids[0]}"]')
    expect(row).to_contain_text("59.9")
    expect(row.locator(".status")).to_have_text("否决")
    supervisor = open_page(browser, live, live.links["supervisor"], SMALL_PHONE)
    supervisor.goto(f"{live.url}/sittings/{live.sitting_id}/defences/{live.defence_ids[0]}")
    expect(supervisor.locator("dl.facts", has_text="59.9")).to_be_visible()
    assert_accessible(supervisor)


def test_a_recusal_during_a_vote_and_a_second_defence(browser: Browser, live: LiveServer) -> None:
    first = live.defence_ids[0]
    conductor = Conductor(live)
    round_id = conductor.open_ballot()
    vote(live, "expert0", round_id, "veto")
    secretary = open_room(browser, live, "secretary")
    secretary.locator("#recusal summary").click()
    expect(secretary.locator("#recusal")).to_contain_text("作废")
    secretary.locator("#recusal-expert").select_option(index=2)
    secretary.locator("#recusal-reason").fill("与申报人合作发表论文")
    secretary.once("dialog", lambda dialog: dialog.accept())
    secretary.get_by_role("button", name="声明回避").click()
    # Everybody is told; the panel votes anew with four, and nothing of the broken vote is counted.
    experts = [open_room(browser, live, f"expert{number}", SMALL_PHONE) for number in range(5)]
    for page in (secretary, *experts):
        expect(page.locator("#current")).to_contain_text("上一轮表决无效")
    secretary.get_by_role("button", name="开始表决").click()
    expect(secretary.locator("#ballot-count")).to_have_text("已投票 0 / 4")
    round_id = str(conductor.snapshot()["shared"]["ballot"]["id"])
    for page in experts:
        expect(page.locator("#ballot-form, #no-vote").filter(visible=True)).to_have_count(1)
        if page.locator("#ballot-form").is_visible():
            page.get_by_role("radio", name="通过").check()
            page.get_by_role("button", name="提交表决票").click()
            expect(page.locator("#receipt")).to_be_visible()
    assert_accessible(secretary, *experts)
    conductor.close(round_id)
    row = secretary.locator(f'[data-defence="{first}"]')
    expect(row).to_contain_text("通过 4 · 否决 0")

    # To be heard again on another day: asked for and granted, it waits for the next timetable.
    secretary.reload()
    ask(secretary, first, "答辩时线路反复中断", "二次答辩")
    supervisor = open_room(browser, live, "supervisor", PHONE)
    supervisor.once("dialog", lambda dialog: dialog.accept())
    supervisor.get_by_role("button", name="批准", exact=True).click()
    expect(supervisor.locator(".reopening")).to_have_count(0)
    supervisor.goto(f"{live.url}/sittings/{live.sitting_id}/minutes")
    expect(supervisor.locator("article")).to_contain_text("二次答辩（组织方原因）：答辩时线路反复中断")
    assert_accessible(supervisor)


def by_keyboard(page: Page, points: str) -> None:
    """A score given without a mouse or a finger."""
    expect(page.locator("#ballot-form")).to_be_visible()
    page.locator("#ballot-title").focus()
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.locator("#score")).to_be_focused()
    page.keyboard.type(points)
    page.keyboard.press("Enter")
    expect(page.locator("#receipt-title")).to_be_focused()


def score(server: LiveServer, name: str, ballot_round_id: str, tenths: int) -> None:
    """Points of the named expert by plain POST."""
    ballot = {"ballot_round_id": ballot_round_id, "choice": "score", "score_tenths": tenths, "key": "0" * 32}
    answer = server.sign_in(name).post(
        f"{server.url}/sittings/{server.sitting_id}/ballots", json=ballot, timeout=10
    )
    assert answer.ok, answer.text

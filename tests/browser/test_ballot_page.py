"""The panelist's page: two taps on the smallest phone, by keyboard, by ear, and over a bad line."""

from __future__ import annotations

import json
import re
import sqlite3

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browsers import PHONE, SMALL_PHONE, Conductor, open_page, open_room, vote
from tests.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

THUMB_PX = 44


def box_of(part: Locator) -> dict[str, float]:
    part.wait_for(state="visible")
    box = part.bounding_box()
    assert box is not None
    return dict(box)


def assert_on_first_screen(page: Page, parts: Locator) -> None:
    """Each can be touched by a thumb, without scrolling."""
    assert page.evaluate("window.scrollY") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALL_PHONE["width"]
    assert parts.count() > 0
    for part in parts.all():
        box = box_of(part)
        assert box["height"] >= THUMB_PX, part.inner_text()
        assert box["width"] >= THUMB_PX, part.inner_text()
        assert box["y"] >= 0, part.inner_text()
        assert box["y"] + box["height"] <= SMALL_PHONE["height"], part.inner_text()


def frames_sent_by(page: Page) -> list[str]:
    """What the page's sockets send from now on."""
    sent: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda text: sent.append(str(text))))
    return sent


def test_two_taps_on_the_smallest_phone(browser: Browser, live: LiveServer) -> None:
    secretary = Conductor(live)
    page = open_room(browser, live, "expert0", SMALL_PHONE)
    expect(page.locator("#ballot-form")).to_be_hidden()
    page.evaluate("window.scrollTo(0, 200)")
    round_id = secretary.open_ballot()
    expect(page.locator("#ballot-form")).to_be_visible()
    first = page.locator("main > #room > *:visible").first
    assert first.get_attribute("id") == "ballot-form"
    faces = page.locator(".ballot-choice .choice-face")
    cast = page.get_by_role("button", name="提交表决票")
    assert_on_first_screen(page, faces)
    assert_on_first_screen(page, cast)

    # A veto has its reasons, which are on the first screen too.
    page.get_by_role("radio", name="否决").check()
    assert_on_first_screen(page, page.locator(".veto-reason .choice-face"))
    assert_on_first_screen(page, cast)
    cast.click()
    expect(page.locator("#ballot-error")).to_contain_text("否决原因")

    taps = 0
    for target in (faces.filter(has_text="通过"), cast):
        box = box_of(target)
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        taps += 1
    assert taps == 2
    expect(page.locator("#receipt-title")).to_be_focused()
    receipt = page.locator("#receipt-code").inner_text()
    assert re.fullmatch("[0-9a-f]{12}", receipt)
    expect(page.locator("#receipt")).to_contain_text("包括您本人")
    assert page.evaluate("Object.keys(localStorage).length") == 0

    page.reload()
    expect(page.locator("#receipt-code")).to_have_text(receipt)
    expect(page.locator("#ballot-form")).to_be_hidden()
    secretary.close(round_id)
    expect(page.locator("#receipt")).to_be_hidden()


def test_by_keyboard_and_by_ear(browser: Browser, live: LiveServer) -> None:
    secretary = Conductor(live)
    page = open_room(browser, live, "expert0", PHONE)
    announcer = page.locator("#announcer")
    expect(announcer).to_have_attribute("aria-live", "polite")
    round_id = secretary.open_ballot()
    expect(announcer).to_contain_text("表决已开始")
    expect(announcer).to_contain_text(page.locator("#ballot-candidate").inner_text())
    expect(page.locator("#ballot-title")).to_be_focused()
    names = [
        radio.evaluate("r => r.labels[0].textContent.trim()") for radio in page.get_by_role("radio").all()
    ]
    assert len(set(names)) == len(names) == 3

    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name="通过")).to_be_checked()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="否决")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.locator("#ballot-error")).to_contain_text("否决原因")
    expect(page.get_by_role("radio", name="材料不实")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("#receipt-title")).to_be_focused()
    secretary.close(round_id)
    expect(announcer).to_contain_text("表决已结束")


def test_every_ballot_has_the_same_length_on_the_line(browser: Browser, live: LiveServer) -> None:
    secretary = Conductor(live)
    secretary.open_ballot()
    lengths = []
    for number, choice in enumerate(("通过", "否决", "弃权")):
        page = open_page(browser, live, live.links[f"expert{number}"], PHONE)
        sent = frames_sent_by(page)
        page.goto(f"{live.url}/sittings/{live.sitting_id}")
        page.get_by_role("radio", name=choice).check()
        while not any('"enter"' in frame for frame in sent):
            page.wait_for_timeout(50)
        if choice == "否决":
            page.get_by_role("radio", name="专业能力不足").check()
            page.get_by_text("附言（可不填）").click()
            page.locator("#comment").fill('论文“𠮷”与岗位不符\n"实绩"不足' * 8)
        page.get_by_role("button", name="提交表决票").click()
        expect(page.locator("#receipt")).to_be_visible()
        (frame,) = (text for text in sent if "cast_ballot" in text)
        ballot = json.loads(frame[frame.index("[") :])[1]
        lengths.append(len(json.dumps(ballot, ensure_ascii=False, separators=(",", ":")).encode()))
    assert lengths == [1600, 1600, 1600]


def test_news_leaves_a_half_filled_ballot_alone(browser: Browser, live: LiveServer) -> None:
    secretary = Conductor(live)
    round_id = secretary.open_ballot()
    page = open_room(browser, live, "expert0", PHONE)
    page.get_by_role("radio", name="否决").check()
    page.get_by_role("radio", name="答非所问").check()
    page.get_by_text("附言（可不填）").click()
    page.locator("#comment").fill("写到一")
    page.locator("#comment").press("End")
    for number in (1, 2):
        vote(live, f"expert{number}", round_id, "veto")
    expect(page.locator("#ballot-count")).to_contain_text("2 /")
    secretary.post(f"/ballot-rounds/{round_id}/nudges")
    expect(page.locator("#nudge")).to_be_visible()
    page.keyboard.type("半")
    expect(page.locator("#nudge")).to_be_hidden()
    assert page.locator("#comment").input_value() == "写到一半"
    expect(page.get_by_role("radio", name="否决")).to_be_checked()
    expect(page.get_by_role("radio", name="答非所问")).to_be_checked()
    page.get_by_role("button", name="提交表决票").click()
    expect(page.locator("#receipt")).to_be_visible()


def test_opening_a_ballot_takes_no_focus_from_somebody_who_writes(browser: Browser, live: LiveServer) -> None:
    secretary = Conductor(live)
    secretary.move("check_in", "call_in")
    page = open_room(browser, live, "expert0", PHONE)
    page.get_by_text("申请回避").click()
    field = page.locator("#recusal-reason")
    field.fill("同")
    page.evaluate("window.scrollTo({top: 900, behavior: 'instant'})")
    secretary.move("begin_questions", "begin_discussion")
    secretary.post(f"/defences/{live.defence_ids[0]}/ballot")
    expect(page.locator("#ballot-form")).to_be_attached()
    expect(page.locator("#ballot-jump")).to_be_visible()
    expect(page.locator(".current .status")).to_have_text("表决")
    expect(field).to_be_focused()
    expect(field).to_have_value("同")
    page.locator("#ballot-jump").click()
    expect(page.locator(".ballot-cast")).to_be_in_viewport()


NOTE_WHEN_THE_LINE_BREAKS = """
window.WebSocket = class extends WebSocket {
  constructor(...of) {
    super(...of);
    this.addEventListener("close", () => { window.lineBroke ??= performance.now(); });
  }
};
"""
NOTE_WHEN_THE_NOTICE_COMES = """() => {
  const notice = document.getElementById("offline");
  new MutationObserver(() => { if (!notice.hidden) window.noticeCame ??= performance.now(); })
    .observe(notice, { attributes: true });
}"""


def test_the_offline_notice_waits_three_seconds(browser: Browser, live: LiveServer) -> None:
    secretary = Conductor(live)
    round_id = secretary.open_ballot()
    page = open_room(browser, live, "expert0", PHONE)
    # By the page's own clock: killing a server takes a moment, too.
    page.context.add_init_script(NOTE_WHEN_THE_LINE_BREAKS)
    page.reload()
    notice = page.locator("#offline")
    page.get_by_role("radio", name="通过").check()
    page.wait_for_timeout(500)
    page.evaluate(NOTE_WHEN_THE_NOTICE_COMES)
    live.kill()
    expect(notice).to_be_visible(timeout=6000)
    assert 3000 <= page.evaluate("noticeCame - lineBroke") < 4000
    expect(notice).to_contain_text("网络已断开")
    page.get_by_role("button", name="提交表决票").click()
    live.start()
    expect(notice).to_be_hidden(timeout=5000)
    expect(page.locator("#receipt")).to_be_visible(timeout=5000)
    vote(live, "expert1", round_id)
    expect(page.locator("#ballot-count")).to_contain_text("2 /")


def test_a_kept_ballot_of_an_older_round_is_dropped_in_words(browser: Browser, live: LiveServer) -> None:
    secretary = Conductor(live)
    first = secretary.open_ballot()
    page = open_room(browser, live, "expert0", PHONE)
    page.get_by_role("radio", name="否决").check()
    page.get_by_role("radio", name="其他").check()
    page.route("**/ballots", lambda route: route.abort())
    live.kill()
    page.get_by_role("button", name="提交表决票").click()
    expect(page.locator("#ballot-error")).to_contain_text("表决票已保留")
    page.goto("about:blank")
    live.start()
    for number in (1, 2, 3):
        vote(live, f"expert{number}", first)
    secretary.close(first)
    secretary.open_ballot(1)
    page.unroute("**/ballots")
    page.goto(f"{live.url}/sittings/{live.sitting_id}")
    expect(page.locator("#earlier-ballot")).to_contain_text("未被计入")
    expect(page.locator("#ballot-form")).to_be_visible()
    assert page.locator('input[name="choice"]:checked').count() == 0
    assert page.evaluate("Object.keys(localStorage).length") == 0
    page.get_by_role("button", name="知道了").click()
    expect(page.locator("#earlier-ballot")).to_be_hidden()


@pytest.fixture
def scoring(live: LiveServer) -> LiveServer:
    """The round decides by the mean of points."""
    with sqlite3.connect(live.directory / "defence.sqlite3") as database:
        (rules,) = database.execute("SELECT rules_toml FROM round").fetchone()
        changed = rules.replace('panel_rule = "one_vote_veto"', 'panel_rule = "mean_score"')
        assert changed != rules
        database.execute("UPDATE round SET rules_toml = ?", (changed,))
    database.close()
    return live


def test_points_with_one_decimal(browser: Browser, scoring: LiveServer) -> None:
    Conductor(scoring).open_ballot()
    page = open_room(browser, scoring, "expert0", SMALL_PHONE)
    field, cast = page.locator("#score"), page.get_by_role("button", name="提交表决票")
    expect(field).to_have_attribute("inputmode", "decimal")
    assert_on_first_screen(page, page.locator("#score, .choice-face, .ballot-cast"))
    for typed in ("100.5", "8,55", "85.55", "-1", "", "八十"):
        field.fill(typed)
        cast.click()
        expect(page.locator("#ballot-error")).to_contain_text("0 到 100")
        expect(field).to_be_focused()
        expect(field).to_have_attribute("aria-invalid", "true")
        page.reload()
    field.fill("８５.5")
    cast.click()
    expect(page.locator("#receipt")).to_be_visible()

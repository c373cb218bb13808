"""The whole day in real browsers: from the workbooks to a veto beside the record."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from defense.app import create_app
from defense.extensions import db
from defense.integrations.sample_data import write_sample_data
from defense.models import Sitting
from defense.models.types import utc_now
from defense.services.access import Role, candidate_account, create_account, expert_account, issue_link
from defense.services.rounds import ensure_round
from defense.services.transaction import begin_write
from tests.browsers import LAPTOP, PHONE, Conductor, open_page, open_room
from tests.conftest import FIRST_DAY, make_settings
from tests.live import LiveServer, start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def empty_server(tmp_path: Path, migrated_sqlite: Path) -> Iterator[LiveServer]:
    """The service with an empty round, a staff member, and three workbooks beside it."""
    shutil.copy(migrated_sqlite, tmp_path / "defence.sqlite3")
    app = create_app(make_settings(tmp_path))
    with app.app_context(), sessionmaker(db.engine)() as session:
        begin_write(session)
        round_ = ensure_round(session, "2021")
        write_sample_data(tmp_path / "sample", 60, 7, FIRST_DAY, round_.rules)
        staff = create_account(session, Role.STAFF, "王工", "staff", None)
        link = issue_link(session, staff, utc_now() + timedelta(days=1))
        session.commit()
        db.engine.dispose()
    server = start_server(tmp_path, 0, [], {"staff": link}, SOLVE_TIME_LIMIT_S="5")
    yield server
    server.kill()


def links_around_first_sitting(server: LiveServer) -> tuple[int, dict[str, str]]:
    """The first sitting, and links for its secretary, three of its experts and its first candidate."""
    app = create_app(make_settings(server.directory))
    with app.app_context(), sessionmaker(db.engine)() as session:
        begin_write(session)
        sitting = session.scalars(select(Sitting).order_by(Sitting.start_at, Sitting.id)).first()
        assert sitting is not None and sitting.panel.secretary is not None
        people = {
            "secretary": sitting.panel.secretary,
            "candidate": candidate_account(session, sitting.defences[0].application),
            **{f"expert{i}": expert_account(session, m.expert) for i, m in enumerate(sitting.members[:3])},
        }
        expires_at = utc_now() + timedelta(days=1)
        links = {name: issue_link(session, account, expires_at) for name, account in people.items()}
        sitting_id = sitting.id
        session.commit()
        db.engine.dispose()
    return sitting_id, links


def test_from_workbooks_to_a_veto_beside_the_record(browser: Browser, empty_server: LiveServer) -> None:
    server = empty_server
    staff = open_page(browser, server, server.links["staff"])

    # The clerk imports three workbooks; faulty rows are told and stay out.
    for kind in ("experts", "panels", "applications"):
        staff.goto(f"{server.url}/rounds/2021/import")
        form = staff.locator(f'form:has(input[name="kind"][value="{kind}"])')
        form.locator('input[type="file"]').set_input_files(server.directory / "sample" / f"{kind}.xlsx")
        form.get_by_role("button", name="检查文件").click()
        staff.get_by_role("button", name=re.compile("导入 .* 行合格数据")).click()
    expect(staff.locator("main")).to_contain_text("退回")

    # She solves, looks and publishes.
    staff.goto(f"{server.url}/rounds/2021/schedule")
    staff.get_by_role("button", name="开始排期").click()
    publish = staff.get_by_role("button", name="发布并发送通知")
    expect(publish).to_be_visible(timeout=60_000)
    expect(staff.locator(".half-day").first).to_be_visible()
    publish.click()
    expect(staff.locator(".alert-success")).to_contain_text("已发布")

    sitting_id, links = links_around_first_sitting(server)
    room = f"{server.url}/sittings/{sitting_id}"
    secretary = open_page(browser, server, links["secretary"])
    experts = [open_page(browser, server, links[f"expert{i}"], PHONE) for i in range(3)]
    candidate = open_page(browser, server, links["candidate"], PHONE)
    expect(candidate.locator("main")).to_contain_text("新疆时间")
    for page in (secretary, *experts):
        page.goto(room)

    # The secretary leads the first candidate through the phases; every phone follows by itself.
    name = secretary.locator(".current h2").inner_text().split(maxsplit=1)[1]
    for step in ("签到", "请入答辩", "开始提问", "开始评议"):
        secretary.locator(".next-step", has_text=step).click()
    for page in experts:
        expect(page.locator(".current h2")).to_contain_text(name)
        expect(page.locator(".current .status")).to_have_text("评议")
        expect(page.locator("details.record")).to_contain_text("身份证号")
    secretary.locator(".next-step", has_text="开始表决").click()
    for page in experts:
        expect(page.locator("#ballot-form")).to_be_visible()

    # One passes, one loses the line in the middle of choosing, one vetoes with a reason.
    experts[0].locator(".choice-pass").click()
    experts[0].get_by_role("button", name="提交表决票").click()
    expect(experts[0].locator("#receipt")).to_be_visible()
    receipt = experts[0].locator("#receipt-code").inner_text()
    experts[1].locator(".choice-pass").click()
    experts[1].context.set_offline(True)
    expect(experts[2].locator("#ballot-count")).to_contain_text("1 /")
    experts[2].locator(".choice-veto").click()
    experts[2].get_by_role("button", name="提交表决票").click()
    expect(experts[2].locator("#ballot-error")).to_contain_text("否决原因")
    experts[2].get_by_role("radio", name="答非所问").check()
    experts[2].get_by_role("button", name="提交表决票").click()
    expect(experts[2].locator("#receipt")).to_be_visible()
    experts[1].get_by_role("button", name="提交表决票").click()
    experts[1].wait_for_timeout(500)
    experts[1].context.set_offline(False)
    expect(experts[1].locator("#receipt")).to_be_visible(timeout=20_000)

    # A reload keeps the receipt; before closing nobody sees a verdict.
    experts[0].reload()
    assert experts[0].locator("#receipt-code").inner_text() == receipt
    for page in (secretary, staff, *experts):
        page.goto(room)
        expect(page.locator("#ballot-count")).to_contain_text("3 /")
        assert "答非所问 ×" not in page.content()
        expect(page.locator(".order")).not_to_contain_text("否决")

    # The secretary closes (not everyone voted, so she is asked); one veto fails the candidate, everywhere.
    secretary.on("dialog", lambda dialog: dialog.accept())
    secretary.locator("#close-ballot").click()
    for page in experts:
        expect(page.locator(".order li").first).to_contain_text("通过 2 · 否决 1")

    # Beside the record stands 不通过; the candidate learns it only after the release.
    staff.goto(f"{server.url}/rounds/2021/results")
    row = staff.locator("tr", has_text=name)
    expect(row).to_contain_text("不通过")
    row.get_by_role("link").first.click()
    expect(staff.locator("main")).to_contain_text("不通过")
    expect(staff.locator("main")).to_contain_text("答非所问 × 1")
    expect(staff.locator("main")).to_contain_text("一票否决制")
    candidate.reload()
    expect(candidate.locator("main")).not_to_contain_text("不通过")
    expect(candidate.locator("main")).to_contain_text("评价中心公布后")
    staff.goto(f"{server.url}/rounds/2021/results")
    staff.once("dialog", lambda dialog: dialog.accept())
    staff.get_by_role("button", name="向申报人公布").click()
    candidate.reload()
    expect(candidate.locator(".result-line")).to_have_text("不通过")


def test_an_unsent_ballot_is_never_the_next_persons(browser: Browser, live: LiveServer) -> None:
    """Two experts share a browser: what the first could not send is gone when the second signs in."""
    Conductor(live).open_ballot()
    room = f"{live.url}/sittings/{live.sitting_id}"
    page = open_room(browser, live, "expert0", PHONE)
    page.locator(".choice-veto").click()
    page.get_by_role("radio", name="其他").check()
    page.context.set_offline(True)
    page.get_by_role("button", name="提交表决票").click()
    page.wait_for_timeout(300)
    assert page.evaluate("Object.keys(localStorage).some((key) => key.startsWith('ballot:'))")
    page.goto("about:blank")
    page.context.set_offline(False)
    page.goto(live.url + live.links["expert1"])
    page.goto(room)
    expect(page.locator("#ballot-form")).to_be_visible()
    page.wait_for_timeout(2000)
    expect(page.locator("#ballot-count")).to_contain_text("0 /")
    assert not page.evaluate("Object.keys(localStorage).some((key) => key.startsWith('ballot:'))")


def test_ballot_without_scripts(browser: Browser, live: LiveServer) -> None:
    """Without scripts a plain form votes; a veto without a reason is refused in words."""
    Conductor(live).open_ballot()
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(live.url + live.links["expert0"])
    page.goto(f"{live.url}/sittings/{live.sitting_id}")
    page.locator(".choice-veto").click()
    page.get_by_role("button", name="提交表决票").click()
    expect(page.locator(".alert-danger").first).to_contain_text("原因")
    page.locator(".choice-veto").click()
    page.get_by_role("radio", name="非本人").check()
    page.get_by_role("button", name="提交表决票").click()
    expect(page.locator("#receipt")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_scrolls_sideways(browser: Browser, live: LiveServer, width: int) -> None:
    """Every page fits its screen, and its scripts run without an error."""
    pages = {
        "staff": [
            "/",
            "/rounds/2021/import",
            "/rounds/2021/applications",
            "/applications/1",
            "/rounds/2021/people",
            "/rounds/2021/schedule",
            "/rounds/2021/schedule/1/half-days/1",
            "/rounds/2021/invites",
            "/rounds/2021/results",
            "/sittings",
            f"/sittings/{live.sitting_id}",
            "/accounts",
            "/audit",
            "/password",
        ],
        "supervisor": ["/", f"/sittings/{live.sitting_id}"],
        "secretary": ["/sittings", f"/sittings/{live.sitting_id}"],
        "expert0": ["/sittings", f"/sittings/{live.sitting_id}"],
        "candidate0": ["/my"],
    }
    for name, paths in pages.items():
        context = browser.new_context(viewport={**LAPTOP, "width": width})
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error, seen=errors: seen.append(str(error)))
        page.on("console", lambda line, seen=errors: seen.append(line.text) if line.type == "error" else None)
        page.goto(live.url + live.links[name])
        for path in paths:
            answer = page.goto(live.url + path)
            assert answer is not None and answer.ok, path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert not errors, (path, errors)
        context.close()

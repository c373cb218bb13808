"""The real page over a line that loses, repeats, delays, cuts and parts, and over a server that starts anew.

Thousands of rounds with many clients are in tests/web/test_room_bad_lines.py and tests/soak; these show that
the script does what those clients are taken to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsers import PHONE, Conductor, open_room, vote
from tests.faulty_proxy import GOOD_LINE, Background, Faults, FaultyProxy, bad_lines
from tests.live import LiveServer
from tests.sockets import rows

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

RIGHT_WITHIN_MS = 5000
SEED = 11
LOSES_ANSWERS = Faults(lose_ack=1.0)
SPOILS = Faults(lose_ack=0.3, repeat=0.5, delay=0.5)
CUTS = Faults(cut=1.0)


@contextmanager
def page_behind_a_line(
    browser: Browser, live: LiveServer, seed: int
) -> Iterator[tuple[Page, Background, FaultyProxy]]:
    """An expert's page of the room, reached over a line of its own."""
    with bad_lines(live.port, range(seed, seed + 1)) as (background, (line,)):
        yield open_room(browser, replace(live, port=line.port), "expert0", PHONE), background, line


def choose(page: Page, choice: str = "弃权") -> None:
    """Two taps."""
    page.get_by_role("radio", name=choice).check()
    page.get_by_role("button", name="提交表决票").click()


def stands_once(live: LiveServer) -> None:
    """One ballot of one voter is stored."""
    assert rows(live, "SELECT count(*) FROM voter WHERE receipt IS NOT NULL") == [(1,)]
    assert rows(live, "SELECT count(*) FROM ballot_envelope") == [(1,)]


def is_right(page: Page, voted: int) -> None:
    """The page shows the receipt and the count, in time, and nobody has touched it."""
    began = time.monotonic()
    expect(page.locator("#receipt")).to_be_visible(timeout=RIGHT_WITHIN_MS)
    left_ms = RIGHT_WITHIN_MS - (time.monotonic() - began) * 1000
    expect(page.locator("#ballot-count")).to_contain_text(f"{voted} /", timeout=left_ms)


@pytest.mark.parametrize("faults", [LOSES_ANSWERS, SPOILS, CUTS], ids=["answers lost", "spoilt", "cut"])
def test_a_ballot_over_a_bad_line_stands_once(browser: Browser, live: LiveServer, faults: Faults) -> None:
    secretary = Conductor(live)
    round_id = secretary.open_ballot()
    with page_behind_a_line(browser, live, SEED) as (page, _background, line):
        expect(page.locator("#ballot-form")).to_be_visible()
        line.faults = faults
        choose(page)
        vote(live, "expert1", round_id)
        page.wait_for_timeout(1500)
        line.faults = GOOD_LINE
        is_right(page, voted=2)
        secretary.close(round_id)
        expect(page.locator("#ballot-form, #receipt").first).to_be_hidden(timeout=RIGHT_WITHIN_MS)
    assert rows(live, "SELECT choice FROM ballot ORDER BY choice") == [("abstain",), ("pass",)]


@pytest.mark.parametrize("resets", [False, True], ids=["held back", "reset"])
def test_a_ballot_given_while_the_line_was_parted(browser: Browser, live: LiveServer, resets: bool) -> None:
    """Nothing comes through for four seconds, and nobody says so; others vote meanwhile."""
    secretary = Conductor(live)
    round_id = secretary.open_ballot()
    with page_behind_a_line(browser, live, SEED) as (page, background, line):
        expect(page.locator("#ballot-form")).to_be_visible()
        background.call(line.part)
        choose(page)
        for number in (1, 2):
            vote(live, f"expert{number}", round_id)
        page.wait_for_timeout(4000)
        expect(page.locator("#receipt")).to_be_hidden()
        background.call(line.rejoin, resets)
        is_right(page, voted=3)
    assert rows(live, "SELECT count(*) FROM ballot_envelope") == [(3,)]


@pytest.mark.parametrize("end", [LiveServer.stop, LiveServer.kill])
def test_a_restart_during_an_open_ballot(
    browser: Browser, live: LiveServer, end: Callable[[LiveServer], None]
) -> None:
    secretary = Conductor(live)
    secretary.open_ballot()
    voter, waiting = (open_room(browser, live, name, PHONE) for name in ("expert0", "expert1"))
    voter.get_by_role("radio", name="弃权").check()
    waiting.get_by_role("radio", name="否决").check()
    end(live)
    voter.get_by_role("button", name="提交表决票").click()
    live.start()
    is_right(voter, voted=1)
    expect(waiting.locator("#ballot-count")).to_contain_text("1 /", timeout=RIGHT_WITHIN_MS)
    expect(waiting.get_by_role("radio", name="否决")).to_be_checked()
    stands_once(live)

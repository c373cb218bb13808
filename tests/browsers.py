"""Browsers in the voting room, and a secretary who conducts it by plain requests."""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

from playwright.sync_api import Browser, Page

from tests.live import LiveServer

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
SMALL_PHONE = {"width": 320, "height": 568}
PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1440, "height": 900}
TO_DISCUSSION = ("check_in", "call_in", "begin_questions", "begin_discussion")


def open_page(browser: Browser, server: LiveServer, link: str, size: dict[str, int] = LAPTOP) -> Page:
    """A page in a browser context of its own, signed in by a personal link."""
    context = browser.new_context(viewport=size)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(server.url + link)
    return page


def open_room(browser: Browser, server: LiveServer, name: str, size: dict[str, int] = LAPTOP) -> Page:
    """The named person's page of the room."""
    page = open_page(browser, server, server.links[name], size)
    page.goto(f"{server.url}/sittings/{server.sitting_id}")
    return page


class Conductor:
    """The secretary, whose clicks are requests of a program."""

    def __init__(self, server: LiveServer, name: str = "secretary") -> None:
        self.server, self.http = server, server.sign_in(name)

    def post(self, path: str, **fields: Any) -> None:
        """One click."""
        answer = self.http.post(self.server.url + path, data=fields, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text

    def move(self, *moves: str, number: int = 0) -> None:
        """Moves of one of the sitting's defences, one after the other."""
        for move in moves:
            self.post(f"/defences/{self.server.defence_ids[number]}/moves/{move}", reason="线路中断")

    def open_ballot(self, number: int = 0) -> str:
        """Everything from the check-in to the open ballot; the id of the round of voting."""
        self.move(*TO_DISCUSSION, number=number)
        self.post(f"/defences/{self.server.defence_ids[number]}/ballot")
        return str(self.snapshot()["shared"]["ballot"]["id"])

    def close(self, ballot_round_id: str) -> None:
        """Close a round of voting."""
        self.post(f"/ballot-rounds/{ballot_round_id}/close")

    def snapshot(self) -> dict[str, Any]:
        """What the page of the room came with."""
        page = self.http.get(f"{self.server.url}/sittings/{self.server.sitting_id}", timeout=10).text
        found = re.search(r'id="room-snapshot">(.*?)</script>', page, re.S)
        assert found is not None
        snapshot: dict[str, Any] = json.loads(found[1])
        return snapshot


def vote(server: LiveServer, name: str, ballot_round_id: str, choice: str = "pass") -> None:
    """A ballot of the named expert by plain POST."""
    ballot = {
        "ballot_round_id": ballot_round_id,
        "choice": choice,
        "veto_reason": "材料不实" if choice == "veto" else None,
        "key": "0123456789abcdef" * 2,
    }
    http = server.sign_in(name)
    answer = http.post(f"{server.url}/sittings/{server.sitting_id}/ballots", json=ballot, timeout=10)
    assert answer.ok, answer.text

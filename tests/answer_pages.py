"""Somebody who was invited, in front of the page of their appointments."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from defense.models import Invite
from defense.services.access import invite_link

Write = Callable[[Callable[[Session], Any]], Any]


class Person:
    """Somebody in front of a browser, come in by the link of an invite."""

    def __init__(self, app: Flask, write: Write, invite_id: int) -> None:
        self.invite_id, self._write = invite_id, write
        self.client = app.test_client()
        secret = app.extensions["settings"].secret_key
        link = write(lambda s: invite_link(s.get_one(Invite, invite_id), secret))
        self.arrival = self.client.get(link, follow_redirects=True)
        self.home = self.arrival.request.path

    def fields(self, home: str = "") -> dict[str, str]:
        """The hidden fields of the page as it is now."""
        page = self.client.get(home or self._card_page).get_data(as_text=True)
        card = page.split(f'action="/appointments/{self.invite_id}/answer"')[1]
        return {name: re.search(rf'name="{name}" value="(\d+)"', card)[1] for name in ("sequence", "seen")}  # type: ignore[index]

    @property
    def _card_page(self) -> str:
        return "/my" if self.home == "/my" else "/appointments"

    def answer(self, answer: str, **form: Any) -> TestResponse:
        """Send a fresh form, or with `sequence` and `seen` an old one."""
        fields = {} if {"sequence", "seen"} <= form.keys() else self.fields()
        data = {**fields, "answer": answer, **form}
        return self.client.post(f"/appointments/{self.invite_id}/answer", data=data)

    def look(self, address: str = "") -> str:
        """The page of the person's appointments."""
        return self.client.get(address or self._card_page).get_data(as_text=True)

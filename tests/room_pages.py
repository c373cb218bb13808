"""The room through a browser: the secretary's clicks, a ballot by form, and every page there is."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select

from defense.extensions import db
from defense.models import BallotRound, Defence, Expert, ImportBatch, Invite, PanelHalfDay, Schedule, Sitting
from defense.models.types import random_id
from tests.conftest import People
from tests.rooms import TO_DISCUSSION


def conduct(secretary: FlaskClient, path: str) -> None:
    """Click one of the secretary's buttons."""
    answer = secretary.post(path)
    assert answer.status_code == 302, answer.text


def open_ballot(app: Flask, people: People, secretary: FlaskClient, number: int = 0) -> str:
    """Hear a candidate and open the ballot; the id of the round of voting."""
    defence_id = people.defence_ids[number]
    for move in TO_DISCUSSION:
        conduct(secretary, f"/defences/{defence_id}/moves/{move}")
    conduct(secretary, f"/defences/{defence_id}/ballot")
    with app.app_context():
        newest = select(BallotRound.id).where(BallotRound.defence_id == defence_id)
        return db.session.scalars(newest.order_by(BallotRound.number.desc())).first() or ""


def ballot_form(ballot_round_id: str, choice: str = "pass", key: str | None = None) -> dict[str, str]:
    """The fields that the room's form sends."""
    return {
        "ballot_round_id": ballot_round_id,
        "choice": choice,
        "veto_reason": "材料不实" if choice == "veto" else "",
        "comment": "",
        "key": key or random_id(),
    }


def all_pages(app: Flask, people: People) -> Iterator[str]:
    """The address of every page that can be fetched, but for the personal links and feeds."""
    known = _known(app, people)
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.endpoint.endswith(
            ("static", "sign_in.link", "feeds.read", "attachments.read")
        ):
            yield app.url_map.bind("localhost").build(rule.endpoint, {a: known[a] for a in rule.arguments})


def all_exports(app: Flask, people: People) -> Iterator[str]:
    """The address of every table that leaves the house: by POST, since it is written down who took it."""
    known = _known(app, people)
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and rule.rule.endswith(".xlsx"):
            to_post = app.url_map.bind("localhost")
            yield to_post.build(rule.endpoint, {a: known[a] for a in rule.arguments}, method="POST")


def _known(app: Flask, people: People) -> dict[str, Any]:
    """What the addresses name."""
    with app.app_context():
        schedule = db.session.scalars(select(Schedule)).first()
        half_day = db.session.scalars(select(PanelHalfDay)).first()
        batch = db.session.scalars(select(ImportBatch)).first()
        expert = db.session.scalars(select(Expert)).first()
        application_id = db.session.get_one(Defence, people.defence_ids[0]).application_id
        assert schedule
        assert half_day
        assert batch
        assert expert
        return {
            "code": "2021",
            "kind": "experts",
            "document_kind": "defence-records",
            "subject_id": people.sitting_id,
            "sitting_id": people.sitting_id,
            "screen_key": db.session.get_one(Sitting, people.sitting_id).screen_key,
            "defence_id": people.defence_ids[0],
            "application_id": application_id,
            "schedule_id": schedule.id,
            "half_day_id": half_day.id,
            "panel_id": half_day.panel_id,
            "batch_id": batch.id,
            "expert_id": expert.id,
            "letter": "candidate.invite",
            "invite_id": db.session.scalars(
                select(Invite.id).where(Invite.defence_id == people.defence_ids[0])
            ).first(),
        }


def readable(data: bytes, mimetype: str) -> str:
    """What is in an answer, without what is random or the time of day in every one."""
    if mimetype.endswith("sheet"):
        sheets = load_workbook(io.BytesIO(data))
        return str([[cell.value for cell in row] for sheet in sheets for row in sheet])
    text = data.decode()
    text = re.sub(r'(name="csrf[-_]token" (?:content|value)=")[^"]+', r"\1TOKEN", text)
    text = re.sub(r"\b[0-9a-f]{8,64}\b", "RANDOM", text)
    text = re.sub(r"jwt=[^\"&]+", "TOKEN", text)
    return re.sub(r"\d{4}[-年]\d{1,2}[-月]\d{1,2}日?|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?", "TIME", text)

"""The page of the minutes: who may open it, and that an open ballot shows nothing there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from defense.extensions import db
from defense.models import BallotRound
from defense.services.access import Role
from tests.conftest import People, introduce_people, make_app
from tests.room_pages import ballot_form, conduct, open_ballot, readable
from tests.web.test_room_access import add_stranger

Enter = Callable[[str], FlaskClient]
READERS = ("secretary", "staff", "supervisor", "expert0", "expert1")


def minutes(client: FlaskClient, people: People) -> str:
    answer = client.get(f"/sittings/{people.sitting_id}/minutes")
    assert answer.status_code == 200
    return readable(answer.data, answer.mimetype or "")


def decide(app: Flask, people: People, enter: Enter, *choices: str) -> None:
    """The first candidate is voted on."""
    ballot_round_id = vote(app, people, enter, *choices)
    conduct(enter("secretary"), f"/ballot-rounds/{ballot_round_id}/close")


def vote(app: Flask, people: People, enter: Enter, *choices: str) -> str:
    ballot_round_id = open_ballot(app, people, enter("secretary"))
    for i, choice in enumerate(choices):
        form = ballot_form(ballot_round_id, choice)
        assert (
            enter(f"expert{i}").post(f"/sittings/{people.sitting_id}/ballots", data=form).status_code == 302
        )
    return ballot_round_id


@pytest.mark.parametrize("name", READERS)
def test_those_in_the_room_read_the_minutes(
    published_app: Flask, people: People, enter: Enter, name: str
) -> None:
    decide(published_app, people, enter, "veto", "pass", "pass", "pass", "pass")
    page = enter(name).get(f"/sittings/{people.sitting_id}/minutes").text
    assert "视频答辩会议记录" in page
    assert "通过 4 票，否决 1 票，弃权 0 票，未投 0 票" in page
    assert "材料不实 × 1" in page
    assert "尚未封存" in page
    assert f"flask verify-audit --head sitting:{people.sitting_id}:" in page
    assert f"/sittings/{people.sitting_id}/minutes" in enter(name).get(f"/sittings/{people.sitting_id}").text


def test_who_still_waits_and_when_the_clock_stood(published_app: Flask, people: People, enter: Enter) -> None:
    secretary, supervisor = enter("secretary"), enter("supervisor")
    first, *others = people.defence_ids
    assert "尚未结束" in minutes(supervisor, people)
    assert "（候场）" in minutes(supervisor, people)
    for path in ("moves/check_in", "moves/call_in", "clock/pause", "clock/go"):
        conduct(secretary, f"/defences/{first}/{path}")
    page = minutes(supervisor, people)
    assert "计时暂停" in page
    assert re.search(r"计时暂停</dt><dd>.*TIME</span>–<span[^>]*>[^<]*TIME</span>（陈述）", page)
    for id_ in (first, *others):
        move = "waive" if id_ == first else "mark_absent"
        form = {"reason": "身体不适"}
        assert secretary.post(f"/defences/{id_}/moves/{move}", data=form).status_code == 302
    page = minutes(supervisor, people)
    assert "尚未结束" not in page
    assert page.count("身体不适") >= len(people.defence_ids)


def test_a_re_vote_and_a_second_defence_stand_with_who_asked_and_who_granted(
    published_app: Flask, people: People, enter: Enter
) -> None:
    secretary, supervisor = enter("secretary"), enter("supervisor")
    decide(published_app, people, enter, "veto", "pass", "pass")
    for number, (kind, granted) in enumerate((("re_vote", "1"), ("second_defence", "0"))):
        form = {"kind": kind, "cause": "technical", "reason": f"计票时停电{number}"}
        assert secretary.post(f"/defences/{people.defence_ids[0]}/reopenings", data=form).status_code == 302
        assert "尚未决定" in minutes(supervisor, people)
        answer = {"granted": granted, "reason": f"答复{number}"}
        assert supervisor.post(f"/reopenings/{number + 1}/decision", data=answer).status_code == 302
        if kind == "re_vote":
            conduct(secretary, f"/defences/{people.defence_ids[0]}/ballot")
            with published_app.app_context():
                newest = db.session.scalars(select(BallotRound.id).where(BallotRound.closed_at.is_(None)))
                form_of = ballot_form(newest.one())
            for name in ("expert0", "expert1", "expert2"):
                enter(name).post(
                    f"/sittings/{people.sitting_id}/ballots", data=form_of | {"key": name[-1] * 32}
                )
            conduct(secretary, f"/ballot-rounds/{form_of['ballot_round_id']}/close")
    page = minutes(supervisor, people)
    assert "本轮结果已因获准重新表决而不再有效" in page
    asked = ("重新表决（技术原因）", "计票时停电0", "二次答辩（技术原因）", "计票时停电1")
    decided = ("批准人 赵监督", "答复0", "不予批准，决定人 赵监督", "答复1")
    for words in (*asked, *decided):
        assert words in page, words


@pytest.mark.parametrize("role", [Role.EXPERT, Role.SECRETARY])
def test_others_do_not_learn_that_there_are_any(
    published_app: Flask, people: People, enter: Enter, role: Role
) -> None:
    add_stranger(published_app, people, role)
    stranger = enter("stranger")
    assert stranger.get(f"/sittings/{people.sitting_id}/minutes").status_code == 404
    assert stranger.get("/sittings/999999/minutes").status_code == 404


def test_candidates_and_strangers_are_turned_away(published_app: Flask, people: People, enter: Enter) -> None:
    address = f"/sittings/{people.sitting_id}/minutes"
    assert enter("candidate0").get(address).status_code == 403
    assert published_app.test_client().get(address).status_code == 302


def test_a_recused_member_reads_the_outcome_only(published_app: Flask, people: People, enter: Enter) -> None:
    defence_id = people.defence_ids[0]
    answer = enter("expert1").post(f"/defences/{defence_id}/recusals", data={"reason": "师生关系"})
    assert answer.status_code == 302
    decide(published_app, people, enter, "veto")
    page = minutes(enter("expert1"), people)
    assert "您对该答辩人回避，仅显示结果。" in page
    assert "材料不实" not in page
    assert "师生关系" not in page


def test_english(people: People, enter: Enter) -> None:
    client = enter("supervisor")
    client.post("/language/en", data={"next": "/"})
    page = minutes(client, people)
    assert "Minutes of the video defence" in page
    assert "not sealed yet" in page


def test_an_open_ballot_shows_nothing(tmp_path: Path, published_sqlite: Path) -> None:
    """Run twice from one database, with votes one way and the other: what anybody reads is the same."""
    seen = [_while_open(tmp_path / way, published_sqlite, way) for way in ("pass", "veto")]
    assert seen[0] == seen[1]
    assert all("表决进行中" in page for page in seen[0].values())


def _while_open(directory: Path, database: Path, choice: str) -> dict[str, str]:
    """Everybody's minutes while all have voted like this and the ballot is open."""
    directory.mkdir()
    app = make_app(directory, database)
    with app.app_context(), sessionmaker(db.engine)() as session:
        people = introduce_people(session)

    def enter(name: str) -> FlaskClient:
        client = app.test_client()
        client.get(people.links[name])
        return client

    vote(app, people, enter, *[choice] * 5)
    pages = {name: minutes(enter(name), people) for name in READERS}
    with app.app_context():
        db.engine.dispose()
    return pages

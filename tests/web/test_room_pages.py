"""The room and the candidate's page as they are read, with and without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import sessionmaker

from defense.domain.record_json import record_to_json
from defense.extensions import db
from defense.models import BallotEnvelope, Defence, Round, Voter
from tests.conftest import People, introduce_people, make_app
from tests.live import PROJECT_DIR
from tests.room_pages import ballot_form, conduct, open_ballot

Enter = Callable[[str], FlaskClient]
ATTACK = "</script><script>alert(1)</script><img src=x onerror=alert(1)>'\""


def test_a_ballot_by_the_bare_form_gives_its_receipt(
    published_app: Flask, people: People, enter: Enter
) -> None:
    """As a phone without scripts does it: load the page, fill the form, see the receipt, send it again."""
    open_ballot(published_app, people, enter("secretary"))
    published_app.config["WTF_CSRF_ENABLED"] = True
    expert, room = enter("expert0"), f"/sittings/{people.sitting_id}"
    page = expert.get(room).text
    form = re.search(r'<form[^>]*id="ballot-form"[^>]*>.*?</form>', page, re.S)
    assert form is not None
    assert " hidden>" not in form[0].partition("\n")[0]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
    address = re.search(r'action="([^"]+)"', form[0])
    assert address is not None
    filled = fields | {"choice": "veto", "veto_reason": "材料不实", "comment": "第一行\r\n第二行"}
    receipts: set[str] = set()
    for _ in range(2):
        answer = expert.post(address[1], data=filled, follow_redirects=True)
        assert answer.status_code == 200
        assert "已记录" in answer.text
        shown = re.search(r'<code id="receipt-code">([0-9a-f]{12})</code>', answer.text)
        assert shown is not None
        receipts.add(shown[1])
    assert len(receipts) == 1
    with published_app.app_context():
        assert db.session.scalar(select(func.count()).select_from(BallotEnvelope)) == 1
        stored = db.session.scalars(select(Voter.receipt).where(Voter.receipt.is_not(None))).one()
        assert stored is not None
        assert stored.startswith(receipts.pop())


def test_the_same_ballot_as_json(published_app: Flask, people: People, enter: Enter) -> None:
    form = ballot_form(open_ballot(published_app, people, enter("secretary")))
    expert, address = enter("expert0"), f"/sittings/{people.sitting_id}/ballots"
    first = expert.post(address, json=form)
    assert (first.status_code, first.get_json()["ok"]) == (200, True)
    assert expert.post(address, json=form).json == first.json
    assert expert.post(address, data=form).status_code == 302
    other = expert.post(address, json=form | {"key": "ab" * 16}, headers={"Accept": "application/json"})
    assert (other.status_code, other.get_json()["ok"]) == (409, False)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"nonsense", b'{"choice": "pass"}', b"\xff\xfe", b"null", b'"' + b"x" * 10_000]
)
def test_a_malformed_ballot_is_refused_in_words(
    published_app: Flask, people: People, enter: Enter, data: bytes
) -> None:
    open_ballot(published_app, people, enter("secretary"))
    expert = enter("expert0")
    answer = expert.post(
        f"/sittings/{people.sitting_id}/ballots",
        data=data,
        content_type="application/json",
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 422
    assert "表决票" in answer.get_json()["message"]


def test_names_are_text_and_never_code(published_app: Flask, people: People, enter: Enter) -> None:
    with published_app.app_context():
        application = db.session.get_one(Defence, people.defence_ids[0]).application
        record = application.record
        application.name = ATTACK
        application.record_json = record_to_json(record) | {"name": ATTACK, "unit": ATTACK}
        db.session.commit()
    secretary = enter("secretary")
    for move in ("check_in", "call_in"):
        conduct(secretary, f"/defences/{people.defence_ids[0]}/moves/{move}")
    pages = [
        *(secretary.get(f"/sittings/{people.sitting_id}{tail}") for tail in ("", "/current")),
        secretary.get(f"/sittings/{people.sitting_id}/defences/{people.defence_ids[0]}"),
        enter("staff").get("/rounds/2021/results"),
        enter("candidate0").get("/my"),
    ]
    for page in pages:
        assert page.status_code == 200
        assert "alert(1)" in page.text
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]


def test_a_comment_is_text_and_never_code(published_app: Flask, people: People, enter: Enter) -> None:
    ballot_round_id = open_ballot(published_app, people, enter("secretary"))
    for i in range(3):
        form = ballot_form(ballot_round_id, "veto") | {"comment": ATTACK}
        enter(f"expert{i}").post(f"/sittings/{people.sitting_id}/ballots", data=form)
    conduct(enter("secretary"), f"/ballot-rounds/{ballot_round_id}/close")
    page = enter("staff").get(f"/sittings/{people.sitting_id}/defences/{people.defence_ids[0]}").text
    assert page.count("&lt;script&gt;alert(1)") == 3
    assert "<script>alert" not in page


@pytest.mark.parametrize("choice", ["pass", "veto"])
def test_a_candidate_reads_nothing_before_the_release(
    published_app: Flask, people: People, enter: Enter, choice: str
) -> None:
    secretary, candidate = enter("secretary"), enter("candidate0")
    ballot_round_id = open_ballot(published_app, people, secretary)
    for i in range(3):
        enter(f"expert{i}").post(
            f"/sittings/{people.sitting_id}/ballots", data=ballot_form(ballot_round_id, choice)
        )
    conduct(secretary, f"/ballot-rounds/{ballot_round_id}/close")
    before = candidate.get("/my").text
    assert not re.search("通过|否决|不通过", before)
    staff = enter("staff")
    assert staff.post("/rounds/2021/results/release").status_code == 302
    after = candidate.get("/my").text
    assert ("不通过" in after) is (choice == "veto")
    assert "通过" in after


def test_nothing_is_released_while_a_ballot_is_open(
    published_app: Flask, people: People, enter: Enter
) -> None:
    open_ballot(published_app, people, enter("secretary"))
    assert enter("staff").post("/rounds/2021/results/release").status_code == 409


def test_the_pages_after_closing_do_differ(tmp_path: Path, published_sqlite: Path) -> None:
    """What `test_room_secrecy` looks for is there to be seen once the ballot is closed."""
    app = make_app(tmp_path, published_sqlite)
    with app.app_context(), sessionmaker(db.engine)() as session:
        people = introduce_people(session)
    clients = {name: app.test_client() for name in people.links}
    for name, client in clients.items():
        client.get(people.links[name])
    read = []
    for number, choice in enumerate(("pass", "veto")):
        ballot_round_id = open_ballot(app, people, clients["secretary"], number)
        for i in range(3):
            clients[f"expert{i}"].post(
                f"/sittings/{people.sitting_id}/ballots", json=ballot_form(ballot_round_id, choice)
            )
        conduct(clients["secretary"], f"/ballot-rounds/{ballot_round_id}/close")
        answer = clients["supervisor"].get(
            f"/sittings/{people.sitting_id}/defences/{people.defence_ids[number]}"
        )
        read.append("材料不实" in answer.text)
    assert read == [False, True]
    with app.app_context():
        db.engine.dispose()


def test_the_ballot_paper_fits_the_rule(published_app: Flask, people: People, enter: Enter) -> None:
    page = enter("expert0").get(f"/sittings/{people.sitting_id}").text
    assert re.findall(r'name="choice" value="(\w+)"', page) == ["pass", "veto", "abstain"]
    assert 'name="veto_reason" value="材料不实"' in page
    assert "一票否决制" in page
    _change_defence_rules(published_app, panel_rule="mean_score", secret_ballots=False)
    page = enter("expert0").get(f"/sittings/{people.sitting_id}").text
    assert re.findall(r'name="choice" value="(\w+)"', page) == ["score", "abstain"]
    assert 'inputmode="decimal"' in page
    assert "veto_reason" not in page
    assert "平均分制" in page
    assert "记名表决" in page


@pytest.mark.parametrize(("typed", "status"), [("85.5", 302), ("100", 302), ("100.5", 422), ("8,55", 422)])
def test_points_by_the_bare_form(
    published_app: Flask, people: People, enter: Enter, typed: str, status: int
) -> None:
    _change_defence_rules(published_app, panel_rule="mean_score")
    ballot_round_id = open_ballot(published_app, people, enter("secretary"))
    form = {"ballot_round_id": ballot_round_id, "choice": "score", "score": typed, "key": "ab" * 16}
    answer = enter("expert0").post(f"/sittings/{people.sitting_id}/ballots", data=form)
    assert answer.status_code == status


def test_who_may_do_what_is_what_the_page_offers(published_app: Flask, people: People, enter: Enter) -> None:
    open_ballot(published_app, people, enter("secretary"))
    pages = {
        name: enter(name).get(f"/sittings/{people.sitting_id}").text
        for name in people.links
        if name in ("staff", "secretary", "supervisor", "expert0")
    }
    for name, page in pages.items():
        conducts = name in ("staff", "secretary")
        assert ("/close" in page) is conducts
        assert ("/nudges" in page) is conducts
        assert ("data-member" in page) is (name != "expert0")
        assert ("/screens/" in page) is (name != "expert0")
        assert ('id="ballot-form"' in page) is (name == "expert0")
    assert pages["expert0"].count("/recusals") == 1


def test_the_english_room_has_no_chinese_sentence(published_app: Flask, people: People, enter: Enter) -> None:
    """Whatever the Chinese page says in words of the catalogue, the English one says in English."""
    with (PROJECT_DIR / "defense/translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        words = {
            str(m.string)
            for m in read_po(file, locale="zh")
            if len(str(m.string)) > 1 and "%" not in str(m.string)
        }
    open_ballot(published_app, people, enter("secretary"))
    for name in ("secretary", "supervisor", "expert0"):
        client = enter(name)
        chinese = client.get(f"/sittings/{people.sitting_id}").text
        client.post("/language/en")
        english = client.get(f"/sittings/{people.sitting_id}").text
        spoken = {word for word in words if f">{word}<" in chinese}
        assert len(spoken) > 5
        assert {word for word in spoken if f">{word}<" in english} <= {"中文"}
        # Words of a constant: not those of whoever asked for the page first.
        assert ("结束表决" in chinese) is (name == "secretary")
        assert "结束表决" not in english


def _change_defence_rules(app: Flask, **changes: object) -> None:
    with app.app_context():
        round_ = db.session.scalars(select(Round)).one()
        for key, value in changes.items():
            written = re.search(rf"^{key} = (\S+)", round_.rules_toml, re.M)
            assert written is not None
            new = f'"{value}"' if isinstance(value, str) else str(value).lower()
            round_.rules_toml = round_.rules_toml.replace(f"{key} = {written[1]}", f"{key} = {new}")
        db.session.commit()

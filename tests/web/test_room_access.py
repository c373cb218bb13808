"""Who gets into the room and what they can do there; whoever has no business there learns nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from defense.extensions import db
from defense.models import AccessLink, Defence, Expert, SignIn, Sitting, SittingMember
from defense.models.types import utc_now
from defense.services.access import Role, create_account, expert_account, issue_link
from tests.conftest import People, csrf_token
from tests.room_pages import all_pages, ballot_form, open_ballot

Enter = Callable[[str], FlaskClient]


def add_stranger(app: Flask, people: People, role: Role) -> None:
    """Somebody of another panel, under the name `stranger`."""
    with app.app_context():
        if role is Role.EXPERT:
            ours = select(SittingMember.expert_id).where(SittingMember.sitting_id == people.sitting_id)
            expert = db.session.scalars(select(Expert).where(Expert.id.not_in(ours))).first()
            assert expert is not None
            account = expert_account(db.session(), expert)
        else:
            account = create_account(db.session(), role, "外人", "stranger", None)
        people.links["stranger"] = issue_link(db.session(), account, utc_now() + timedelta(days=1))
        db.session.commit()


def room_pages(people: People) -> list[str]:
    """The pages of the room."""
    room = f"/sittings/{people.sitting_id}"
    return [room, f"{room}/current", f"{room}/defences/{people.defence_ids[0]}", f"{room}/meeting"]


def conducting_posts(people: People, ballot_round_id: str) -> list[str]:
    """What only the secretary and staff may send."""
    defence_id, other_id = people.defence_ids[:2]
    moves = ("call_in", "interrupt", "resume", "mark_absent", "waive", "cancel")
    return [
        *(f"/defences/{id_}/moves/{move}" for id_ in (defence_id, other_id) for move in moves),
        f"/defences/{other_id}/ballot",
        f"/ballot-rounds/{ballot_round_id}/close",
    ]


def states(app: Flask) -> list[tuple[object, ...]]:
    """Where every defence and sitting stands."""
    with app.app_context():
        defences = db.session.execute(select(Defence.id, Defence.state, Defence.outcome))
        sittings = db.session.execute(select(Sitting.id, Sitting.seq))
        return [tuple(row) for row in (*defences, *sittings)]


@pytest.mark.parametrize("role", [Role.EXPERT, Role.SECRETARY])
def test_other_panels_do_not_exist_for_a_stranger(
    published_app: Flask, people: People, enter: Enter, role: Role
) -> None:
    ballot_round_id = open_ballot(published_app, people, enter("secretary"))
    add_stranger(published_app, people, role)
    stranger, before = enter("stranger"), states(published_app)
    missing = stranger.get("/sittings/999999")
    for path in room_pages(people):
        answer = stranger.get(path)
        assert answer.status_code == 404
        assert answer.text.count("答辩组") == missing.text.count("答辩组")
    refused = {stranger.post(path).status_code for path in conducting_posts(people, ballot_round_id)}
    assert refused == ({404} if role is Role.SECRETARY else {403})
    assert f"/sittings/{people.sitting_id}" not in stranger.get("/sittings").text
    assert states(published_app) == before


def test_a_candidate_has_no_room(published_app: Flask, people: People, enter: Enter) -> None:
    ballot_round_id = open_ballot(published_app, people, enter("secretary"))
    candidate, before = enter("candidate0"), states(published_app)
    assert {candidate.get(path).status_code for path in room_pages(people)} == {403}
    posts = [*conducting_posts(people, ballot_round_id), f"/sittings/{people.sitting_id}/ballots"]
    assert {candidate.post(path, data=ballot_form(ballot_round_id)).status_code for path in posts} == {403}
    assert states(published_app) == before


@pytest.mark.parametrize("name", ["supervisor", "expert0"])
def test_who_watches_does_not_conduct(published_app: Flask, people: People, enter: Enter, name: str) -> None:
    ballot_round_id = open_ballot(published_app, people, enter("secretary"))
    watcher, before = enter(name), states(published_app)
    assert {watcher.get(path).status_code for path in room_pages(people)[:3]} == {200}
    posts = conducting_posts(people, ballot_round_id)
    assert {watcher.post(path).status_code for path in posts} == {403}
    assert "/close" not in watcher.get(f"/sittings/{people.sitting_id}").text
    assert states(published_app) == before


@pytest.mark.parametrize("name", ["supervisor", "staff", "secretary"])
def test_who_is_no_expert_does_not_vote(
    published_app: Flask, people: People, enter: Enter, name: str
) -> None:
    ballot_round_id = open_ballot(published_app, people, enter("secretary"))
    client, before = enter(name), states(published_app)
    answer = client.post(f"/sittings/{people.sitting_id}/ballots", data=ballot_form(ballot_round_id))
    assert answer.status_code == 403
    assert states(published_app) == before


def test_signed_out_is_sent_to_sign_in_or_refused(published_app: Flask, people: People) -> None:
    client = published_app.test_client()
    for path in room_pages(people):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer.location.startswith("/login?next=")
    posts = [*conducting_posts(people, "0" * 32), f"/sittings/{people.sitting_id}/ballots"]
    assert {client.post(path).status_code for path in posts} == {401}


def test_fetching_pages_changes_nothing(published_app: Flask, people: People, enter: Enter) -> None:
    ballot_round_id = open_ballot(published_app, people, enter("secretary"))
    clients = {name: enter(name) for name in ("staff", "supervisor", "secretary", "expert0", "candidate0")}
    addresses = [
        *all_pages(published_app, people),
        *conducting_posts(people, ballot_round_id),
        f"/sittings/{people.sitting_id}/ballots",
    ]
    before = dump(published_app)
    seen = {name: [c.get(path).status_code for path in addresses] for name, c in clients.items()}
    after = dump(published_app)
    assert [table for table in before if after[table] != before[table]] == []
    assert {status for statuses in seen.values() for status in statuses} <= {200, 302, 403, 404, 405}
    # The walk was no walk past closed doors.
    assert seen["staff"].count(200) > 10


def dump(app: Flask) -> dict[str, list[object]]:
    """Every row of every table."""
    with app.app_context():
        return {
            table.name: list(db.session.execute(select(table)).all()) for table in db.metadata.sorted_tables
        }


def test_a_post_without_the_token_of_its_page_is_refused(
    published_app: Flask, people: People, enter: Enter
) -> None:
    ballot_round_id = open_ballot(published_app, people, enter("secretary"))
    secretary, expert = enter("secretary"), enter("expert0")
    token = csrf_token(expert.get(f"/sittings/{people.sitting_id}").text)
    before = states(published_app)
    published_app.config["WTF_CSRF_ENABLED"] = True
    posts = [*conducting_posts(people, ballot_round_id), "/logout", "/login", "/language/en"]
    assert {secretary.post(path).status_code for path in posts} == {400}
    form = ballot_form(ballot_round_id)
    address = f"/sittings/{people.sitting_id}/ballots"
    assert expert.post(address, data=form).status_code == 400
    assert expert.post(address, json=form).status_code == 400
    foreign = secretary.post(f"/ballot-rounds/{ballot_round_id}/close", data={"csrf_token": token})
    assert foreign.status_code == 400
    assert states(published_app) == before
    assert expert.post(address, data=form | {"csrf_token": token}).status_code == 302


@pytest.mark.parametrize("way", ["revoked_at", "expires_at"])
def test_a_dead_link_says_so_and_ends_who_came_by_it(
    published_app: Flask, people: People, enter: Enter, way: str
) -> None:
    inside = enter("expert0")
    assert inside.get("/sittings").status_code == 200
    with published_app.app_context():
        for link in db.session.scalars(select(AccessLink)):
            setattr(link, way, utc_now() - timedelta(seconds=1))
        db.session.commit()
    assert published_app.test_client().get(people.links["expert0"]).status_code == 410
    assert inside.get("/sittings").status_code == 302
    assert inside.post(f"/sittings/{people.sitting_id}/ballots").status_code == 401


@pytest.mark.parametrize("token", ["nonsense", "a" * 43, "%00", "../login", "x" * 5000])
def test_a_guessed_link_is_dead(published_app: Flask, token: str) -> None:
    assert published_app.test_client().get(f"/link/{token}").status_code in (404, 410)


def test_signing_out_makes_every_copy_of_the_cookie_worthless(
    published_app: Flask, people: People, enter: Enter
) -> None:
    client = enter("expert0")
    cookie = client.get_cookie("session")
    assert cookie is not None
    assert client.post("/logout").status_code == 302
    client.set_cookie("session", cookie.value)
    assert client.get(f"/sittings/{people.sitting_id}").status_code == 302
    with published_app.app_context():
        assert db.session.scalars(select(SignIn.ended_at)).all().count(None) == 0


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "/\t/evil.example/",
        "/\n/evil.example/",
        " //evil.example/",
        "javascript:alert(1)",
        "evil.example",
    ],
)
def test_sign_in_leads_to_no_strangers_site(published_app: Flask, address: str) -> None:
    with published_app.app_context():
        create_account(db.session(), Role.STAFF, "王工", "staff", "correct horse")
        db.session.commit()
    client = published_app.test_client()
    form = {"username": "staff", "password": "correct horse", "next": address}
    for answer in (client.post("/login", data=form), client.post("/language/en", data={"next": address})):
        assert answer.status_code == 302
        assert answer.location == "/"


def test_sign_in_leads_back_to_the_page_that_was_asked_for(published_app: Flask, people: People) -> None:
    with published_app.app_context():
        create_account(db.session(), Role.STAFF, "王工", "chief", "correct horse")
        db.session.commit()
    form = {"username": "chief", "password": "correct horse", "next": f"/sittings/{people.sitting_id}?a=b"}
    assert published_app.test_client().post("/login", data=form).location == form["next"]


@pytest.mark.parametrize("number", [0, 2**31, 2**63, 10**30])
def test_an_impossible_number_is_not_found(published_app: Flask, enter: Enter, number: int) -> None:
    staff = enter("staff")
    assert staff.get(f"/sittings/{number}").status_code == 404
    assert staff.get(f"/sittings/{number}/current").status_code == 404
    assert staff.post(f"/defences/{number}/moves/call_in").status_code == 404
    assert staff.post(f"/defences/{number}/ballot").status_code == 404

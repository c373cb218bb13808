"""Sealing through the pages: who may, when, once; and no address changes a sealed sitting any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from defense.domain.lifecycle import Move
from defense.extensions import db
from defense.models import BallotRound, Invite, PanelHalfDay, Reopening, Schedule, Seal, Sitting
from defense.models.types import random_id
from defense.services.access import Role
from defense.services.audit_check import verify_audit
from defense.services.room.seals import trusted_keys
from tests.conftest import People, csrf_token
from tests.room_pages import ballot_form, conduct, open_ballot, readable
from tests.web.test_room_access import add_stranger, dump

Enter = Callable[[str], FlaskClient]
ROLES = ("staff", "secretary", "supervisor", "expert0", "candidate0")
OF_A_SITTING = {"sitting_id", "defence_id", "ballot_round_id", "reopening_id"}
"""An address with one of these is about the day of a sitting."""
OF_OTHER_THINGS = {
    "account_id",
    "absence_id",
    "batch_id",
    "delivery_id",
    "difference_id",
    "letter",
    "message_id",
    "meeting_id",
    "run_id",
    "wish_id",
    "key",
    "invite_id",
}
"""No row of these is about the day of a sitting; 1 stands for them (`key` is of a mail that came in)."""
WORDS = {
    "move": tuple(Move),
    "change": ("pause", "go"),
    "document_kind": ("minutes", "ballot-papers", "recommendation", "timetable"),
}
"""What may stand in an address besides numbers."""
NOT_WALKED = {"runs.solve", "runs.reschedule", "sign_in.logout", "sign_in.login_submit"}
"""Two start the solver, whose timetable has to be published like any other; two would end the walk."""


@dataclass(frozen=True)
class Finished:
    """A sitting where nobody waits any more."""

    voted_id: int
    ballot_round_id: str
    address: str


@pytest.fixture
def finished(published_app: Flask, people: People, enter: Enter) -> Finished:
    """One candidate is decided, the others did not come; a second defence was refused."""
    secretary = enter("secretary")
    ballot_round_id = open_ballot(published_app, people, secretary)
    for name in ("expert0", "expert1", "expert2"):
        form = ballot_form(ballot_round_id, "veto" if name == "expert0" else "pass")
        assert enter(name).post(f"/sittings/{people.sitting_id}/ballots", data=form).status_code == 302
    conduct(secretary, f"/ballot-rounds/{ballot_round_id}/close")
    for id_ in people.defence_ids[1:]:
        conduct_with_reason(secretary, id_, Move.MARK_ABSENT)
    voted_id = people.defence_ids[0]
    asked = {"kind": "second_defence", "cause": "technical", "reason": "断线"}
    assert secretary.post(f"/defences/{voted_id}/reopenings", data=asked).status_code == 302
    with published_app.app_context():
        reopening_id = db.session.scalars(select(Reopening.id)).one()
    refused = {"granted": "0", "reason": "证据不足"}
    assert enter("supervisor").post(f"/reopenings/{reopening_id}/decision", data=refused).status_code == 302
    return Finished(voted_id, ballot_round_id, f"/sittings/{people.sitting_id}/seal")


def conduct_with_reason(secretary: FlaskClient, defence_id: int, move: Move) -> None:
    """One of the moves that want a reason."""
    answer = secretary.post(f"/defences/{defence_id}/moves/{move}", data={"reason": "未到场"})
    assert answer.status_code == 302


def seals(app: Flask) -> list[str]:
    """The signatures that there are."""
    with app.app_context():
        return list(db.session.scalars(select(Seal.signature)))


def test_without_the_token_of_its_page_nothing_is_sealed(
    published_app: Flask, people: People, enter: Enter, finished: Finished
) -> None:
    supervisor, other = enter("supervisor"), enter("secretary")
    room = f"/sittings/{people.sitting_id}"
    token, foreign = (csrf_token(client.get(room).text) for client in (supervisor, other))
    published_app.config["WTF_CSRF_ENABLED"] = True
    before = dump(published_app)
    for form in ({}, {"csrf_token": ""}, {"csrf_token": token[:-1]}, {"csrf_token": foreign}):
        assert supervisor.post(finished.address, data=form).status_code == 400
    assert dump(published_app) == before
    assert supervisor.post(finished.address, data={"csrf_token": token}).status_code == 302
    assert len(seals(published_app)) == 1


@pytest.mark.parametrize("name", ["staff", "secretary", "expert0", "candidate0", "stranger", None])
def test_nobody_but_a_supervisor_seals(
    published_app: Flask, people: People, enter: Enter, finished: Finished, name: str | None
) -> None:
    if name == "stranger":
        add_stranger(published_app, people, Role.SECRETARY)
    client = enter(name) if name else published_app.test_client()
    before = dump(published_app)
    assert client.post(finished.address).status_code == (403 if name else 401)
    assert dump(published_app) == before
    assert finished.address not in client.get(f"/sittings/{people.sitting_id}").text


def test_pressed_twice_it_is_sealed_once_and_says_so(
    published_app: Flask, people: People, enter: Enter, finished: Finished
) -> None:
    supervisor, room = enter("supervisor"), f"http://localhost/sittings/{people.sitting_id}"
    assert finished.address in supervisor.get(room).text
    page = supervisor.post(finished.address, follow_redirects=True)
    assert page.status_code == 200
    assert "本场已封存" in page.text
    assert finished.address not in page.text
    first, before = seals(published_app), dump(published_app)
    # From the page, which shows it again with the words above; and from anywhere else.
    again = supervisor.post(finished.address, headers={"Referer": room}, follow_redirects=True)
    assert (again.status_code, "本场答辩已经封存" in again.text) == (200, True)
    bare = supervisor.post(finished.address)
    assert (bare.status_code, "本场答辩已经封存" in bare.text) == (409, True)
    assert seals(published_app) == first
    assert dump(published_app) == before


def test_a_sitting_that_is_not_finished_is_not_sealed(
    published_app: Flask, people: People, enter: Enter
) -> None:
    address, supervisor = f"/sittings/{people.sitting_id}/seal", enter("supervisor")
    open_ballot(published_app, people, enter("secretary"))
    before = dump(published_app)
    answer = supervisor.post(address)
    assert answer.status_code == 409
    assert "暂不能封存" in answer.text
    with published_app.app_context():
        sitting = db.session.get_one(Sitting, people.sitting_id)
        names = [d.application.name for d in sitting.defences]
    assert all(name in answer.text for name in names)
    assert "表决" in answer.text
    assert dump(published_app) == before
    assert supervisor.post("/sittings/999999/seal").status_code == 404


def values_of(app: Flask, people: People) -> dict[str, list[Any]]:
    """What can stand in the addresses of everything around the sitting."""
    with app.app_context():
        sitting = db.session.get_one(Sitting, people.sitting_id)
        half_day = db.session.get_one(PanelHalfDay, sitting.half_day_id)
        rounds = db.session.scalars(select(BallotRound.id)).all()
        candidates = {d.application_id for d in sitting.defences}
        return {
            "code": ["2021"],
            "sitting_id": [sitting.id],
            "defence_id": people.defence_ids[:3],
            "ballot_round_id": list(rounds),
            "reopening_id": list(db.session.scalars(select(Reopening.id))),
            "application_id": sorted(candidates),
            "schedule_id": list(db.session.scalars(select(Schedule.id))),
            "half_day_id": [half_day.id],
            "panel_id": [half_day.panel_id],
            "expert_id": [sitting.members[0].expert_id],
            "invite_id": sorted(
                db.session.scalars(select(Invite.id).where(Invite.defence_id.in_(people.defence_ids)))
            )[:3],
            "subject_id": [sitting.id],
            **WORDS,
        }


def addresses(app: Flask, rule: Rule, known: dict[str, list[Any]]) -> Iterator[str]:
    """A rule's addresses with everything that is known in its places; 1 where nothing is."""
    names = sorted(rule.arguments)
    for values in product(*(known.get(name, [1]) for name in names)):
        yield app.url_map.bind("localhost").build(
            rule.endpoint, dict(zip(names, values, strict=True)), "POST"
        )


def full_form(app: Flask, people: People, finished: Finished) -> dict[str, str]:
    """Every field that a form of the day has, filled in well."""
    with app.app_context():
        sitting = db.session.get_one(Sitting, people.sitting_id)
        expert_id = sitting.members[1].expert_id
        half_day_id = sitting.half_day_id
    return ballot_form(finished.ballot_round_id) | {
        "key": random_id(),
        "reason": "线路中断",
        "expert_id": str(expert_id),
        "kind": "re_vote",
        "cause": "technical",
        "granted": "1",
        "place": "remove",
        "told_ok": "1",
        "half_day_id": str(half_day_id),
    }


def writing_rules(app: Flask) -> list[Rule]:
    """Every address that takes a POST."""
    return [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]


def test_the_walks_below_know_what_every_address_is_about(published_app: Flask, people: People) -> None:
    """A new kind of number in an address has to be placed: of the sitting's day, or of something else."""
    names = {name for rule in writing_rules(published_app) for name in rule.arguments}
    assert names <= values_of(published_app, people).keys() | OF_OTHER_THINGS
    assert values_of(published_app, people).keys() >= OF_A_SITTING


def test_after_the_seal_no_address_of_the_sitting_takes_anything(
    published_app: Flask, people: People, enter: Enter, finished: Finished
) -> None:
    assert enter("supervisor").post(finished.address).status_code == 302
    known, form = values_of(published_app, people), full_form(published_app, people, finished)
    clients = {name: enter(name) for name in ROLES}
    rules = [rule for rule in writing_rules(published_app) if rule.arguments & OF_A_SITTING]
    assert {"sealing.seal", "sittings.cast", "sitting_conduct.make_move"} <= {r.endpoint for r in rules}
    before = dump(published_app)
    told = {}
    for rule in rules:
        answers = [
            (address, name, client.post(address, data=form))
            for address in addresses(published_app, rule, known)
            for name, client in clients.items()
        ]
        taken = [(address, name) for address, name, answer in answers if answer.status_code < 400]
        assert not taken, taken
        assert {answer.status_code for *_who, answer in answers} <= {403, 404, 409, 422}
        told[rule.endpoint] = {_words(answer) for *_who, answer in answers}
    assert dump(published_app) == before
    silent = {endpoint for endpoint, words in told.items() if not any("封存" in said for said in words)}
    # A closed round says that it is closed, a decided request that it is decided, a decided case likewise.
    assert silent <= {"sittings.cast", "sitting_conduct.decide", "sitting_conduct.recuse"}, told


def _words(answer: TestResponse) -> str:
    return readable(answer.data, answer.mimetype or "")


def test_nothing_that_the_office_sends_reaches_a_sealed_sitting(
    published_app: Flask, people: People, enter: Enter, finished: Finished
) -> None:
    """Addresses of the whole round may still do their work elsewhere; the sitting stays as it was signed."""
    assert enter("supervisor").post(finished.address).status_code == 302
    known, form = values_of(published_app, people), full_form(published_app, people, finished)
    clients = {name: enter(name) for name in ("staff", "supervisor")}
    before = of_the_sitting(published_app, people)
    reached = set()
    for rule in writing_rules(published_app):
        if rule.arguments & OF_A_SITTING or rule.endpoint in NOT_WALKED:
            continue
        for address, client in product(list(addresses(published_app, rule, known)), clients.values()):
            answer = client.post(address, data=form)
            assert answer.status_code < 500, address
            if answer.status_code < 400:
                reached.add(rule.endpoint)
        assert of_the_sitting(published_app, people) == before, rule.endpoint
    # The walk was no walk past closed doors.
    assert {"schedule.publish_schedule", "panels.restore", "results.release"} <= reached, sorted(reached)
    assert is_whole(published_app)


def is_whole(app: Flask) -> bool:
    """Whether the log, with its seals by this installation's key, is as it was written."""
    with app.app_context():
        return verify_audit(db.session(), public_keys=trusted_keys(app.extensions["settings"])).whole


def of_the_sitting(app: Flask, people: People) -> dict[str, list[object]]:
    """Every row that is about the day of the sitting; its chain, too."""
    everything = dump(app)
    rounds = {row.id for row in everything["ballot_round"] if row.defence_id in people.defence_ids}
    kept = {
        "sitting": lambda row: row.id == people.sitting_id,
        "sitting_member": lambda row: row.sitting_id == people.sitting_id,
        "defence": lambda row: row.sitting_id == people.sitting_id,
        "reopening": lambda row: row.defence_id in people.defence_ids,
        "ballot_round": lambda row: row.defence_id in people.defence_ids,
        "voter": lambda row: row.ballot_round_id in rounds,
        "ballot": lambda row: row.ballot_round_id in rounds,
        "ballot_envelope": lambda row: row.ballot_round_id in rounds,
        "seal": lambda row: row.sitting_id == people.sitting_id,
        "audit_entry": lambda row: row.chain == f"sitting:{people.sitting_id}",
        "audit_head": lambda row: row.chain == f"sitting:{people.sitting_id}",
    }
    return {table: [row for row in everything[table] if is_ours(row)] for table, is_ours in kept.items()}


def test_a_recusal_from_whoever_was_postponed_is_for_another_day(
    published_app: Flask, people: People, enter: Enter
) -> None:
    """The one door that a seal leaves open leads to the candidate's next sitting, in the main chain."""
    secretary, supervisor = enter("secretary"), enter("supervisor")
    for number, id_ in enumerate(people.defence_ids):
        conduct_with_reason(secretary, id_, Move.MARK_ABSENT if number else Move.POSTPONE)
    assert supervisor.post(f"/sittings/{people.sitting_id}/seal").status_code == 302
    before = of_the_sitting(published_app, people)
    minutes = minutes_in(supervisor, people)
    address = f"/defences/{people.defence_ids[0]}/recusals"
    assert enter("expert0").post(address, data={"reason": "师生关系"}).status_code == 302
    assert of_the_sitting(published_app, people) == before
    assert is_whole(published_app)
    assert minutes_in(supervisor, people) == minutes


def minutes_in(client: FlaskClient, people: People) -> str:
    """The minutes without the page around them."""
    page = client.get(f"/sittings/{people.sitting_id}/minutes").text
    return page.partition("<article")[2].partition("</article>")[0]

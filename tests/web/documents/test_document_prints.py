"""Print views: who has which, that they hold what the Word files hold, and that looking changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from flask import Flask, render_template
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from defense.domain.document_kinds import KINDS, DocumentKind, Subject
from defense.extensions import db
from defense.models import Application, AuditEntry, Defence, Round, Sitting
from defense.services.documents.samples import sample_content
from defense.web.document_prints import WIDE
from tests.conftest import People
from tests.finished_round import end_round
from tests.room_pages import ballot_form, conduct, open_ballot

Enter = Callable[[str], FlaskClient]
UNPRINTED = {"telephones", "support_telephones", "made_at"}
_OF_AN_ANNEX = {"number", "round.name", "made_on"}
UNPRINTED_OF = {
    DocumentKind.PUBLICITY: _OF_AN_ANNEX,
    DocumentKind.PUBLICITY_OUTCOME: _OF_AN_ANNEX | {"min_working_days"},
    DocumentKind.RECOMMENDATION: _OF_AN_ANNEX | {"unit"},
    DocumentKind.ATTENDANCE: {"candidates.applies_for", "candidates.specialty"},
    DocumentKind.BALLOT_PAPERS: {"head", "secretary"},
    DocumentKind.DEFENCE_RECORDS: {"records.state", "period", "clocks"},
    DocumentKind.PUBLIC_LIST: {"released_on"},
}
"""What a template of a centre's own may say and ours does not."""


@pytest.fixture
def of_sitting(published_app: Flask, people: People) -> dict[Subject, int]:
    """Numbers to put into the addresses: everything around the first candidate, whose record is complete."""
    with published_app.app_context():
        application = db.session.get_one(
            Application, db.session.get_one(Defence, people.defence_ids[0]).application_id
        )
        publicity = {"start": "2021-09-13", "end": "2021-09-18", "objection_open": False, "outcome": ""}
        application.record_json = application.record_json | {
            "publicity": application.record_json["publicity"] | publicity | {"stated_days": 6}
        }
        db.session.commit()
        round_id = db.session.scalars(select(Round.id)).one()
        return {
            Subject.APPLICATION: application.id,
            Subject.SITTING: people.sitting_id,
            Subject.ROUND: round_id,
        }


def pass_the_first_and_end(app: Flask, people: People, enter: Enter) -> None:
    """The first candidate passes, nobody else comes, and the results are out."""
    secretary = enter("secretary")
    ballot_round_id = open_ballot(app, people, secretary)
    for name in ("expert0", "expert1", "expert2"):
        form = ballot_form(ballot_round_id, "pass")
        assert enter(name).post(f"/sittings/{people.sitting_id}/ballots", data=form).status_code == 302
    conduct(secretary, f"/ballot-rounds/{ballot_round_id}/close")
    with app.app_context(), sessionmaker(db.engine)() as session:
        end_round(session)


def address(kind: DocumentKind, numbers: dict[Subject, int], code: str = "2021") -> str:
    return f"/rounds/{code}/documents/{kind.value}/{numbers[KINDS[kind].subject]}/print"


def test_who_prints_what(published_app: Flask, enter: Enter, of_sitting: dict[Subject, int]) -> None:
    clients = {
        name: enter(name) for name in ("staff", "supervisor", "secretary", "expert0", "candidate0")
    } | {"nobody": published_app.test_client()}
    for kind in DocumentKind:
        if kind is DocumentKind.PUBLIC_LIST:
            continue
        told = {name: c.get(address(kind, of_sitting)).status_code for name, c in clients.items()}
        of_room = 200 if KINDS[kind].subject is Subject.SITTING else 403
        assert told == {
            "staff": 200,
            "supervisor": 200,
            "secretary": of_room,
            "expert0": 403,
            "candidate0": 403,
            "nobody": 302,
        }, kind


def test_a_secretary_has_no_papers_of_another_panel(
    published_app: Flask, people: People, enter: Enter, of_sitting: dict[Subject, int]
) -> None:
    with published_app.app_context():
        own = db.session.get_one(Sitting, people.sitting_id).panel.secretary_id
        others = [s.id for s in db.session.scalars(select(Sitting)) if s.panel.secretary_id != own]
    secretary = enter("secretary")
    for kind, words in KINDS.items():
        if words.subject is Subject.SITTING:
            numbers = {Subject.SITTING: others[0]}
            assert secretary.get(address(kind, numbers)).status_code == 404


def test_pages_are_made_to_be_printed_and_hold_no_whole_id_number(
    published_app: Flask, people: People, enter: Enter, of_sitting: dict[Subject, int]
) -> None:
    pass_the_first_and_end(published_app, people, enter)
    with published_app.app_context():
        numbers = [a.record.id_number for a in db.session.scalars(select(Application))]
    staff = enter("staff")
    for kind in DocumentKind:
        answer = staff.get(address(kind, of_sitting))
        if kind is DocumentKind.BALLOT_PAPERS:
            assert answer.status_code == 409
            assert "不再需要表决票" in answer.text
            continue
        assert answer.status_code == 200, kind
        assert "documents.css" in answer.text
        assert "data-print>" in answer.text
        assert ("paper-wide" in answer.text) == (kind in WIDE)
        assert not [number for number in numbers if number in answer.text]
        assert " style=" not in answer.text
    assert re.search(
        "共|以下 1 名申报人已通过", staff.get(address(DocumentKind.PUBLIC_LIST, of_sitting)).text
    )


def test_looking_writes_nothing(
    published_app: Flask, people: People, enter: Enter, of_sitting: dict[Subject, int]
) -> None:
    staff = enter("staff")
    with published_app.app_context():
        before = db.session.query(AuditEntry).count()
    for kind in DocumentKind:
        staff.get(address(kind, of_sitting))
    with published_app.app_context():
        assert db.session.query(AuditEntry).count() == before


def test_what_is_not_there(enter: Enter, of_sitting: dict[Subject, int]) -> None:
    staff = enter("staff")
    kind = DocumentKind.MINUTES
    assert staff.get(address(kind, of_sitting, code="1999")).status_code == 404
    for kind in DocumentKind:
        for number in (0, 10**9, 2**70):
            assert staff.get(f"/rounds/2021/documents/{kind.value}/{number}/print").status_code == 404
    assert staff.get("/rounds/2021/documents/nonsense/1/print").status_code == 404


def test_a_refusal_names_the_place_and_the_way_out(
    published_app: Flask, enter: Enter, of_sitting: dict[Subject, int]
) -> None:
    with published_app.app_context():
        application = db.session.get_one(Application, of_sitting[Subject.APPLICATION])
        days = application.record_json["publicity"] | {"stated_days": 5}
        application.record_json = application.record_json | {"publicity": days}
        db.session.commit()
    answer = enter("staff").get(address(DocumentKind.PUBLICITY_OUTCOME, of_sitting))
    assert answer.status_code == 409
    assert "附件2填报5个工作日" in answer.text
    assert "计6个工作日" in answer.text
    assert "请推荐单位在管理平台更正" in answer.text


def test_every_kind_prints_its_sample(published_app: Flask) -> None:
    """All optional parts filled: whatever the Word template may say stands on the page too."""
    for kind in DocumentKind:
        content = sample_content(kind)
        with published_app.test_request_context():
            page = unescape(
                render_template(
                    f"documents/{kind.value}.html", content=content, words=KINDS[kind], wide=False, back="/"
                )
            )
        missing = {path for path, value in leaves(content) if value and value not in page}
        assert missing <= UNPRINTED | UNPRINTED_OF.get(kind, set()), kind


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The texts and numbers of a content, and where they stand."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, path)
    elif not isinstance(value, bool):
        yield path, str(value)


def test_minutes_wait_for_the_ballot(
    published_app: Flask, people: People, enter: Enter, of_sitting: dict[Subject, int]
) -> None:
    secretary = enter("secretary")
    ballot_round_id = open_ballot(published_app, people, secretary)
    pages = [kind for kind, words in KINDS.items() if words.subject is not Subject.APPLICATION]
    staff = enter("staff")
    before = [without_time(staff.get(address(kind, of_sitting)).text) for kind in pages]
    form = ballot_form(ballot_round_id, "veto")
    assert enter("expert0").post(f"/sittings/{people.sitting_id}/ballots", data=form).status_code == 302
    assert [without_time(staff.get(address(kind, of_sitting)).text) for kind in pages] == before
    assert secretary.get(address(DocumentKind.MINUTES, of_sitting)).status_code == 409


def without_time(page: str) -> str:
    return re.sub(r"\d{1,2}:\d{2}|csrf[-_]token\" (content|value)=\"[^\"]+", "", page)

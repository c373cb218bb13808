"""The list of applications and one application's page."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.identity import mask_id_number, mask_phone
from defense.domain.record_json import record_to_json
from defense.models import Application, DeclaredRecusal, Defence, Expert, Ruling

Enter = Callable[[str], FlaskClient]
XSS = '<script>alert("x")</script>'


def _with_strange_words(session: Session) -> int:
    application = session.scalars(select(Application)).first()
    assert application is not None
    record = record_to_json(application.record) | {"name": XSS, "unit": XSS, "work_summary": XSS}
    application.name = application.unit = XSS
    application.record_json = record
    expert = session.scalars(select(Expert)).first()
    assert expert is not None
    expert.name = expert.unit = XSS
    return application.id


def test_names_and_texts_are_escaped(enter: Enter, published_database: Callable) -> None:
    application_id = published_database(_with_strange_words)
    staff = enter("staff")
    for url in ("/rounds/2021/applications", f"/applications/{application_id}", "/rounds/2021/people"):
        page = staff.get(url).get_data(as_text=True)
        assert XSS not in page, url
        assert "&lt;script&gt;" in page, url


def test_personal_data_is_masked(enter: Enter, published_database: Callable) -> None:
    record = published_database(lambda s: s.get_one(Application, 1).record)
    for name in ("staff", "supervisor"):
        page = enter(name).get("/applications/1").get_data(as_text=True)
        assert mask_id_number(record.id_number) in page
        assert mask_phone(record.phone) in page
        for secret in (record.id_number, record.phone, record.email):
            assert secret not in page


def test_the_page_gives_every_finding_with_its_clause_and_the_slot_on_both_clocks(
    enter: Enter, published_database: Callable
) -> None:
    def read(session: Session) -> tuple[int, list[tuple[str, str]]]:
        defence = session.scalars(select(Defence)).first()
        assert defence is not None
        findings = defence.application.assessment.findings
        return defence.application_id, [(f.text.zh, f.clause) for f in findings]

    application_id, findings = published_database(read)
    page = enter("staff").get(f"/applications/{application_id}").get_data(as_text=True)
    for text, clause in findings:
        assert escape(text) in page
        item = clause[1:].replace("(", "（").replace(")", "）")  # 五(三) is shown as 第五条（三）
        assert re.search(f'class="clause">[^<]*{clause[0]}[^<]*{item}<', page), clause
    for text in ("北京时间", "新疆时间"):
        assert text in page


def _pending(session: Session) -> int:
    """Somebody on whom nobody ruled yet and whose defence has not begun."""
    application = session.scalars(select(Application)).first()
    assert application is not None
    application.requirement = "pending"
    application.ruled_requirement = None
    return application.id


def test_ruling_leads_from_the_list_to_the_record_and_back(
    enter: Enter, published_database: Callable
) -> None:
    application_id = published_database(_pending)
    staff = enter("staff")
    listed = "/rounds/2021/applications?validity=valid&requirement=pending"
    assert f"/applications/{application_id}" in staff.get(listed).get_data(as_text=True)

    form = {"decision": "not_required", "reason": f"基层单位 {XSS}"}
    for _click in range(2):
        response = staff.post(f"/applications/{application_id}/requirement", data=form)
        assert response.location == f"/applications/{application_id}"
    page = staff.get(response.location).get_data(as_text=True)
    assert "基层单位" in page
    assert XSS not in page
    assert published_database(lambda s: len(s.scalars(select(Ruling)).all())) == 1
    assert f"/applications/{application_id}" not in staff.get(listed).get_data(as_text=True)


def test_a_ruling_leads_on_to_the_next_person_until_nobody_waits(
    enter: Enter, published_database: Callable
) -> None:
    def three_pending(session: Session) -> list[int]:
        everybody = session.scalars(select(Application).order_by(Application.number)).all()
        for application in everybody:
            application.requirement = "required"
        chosen = [a for a in everybody if a.effective_valid and not a.rulings][:4]
        for application in chosen:
            application.requirement, application.ruled_requirement = "pending", None
        begun = chosen.pop(1)
        if begun.defences:
            begun.defences[0].state = "absent"
        else:
            begun.requirement = "required"
        return [application.id for application in chosen]

    first, second, third = published_database(three_pending)
    staff = enter("staff")
    form = {"decision": "required", "reason": "按通知精神"}
    for ruled, following in ((second, third), (third, first)):
        staff.post(f"/applications/{ruled}/requirement", data=form)
        page = staff.get(f"/applications/{ruled}").get_data(as_text=True)
        assert re.search(rf'class="btn btn-primary" href="/applications/{following}">', page)
    staff.post(f"/applications/{first}/requirement", data=form)
    page = staff.get(f"/applications/{first}").get_data(as_text=True)
    assert not re.search(r'href="/applications/\d+"', page)
    assert not re.search(
        r'href="/applications/\d+"', enter("supervisor").get(f"/applications/{third}").get_data(as_text=True)
    )


def test_a_candidates_new_link_signs_them_in(enter: Enter, published_app: Flask) -> None:
    page = enter("staff").post("/applications/1/link").get_data(as_text=True)
    found = re.search(r'value="http://localhost(/link/[\w-]+)"', page)
    assert found is not None
    candidate = published_app.test_client()
    assert candidate.get(found[1]).status_code == 302
    assert candidate.get("/applications/1").status_code == 403


@pytest.mark.parametrize("form", ["requirement", "validity", "fee", "recusals"])
def test_a_reason_is_required(enter: Enter, published_database: Callable, form: str) -> None:
    application_id = published_database(_pending)
    data = {"decision": "required", "reason": "  ", "expert_id": "1"}
    response = enter("staff").post(f"/applications/{application_id}/{form}", data=data)
    assert response.status_code == 422
    assert published_database(lambda s: s.scalars(select(Ruling)).all()) == []
    assert published_database(lambda s: s.scalars(select(DeclaredRecusal)).all()) == []


def test_rulings_are_closed_once_the_defence_is_decided(enter: Enter, published_database: Callable) -> None:
    def decide(session: Session) -> int:
        defence = session.scalars(select(Defence)).first()
        assert defence is not None
        defence.state = "absent"
        defence.application.requirement = "pending"
        return defence.application_id

    application_id = published_database(decide)
    staff = enter("staff")
    for form in ("requirement", "validity", "fee"):
        data = {"decision": "not_required", "reason": "太晚"}
        assert staff.post(f"/applications/{application_id}/{form}", data=data).status_code == 409
    page = staff.get(f"/applications/{application_id}").get_data(as_text=True)
    assert f"/applications/{application_id}/validity" not in page


def test_a_recusal_is_declared_once_and_shown(enter: Enter, published_database: Callable) -> None:
    staff = enter("staff")
    data = {"expert_id": "1", "reason": "师生关系"}
    for _click in range(2):
        assert staff.post("/applications/1/recusals", data=data).status_code == 302
    assert "师生关系" in staff.get("/applications/1").get_data(as_text=True)
    assert published_database(lambda s: len(s.scalars(select(DeclaredRecusal)).all())) == 1
    nobody = {"expert_id": "99999", "reason": "师生关系"}
    assert staff.post("/applications/1/recusals", data=nobody).status_code == 404


def test_odd_queries_do_no_harm(enter: Enter) -> None:
    staff = enter("staff")
    for query in ("page=-3", "page=x", "page=99999999", "level=nonsense", "fee=%27", "search=%25_%5C"):
        assert staff.get(f"/rounds/2021/applications?{query}").status_code == 200, query
    assert staff.get("/applications/99999").status_code == 404

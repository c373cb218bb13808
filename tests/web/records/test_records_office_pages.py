"""Personal links handed out by staff, accounts of the office, the audit log."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from defense.models import Account, AuditEntry, Expert, OutboxMessage, Panel, Schedule, Sitting

Enter = Callable[[str], FlaskClient]


def _link_on(page: str) -> str:
    found = re.search(r'value="http://localhost(/link/[\w-]+)"', page)
    assert found is not None
    return found[1]


def test_an_experts_new_link_is_shown_once_signs_in_and_can_be_revoked(
    enter: Enter, published_app: Flask, published_database: Callable
) -> None:
    staff, phone = enter("staff"), published_app.test_client()
    link = _link_on(staff.post("/rounds/2021/people/experts/1/link").get_data(as_text=True))
    name = published_database(lambda s: s.get_one(Expert, 1).name)
    assert phone.get(link).status_code == 302
    assert name in phone.get("/sittings").get_data(as_text=True)

    token = link.rsplit("/", 1)[1]
    for url in ("/rounds/2021/people", "/audit"):
        assert token not in staff.get(url).get_data(as_text=True)
    details = published_database(lambda s: [str(e.detail) for e in s.scalars(select(AuditEntry))])
    assert not any(token in detail for detail in details)

    assert staff.post("/rounds/2021/people/experts/1/revoke").status_code == 302
    assert phone.get("/sittings").status_code == 302
    assert phone.get(link).status_code == 410


def test_a_secretarys_link_comes_from_the_people_page(
    enter: Enter, published_app: Flask, published_database: Callable
) -> None:
    def secretary_id(session: Session) -> int:
        panel = session.scalars(select(Panel)).first()
        assert panel is not None
        assert panel.secretary_id is not None
        return panel.secretary_id

    url = f"/accounts/{published_database(secretary_id)}/link"
    staff = enter("staff")
    assert url in staff.get("/rounds/2021/people").get_data(as_text=True)
    link = _link_on(staff.post(url).get_data(as_text=True))
    assert published_app.test_client().get(link).status_code == 302


def test_only_office_accounts_are_managed_here(enter: Enter, published_database: Callable) -> None:
    expert = published_database(lambda s: s.scalar(select(Account.id).where(Account.expert_id.is_not(None))))
    staff = enter("staff")
    for action in ("link", "revoke", "active"):
        assert staff.post(f"/accounts/{expert}/{action}").status_code == 404
    assert staff.post("/rounds/2021/people/experts/99999/link").status_code == 404


def test_an_account_is_made_and_used_and_closed(
    office: Enter, app: Flask, database: Callable[[Callable[[Session], int]], int]
) -> None:
    staff = office("staff")
    form = {
        "role": "supervisor",
        "display_name": "<b>赵</b>",
        "username": "zhao",
        "password": "long enough 1",
    }
    assert staff.post("/accounts", data=form).location == "/accounts"
    assert "<b>赵" not in staff.get("/accounts").get_data(as_text=True)

    zhao = app.test_client()
    assert zhao.post("/login", data=form).status_code == 302
    assert zhao.get("/audit").status_code == 200
    account_id = database(lambda s: s.scalars(select(Account.id).where(Account.username == "zhao")).one())
    assert staff.post(f"/accounts/{account_id}/active", data={"active": "0"}).status_code == 302
    assert zhao.get("/audit").status_code == 302, "signed out at once"
    assert zhao.post("/login", data=form).status_code == 401
    staff.post(f"/accounts/{account_id}/active", data={"active": "1"})
    assert zhao.post("/login", data=form).status_code == 302


@pytest.mark.parametrize(
    "wrong", [{"username": "staff"}, {"role": "expert"}, {"display_name": " "}, {"password": "short"}]
)
def test_an_account_that_cannot_be_is_refused_and_the_form_keeps_its_words(
    office: Enter, database: Callable, wrong: dict[str, str]
) -> None:
    staff = office("staff")
    form = {"role": "secretary", "display_name": "李", "username": "li", "password": ""} | wrong
    response = staff.post("/accounts", data=form)
    assert response.status_code == 422
    page = response.get_data(as_text=True)
    assert f'value="{form["username"]}"' in page
    assert "short" not in page
    assert database(lambda s: len(s.scalars(select(Account)).all())) == 1


def test_nobody_closes_their_own_account(office: Enter, database: Callable) -> None:
    staff = office("staff")
    own = database(lambda s: s.scalars(select(Account.id)).one())
    assert staff.post(f"/accounts/{own}/active", data={"active": "0"}).status_code == 409
    assert staff.get("/accounts").status_code == 200


def test_the_audit_log_filters_and_checks_its_chain(office: Enter, database: Callable) -> None:
    staff = office("staff")
    page = staff.get("/audit?action=round.created").get_data(as_text=True)
    table = page.split("<tbody>")[1]
    assert "批次 2021" in table
    assert "account:" not in table
    assert staff.get("/audit?subject=nothing:").status_code == 200
    assert 'role="alert"' not in staff.get("/audit?check=1").get_data(as_text=True)

    account = staff.get("/audit?search=某").get_data(as_text=True).split("<tbody>")[1]
    assert "账号 某人" in account
    assert "批次 2021" not in account

    database(lambda s: s.execute(text("UPDATE audit_head SET seq = seq + 1")))
    assert 'role="alert"' in staff.get("/audit?check=1").get_data(as_text=True)


def test_a_secretary_gets_an_address_and_is_invited_when_staff_publish_again(
    enter: Enter, published_database: Callable
) -> None:
    def secretary(session: Session) -> Account:
        panel = session.scalars(select(Panel).join(Sitting, Sitting.panel_id == Panel.id)).first()
        assert panel is not None
        assert panel.secretary is not None
        return panel.secretary

    id_ = published_database(lambda s: secretary(s).id)
    staff = enter("staff")
    refused = staff.post(f"/accounts/{id_}/email", data={"email": "nobody at home"})
    assert refused.status_code == 422
    assert staff.post(f"/accounts/{id_}/email", data={"email": "mishu@example.org"}).status_code == 302
    assert "mishu@example.org" not in staff.get("/audit").get_data(as_text=True)
    schedule_id = published_database(lambda s: s.scalars(select(Schedule.id)).all()[-1])
    assert staff.post(f"/rounds/2021/schedule/{schedule_id}/publish").status_code == 302
    methods = published_database(
        lambda s: [m.method for m in s.scalars(select(OutboxMessage).where(OutboxMessage.account_id == id_))]
    )
    assert methods
    assert set(methods) == {"REQUEST"}

"""Whole values are shown by permission, with a reason, once, and a limited number of times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.models import Account, Application, AuditEntry, Expert
from defense.services.access import Role, create_account
from defense.services.audit_check import verify_audit
from defense.services.keeping.personal import MOST_LOOKS, SHOWN

Enter = Callable[[str], FlaskClient]
Database = Callable[[Callable[[Session], Any]], Any]
ADDRESS = "/applications/1/personal"


def looks(database: Database) -> list[tuple[str, dict[str, Any]]]:
    entries = select(AuditEntry).where(AuditEntry.action == SHOWN).order_by(AuditEntry.seq)
    found: list[tuple[str, dict[str, Any]]] = database(
        lambda s: [(entry.subject, entry.detail) for entry in s.scalars(entries)]
    )
    return found


def forbid(session: Session) -> None:
    session.scalars(select(Account).where(Account.username == "staff")).one().may_see_personal = False


@pytest.mark.parametrize("field", ["id_number", "phone", "email"])
def test_a_whole_value_of_a_candidate_is_shown_once_and_audited_without_itself(
    enter: Enter, database: Database, field: str
) -> None:
    value = database(lambda s: s.get_one(Application, 1).record_json[field])
    staff = enter("staff")
    answer = staff.post(ADDRESS, data={"field": field, "reason": f"核对 {value}"})
    assert answer.status_code == 200 and value in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert value not in staff.get("/applications/1").text
    assert staff.get(ADDRESS).headers["Location"] == "/applications/1"
    [(subject, detail)] = looks(database)
    assert subject == "application:1" and detail["field"] == field
    assert "核对" in detail["reason"] and value not in str(detail)
    assert value not in enter("supervisor").get("/audit").text
    database(lambda s: verify_audit(s).whole) or pytest.fail("the audit log is broken")


@pytest.mark.parametrize("field", ["phone", "email"])
def test_a_whole_value_of_an_expert(enter: Enter, database: Database, field: str) -> None:
    value = database(lambda s: getattr(s.get_one(Expert, 1), field))
    address = "/rounds/2021/people/experts/1/personal"
    answer = enter("staff").post(address, data={"field": field, "reason": "临时调整"})
    assert value in answer.text
    assert looks(database) == [("expert:1", {"field": field, "reason": "临时调整"})]


@pytest.mark.parametrize(
    "form", [{}, {"field": "phone"}, {"field": "phone", "reason": "   "}, {"field": "name", "reason": "a"}]
)
def test_without_a_reason_or_a_field_nothing_is_shown(
    enter: Enter, database: Database, form: dict[str, str]
) -> None:
    assert enter("staff").post(ADDRESS, data=form).status_code == 422
    assert looks(database) == []


def test_an_expert_has_no_id_number_here(enter: Enter) -> None:
    form = {"field": "id_number", "reason": "a"}
    assert enter("staff").post("/rounds/2021/people/experts/1/personal", data=form).status_code == 422


def test_without_the_permission_nothing_whole_is_shown_or_taken(enter: Enter, database: Database) -> None:
    staff, why = enter("staff"), {"field": "phone", "reason": "联系"}
    batch = "/rounds/2021/import/1/marked.xlsx"
    database(forbid)
    # The browser was signed in before: the right is asked for each time.
    for address in (
        ADDRESS,
        "/rounds/2021/people/experts/1/personal",
        "/rounds/2021/invites/sms.xlsx",
        batch,
    ):
        answer = staff.post(address, data=why)
        assert answer.status_code == 403, address
    assert "账号”页授予" in staff.post(ADDRESS, data=why).text
    assert looks(database) == []
    for page in ("/applications/1", "/rounds/2021/people", "/rounds/2021/invites"):
        text = staff.get(page).text
        assert "sms.xlsx" not in text and 'name="field"' not in text


@pytest.mark.parametrize("name", ["supervisor", "secretary", "expert0", "candidate0"])
def test_other_roles_are_refused_whatever_their_account_says(
    enter: Enter, database: Database, name: str
) -> None:
    for account in database(lambda s: [a.id for a in s.scalars(select(Account))]):
        database(lambda s, id_=account: setattr(s.get_one(Account, id_), "may_see_personal", True))
    assert enter(name).post(ADDRESS, data={"field": "phone", "reason": "a"}).status_code == 403
    assert looks(database) == []


def test_a_round_cannot_be_copied_by_clicks(enter: Enter, database: Database) -> None:
    staff, why = enter("staff"), {"field": "phone", "reason": "逐个抄录"}
    taken = [staff.post(ADDRESS, data=why).status_code for _look in range(MOST_LOOKS + 2)]
    assert taken == [200] * MOST_LOOKS + [403] * 2
    assert len(looks(database)) == MOST_LOOKS


def test_the_permission_is_granted_and_taken_by_those_who_hold_it(enter: Enter, database: Database) -> None:
    def other(session: Session) -> int:
        return create_account(session, Role.STAFF, "李工", "li", None, may_see_personal=False).id

    id_ = database(other)
    staff = enter("staff")
    own = database(lambda s: s.scalars(select(Account.id).where(Account.username == "staff")).one())
    secretary = database(lambda s: s.scalars(select(Account.id).where(Account.role == "secretary")).first())

    def grant(account_id: int, may: int) -> int:
        return staff.post(f"/accounts/{account_id}/personal", data={"may": str(may)}).status_code

    def held() -> bool:
        return bool(database(lambda s: s.get_one(Account, id_).may_see_personal))

    assert grant(id_, 1) == 302 and held()
    assert grant(id_, 1) == 302, "again changes nothing"
    assert grant(own, 0) == 422, "nobody takes away their own"
    assert grant(secretary, 1) == 422, "only staff can have it"
    assert grant(id_, 0) == 302 and not held()
    database(forbid)
    assert grant(id_, 1) == 403 and not held(), "who does not hold it cannot grant it"
    actions = database(
        lambda s: s.scalars(
            select(AuditEntry.action).where(AuditEntry.action.like("account.personal%")).order_by("seq")
        ).all()
    )
    assert actions == ["account.personal_granted", "account.personal_withdrawn"]


def test_an_account_made_on_the_page_begins_without_the_permission(enter: Enter, database: Database) -> None:
    form = {"role": "staff", "display_name": "新人", "username": "new", "password": ""}
    assert enter("staff").post("/accounts", data=form).status_code == 302
    made = select(Account.may_see_personal).where(Account.username == "new")
    assert database(lambda s: s.scalars(made).one()) is False

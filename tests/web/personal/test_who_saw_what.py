"""The page of who saw what: every disclosure, for the supervisor; one's own looks for others."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.round_rules import BEIJING
from defense.models import Account, Application, Defence, Expert, ImportBatch, Sitting
from defense.services.access import Role, create_account
from defense.services.audit import record_audit
from defense.services.rounds import ensure_round
from tests.conftest import People

Enter = Callable[[str], FlaskClient]
Database = Callable[[Callable[[Session], Any]], Any]
PAGE = "/rounds/2021/personal"
REASON = "核对证件是否过期"


@pytest.fixture
def looked(enter: Enter, database: Database) -> FlaskClient:
    """Staff looked at a candidate and an expert, and took files; the browser is theirs."""
    staff = enter("staff")
    batch = database(lambda s: s.scalars(select(ImportBatch.id)).first())
    for address, form in {
        "/applications/1/personal": {"field": "id_number", "reason": REASON},
        "/rounds/2021/people/experts/1/personal": {"field": "phone", "reason": "临时请假"},
        "/rounds/2021/invites/sms.xlsx": {"reason": "发短信"},
        f"/rounds/2021/import/{batch}/marked.xlsx": {"reason": "退回修改"},
        "/rounds/2021/retention/archive": {"reason": "归档"},
        "/rounds/2021/panels/1/feed": {},
    }.items():
        assert staff.post(address, data=form).status_code == 200, address
    for address in ("/rounds/2021/results/results.xlsx", "/rounds/2021/schedule/timetable.xlsx"):
        assert staff.post(address).status_code == 200
    return staff


def rows(client: FlaskClient, query: str = "") -> int:
    return client.get(f"{PAGE}{query}").text.count('class="audit-who"')


def test_every_disclosure_is_on_the_page(looked: FlaskClient, enter: Enter, database: Database) -> None:
    supervisor = enter("supervisor")
    page = supervisor.get(PAGE).text
    name = database(lambda s: s.get_one(Application, 1).name)
    for words in (
        REASON,
        "临时请假",
        "身份证号",
        "联系电话",
        "发短信",
        "退回修改",
        "归档",
        "开通日历订阅",
        name,
    ):
        assert words in page, words
    assert page.count("导出表格") == 2
    assert rows(supervisor) == 8


def test_the_page_can_be_narrowed(looked: FlaskClient, enter: Enter) -> None:
    supervisor = enter("supervisor")
    expected = {
        "?subject=application:1&alone=1": 1,
        "?subject=expert:1&alone=1": 1,
        "?subject=application:2&alone=1": 0,
        "?subject=application:999": 0,
        "?subject=round:1": 4,
        "?subject=panel:1": 1,
        "?person=XJ2021&alone=1": 1,
        "?person=nobody": 0,
        "?account=999999": 0,
        "?account=nonsense": 8,
        "?day=2021-11-22": 0,
        "?day=0001-01-01": 8,
        "?day=today": 8,
        "?page=99": 8,
        "?page=-3": 8,
    }
    assert {query: rows(supervisor, query) for query in expected} == expected


def test_a_person_s_list_has_the_files_that_may_hold_them(
    looked: FlaskClient, enter: Enter, database: Database, people: People
) -> None:
    def find(session: Session) -> tuple[int, int, int]:
        defence = session.get_one(Defence, people.defence_ids[0])
        elsewhere = select(Defence).join(Sitting).where(Sitting.panel_id != defence.sitting.panel_id)
        other = session.scalars(elsewhere).first()
        assert other is not None
        return defence.application_id, other.application_id, defence.sitting.members[0].expert_id

    heard, other, member = database(find)
    before = {who: rows(looked, f"?subject={who}") for who in (f"application:{heard}", f"expert:{member}")}
    assert all(n >= 5 for n in before.values()), "the round's files"
    paper = f"/rounds/2021/documents/attendance/{people.sitting_id}/document.docx"
    assert looked.post(paper).status_code == 200
    assert {who: rows(looked, f"?subject={who}") - n for who, n in before.items()} == dict.fromkeys(before, 1)
    assert "可能含此人" in looked.get(f"{PAGE}?subject=application:{heard}").text
    assert "场次" not in looked.get(f"{PAGE}?subject=application:{other}").text.split("<tbody>", 1)[1]
    assert rows(looked) == 9
    assert rows(looked, f"?subject=application:{heard}&alone=1") <= 1


def test_narrowed_by_name_and_by_todays_date(looked: FlaskClient, enter: Enter, database: Database) -> None:
    supervisor = enter("supervisor")
    expert, account = database(
        lambda s: (
            s.get_one(Expert, 1).number,
            s.scalars(select(Account.id).where(Account.username == "staff")).one(),
        )
    )
    assert rows(supervisor, f"?person={expert}&alone=1") == 1
    assert rows(supervisor, f"?person={expert}") >= 6
    assert rows(supervisor, f"?account={account}") == 8
    today: date = datetime.now(BEIJING).date()
    assert rows(supervisor, f"?day={today}") == 8
    assert rows(supervisor, f"?day={today - timedelta(days=1)}") == 0


def test_staff_without_the_permission_see_their_own_looks_only(
    looked: FlaskClient, enter: Enter, database: Database
) -> None:
    def another_look(session: Session) -> None:
        other = create_account(session, Role.STAFF, "李工", "li", None)
        detail = {"field": "phone", "reason": "别人的查看"}
        record_audit(session, "personal.shown", "application:1", detail, other.id)

    database(another_look)
    assert rows(looked) == 9, "whoever grants the permission sees all"
    for name in ("staff",):
        database(lambda s, n=name: setattr(_account(s, n), "may_see_personal", False))
    assert rows(looked) == 8
    own = looked.get(PAGE).text
    assert "别人的查看" not in own and 'name="account"' not in own
    other_id = database(lambda s: _account(s, "li").id)
    assert rows(looked, f"?account={other_id}") == 8, "the address does not help"
    cells = load_workbook(io.BytesIO(looked.post(f"{PAGE}.xlsx?account={other_id}").data)).active
    assert cells is not None
    assert "别人的查看" not in str([[cell.value for cell in row] for row in cells])
    assert rows(enter("supervisor"), "?subject=application:1&alone=1") == 2


def _account(session: Session, username: str) -> Account:
    return session.scalars(select(Account).where(Account.username == username)).one()


def test_another_round_is_not_on_the_page(looked: FlaskClient, enter: Enter, database: Database) -> None:
    def elsewhere(session: Session) -> None:
        round_ = ensure_round(session, "2021")
        detail = {"reason": "另一批次"}
        record_audit(session, "text_messages.exported", f"round:{round_.id + 1}", detail, None)

    database(elsewhere)
    assert rows(enter("supervisor")) == 8


def test_the_list_as_a_workbook_is_a_disclosure_too(looked: FlaskClient, enter: Enter) -> None:
    supervisor = enter("supervisor")
    sheet = load_workbook(io.BytesIO(supervisor.post(f"{PAGE}.xlsx").data)).active
    assert sheet is not None
    table = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert table[0] == ["时间（北京时间）", "查看人", "事项", "对象", "原因及详情"]
    assert len(table) == 9 and REASON in str(table)
    moment = table[1][0]
    assert str(moment).startswith(str(datetime.now(BEIJING).date()))
    assert rows(supervisor) == 9


def test_the_record_links_to_who_saw_it(looked: FlaskClient, enter: Enter) -> None:
    for client in (looked, enter("supervisor")):
        assert f'href="{PAGE}?subject=application:1"' in client.get("/applications/1").text


@pytest.mark.parametrize("name", ["secretary", "expert0", "candidate0"])
def test_nobody_else_sees_the_page(enter: Enter, name: str) -> None:
    for address in (PAGE, "/rounds/2021/retention"):
        assert enter(name).get(address).status_code == 403
    assert enter(name).post(f"{PAGE}.xlsx").status_code == 403

"""The audit log, the accounts and the incoming mail as workbooks."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.models import Account, AuditEntry, ReceivedMail
from defense.services import office
from defense.services.audit import record_audit
from defense.web import office as office_pages
from tests.web.exports.conftest import Database, Enter, Take


def test_the_audit_log_is_taken_whole_or_as_it_is_filtered(
    enter: Enter, database: Database, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "AUDIT_PART", 7)
    monkeypatch.setattr(office, "AUDIT_PAGE_SIZE", 5)
    database(lambda s: record_audit(s, "ruling.fee", "application:1", {"reason": "=1+1"}))
    _head, *rows = take("/audit.xlsx")["审计记录"]
    # The last one is the entry about this very table, written when it was made.
    assert len(rows) == len(database(lambda s: s.scalars(select(AuditEntry.seq)).all())) - 1 > 10
    assert [row[2] for row in rows] == sorted((row[2] for row in rows), reverse=True)
    assert isinstance(rows[0][0], int) and isinstance(rows[0][2], datetime)

    _head, *rulings = take("/audit.xlsx?action=ruling.fee&search=")["审计记录"]
    (ruling,) = rulings
    page = enter("staff").get("/audit?action=ruling.fee").text
    assert 'action="/audit.xlsx?action=ruling.fee"' in page
    assert ruling[4] in page and ruling[5] in page and "=1+1" in ruling[6]

    for module in (office, office_pages):
        monkeypatch.setattr(module, "MOST_EXPORTED", 8)
    _head, *cut = take("/audit.xlsx")["审计记录"]
    assert len(cut) == 9 and "仅列最新的8条" in cut[-1][6]


def test_accounts_are_those_of_the_page_with_masked_addresses(
    enter: Enter, database: Database, take: Take
) -> None:
    def write_to(session: Session) -> None:
        session.scalars(select(Account).where(Account.username == "staff")).one().email = "wang@example.com"

    enter("staff")
    database(write_to)
    _head, *rows = take("/accounts.xlsx")["账号"]
    page = enter("staff").get("/accounts").text
    assert 'action="/accounts.xlsx"' in page
    assert len(rows) == page.count('<td data-label="姓名">')
    mine = next(row for row in rows if row[2] == "staff")
    assert mine[0] == "王工" and mine[3] != "wang@example.com" and mine[3] in page
    assert "无：收不到邀请" in {row[3] for row in rows}


def test_incoming_mail_is_that_of_the_page(enter: Enter, database: Database, take: Take) -> None:
    def receive(session: Session) -> None:
        for n in range(3):
            excerpt = f"=HYPERLINK(1) 第{n}封"
            session.add(ReceivedMail(key=f"{n:064}", verdict="letter", excerpt=excerpt))
        session.flush()
        session.get_one(ReceivedMail, f"{0:064}").settled_at = datetime.now().astimezone()

    database(receive)
    _head, *rows = take("/rounds/2021/invites/inbox/inbox.xlsx")["来信"]
    assert [(row[1], row[4]) for row in rows] == [
        ("普通来信", f"=HYPERLINK(1) 第{n}封") for n in (1, 2)
    ] and isinstance(rows[0][0], datetime)
    assert (
        'action="/rounds/2021/invites/inbox/inbox.xlsx"'
        in enter("staff").get("/rounds/2021/invites/inbox").text
    )

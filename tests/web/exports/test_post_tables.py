"""Mails and answers as workbooks: the rows of the page, its filter, masked."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from defense.models import Account, Invite, OutboxMessage
from defense.services.invites import answer_desk
from defense.web import invites
from tests.web.exports.conftest import Database, Enter, Take

MAILS = "/rounds/2021/invites/mails.xlsx"
ANSWERS = "/rounds/2021/invites/answers/answers.xlsx"


def test_mails_are_those_of_the_filter_with_masked_addresses(
    enter: Enter, database: Database, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invites, "PAGE_SIZE", 10)

    def fail(session: Session) -> int:
        first = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id.desc()).limit(1)).one()
        first.state, first.last_answer = "failed", "=550 no such user"
        session.get_one(Account, first.account_id).display_name = "=1+1"
        return len(session.scalars(select(OutboxMessage.id)).all())

    total = database(fail)
    _head, *everything = take(MAILS)["通知"]
    assert len(everything) == total > 10, "more than a page of them"
    page = enter("staff").get("/rounds/2021/invites").text
    assert all(str(cell) in page for row in everything[:10] for cell in row[:4])
    assert isinstance(everything[0][4], datetime)

    _head, *failed = take(f"{MAILS}?state=failed")["通知"]
    assert [(row[0], row[5], row[6]) for row in failed] == [("=1+1", "失败", "=550 no such user")]
    whole = set(database(lambda s: s.scalars(select(OutboxMessage.to_address)).all()))
    assert whole.isdisjoint(row[2] for row in everything) and all("*" in row[2] for row in everything)


def test_people_to_telephone_are_their_own_table(enter: Enter, take: Take) -> None:
    (sheet,) = take(f"{MAILS}?state=telephone").values()
    page = enter("staff").get("/rounds/2021/invites?state=telephone").text
    assert len(sheet) > 1
    for name, number, _role, phone, *_where in sheet[1:]:
        assert name in page and (number is None or number in page)
        assert phone is None or "*" in phone, "the office has none"


def test_answers_are_those_of_the_filter_and_names_are_masked(
    enter: Enter, database: Database, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_desk, "PAGE_SIZE", 10)
    database(lambda s: s.execute(update(Invite).where(Invite.id <= 2).values(answer="declined")))
    tables = take(ANSWERS)
    assert len(tables["参加答复"]) > 11
    page = enter("staff").get("/rounds/2021/invites/answers").text
    assert all(str(cell) in page for row in tables["参加答复"][1:11] for cell in row[:3])
    assert all("*" in row[0] and isinstance(row[3], datetime) for row in tables["参加答复"][1:])

    narrowed = take(f"{ANSWERS}?answer=declined")["参加答复"]
    assert [row[5] for row in narrowed[1:]] == ["不能参加"] * 2
    link = 'action="/rounds/2021/invites/answers/answers.xlsx?answer=declined"'
    assert link in enter("staff").get("/rounds/2021/invites/answers?answer=declined").text

"""Result letters at the release, and the list for text messages."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes

from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select, update
from sqlalchemy.orm import sessionmaker

from defense.extensions import db
from defense.models import AuditEntry, Defence, Expert, Invite, OutboxMessage, Sitting
from defense.services.invites.post import open_letter
from tests.conftest import People

WHY = {"reason": "发短信通知"}

Enter = Callable[[str], FlaskClient]


def decide(app: Flask, people: People) -> None:
    with app.app_context(), sessionmaker(db.engine)() as session:
        for defence_id, outcome in zip(people.defence_ids[:2], ("passed", "failed"), strict=True):
            defence = session.get_one(Defence, defence_id)
            defence.state, defence.outcome = outcome, outcome
        session.commit()


def results_mailed(app: Flask) -> list[str]:
    with app.app_context(), sessionmaker(db.engine)() as session:
        letters = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "result")).all()
        settings = app.extensions["settings"]
        mails = [message_from_bytes(open_letter(settings, m.message_id, m.data)) for m in letters]
        return [
            "\n".join(part.get_payload(decode=True).decode() for part in mail.get_payload()) for mail in mails
        ]


def test_the_release_tells_each_candidate_their_own(
    published_app: Flask, people: People, enter: Enter
) -> None:
    decide(published_app, people)
    staff = enter("staff")
    assert staff.post("/rounds/2021/results/release").status_code == 302
    passed, failed = sorted(results_mailed(published_app), key=lambda text: "不通过" in text)
    for text, conclusion in ((passed, "结论：通过"), (failed, "结论：不通过")):
        assert conclusion in text and "新疆时间" in text and "0991-" in text and "/link/" in text
        assert "Conclusion: " in text and "calendar" not in text
    with published_app.app_context(), sessionmaker(db.engine)() as session:
        names = session.scalars(select(Expert.name)).all()
    assert not [name for name in names if name in passed + failed], "no panelist is named"
    staff.post("/rounds/2021/results/release")
    assert len(results_mailed(published_app)) == 2, "once"


def test_no_result_leaves_the_house_before_the_release(
    published_app: Flask, people: People, enter: Enter
) -> None:
    decide(published_app, people)
    assert results_mailed(published_app) == []
    assert enter("expert0").post("/rounds/2021/results/release").status_code == 403
    assert results_mailed(published_app) == []


def test_the_list_for_text_messages(published_app: Flask, people: People, enter: Enter) -> None:
    shift = timedelta(days=365 * 60)
    with published_app.app_context(), sessionmaker(db.engine)() as session:
        for model in (Sitting, Defence, Invite):
            for row in session.scalars(select(model)):
                row.start_at, row.end_at = row.start_at + shift, row.end_at + shift
        session.execute(update(Expert).values(name="=1+1"))
        session.commit()
    staff = enter("staff")
    answer = staff.post("/rounds/2021/invites/sms.xlsx", data=WHY)
    assert answer.status_code == 200
    sheet = load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][:3] == ["姓名", "手机号码", "身份"]
    candidates = [row for row in rows[1:] if row[2] == "答辩人"]
    assert candidates and all(str(row[1]).isdigit() for row in candidates)
    for name, _phone, _role, day, clocks, text, _link in candidates:
        assert all(str(part) in str(text) for part in (name, day, clocks)) and len(str(text)) <= 140
    panelists = [row for row in rows[1:] if row[2] == "评审专家"]
    assert panelists and all(row[0] in ("=1+1", "'=1+1") for row in panelists)
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row), "no formula"
    with published_app.app_context(), sessionmaker(db.engine)() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "text_messages.exported")).one()
        assert entry.detail == {**WHY, "rows": len(rows) - 1} and entry.account_id
    assert enter("supervisor").post("/rounds/2021/invites/sms.xlsx", data=WHY).status_code == 403

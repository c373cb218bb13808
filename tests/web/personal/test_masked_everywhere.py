"""Nobody is shown a whole ID number, telephone number or address but where it is meant to be.

Everything that can be fetched is fetched as every role, and searched for the data of every candidate and
every expert. A new page or download is in the walk by itself.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from email import message_from_bytes
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from defense.extensions import db
from defense.models import Account, Application, AuditEntry, Expert, ImportBatch, OutboxMessage
from defense.services.invites.post import open_letter
from tests.conftest import People
from tests.room_pages import all_exports, all_pages, open_ballot

Enter = Callable[[str], FlaskClient]
Database = Callable[[Callable[[Session], Any]], Any]
ROLES = ("staff", "supervisor", "secretary", "expert0", "candidate0")
WHY = {"reason": "联系本人"}
ALLOWED: dict[tuple[str, str], str] = {}
"""Role, path → why a whole value may stand on that page. By GET there is none."""
TAKEN = {
    "/rounds/2021/invites/sms.xlsx": "the gateway for text messages needs the numbers",
    "/rounds/2021/retention/archive": "the archive before deletion is the whole record",
    "/rounds/2021/import/{batch}/marked.xlsx": "the upload as it came, to be mended",
}
"""Files with whole values: by POST, with the permission, with a reason."""
VALUES = ("id_number", "phone", "email")


@pytest.fixture
def secrets(database: Database) -> dict[str, str]:
    """Whole value → whose it is and what."""

    def find(session: Session) -> dict[str, str]:
        found = {
            str(a.record_json[field]): f"{field} of candidate {a.number}"
            for a in session.scalars(select(Application))
            for field in VALUES
        }
        for expert in session.scalars(select(Expert)):
            found |= {expert.phone: f"phone of {expert.number}", expert.email: f"email of {expert.number}"}
        found.pop("", None)
        return found

    secrets: dict[str, str] = database(find)
    assert len(secrets) > 100
    return secrets


def text_of(answer: TestResponse) -> str:
    """Everything in an answer, the cells of workbooks and the members of zip files included."""
    data = answer.data
    if data.startswith(b"PK"):
        return "\n".join(_unpacked(data))
    return data.decode(errors="replace") + str(answer.headers)


def _unpacked(data: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        for name in parts.namelist():
            content = parts.read(name)
            if content.startswith(b"PK"):
                yield from _unpacked(content)
            yield content.decode(errors="replace")
    if "xl/workbook.xml" in parts.namelist():
        for sheet in load_workbook(io.BytesIO(data)):
            yield str([[cell.value for cell in row] for row in sheet])


def whole_values(text: str, secrets: dict[str, str]) -> list[str]:
    return sorted(what for value, what in secrets.items() if value in text)


@pytest.mark.parametrize("role", ROLES)
def test_no_page_and_no_export_shows_a_whole_value(
    published_app: Flask, people: People, enter: Enter, secrets: dict[str, str], role: str
) -> None:
    open_ballot(published_app, people, enter("secretary"))
    client, seen, told = enter(role), 0, []
    ways = [*((client.get, path) for path in all_pages(published_app, people))]
    ways += [(client.post, path) for path in all_exports(published_app, people)]
    for ask, path in ways:
        answer = ask(path)
        seen += answer.status_code == 200
        if (role, path) not in ALLOWED and (found := whole_values(text_of(answer), secrets)):
            told.append((path, found[:3]))
    assert told == []
    assert seen > {"staff": 25, "supervisor": 20}.get(role, 1)


def test_the_walk_finds_a_whole_value_where_there_is_one(
    published_app: Flask, enter: Enter, secrets: dict[str, str]
) -> None:
    """The search itself: on the page that shows one, and in the files that hold them all."""
    staff = enter("staff")
    form = {"field": "id_number", **WHY}
    assert len(whole_values(text_of(staff.post("/applications/1/personal", data=form)), secrets)) == 1
    with published_app.app_context():
        uploads = select(ImportBatch.id).where(ImportBatch.kind == "applications")
        batch = db.session.scalars(uploads).one()
    for address in (path.format(batch=batch) for path in TAKEN):
        answer = staff.post(address, data=WHY)
        assert answer.status_code == 200, address
        if "sms" not in address:  # its appointments are over
            assert len(whole_values(text_of(answer), secrets)) > 50, address
        assert staff.post(address).status_code == 422, "never without a reason"


@pytest.mark.parametrize("role", ROLES)
def test_no_file_with_whole_values_is_given_to_others(enter: Enter, database: Database, role: str) -> None:
    def forbid(session: Session) -> None:
        for account in session.scalars(select(Account).where(Account.role == "staff")):
            account.may_see_personal = False

    client = enter(role)
    database(forbid)
    for path in TAKEN:
        assert client.post(path.format(batch=3), data=WHY).status_code == 403, path


def test_a_person_is_written_to_without_anybodys_data(published_app: Flask, secrets: dict[str, str]) -> None:
    settings = published_app.extensions["settings"]
    with published_app.app_context():
        letters = db.session.scalars(select(OutboxMessage)).all()
        opened = [
            (m.to_address, message_from_bytes(open_letter(settings, m.message_id, m.data))) for m in letters
        ]
    assert len(opened) > 20
    for address, mail in opened:
        parts = [part for part in mail.walk() if not part.is_multipart()]
        text = "\n".join(part.get_payload(decode=True).decode(errors="replace") for part in parts)
        # A calendar event names its one attendee by their own address.
        others = {value: what for value, what in secrets.items() if value != address}
        assert whole_values(re.sub(r"\r?\n[ \t]", "", text) + text, others) == []


def test_a_feed_tells_no_whole_value(published_app: Flask, enter: Enter, secrets: dict[str, str]) -> None:
    staff = enter("staff")
    page = staff.post("/rounds/2021/panels/1/feed")
    addresses = re.findall(r"/feeds/[\w-]+\.ics", page.text)
    assert addresses
    for address in addresses:
        answer = published_app.test_client().get(address)
        assert answer.status_code == 200 and "VEVENT" in answer.text
        assert whole_values(answer.text.replace("\r\n ", ""), secrets) == []


def test_an_import_with_faults_shows_no_whole_value(
    enter: Enter, database: Database, secrets: dict[str, str]
) -> None:
    """Errors name the place; what was in the cell is masked where it is personal."""
    data = database(
        lambda s: s.scalars(select(ImportBatch).where(ImportBatch.kind == "applications")).one().data
    )
    book = load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    head = next(row for row in sheet.iter_rows() if any("身份证件号" in str(cell.value) for cell in row))
    id_column, phone, email = (
        next(cell.column for cell in head if words in str(cell.value))
        for words in ("身份证件号", "手机", "电子邮箱")
    )
    wrong = ["13800138000123", "zhang.san.example.com"]
    first = head[0].row + 1
    for row in range(first, sheet.max_row + 1):
        number = str(sheet.cell(row, id_column).value)
        wrong.append(number[:17] + ("0" if number[17:] != "0" else "1"))
        sheet.cell(row, id_column).value = wrong[-1]
    sheet.cell(first, phone).value, sheet.cell(first, email).value = wrong[:2]
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    staff = enter("staff")
    answer = staff.post("/rounds/2021/import", data={"kind": "applications", "workbook": (out, "a.xlsx")})
    page = staff.get(answer.location).text
    assert "校验码不符" in page
    assert [value for value in wrong if value in page] == []
    assert whole_values(page, secrets) == []
    report = database(lambda s: str(s.scalars(select(ImportBatch)).all()[-1].report))
    assert [value for value in wrong if value in report] == []


def test_the_audit_log_holds_no_whole_value(
    published_app: Flask, people: People, enter: Enter, database: Database, secrets: dict[str, str]
) -> None:
    open_ballot(published_app, people, enter("secretary"))
    details = database(lambda s: [str((e.subject, e.detail)) for e in s.scalars(select(AuditEntry))])
    assert len(details) > 5
    assert whole_values("\n".join(details), secrets) == []

"""The page of the documents: writing them, who may, the centre's own templates, and what is written down."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from defense.domain.document_kinds import KINDS, DocumentKind, Subject
from defense.domain.identity import mask_id_number
from defense.extensions import db
from defense.models import Account, Application, AuditEntry, Defence, DocumentTemplate, Round
from defense.services.documents.samples import sample_content
from defense.services.documents.templates import SHIPPED_DIR
from defense.services.documents.writing import REFUSED_LIST
from tests.conftest import People
from tests.office import convert, pages_of

Enter = Callable[[str], FlaskClient]
PAGE = "/rounds/2021/documents"
ID_NUMBER = "11010519491231002X"


@pytest.fixture
def subjects(published_app: Flask, people: People) -> dict[Subject, int]:
    """Everything around the first candidate, whose record is complete."""
    with published_app.app_context():
        application_id = db.session.get_one(Defence, people.defence_ids[0]).application_id
        application = db.session.get_one(Application, application_id)
        days = {"start": "2021-09-13", "end": "2021-09-18", "objection_open": False, "outcome": ""}
        publicity = application.record_json["publicity"] | days | {"stated_days": 6}
        application.record_json = application.record_json | {"publicity": publicity, "id_number": ID_NUMBER}
        db.session.commit()
        round_id = db.session.scalars(select(Round.id)).one()
        return {
            Subject.APPLICATION: application_id,
            Subject.SITTING: people.sitting_id,
            Subject.ROUND: round_id,
        }


def address(kind: DocumentKind, subjects: dict[Subject, int]) -> str:
    return f"{PAGE}/{kind.value}/{subjects[KINDS[kind].subject]}/document.docx"


def text_of(data: bytes) -> str:
    document = Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def entries(app: Flask, action: str) -> list[dict[str, Any]]:
    with app.app_context():
        query = select(AuditEntry.detail).where(AuditEntry.action == action).order_by(AuditEntry.seq)
        return [dict(detail) for detail in db.session.scalars(query)]


def own_template(*paragraphs: str) -> bytes:
    document, stream = Document(), io.BytesIO()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    document.save(stream)
    return stream.getvalue()


def upload(client: FlaskClient, data: bytes, kind: str = "recommendation") -> Any:
    form = {"file": (io.BytesIO(data), "模板.docx"), "note": "加抬头"}
    return client.post(f"{PAGE}/{kind}/template", data=form)


def test_who_may_write_what(published_app: Flask, enter: Enter, subjects: dict[Subject, int]) -> None:
    clients = {name: enter(name) for name in ("staff", "supervisor", "secretary", "expert0", "candidate0")}
    for kind in (DocumentKind.RECOMMENDATION, DocumentKind.ATTENDANCE, DocumentKind.TIMETABLE):
        seen = {name: client.post(address(kind, subjects)).status_code for name, client in clients.items()}
        own = 200 if KINDS[kind].subject is Subject.SITTING else 403
        assert seen == {
            "staff": 200,
            "supervisor": 200,
            "secretary": own,
            "expert0": 403,
            "candidate0": 403,
        }
    assert published_app.test_client().post(address(DocumentKind.TIMETABLE, subjects)).status_code == 401
    for path in (PAGE, f"{PAGE}/minutes", f"{PAGE}/minutes/template.docx"):
        assert [clients[name].get(path).status_code for name in clients] == [200, 200, 403, 403, 403]
    assert clients["staff"].get(f"{PAGE}/nothing").status_code == 404
    assert clients["staff"].post("/rounds/1999/documents/timetable/1/document.docx").status_code == 404
    assert upload(clients["supervisor"], own_template("x")).status_code == 403
    assert len(entries(published_app, "documents.written")) == 7


def test_the_id_number_is_masked_without_a_reason(
    published_app: Flask, enter: Enter, subjects: dict[Subject, int]
) -> None:
    staff, where = enter("staff"), address(DocumentKind.PUBLICITY, subjects)
    masked = staff.post(where)
    assert mask_id_number(ID_NUMBER) in text_of(masked.data) and ID_NUMBER not in text_of(masked.data)
    assert staff.post(where, data={"whole": "1"}).status_code == 422
    whole = staff.post(where, data={"whole": "1", "reason": "单位张贴公示"})
    assert ID_NUMBER in text_of(whole.data)
    assert [entry.get("reason") for entry in entries(published_app, "documents.written")] == [
        None,
        "单位张贴公示",
    ]
    with published_app.app_context():
        db.session.scalars(select(Account).where(Account.username == "staff")).one().may_see_personal = False
        db.session.commit()
    assert staff.post(where, data={"whole": "1", "reason": "再看"}).status_code == 403


def test_one_by_number_and_what_is_refused_says_why(
    published_app: Flask, enter: Enter, subjects: dict[Subject, int]
) -> None:
    staff = enter("staff")
    with published_app.app_context():
        application = db.session.get_one(Application, subjects[Subject.APPLICATION])
        number, name = application.number, application.name
    made = staff.post(f"{PAGE}/publicity-outcome/document.docx", data={"number": f" {number} "})
    assert f"{name}同志" in text_of(made.data) and "6天" in text_of(made.data).replace(" ", "")
    with published_app.app_context():
        application = db.session.get_one(Application, subjects[Subject.APPLICATION])
        publicity = application.record_json["publicity"] | {"stated_days": 5}
        application.record_json = application.record_json | {"publicity": publicity}
        db.session.commit()
    refused = staff.post(f"{PAGE}/publicity-outcome/document.docx", data={"number": number})
    assert refused.status_code == 409 and "5" in refused.text and "6" in refused.text
    missing = staff.post(f"{PAGE}/publicity-outcome/document.docx", data={"number": "XJ0"})
    assert missing.status_code == 404 and "XJ0" in missing.text
    assert len(entries(published_app, "documents.written")) == 1


def test_a_round_as_a_zip_is_opened_by_an_office(
    published_app: Flask, enter: Enter, subjects: dict[Subject, int], tmp_path: Path
) -> None:
    """Every kind from the real round, turned into PDF by LibreOffice in one go."""
    staff = enter("staff")
    assert staff.post(f"{PAGE}/documents.zip").status_code == 422
    answer = staff.post(f"{PAGE}/documents.zip", data={"kind": [kind.value for kind in DocumentKind]})
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        refused = archive.read(REFUSED_LIST).decode("utf-8-sig")
        folders = {kind: f"{KINDS[kind].title.zh}/" for kind in DocumentKind}
        first = {kind: [n for n in names if n.startswith(folder)][:1] for kind, folder in folders.items()}
        for kind, found in first.items():
            for name in found:
                (tmp_path / f"{kind.value}.docx").write_bytes(archive.read(name))
    assert "公示名单" in refused and "结果" in refused
    with published_app.app_context():
        count = len(db.session.scalars(select(Application.id)).all())
    assert sum(name.startswith(folders[DocumentKind.RECOMMENDATION]) for name in names) == count
    made = sorted(path.stem for path in tmp_path.glob("*.docx"))
    assert set(made) == {kind.value for kind in DocumentKind} - {"public-list"}
    (entry,) = entries(published_app, "documents.written")
    assert entry["documents"] == len(names) - 1 and len(entry["kinds"]) == len(DocumentKind)
    convert("pdf", [tmp_path / f"{name}.docx" for name in made], tmp_path)
    for kind in made:
        printed = "".join(pages_of(tmp_path / f"{kind}.pdf"))
        paragraphs = text_of((tmp_path / f"{kind}.docx").read_bytes())
        assert "{{" not in printed and "{%" not in printed, kind
        heading = next(line for line in paragraphs.splitlines() if line.strip())
        assert "".join(heading.split())[:8] in "".join(printed.split()), kind


def test_a_centre_s_own_template_has_versions(
    published_app: Flask, enter: Enter, subjects: dict[Subject, int]
) -> None:
    staff, where = enter("staff"), address(DocumentKind.RECOMMENDATION, subjects)
    for line in ("第一版：{{ name }}", "第二版：{{ name }}"):
        assert upload(staff, own_template(line)).status_code == 302
    assert "第二版：" in text_of(staff.post(where).data)
    page = staff.get(f"{PAGE}/recommendation").text
    assert page.count("加抬头") == 2 and "supervising_unit" in page
    staff.post(f"{PAGE}/recommendation/use", data={"version": "1"})
    assert "第一版：" in text_of(staff.post(where).data)
    kept = staff.get(f"{PAGE}/recommendation/template.docx?version=2").data
    assert "第二版：{{ name }}" in text_of(kept)
    staff.post(f"{PAGE}/recommendation/use", data={"version": "0"})
    shipped = (SHIPPED_DIR / "recommendation.docx").read_bytes()
    assert staff.get(f"{PAGE}/recommendation/template.docx").data == shipped
    assert staff.post(f"{PAGE}/recommendation/use", data={"version": "9"}).status_code == 404
    assert [entry["version"] for entry in entries(published_app, "template.kept")] == [1, 2]
    assert [entry["version"] for entry in entries(published_app, "template.used")] == [1, 0]
    audit = enter("supervisor").get("/audit").text
    assert "上传文书模板" in audit and "附件3 推荐意见" in audit


def test_a_specimen_is_seen_before_a_template_is_used(published_app: Flask, enter: Enter) -> None:
    staff, where = enter("staff"), f"{PAGE}/recommendation/specimen.docx"
    form = {"file": (io.BytesIO(own_template("请看：{{ name }}")), "模板.docx")}
    seen = staff.post(where, data=form)
    assert f"请看：{sample_content(DocumentKind.RECOMMENDATION)['name']}" in text_of(seen.data)
    with published_app.app_context():
        assert db.session.scalars(select(DocumentTemplate)).all() == []
    bad = staff.post(where, data={"file": (io.BytesIO(own_template("{{ nmae }}")), "模板.docx")})
    assert bad.status_code == 422 and "nmae" in bad.text
    assert staff.post(where).status_code == 422
    upload(staff, own_template("启用：{{ name }}"))
    assert "启用：" in text_of(enter("supervisor").get(where).data)
    assert "启用：" not in text_of(staff.get(f"{where}?version=0").data)
    assert staff.get(f"{where}?version=7").status_code == 404
    assert enter("secretary").get(where).status_code == 403
    assert enter("supervisor").post(where).status_code == 403


def test_nothing_is_denied_of_a_defence_that_was_not_held(enter: Enter, subjects: dict[Subject, int]) -> None:
    answer = enter("staff").post(address(DocumentKind.DEFENCE_RECORDS, subjects))
    table = Document(io.BytesIO(answer.data)).tables[0]
    told = {row.cells[0].text: row.cells[1].text for row in table.rows}
    assert (told["回避"], told["中断"]) == ("", "")


def test_a_template_that_would_fail_is_not_taken(published_app: Flask, enter: Enter) -> None:
    staff = enter("staff")
    for data, named in (
        (own_template("{{ nmae }}"), "nmae"),
        (b"no word file", "已损坏"),
        (b"", "已损坏"),
    ):
        answer = upload(staff, data)
        assert answer.status_code == 422 and named in answer.text
    with published_app.app_context():
        assert db.session.scalars(select(DocumentTemplate)).all() == []
    assert staff.post(f"{PAGE}/recommendation/template").status_code == 422


def test_a_template_without_fields_is_not_taken(published_app: Flask, enter: Enter) -> None:
    refused = upload(enter("staff"), own_template("签到表，人人一样"))
    assert refused.status_code == 422 and "没有任何字段" in refused.text

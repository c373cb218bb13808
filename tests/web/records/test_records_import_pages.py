"""Uploading a workbook, looking at it, taking it in."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from defense.models import Account, Application, AuditEntry, Expert, ImportBatch, Round

Office = Callable[[str], FlaskClient]
Upload = Callable[..., TestResponse]


def test_upload_preview_import_and_the_same_again(
    office: Office, upload: Upload, workbooks: dict[str, bytes], database: Callable
) -> None:
    staff = office("staff")
    preview = upload(staff, "applications", workbooks["applications"])
    assert preview.status_code == 302
    assert database(lambda s: s.scalar(select(func.count()).select_from(Application))) == 0

    page = staff.get(preview.location).get_data(as_text=True)
    batch = database(lambda s: s.scalars(select(ImportBatch)).one().report)
    assert batch["counts"]["refused"] > 0
    for error in batch["errors"]:
        assert error["column"] in page
        assert error["text"]["zh"] in page

    for _click in range(2):
        assert staff.post(preview.location).location == preview.location
    assert (
        database(lambda s: s.scalar(select(func.count()).select_from(Application))) == batch["counts"]["new"]
    )
    applied = select(func.count()).where(AuditEntry.action == "import.applied")
    assert database(lambda s: s.scalar(applied)) == 1
    assert "/rounds/2021/applications?" in staff.get(preview.location).get_data(as_text=True)

    again = upload(staff, "applications", workbooks["applications"])
    main = staff.get(again.location).get_data(as_text=True).split("<main", 1)[1]
    assert "行合格数据" not in main, "nothing to import, nothing to click"


def test_the_marked_workbook_is_the_upload_with_its_faults_explained(
    office: Office, upload: Upload, workbooks: dict[str, bytes], database: Callable
) -> None:
    staff = office("staff")
    location = upload(staff, "applications", workbooks["applications"], "申报.xlsx").location
    response = staff.post(f"{location}/marked.xlsx", data={"reason": "退回单位修改"})
    assert "attachment" in response.headers["Content-Disposition"]
    error = database(lambda s: s.scalars(select(ImportBatch)).one().report["errors"][0])
    sheet = load_workbook(io.BytesIO(response.data))[error["sheet"]]
    assert any(error["text"]["zh"] in str(cell.value) for cell in sheet[error["row"]])


def test_a_marked_workbook_leaves_an_audit_entry_because_it_shows_personal_data(
    office: Office, upload: Upload, workbooks: dict[str, bytes], database: Callable
) -> None:
    staff = office("staff")
    location = upload(staff, "applications", workbooks["applications"]).location
    entries = select(AuditEntry.subject, AuditEntry.detail, AuditEntry.account_id).where(
        AuditEntry.action == "import.marked_copy"
    )
    assert database(lambda s: s.execute(entries).all()) == []
    assert staff.post(f"{location}/marked.xlsx", data={"reason": "退回单位修改"}).status_code == 200
    batch_id = database(lambda s: s.scalars(select(ImportBatch.id)).one())
    account_id = database(lambda s: s.scalars(select(Account.id).where(Account.username == "staff")).one())
    assert database(lambda s: s.execute(entries).all()) == [
        (f"import_batch:{batch_id}", {"reason": "退回单位修改"}, account_id)
    ]
    page = staff.get("/audit").get_data(as_text=True)
    assert "import.marked_copy" not in page.split("<tbody", 1)[1]


@pytest.mark.parametrize(("language", "words"), [("zh", "另存为"), ("en", "save it as")])
@pytest.mark.parametrize("data", [b"%PDF-1.7", b"", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600])
def test_a_wrong_file_is_refused_in_the_readers_language(
    office: Office, upload: Upload, database: Callable, language: str, words: str, data: bytes
) -> None:
    staff = office("staff")
    staff.post(f"/language/{language}")
    response = upload(staff, "experts", data, "notes.xlsx")
    assert response.status_code == 422
    assert words in response.get_data(as_text=True)
    assert database(lambda s: s.scalars(select(ImportBatch)).all()) == []


def test_no_file_and_no_such_kind_are_refused(office: Office, upload: Upload) -> None:
    staff = office("staff")
    assert staff.post("/rounds/2021/import", data={"kind": "experts"}).status_code == 422
    assert upload(staff, "secrets", b"x").status_code == 422
    assert upload(staff, "experts", b"x", "").status_code == 422


def test_a_batch_of_another_round_is_not_found(
    office: Office, upload: Upload, workbooks: dict[str, bytes], database: Callable
) -> None:
    staff = office("staff")
    location = upload(staff, "experts", workbooks["experts"]).location

    def add_round(session):  # type: ignore[no-untyped-def]
        session.add(Round(code="2022", rules_toml=session.scalars(select(Round)).one().rules_toml))

    database(add_round)
    foreign = location.replace("2021", "2022")
    assert staff.get(foreign).status_code == 404
    assert staff.post(foreign).status_code == 404
    assert staff.post(f"{foreign}/marked.xlsx", data={"reason": "退回单位修改"}).status_code == 404
    assert database(lambda s: s.scalars(select(Expert)).all()) == []
    assert staff.get("/rounds/1999/import").status_code == 404


def test_the_start_of_a_round_says_what_to_do_and_the_templates_can_be_read_back(
    office: Office, upload: Upload
) -> None:
    staff = office("staff")
    assert staff.get("/rounds/2021/import").status_code == 200
    assert staff.get("/rounds/2021/import/template/secrets.xlsx").status_code == 404
    for kind in ("experts", "panels", "applications"):
        template = staff.get(f"/rounds/2021/import/template/{kind}.xlsx")
        assert upload(staff, kind, template.data).status_code == 302


@pytest.mark.parametrize(
    ("asked", "given", "found"),
    [
        ("applications", "experts", "专家库"),
        ("experts", "panels", "答辩组"),
        ("panels", "applications", "申报表"),
        ("panels", "experts", "专家库"),
        ("experts", "applications", "申报表"),
    ],
)
def test_a_workbook_of_another_kind_is_named(
    office: Office,
    upload: Upload,
    workbooks: dict[str, bytes],
    database: Callable,
    asked: str,
    given: str,
    found: str,
) -> None:
    refused = upload(office("staff"), asked, workbooks[given])
    assert refused.status_code == 422
    assert f"这是“{found}”表格" in refused.text and "缺少列" not in refused.text
    assert database(lambda s: s.scalar(select(func.count()).select_from(ImportBatch))) == 0

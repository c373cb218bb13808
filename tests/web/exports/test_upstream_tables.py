"""What the platform changed and what it is told, and what an upload brought to light, as workbooks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.models import (
    Account,
    Application,
    ImportBatch,
    UpstreamDelivery,
    UpstreamDifference,
    UpstreamFault,
    UpstreamHold,
)
from defense.services.imports import importing
from defense.services.records.rulings import override_fee
from defense.services.upstream import care
from defense.settings import UpstreamAccess
from tests.web.exports.conftest import Database, Enter, Take

UPSTREAM = "/rounds/2021/upstream"


def _differ(session: Session) -> Application:
    application = session.scalars(select(Application).where(Application.defences.any())).first()
    assert application is not None
    record = application.record_json | {"phone": "13900001111", "unit": "=新单位"}
    session.add(UpstreamHold(application_id=application.id, etag='"1"', is_different=True))
    session.add(
        UpstreamDifference(application_id=application.id, etag='"2"', status="approved", record_json=record)
    )
    words = {"zh": "姓名缺失，请补填。", "en": "no name"}
    session.add(UpstreamFault(round_id=application.round_id, number="X9", words=words))
    session.flush()
    return application


def test_differences_are_a_row_for_each_field_and_masked(
    published_app: Flask, enter: Enter, database: Database, take: Take
) -> None:
    access = UpstreamAccess("https://up.example", "hmac", "centre", "s3cret")
    object.__setattr__(published_app.extensions["settings"], "upstream", access)
    number = database(lambda s: _differ(s).number)
    tables = take(f"{UPSTREAM}/differences.xlsx")
    _head, *rows = tables["平台变动"]
    page = enter("staff").get(UPSTREAM).text
    assert f'action="{UPSTREAM}/differences.xlsx"' in page
    assert {row[0] for row in rows} == {number} and isinstance(rows[0][3], datetime)
    assert {row[6] for row in rows} == {"139****1111", "=新单位"}
    assert all(cell in page for row in rows for cell in row[4:7])
    assert [row[:2] for row in tables["无法读取的申报"][1:]] == [("X9", "姓名缺失，请补填。")]


def test_deliveries_that_are_stuck_are_all_there(
    enter: Enter, database: Database, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(care, "LISTED", 1)
    enter("staff")

    def refuse(session: Session) -> None:
        staff = session.scalars(select(Account.id).where(Account.username == "staff")).one()
        for application in session.scalars(select(Application).order_by(Application.id).limit(3)):
            session.add(UpstreamHold(application_id=application.id, etag="v1"))
            session.flush()
            override_fee(session, application, True, "据实", staff)
        for delivery in session.scalars(select(UpstreamDelivery)):
            delivery.state, delivery.attempts = "dead", 3
            delivery.last_answer = {"zh": "序号未增大", "en": "not higher"}

    database(refuse)
    address = f"{UPSTREAM}/deliveries/deliveries.xlsx"
    tables = take(address)
    _head, *rows = tables["推送失败"]
    assert len(rows) == 3, "two more than the page lists"
    assert tables["滞留"][1:] == []
    page = enter("staff").get(f"{UPSTREAM}/deliveries").text
    assert f'action="{address}"' in page
    assert all(str(cell) in page for cell in (*rows[0][:3], *rows[0][5:7]))
    assert rows[0][2] == "裁定：准予缓缴" and rows[0][7] == 3


def test_an_uploads_faults_and_changes_are_all_there_in_the_column_asked_for(
    enter: Enter, database: Database, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    def report(session: Session) -> int:
        batch = session.scalars(select(ImportBatch).order_by(ImportBatch.id)).first()
        assert batch is not None
        text = {"zh": "校验码不符，请核对。", "en": "wrong"}
        error = {"sheet": "表", "row": 7, "column": "D 身份证号", "value_shown": "=6501**", "text": text}
        changes: list[dict[str, Any]] = [
            {
                "sheet": "表",
                "row": row,
                "key": f"A{row}",
                "columns": [column],
                "differences": [{"column": column, "before": "旧", "after": "新"}],
            }
            for row, column in ((8, "姓名"), (9, "工作单位"))
        ]
        kept = {"errors": [error], "error_count": 1, "changes": changes, "warnings": []}
        batch.report = {**batch.report, **kept}
        return batch.id

    batch_id = database(report)
    address = f"/rounds/2021/import/{batch_id}/table.xlsx"
    tables = take(address)
    assert tables["需要修改"][1:] == [("表", 7, "D 身份证号", "=6501**", "校验码不符，请核对。")]
    assert [row[2:] for row in tables["有变化的行"][1:]] == [
        ("A8", "姓名", "旧", "新"),
        ("A9", "工作单位", "旧", "新"),
    ]
    assert [row[2] for row in take(f"{address}?column=姓名")["有变化的行"][1:]] == ["A8"]
    assert f'action="{address}"' in enter("staff").get(address.removesuffix("/table.xlsx")).text

    # A report that was cut off is read again from the upload, as for the marked copy: here it has no fault.
    monkeypatch.setattr(importing, "MAX_LISTED", 1)
    assert take(address)["需要修改"][1:] == []

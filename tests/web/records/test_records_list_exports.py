"""Lists of staff as workbooks: with the filter in force, masked, and audited."""

from __future__ import annotations

import io

from openpyxl import load_workbook
from sqlalchemy import select

from defense.models import Application, AuditEntry, Expert


def _rows(response, sheet):
    assert response.status_code == 200
    return list(load_workbook(io.BytesIO(response.data))[sheet].iter_rows(min_row=2, values_only=True))


def test_lists_are_exported_as_they_are_filtered_masked_and_audited(office, upload, workbooks, database):
    staff = office("staff")
    for kind in ("experts", "panels", "applications"):
        staff.post(upload(staff, kind, workbooks[kind]).location)

    senior = database(
        lambda s: set(s.scalars(select(Application.number).where(Application.level == "senior")))
    )
    rows = _rows(staff.post("/rounds/2021/applications.xlsx?level=senior"), "申报人员")
    assert {row[0] for row in rows} == senior
    everybody = _rows(staff.post("/rounds/2021/applications.xlsx"), "申报人员")
    assert len(everybody) > len(senior) > 0
    pending = _rows(staff.post("/rounds/2021/applications.xlsx?conclusion=pending"), "申报人员")
    assert {row[-1] for row in pending} <= {row[-1] for row in everybody}

    phones = database(lambda s: dict(s.execute(select(Expert.number, Expert.phone)).all()))
    experts = _rows(staff.post("/rounds/2021/people/export.xlsx"), "专家库")
    assert {row[0] for row in experts} == set(phones)
    for row in experts:
        assert row[6] == f"{phones[row[0]][:3]}****{phones[row[0]][-4:]}"

    taken = database(
        lambda s: [
            detail["table"]
            for detail in s.scalars(select(AuditEntry.detail).where(AuditEntry.action == "export.taken"))
        ]
    )
    assert taken == ["申报人员"] * 3 + ["专家和答辩组"]


def test_a_supervisor_exports_nothing(office):
    assert office("supervisor").post("/rounds/2021/applications.xlsx").status_code == 403

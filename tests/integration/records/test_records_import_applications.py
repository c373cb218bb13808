"""Applications coming in: what is new, what differs, what is refused, and that nothing else moves."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from records_workbooks import CANDIDATES, Workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import InvalidInput
from defense.models import Account, Application, AuditEntry, Round, UpstreamHold
from defense.services.imports.comparing import ImportCounts
from defense.services.imports.importing import (
    apply_import,
    counts_of,
    errors_of,
    marked_copy,
    preview_import,
)
from defense.services.records.rulings import rule_on_requirement

TakeIn = Callable[[str, Workbook], ImportCounts]


def _preview(session: Session, round_: Round, workbook: Workbook, staff: Account) -> Any:
    return preview_import(session, round_, "applications", "a.xlsx", workbook.data, staff.id)


def test_good_rows_go_in_and_bad_ones_stay_out(
    session: Session, round_: Round, staff: Account, workbooks: dict[str, Workbook]
) -> None:
    batch = _preview(session, round_, workbooks["applications"], staff)
    assert session.scalars(select(Application)).all() == []
    counts = apply_import(session, batch, staff.id)

    refused_rows = {error.row for error in errors_of(batch)}
    assert counts.refused == len(refused_rows) > 0
    assert counts == ImportCounts(CANDIDATES - len(refused_rows), 0, 0, len(refused_rows))
    assert len(session.scalars(select(Application)).all()) == counts.new
    assert all(error.sheet and error.column and error.text.zh for error in errors_of(batch))


def test_the_same_file_again_changes_nothing_at_all(
    loaded: Round, take_in: TakeIn, workbooks: dict[str, Workbook], dump: Callable[[], Any]
) -> None:
    before = dump()
    for kind, workbook in workbooks.items():
        counts = take_in(kind, workbook)
        assert counts.to_write == 0
        assert counts.unchanged > 0
    assert dump() == before


def test_a_changed_row_is_assessed_anew_and_keeps_its_rulings(
    session: Session, loaded: Round, staff: Account, take_in: TakeIn, workbooks: dict[str, Workbook]
) -> None:
    application = session.scalars(select(Application).where(Application.requirement == "pending")).first()
    assert application is not None
    rule_on_requirement(session, application, "not_required", "基层单位", staff.id)
    others = {a.id: a.imported_at for a in session.scalars(select(Application)) if a is not application}
    imported_at = application.imported_at
    session.commit()

    workbook = workbooks["applications"].edited("申报次数", application.number, 9)
    assert take_in("applications", workbook).changed == 1

    session.refresh(application)
    assert application.record.submission_count == 9
    assert [f.code for f in application.assessment.blocking] == ["too_many_submissions"]
    assert not application.valid
    assert application.effective_requirement == "not_required"
    assert [ruling.reason for ruling in application.rulings] == ["基层单位"]
    assert application.imported_at > imported_at
    assert others == {
        a.id: a.imported_at for a in session.scalars(select(Application)) if a is not application
    }


def test_the_report_and_the_audit_log_name_columns_and_counts_but_no_personal_data(
    session: Session, loaded: Round, staff: Account, workbooks: dict[str, Workbook]
) -> None:
    application = session.scalars(select(Application)).first()
    assert application is not None
    workbook = workbooks["applications"].edited("手机号码", application.number, "13900001111")
    batch = _preview(session, loaded, workbook, staff)
    apply_import(session, batch, staff.id)

    (change,) = batch.report["changes"]
    assert (change["key"], change["columns"]) == (application.number, ["手机号码"])
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
    assert entry is not None
    assert entry.action == "import.applied"
    assert entry.detail == {
        "batch": batch.id,
        "kind": "applications",
        "new": 0,
        "changed": 1,
        "unchanged": counts_of(batch).unchanged,
        "refused": counts_of(batch).refused,
        "changed_rows": [f"{application.number}（手机号码）"],
        "changed_rows_left_out": 0,
    }
    told = json.dumps([batch.report, entry.detail], ensure_ascii=False)
    for record in (a.record for a in session.scalars(select(Application))):
        assert record.id_number not in told
        assert record.phone not in told
        assert record.email not in told


def test_a_change_of_what_the_platform_owns_is_told_once_for_all(
    session: Session, loaded: Round, staff: Account, workbooks: dict[str, Workbook]
) -> None:
    numbers = session.scalars(select(Application.number).order_by(Application.id).limit(3)).all()
    workbook = workbooks["applications"]
    for number in numbers:
        workbook = workbook.edited("手机号码", number, "13900001111")
    batch = _preview(session, loaded, workbook, staff)
    assert batch.report["warnings"] == []

    for application in session.scalars(select(Application).where(Application.number.in_(numbers[1:]))):
        session.add(UpstreamHold(application_id=application.id, etag='"1"'))
    session.flush()
    (warning,) = _preview(session, loaded, workbook, staff).report["warnings"]
    assert warning["key"] == numbers[1]
    assert "改动2条来自管理平台的申报" in warning["text"]["zh"]
    assert warning["text"]["en"].startswith("2 of the changed applications")


def test_a_batch_goes_in_once(
    session: Session, round_: Round, staff: Account, workbooks: dict[str, Workbook], dump: Callable[[], Any]
) -> None:
    batch = _preview(session, round_, workbooks["applications"], staff)
    first = apply_import(session, batch, staff.id)
    before = dump()
    assert apply_import(session, batch, staff.id) == first
    assert dump() == before


def test_a_preview_that_has_aged_is_compared_afresh(
    session: Session, round_: Round, staff: Account, take_in: TakeIn, workbooks: dict[str, Workbook]
) -> None:
    batch = _preview(session, round_, workbooks["applications"], staff)
    assert counts_of(batch).new > 0
    taken = take_in("applications", workbooks["applications"])
    counts = apply_import(session, batch, staff.id)
    assert (counts.new, counts.unchanged) == (0, taken.new)
    assert counts_of(batch) == counts


def test_bytes_taken_in_before_still_mend_what_changed_since(
    session: Session, loaded: Round, take_in: TakeIn, workbooks: dict[str, Workbook]
) -> None:
    application = session.scalars(select(Application)).first()
    assert application is not None
    number, unit = application.number, application.record.unit
    take_in("applications", workbooks["applications"].edited("工作单位", number, "另一单位"))
    assert take_in("applications", workbooks["applications"]).changed == 1
    session.refresh(application)
    assert (application.unit, application.record.unit) == (unit, unit)


def test_a_mended_row_comes_in_alone(
    session: Session, loaded: Round, take_in: TakeIn, workbooks: dict[str, Workbook]
) -> None:
    number = session.scalars(select(Application.number)).first()
    assert number is not None
    broken = workbooks["applications"].edited("单位隶属", number, "不详")
    refused = take_in("applications", workbooks["applications"]).refused
    assert take_in("applications", broken).refused == refused + 1
    assert session.scalar(select(Application.number).where(Application.number == number)) == number


def test_the_marked_copy_explains_each_faulty_row(
    session: Session, round_: Round, staff: Account, workbooks: dict[str, Workbook]
) -> None:
    batch = _preview(session, round_, workbooks["applications"], staff)
    marked = Workbook(marked_copy(session, batch))
    error = errors_of(batch)[0]
    assert any(error.text.zh in text for text in marked.texts(error.sheet, error.row))


def test_a_file_that_is_no_workbook_leaves_nothing_behind(
    session: Session, round_: Round, staff: Account, dump: Callable[[], Any]
) -> None:
    before = dump()
    with pytest.raises(InvalidInput) as caught:
        _preview(session, round_, Workbook(b"%PDF-1.7"), staff)
    assert ".xlsx" in caught.value.text.zh
    assert ".xlsx" in caught.value.text.en
    with pytest.raises(InvalidInput):
        preview_import(session, round_, "something", "a.xlsx", b"", staff.id)
    assert dump() == before

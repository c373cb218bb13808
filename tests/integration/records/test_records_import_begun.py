"""What an import may still change of somebody whose defence has begun, and whose links it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from records_workbooks import Workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState
from defense.models import Account, Application, AuditEntry, Defence, Disconnection, Expert, Round
from defense.models.types import utc_now
from defense.services.access import (
    candidate_account,
    expert_account,
    issue_link,
    principal_of,
    sign_in_with_link,
)
from defense.services.imports import importing as imports
from defense.services.imports.comparing import ImportCounts
from defense.services.imports.importing import (
    apply_import,
    errors_of,
    marked_copy,
    preview_import,
)
from defense.services.imports.merging import ApplicationMerger

TakeIn = Callable[[str, Workbook], ImportCounts]
Seat = Callable[[Application, str], Defence]


@pytest.fixture
def application(session: Session, loaded: Round) -> Application:
    found = session.scalars(
        select(Application).where(
            Application.valid, Application.requirement == "required", Application.fee_paid
        )
    ).first()
    assert found is not None
    return found


def _other(application: Application, header: str) -> str:
    return {
        "工作单位": "另一单位",
        "单位隶属": "乡镇" if application.record.affiliation != "township" else "自治区",
        "缴费状态": "未缴",
        "申报次数": "9",
        "公示结果": "有异议",
        "形式审核": "不通过",
    }[header]


@pytest.mark.parametrize(
    "state", ["checked_in", "presenting", "voting", "interrupted", "closed", "sealed", "absent"]
)
@pytest.mark.parametrize("header", ["工作单位", "单位隶属", "缴费状态", "申报次数", "公示结果", "形式审核"])
def test_what_a_begun_defence_rests_on_stays(
    session: Session,
    loaded: Round,
    staff: Account,
    application: Application,
    seat: Seat,
    workbooks: dict[str, Workbook],
    header: str,
    state: str,
) -> None:
    seat(application, state)
    before = (application.record_json, application.assessment_json, application.must_defend)
    value = _other(application, header)
    workbook = workbooks["applications"].edited(header, application.number, value)
    batch = preview_import(session, loaded, "applications", "a.xlsx", workbook.data, staff.id)

    for _step in ("preview", "apply"):
        (error,) = [error for error in errors_of(batch) if "答辩已开始" in error.text.zh]
        (row,) = workbook.rows(error.sheet, application.number)
        assert error.row == row
        assert error.letter.isascii()
        assert "the defence has begun" in error.text.en
        counts = apply_import(session, batch, staff.id)
        assert counts.changed == 0
    session.refresh(application)
    assert (application.record_json, application.assessment_json, application.must_defend) == before
    assert any(
        error.text.zh in text for text in Workbook(marked_copy(session, batch)).texts(error.sheet, row)
    )


def test_phone_and_email_may_change_and_other_rows_come_in(
    session: Session,
    application: Application,
    seat: Seat,
    take_in: TakeIn,
    workbooks: dict[str, Workbook],
) -> None:
    seat(application, "closed")
    other = session.scalars(select(Application).where(Application.id != application.id)).first()
    assert other is not None
    workbook = workbooks["applications"].edited("手机号码", application.number, "13900001111")
    workbook = workbook.edited("电子邮箱", application.number, "new@example.com")
    workbook = workbook.edited("工作单位", other.number, "另一单位")
    assert take_in("applications", workbook).changed == 2
    session.refresh(application)
    assert (application.record.phone, application.record.email) == ("13900001111", "new@example.com")
    session.refresh(other)
    assert other.unit == "另一单位"


@pytest.mark.parametrize("field", ["series", "specialty", "level"])
def test_the_subject_of_a_begun_defence_stays(
    session: Session, loaded: Round, application: Application, seat: Seat, field: str
) -> None:
    other = session.scalars(
        select(Application).where(getattr(Application, field) != getattr(application, field))
    ).first()
    assert other is not None
    record = replace(application.record, **{field: getattr(other.record, field)})
    assert ApplicationMerger(session, loaded).frozen_fields(record, (field,)) == ()
    seat(application, "presenting")
    session.expire_all()
    assert ApplicationMerger(session, loaded).frozen_fields(record, (field,)) == (field,)


@pytest.mark.parametrize("state", ["waiting", "removed"])
def test_before_the_defence_everything_may_change(
    application: Application, seat: Seat, take_in: TakeIn, workbooks: dict[str, Workbook], state: str
) -> None:
    seat(application, state)
    workbook = workbooks["applications"].edited("缴费状态", application.number, "未缴")
    assert take_in("applications", workbook).changed == 1


def test_a_defence_that_begins_while_the_import_runs_stops_it(
    session: Session, loaded: Round, staff: Account, application: Application, seat: Seat
) -> None:
    defence = seat(application, "waiting")
    merger = ApplicationMerger(session, loaded)
    record = application.record
    defence.state = "presenting"
    session.flush()
    with pytest.raises(IllegalState):
        merger.write(replace(record, unit="另一单位"), staff.id)


def test_the_audit_log_names_so_many_changed_rows_and_counts_the_rest(
    session: Session,
    loaded: Round,
    take_in: TakeIn,
    workbooks: dict[str, Workbook],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(imports, "MAX_AUDITED", 1)
    numbers = session.scalars(select(Application.number).order_by(Application.number).limit(2)).all()
    workbook = workbooks["applications"]
    for number in numbers:
        workbook = workbook.edited("工作单位", number, "另一单位")
    take_in("applications", workbook)
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
    assert entry is not None
    assert entry.detail["changed_rows"] == [f"{numbers[0]}（工作单位）"]
    assert entry.detail["changed_rows_left_out"] == 1
    assert "另一单位" not in str(entry.detail)


@pytest.mark.parametrize("kind", ["experts", "applications"])
def test_another_person_under_the_number_does_not_come_in_by_the_old_link(
    session: Session, loaded: Round, staff: Account, workbooks: dict[str, Workbook], kind: str
) -> None:
    person: Expert | Application | None
    if kind == "experts":
        person = session.scalars(select(Expert)).first()
        assert isinstance(person, Expert)
        account = expert_account(session, person)
    else:
        person = session.scalars(select(Application)).first()
        assert isinstance(person, Application)
        account = candidate_account(session, person)
    token = issue_link(session, account, utc_now() + timedelta(days=1)).rsplit("/", 1)[1]
    session.flush()
    signed_in = sign_in_with_link(session, token, 12)
    assert signed_in is not None
    session.commit()

    workbook = workbooks[kind].edited("姓名", person.number, "另一人")
    batch = preview_import(session, loaded, kind, "a.xlsx", workbook.data, staff.id)
    apply_import(session, batch, staff.id)
    assert session.scalars(select(Disconnection.sign_in_id)).all() == [signed_in.id]
    session.commit()
    session.expire_all()
    assert sign_in_with_link(session, token, 12) is None
    assert principal_of(session, signed_in.id) is None
    assert account.display_name == "另一人"
    revoked = session.scalars(select(AuditEntry).where(AuditEntry.action == "link.revoked")).one()
    assert revoked.account_id == staff.id

"""Findings as rows, in sums and lists, and judging a round afresh."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable

import pytest
from openpyxl import load_workbook
from records_workbooks import Workbook
from sqlalchemy import select
from sqlalchemy.orm import Session, object_session, sessionmaker

from defense.domain.assessment import Severity
from defense.extensions import db
from defense.integrations.workbooks import write_table
from defense.models import Account, Application, ApplicationFinding, AuditEntry, Defence, Round
from defense.services.imports.comparing import ImportCounts
from defense.services.records import checking
from defense.services.records.checking import CheckSummary, check_applications
from defense.services.records.findings import (
    FindingFilter,
    count_blocked,
    count_findings,
    export_findings,
    find_persons,
    sum_findings,
)
from defense.services.records.rulings import override_validity

TakeIn = Callable[[str, Workbook], ImportCounts]
Seat = Callable[[Application, str], Defence]


def rows_of(session: Session) -> set[tuple[int, str, str, str]]:
    """As the table has them."""
    return {
        (row.application_id, row.rule, row.severity, row.section)
        for row in session.scalars(select(ApplicationFinding).execution_options(populate_existing=True))
    }


def rows_by_assessments(session: Session) -> set[tuple[int, str, str, str]]:
    """As the assessments have them."""
    applications = session.scalars(select(Application).execution_options(populate_existing=True))
    return {(a.id, f.code, f.severity.value, f.section) for a in applications for f in a.assessment.findings}


def stricter(session: Session, round_: Round) -> None:
    """The round asks for two years more of public training, by a warning that becomes a stop."""
    before = '[rules.public_training_missing]         # 四(一)7\nseverity = "warn"\nyears = [2016,'
    after = '[rules.public_training_missing]\nseverity = "block"\nyears = [2014, 2015, 2016,'
    assert before in round_.rules_toml
    round_.rules_toml = round_.rules_toml.replace(before, after)
    session.commit()


def check(round_: Round, account_id: int | None = None) -> CheckSummary:
    """Outside every transaction, and so that the test's session sees what came of it."""
    round_id, session = round_.id, object_session(round_)
    assert session is not None
    session.rollback()
    return check_applications(sessionmaker(db.engine), round_id, account_id)


def test_rows_say_what_the_assessments_say(
    session: Session, loaded: Round, take_in: TakeIn, workbooks: dict[str, Workbook]
) -> None:
    assert rows_of(session) == rows_by_assessments(session) != set()
    number = session.scalars(
        select(Application.number).where(Application.valid, Application.fee_paid)
    ).first()
    assert number is not None
    take_in("applications", workbooks["applications"].edited("申报次数", number, 9))
    assert rows_of(session) == rows_by_assessments(session)
    changed = session.scalars(select(Application).where(Application.number == number)).one()
    assert (changed.id, "too_many_submissions", "block", "filing") in rows_of(session)
    take_in("applications", workbooks["applications"])
    assert (changed.id, "too_many_submissions", "block", "filing") not in rows_of(session)


def test_a_check_of_what_is_up_to_date_changes_nothing(
    session: Session, loaded: Round, dump: Callable
) -> None:
    before = dump()
    total = len(session.scalars(select(Application.id)).all())
    assert check(loaded) == CheckSummary(total, 0, 0)
    after = dump()
    assert {name for name in before if before[name] != after[name]} == {"audit_entry", "audit_head"}
    entry = session.scalars(
        select(AuditEntry).order_by(AuditEntry.at.desc(), AuditEntry.seq.desc()).limit(1)
    ).one()
    assert (entry.action, entry.detail) == (
        "applications.checked",
        {"assessed": total, "changed": 0, "kept": 0},
    )


def test_other_rules_are_told_by_a_check(
    session: Session, loaded: Round, staff: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "BATCH", 7)
    staff_id = staff.id
    stricter(session, loaded)
    valid_before = len(session.scalars(select(Application.id).where(Application.valid)).all())
    assert valid_before > 10
    summary = check(loaded, staff_id)
    assert (summary.changed, summary.kept) == (summary.assessed, 0)
    assert rows_of(session) == rows_by_assessments(session)
    assert session.scalars(select(Application).where(Application.valid)).all() == []
    (total,) = [s for s in sum_findings(session, loaded, FindingFilter()) if s.code.startswith("public_")]
    assert (total.severity, total.count) == (Severity.BLOCK, summary.assessed)
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "assessments.changed")).all()
    assert sum(entry.detail["changed"] for entry in entries) == summary.assessed
    assert {entry.account_id for entry in entries} == {staff_id}
    assert check(loaded).changed == 0


def test_whose_defence_has_begun_keeps_the_judgement(session: Session, loaded: Round, seat: Seat) -> None:
    application = session.scalars(select(Application).where(Application.valid)).first()
    assert application is not None
    seat(application, "presenting")
    before = application.assessment_json
    stricter(session, loaded)
    summary = check(loaded)
    assert (summary.changed, summary.kept) == (summary.assessed - 1, 1)
    session.refresh(application)
    assert (application.assessment_json, application.valid) == (before, True)
    assert rows_of(session) == rows_by_assessments(session)
    session.rollback()
    again = check(loaded)
    assert (again.changed, again.kept) == (0, 1)


def test_sums_lists_and_filters_agree(session: Session, loaded: Round) -> None:
    applications = session.scalars(select(Application)).all()
    counted = Counter((f.code, f.severity) for a in applications for f in a.assessment.findings)
    sums = sum_findings(session, loaded, FindingFilter())
    assert {(s.code, s.severity): s.count for s in sums} == counted
    for line in sums:
        page = find_persons(session, loaded, FindingFilter(rule=line.code))
        assert page.found == line.count
        assert all([f.code for f in row.findings] == [line.code] for row in page.rows)
        assert "{" not in line.text.zh + line.text.en
    blocked = {a.number for a in applications if a.assessment.blocking}
    page = find_persons(session, loaded, FindingFilter(severity="block"))
    assert [row.application.number for row in page.rows] == sorted(blocked)
    noted = {a.number for a in applications if a.assessment.blocking or a.assessment.warnings}
    assert {row.application.number for row in find_persons(session, loaded, FindingFilter()).rows} == noted
    counts = count_findings(session, loaded)
    warned = sum(bool(a.assessment.warnings) for a in applications)
    assert (counts.total, counts.blocked, counts.warned) == (len(applications), len(blocked), warned)

    one = applications[0]
    among = [a for a in applications if a.series == one.series and one.unit[:4] in a.unit]
    wanted = FindingFilter(series=one.series, unit=one.unit[:4], severity="info")
    assert find_persons(session, loaded, wanted).found == len(among)
    (note,) = [s for s in sum_findings(session, loaded, wanted) if s.code == "language_and_computer"]
    assert note.count == len(among)
    assert find_persons(session, loaded, FindingFilter(unit="%")).found == 0
    assert find_persons(session, loaded, FindingFilter(rule="no_such_rule")).rows == ()


def test_whom_a_ruling_lets_go_on_is_not_stopped(session: Session, loaded: Round, staff: Account) -> None:
    stopped = count_blocked(session, loaded)
    one = session.scalars(select(Application).where(Application.valid.is_(False))).first()
    assert one is not None
    override_validity(session, one, True, "已核实", staff.id)
    session.commit()
    assert count_blocked(session, loaded) == stopped - 1
    assert count_findings(session, loaded).blocked == stopped


def test_the_workbook_has_sums_and_findings(session: Session, loaded: Round) -> None:
    book = load_workbook(
        io.BytesIO(write_table(export_findings(session, loaded, FindingFilter(severity="block"))))
    )
    sums, details = (list(book[title].iter_rows(values_only=True)) for title in ("核查汇总", "核查明细"))
    blocking = [s for s in sum_findings(session, loaded, FindingFilter()) if s.severity is Severity.BLOCK]
    assert [(row[1], row[4]) for row in sums[1:]] == [(s.code, s.count) for s in blocking]
    applications = session.scalars(select(Application).order_by(Application.number)).all()
    expected = [(a.number, a.name, f.text.zh) for a in applications for f in a.assessment.blocking]
    assert [(row[0], row[1], row[8]) for row in details[1:]] == expected != []

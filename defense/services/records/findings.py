"""What the rules found in a round: sums by rule, the persons behind them, and both as a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, distinct, func, select
from sqlalchemy.orm import Session, defer

from defense.domain.assessment import Assessment, Finding, Severity
from defense.domain.eligibility_rules import RULE_BY_CODE, RULES
from defense.domain.text import Text
from defense.domain.vocabulary import LEVEL_TEXT, Level
from defense.integrations.workbooks import Tables
from defense.models import Application, ApplicationFinding, Round
from defense.services.paging import READ_AT_ONCE, place_page

PAGE_SIZE = 50
SEVERITY_TEXT = {
    Severity.BLOCK: Text("不符合", "blocks"),
    Severity.WARN: Text("需核查", "look here"),
    Severity.INFO: Text("提示", "note"),
}
_OF_APPLICATION = ApplicationFinding.application_id == Application.id


@dataclass(frozen=True)
class FindingFilter:
    """What is looked at; an empty text narrows nothing."""

    rule: str = ""
    severity: str = ""
    """A `Severity`; with neither this nor a rule, notes are left out of the list of persons."""
    series: str = ""
    unit: str = ""
    """Part of a unit's name."""

    @classmethod
    def from_mapping(cls, values: Any) -> FindingFilter:
        """Read the fields by their names, e.g. from a query string; unknown words become empty."""
        wanted = cls(**{field.name: values.get(field.name, "").strip() for field in fields(cls)})
        return replace(
            wanted,
            rule=wanted.rule if wanted.rule in RULE_BY_CODE else "",
            severity=wanted.severity if wanted.severity in tuple(Severity) else "",
        )

    def to_query(self) -> dict[str, str]:
        """What is set, for a link to the same list."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name))}

    def picks(self, finding: Finding) -> bool:
        """Whether a finding is one of those looked at."""
        if self.rule and finding.code != self.rule:
            return False
        if self.severity:
            return finding.severity == self.severity
        return bool(self.rule) or finding.severity is not Severity.INFO


@dataclass(frozen=True)
class RuleSum:
    """How often a rule of the round found something with one severity."""

    code: str
    severity: Severity
    clause: str
    text: Text
    """The message, with … where values go in."""
    count: int


@dataclass(frozen=True)
class FindingCounts:
    """Persons of a round with at least one finding of a severity."""

    total: int
    blocked: int
    warned: int


@dataclass(frozen=True)
class PersonRow:
    """An application and those of its findings that are looked at."""

    application: Application
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class FindingPage:
    """One page of persons."""

    rows: tuple[PersonRow, ...]
    found: int
    page: int
    """From 1."""
    pages: int


def count_findings(session: Session, round_: Round) -> FindingCounts:
    """How many persons there are, and how many of them something was found about."""
    total = session.scalar(
        select(func.count()).select_from(Application).where(Application.round_id == round_.id)
    )
    rows = session.execute(
        select(
            ApplicationFinding.severity,
            func.count(distinct(ApplicationFinding.application_id)).label("persons"),
        )
        .join(Application, _OF_APPLICATION)
        .where(Application.round_id == round_.id, ApplicationFinding.severity != Severity.INFO.value)
        .group_by(ApplicationFinding.severity)
    )
    by_severity = {row.severity: row.persons for row in rows}
    return FindingCounts(
        total or 0, by_severity.get(Severity.BLOCK.value, 0), by_severity.get(Severity.WARN.value, 0)
    )


def count_blocked(session: Session, round_: Round) -> int:
    """Persons whom a finding stops: it blocks, and no ruling has let them go on."""
    return (
        session.scalar(
            select(func.count(distinct(ApplicationFinding.application_id)))
            .join(Application, _OF_APPLICATION)
            .where(
                Application.round_id == round_.id,
                ApplicationFinding.severity == Severity.BLOCK.value,
                func.coalesce(Application.ruled_valid, False).is_(False),
            )
        )
        or 0
    )


def sum_findings(session: Session, round_: Round, wanted: FindingFilter) -> tuple[RuleSum, ...]:
    """Sums by rule in the order of the notice, of the filter's series, unit and severity.

    A rule that a round had once and the service does not know any more is left out.
    """
    rows = session.execute(
        select(ApplicationFinding.rule, ApplicationFinding.severity, func.count())
        .join(Application, _OF_APPLICATION)
        .where(*_applications_of(round_, wanted))
        .group_by(ApplicationFinding.rule, ApplicationFinding.severity)
    )
    counts = {(rule, Severity(severity)): count for rule, severity, count in rows}
    settings = round_.rules.settings
    return tuple(
        RuleSum(rule.code, severity, settings[rule.code].clause, settings[rule.code].summary, count)
        for rule in RULES
        for severity in Severity
        if wanted.severity in ("", severity) and (count := counts.get((rule.code, severity)))
    )


def find_persons(session: Session, round_: Round, wanted: FindingFilter, page: int = 1) -> FindingPage:
    """One page of the persons with such findings, by number; a page that is not there becomes the nearest."""
    query = _persons(round_, wanted)
    found = session.scalar(
        select(func.count()).select_from(query.with_only_columns(Application.id).subquery())
    )
    page, pages = place_page(page, found or 0, PAGE_SIZE)
    query = query.order_by(Application.number).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)
    rows = tuple(_row(application, wanted) for application in session.scalars(query))
    return FindingPage(rows, found or 0, page, pages)


def export_findings(session: Session, round_: Round, wanted: FindingFilter) -> Tables:
    """The sums and the findings themselves as a workbook (核查汇总、核查明细)."""
    sums = [
        [s.clause, s.code, SEVERITY_TEXT[s.severity].zh, s.text.zh, s.count]
        for s in sum_findings(session, round_, wanted)
    ]
    persons = ["申报编号", "姓名", "工作单位", "申报系列", "申报专业", "申报级别"]
    return {
        "核查汇总": (["通知条款", "规则", "程度", "内容", "人数"], sums),
        "核查明细": (
            [*persons, "程度", "通知条款", "内容", "规则"],
            _exported(session, round_, wanted),
        ),
    }


def _exported(session: Session, round_: Round, wanted: FindingFilter) -> Iterator[list[Any]]:
    query = _persons(round_, wanted).order_by(Application.number)
    for application in session.scalars(query.execution_options(yield_per=READ_AT_ONCE)):
        for finding in _row(application, wanted).findings:
            yield [
                application.number,
                application.name,
                application.unit,
                application.series,
                application.specialty,
                LEVEL_TEXT[Level(application.level)].zh,
                SEVERITY_TEXT[finding.severity].zh,
                finding.clause,
                finding.text.zh,
                finding.code,
            ]


def _row(application: Application, wanted: FindingFilter) -> PersonRow:
    assessment: Assessment = application.assessment
    return PersonRow(application, tuple(f for f in assessment.findings if wanted.picks(f)))


def _persons(round_: Round, wanted: FindingFilter) -> Select[Application]:
    looked_at = [_OF_APPLICATION]
    if wanted.rule:
        looked_at.append(ApplicationFinding.rule == wanted.rule)
    if wanted.severity:
        looked_at.append(ApplicationFinding.severity == wanted.severity)
    elif not wanted.rule:
        looked_at.append(ApplicationFinding.severity != Severity.INFO.value)
    there = select(ApplicationFinding.rule).where(and_(*looked_at)).exists()
    return select(Application).where(*_applications_of(round_, wanted), there).options(_WITHOUT_RECORD)


_WITHOUT_RECORD = defer(Application.record_json)


def _applications_of(round_: Round, wanted: FindingFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Application.round_id == round_.id]
    if wanted.series:
        conditions.append(Application.series == wanted.series)
    if wanted.unit:
        conditions.append(Application.unit.icontains(wanted.unit, autoescape=True))
    return conditions

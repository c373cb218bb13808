"""An application record laid out for a reader: findings and files by section, what that reader may see."""

from __future__ import annotations

from dataclasses import dataclass

from defense.domain.application import ApplicationRecord
from defense.domain.assessment import Finding
from defense.domain.eligibility_rules import UNPROVED_CODES
from defense.domain.errors import InvalidInput
from defense.domain.record_parts import Attachment, Section
from defense.domain.round_rules import RoundRules
from defense.domain.working_days import count_working_days
from defense.integrations.calendar_days import ChineseWorkingCalendar
from defense.models import Application
from defense.services.access import Role
from defense.services.records.applications import findings_by_section
from defense.services.records.attachments import attachment_key, has_file, may_open

SECTIONS_OF_FINDINGS = (
    *("filing", "fee", "identity", "affiliation", "degree", "exam", "title", "experience", "achievements"),
    *("training", "appraisal", "publicity", "opinions", "defence"),
)
"""Under which the page has a place; what is found elsewhere is listed at its end."""


@dataclass(frozen=True)
class FileLine:
    """One attachment as the page lists it."""

    attachment: Attachment
    key: str
    """For the link; empty where nothing is known of the file."""
    is_withheld: bool
    """This reader may not look at it."""


@dataclass(frozen=True)
class RecordView:
    """What the page of a record shows to one reader."""

    record: ApplicationRecord
    application_id: int
    findings: dict[str, list[Finding]]
    """Section → what the rules found."""
    other_findings: tuple[Finding, ...]
    unproved: frozenset[str]
    """Sections that count as 无相关材料 by a rule."""
    files: dict[Section, tuple[FileLine, ...]]
    working_days: int | None
    """Of the publicity, counted with the round's calendar; None when they cannot be counted."""
    min_working_days: int
    max_submissions: int
    exam_is_asked: bool
    """Whether the round asks this series and level for a national examination."""
    shows_contact: bool


def view_record(application: Application, role: Role) -> RecordView:
    """Lay out the record of an application for somebody of that role.

    Only the office has a use for telephone number and address; panelists judge without them.
    """
    record, rules = application.record, application.round.rules
    findings = findings_by_section(application.assessment)
    series = rules.series_named(record.series)
    return RecordView(
        record=record,
        application_id=application.id,
        findings=findings,
        other_findings=tuple(
            finding
            for name, found in findings.items()
            if name not in SECTIONS_OF_FINDINGS
            for finding in found
        ),
        unproved=frozenset(
            name for name, found in findings.items() if any(f.code in UNPROVED_CODES for f in found)
        ),
        files={section: _lines(record, section, role) for section in Section},
        working_days=_working_days(record, rules),
        min_working_days=rules.min_publicity_working_days,
        max_submissions=rules.max_submissions,
        exam_is_asked=series is not None and record.level in series.exam_result_levels,
        shows_contact=role in (Role.STAFF, Role.SUPERVISOR),
    )


def _lines(record: ApplicationRecord, section: Section, role: Role) -> tuple[FileLine, ...]:
    return tuple(
        FileLine(a, attachment_key(a) if has_file(a) else "", not may_open(role, a))
        for a in record.attachments
        if a.section == section
    )


def _working_days(record: ApplicationRecord, rules: RoundRules) -> int | None:
    start, end = record.publicity.start, record.publicity.end
    if start is None or end is None:
        return None
    try:
        return count_working_days(start, end, ChineseWorkingCalendar(rules.extra_days_off))
    except InvalidInput:
        return None

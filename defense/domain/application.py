"""The application record (申报材料) as a reviewer reads it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from defense.domain.vocabulary import Affiliation, Level


@dataclass(frozen=True)
class Publicity:
    """公示 by the recommending unit (notice 四(二)); both days included."""

    start: date | None
    end: date | None
    objection_open: bool


@dataclass(frozen=True)
class AidPosting:
    """援疆 posting (notice 四(五)): days of the posting and whether the sending unit consented."""

    start: date | None
    end: date | None
    sending_unit_consents: bool


@dataclass(frozen=True)
class ApplicationRecord:
    """One application of one person in one round, as it was filed and audited upstream.

    The fields named `has_*` say whether the proof of that kind was uploaded: a missing proof marks its
    section 无相关材料, it does not by itself reject the person (notice 三(二)). Years are calendar years.
    `submitted_at` is aware. Source: notice parts three and four, domain.md rows 1-33.
    """

    number: str
    """The upstream application number (申报编号), unique in a round."""
    name: str
    gender: str
    id_number: str
    """18 characters by GB 11643, valid, upper-case X."""
    phone: str
    email: str
    unit: str
    affiliation: Affiliation
    prefecture: str
    series: str
    specialty: str
    level: Level
    submitted_at: datetime
    submission_count: int
    """How many times it was submitted, the first included."""
    formal_review_passed: bool
    fee_paid: bool
    has_commitment_letter: bool
    has_id_scan: bool
    has_photo: bool
    has_degree_check: bool
    """学信网 result."""
    has_degree_documents: bool
    has_exam_result: bool
    """National exam result, needed for 高级人力资源管理师 only."""
    present_title: str
    present_title_in_xinjiang: bool
    has_title_document: bool
    has_title_certificate: bool
    has_title_review_form: bool
    moved_from_government: bool
    has_appointment_papers: bool
    work_summary: str
    achievements: str
    has_achievement_proof: bool
    professional_training_years: frozenset[int]
    """专业科目 certificates."""
    public_training_years: frozenset[int]
    """公需科目 certificates."""
    appraisal_years: frozenset[int]
    publicity: Publicity
    has_recommending_opinion: bool
    has_supervising_opinion: bool
    has_commission_letter: bool
    aid_posting: AidPosting | None
    """None when the person is not on a 援疆 posting."""
    in_fanghuiju: bool
    """访惠聚; no automatic effect on a defence."""
    works: str
    """Papers and books (著作、论文): a bonus, never a requirement (notice 六(二))."""


def record_to_json(record: ApplicationRecord) -> dict[str, Any]:
    """The record as plain JSON types: ISO dates, sorted lists for sets."""
    return {field.name: _plain(getattr(record, field.name)) for field in fields(record)}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Publicity | AidPosting):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value


def record_from_json(data: dict[str, Any]) -> ApplicationRecord:
    """The inverse of `record_to_json`."""
    values = dict(data)
    values["affiliation"] = Affiliation(values["affiliation"])
    values["level"] = Level(values["level"])
    values["submitted_at"] = datetime.fromisoformat(values["submitted_at"])
    for name in ("professional_training_years", "public_training_years", "appraisal_years"):
        values[name] = frozenset(values[name])
    values["publicity"] = Publicity(**_with_dates(values["publicity"]))
    if values["aid_posting"] is not None:
        values["aid_posting"] = AidPosting(**_with_dates(values["aid_posting"]))
    return ApplicationRecord(**values)


def _with_dates(data: dict[str, Any]) -> dict[str, Any]:
    days = {k: date.fromisoformat(data[k]) if data[k] else None for k in ("start", "end")}
    return {**data, **days}

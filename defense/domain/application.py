"""The application record (申报材料) as a reviewer reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from defense.domain.record_parts import (
    Achievement,
    AidPosting,
    Appraisal,
    Attachment,
    AuditStep,
    Commission,
    Degree,
    Employment,
    ExamResult,
    FeePayment,
    ProofKind,
    Publicity,
    Submission,
    Training,
    TrainingKind,
    UnitOpinion,
)
from defense.domain.vocabulary import Affiliation, Level


@dataclass(frozen=True)
class ApplicationRecord:
    """One application of one person in one round, as it was filed and audited upstream.

    A missing proof marks its section 无相关材料, it does not by itself reject the person (notice 三(二)).
    Years are calendar years. What has a default is what a workbook may leave unsaid.
    Source: notice parts three and four, domain.md rows 1-33.
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
    """Of the last submission."""
    submission_count: int
    """How many times it was submitted, the first included."""
    formal_review_passed: bool
    fee_paid: bool
    present_title: str
    present_title_in_xinjiang: bool
    moved_from_government: bool
    work_summary: str
    achievements: str
    publicity: Publicity
    aid_posting: AidPosting | None
    """None when the person is not on a 援疆 posting."""
    in_fanghuiju: bool
    """访惠聚; no automatic effect on a defence."""
    works: str
    """Papers and books (著作、论文): a bonus, never a requirement (notice 六(二))."""
    attachments: tuple[Attachment, ...]
    trainings: tuple[Training, ...]
    appraisals: tuple[Appraisal, ...]
    ethnicity: str = ""
    """族别"""
    political_status: str = ""
    """政治面貌"""
    present_title_on: date | None = None
    professional_years: int | None = None
    """Whole years of professional work (从事专业技术工作年限)."""
    degrees: tuple[Degree, ...] = ()
    exams: tuple[ExamResult, ...] = ()
    employments: tuple[Employment, ...] = ()
    achievement_items: tuple[Achievement, ...] = ()
    submissions: tuple[Submission, ...] = ()
    """The history behind `submitted_at` and `submission_count`, oldest first; empty when it is not told."""
    audit_steps: tuple[AuditStep, ...] = ()
    recommending_opinion: UnitOpinion | None = None
    supervising_opinion: UnitOpinion | None = None
    commission: Commission | None = None
    fee_payment: FeePayment | None = None

    def has(self, kind: ProofKind) -> bool:
        """Whether a proof of this kind was uploaded."""
        return any(attachment.kind == kind for attachment in self.attachments)

    def training_years(self, kind: TrainingKind) -> frozenset[int]:
        """The years with a certificate of this kind of continuing education."""
        return frozenset(training.year for training in self.trainings if training.kind == kind)

    @property
    def appraisal_years(self) -> frozenset[int]:
        """The years with an appraisal form."""
        return frozenset(appraisal.year for appraisal in self.appraisals)

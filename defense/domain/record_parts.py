"""The parts of an application record: the eight sections of the notice's part four, and what units add.

Days are days of Beijing; moments are aware. A part that somebody only stated, as a workbook does, has
nothing but its kind: an `Attachment` without a name, a `Training` without hours.

Source: notice parts three and four; domain.md rows 6-25.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from defense.domain.text import Text


class Section(StrEnum):
    """The sections of the application form (notice 四(一) 1-8), and the one for everything else."""

    IDENTITY = "identity"
    DEGREE = "degree"
    EXAM = "exam"
    TITLE = "title"
    EXPERIENCE = "experience"
    ACHIEVEMENTS = "achievements"
    TRAINING = "training"
    APPRAISAL = "appraisal"
    OTHER = "other"
    """其他附件或证明材料"""


class ProofKind(StrEnum):
    """What a scanned proof is (印证材料)."""

    COMMITMENT_LETTER = "commitment_letter"
    ID_SCAN = "id_scan"
    PHOTO = "photo"
    DEGREE_CHECK = "degree_check"
    DEGREE_DOCUMENTS = "degree_documents"
    EXAM_RESULT = "exam_result"
    TITLE_DOCUMENT = "title_document"
    TITLE_CERTIFICATE = "title_certificate"
    TITLE_REVIEW_FORM = "title_review_form"
    APPOINTMENT_PAPERS = "appointment_papers"
    EXPERIENCE_PROOF = "experience_proof"
    ACHIEVEMENT_PROOF = "achievement_proof"
    WORKS_PROOF = "works_proof"
    TRAINING_CERTIFICATE = "training_certificate"
    APPRAISAL_FORM = "appraisal_form"
    PUBLICITY_NOTICE = "publicity_notice"
    PUBLICITY_RESULT = "publicity_result"
    RECOMMENDING_OPINION = "recommending_opinion"
    SUPERVISING_OPINION = "supervising_opinion"
    COMMISSION_LETTER = "commission_letter"
    COMMISSION_APPROVAL = "commission_approval"
    AID_CONSENT = "aid_consent"
    FANGHUIJU_PROOF = "fanghuiju_proof"
    OTHER = "other"


PROOF_TEXT = {
    ProofKind.COMMITMENT_LETTER: Text("本人签字的承诺书", "signed commitment"),
    ProofKind.ID_SCAN: Text("身份证扫描件", "scan of the ID card"),
    ProofKind.PHOTO: Text("一寸免冠照片", "one-inch photo"),
    ProofKind.DEGREE_CHECK: Text("学信网查询结果", "result of 学信网"),
    ProofKind.DEGREE_DOCUMENTS: Text("学历学位材料扫描件", "degree documents"),
    ProofKind.EXAM_RESULT: Text("全国统一考试成绩", "national exam result"),
    ProofKind.TITLE_DOCUMENT: Text("任职资格文件", "title document"),
    ProofKind.TITLE_CERTIFICATE: Text("职称证书", "title certificate"),
    ProofKind.TITLE_REVIEW_FORM: Text("专业技术职务任职资格评审表", "review form of the present title"),
    ProofKind.APPOINTMENT_PAPERS: Text("任命文件及干部履历表", "appointment papers and cadre résumé"),
    ProofKind.EXPERIENCE_PROOF: Text("工作简历印证材料", "proof of work experience"),
    ProofKind.ACHIEVEMENT_PROOF: Text("业绩成果印证材料", "proof of the achievements"),
    ProofKind.WORKS_PROOF: Text("论文、著作", "papers and books"),
    ProofKind.TRAINING_CERTIFICATE: Text("继续教育培训合格证书", "certificate of continuing education"),
    ProofKind.APPRAISAL_FORM: Text("业务考核登记表", "appraisal form"),
    ProofKind.PUBLICITY_NOTICE: Text("公示材料（附件1）", "notice of publicity (附件1)"),
    ProofKind.PUBLICITY_RESULT: Text("公示结果（附件2）", "result of the publicity (附件2)"),
    ProofKind.RECOMMENDING_OPINION: Text("推荐单位意见", "opinion of the recommending unit"),
    ProofKind.SUPERVISING_OPINION: Text(
        "主管单位推荐意见（附件3）", "opinion of the supervising unit (附件3)"
    ),
    ProofKind.COMMISSION_LETTER: Text("委托评审函", "commission letter"),
    ProofKind.COMMISSION_APPROVAL: Text("委托评审的审核同意", "approval of the commission"),
    ProofKind.AID_CONSENT: Text("派出单位审核同意材料", "consent of the sending unit"),
    ProofKind.FANGHUIJU_PROOF: Text("“访惠聚”驻村证明", "proof of village work (访惠聚)"),
    ProofKind.OTHER: Text("其他证明材料", "other proof"),
}

_SECTION_OF = {
    ProofKind.COMMITMENT_LETTER: Section.IDENTITY,
    ProofKind.ID_SCAN: Section.IDENTITY,
    ProofKind.PHOTO: Section.IDENTITY,
    ProofKind.DEGREE_CHECK: Section.DEGREE,
    ProofKind.DEGREE_DOCUMENTS: Section.DEGREE,
    ProofKind.EXAM_RESULT: Section.EXAM,
    ProofKind.TITLE_DOCUMENT: Section.TITLE,
    ProofKind.TITLE_CERTIFICATE: Section.TITLE,
    ProofKind.TITLE_REVIEW_FORM: Section.TITLE,
    ProofKind.APPOINTMENT_PAPERS: Section.TITLE,
    ProofKind.EXPERIENCE_PROOF: Section.EXPERIENCE,
    ProofKind.ACHIEVEMENT_PROOF: Section.ACHIEVEMENTS,
    ProofKind.WORKS_PROOF: Section.ACHIEVEMENTS,
    ProofKind.TRAINING_CERTIFICATE: Section.TRAINING,
    ProofKind.APPRAISAL_FORM: Section.APPRAISAL,
}


def section_of(kind: ProofKind) -> Section:
    """Where the notice wants a proof uploaded: 其他附件或证明材料 for what it names no section for."""
    return _SECTION_OF.get(kind, Section.OTHER)


@dataclass(frozen=True)
class Attachment:
    """One uploaded file; the file itself stays upstream, or in the attachments folder of this service."""

    kind: ProofKind
    section: Section
    name: str = ""
    """As it was uploaded; empty when all that is known is that there is one."""
    size: int | None = None
    """Bytes."""
    sha256: str = ""
    """Of the file, in lower-case hexadecimal digits."""
    upstream_id: str = ""
    """Under which the platform gives the file out."""


@dataclass(frozen=True)
class Degree:
    """学历学位."""

    school: str
    subject: str
    degree: str
    """本科, 硕士研究生, 学士 and so on, in the words of the form."""
    graduated_on: date | None = None
    certificate_number: str = ""
    checked_online: bool = False
    """学信网 has it."""


@dataclass(frozen=True)
class ExamResult:
    """A national examination (考试成绩证明)."""

    name: str
    year: int
    certificate_number: str = ""
    score: str = ""


@dataclass(frozen=True)
class Employment:
    """A period of the résumé (工作简历); `end` is None for 至今."""

    start: date
    end: date | None
    unit: str
    position: str = ""


@dataclass(frozen=True)
class Achievement:
    """One of the practice and achievements (实践能力、业绩成果)."""

    title: str
    start: date | None = None
    end: date | None = None
    role: str = ""
    """What the applicant contributed (本人作用)."""
    description: str = ""


class TrainingKind(StrEnum):
    """Of continuing education (继续教育)."""

    PROFESSIONAL = "professional"
    """专业科目"""
    PUBLIC = "public"
    """公需科目"""


@dataclass(frozen=True)
class Training:
    """The certificate of one year of continuing education."""

    kind: TrainingKind
    year: int
    hours: int | None = None
    certificate_number: str = ""


@dataclass(frozen=True)
class Appraisal:
    """The appraisal of one year in the present post (考核情况)."""

    year: int
    grade: str = ""
    """优秀, 合格 and so on."""


@dataclass(frozen=True)
class Submission:
    """One handing-in, and why it came back if it did."""

    submitted_at: datetime
    returned_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class AuditStep:
    """One level of the audit chain: 基层单位 → 主管单位 → … → 中心终审."""

    stage: str
    unit: str
    person: str
    decided_at: datetime
    passed: bool
    """False: returned for correction."""
    opinion: str


@dataclass(frozen=True)
class UnitOpinion:
    """What the recommending or the supervising unit wrote (notice 四(二), 四(三))."""

    unit: str
    text: str
    signed_on: date | None = None


@dataclass(frozen=True)
class Publicity:
    """公示 by the recommending unit (notice 四(二)); both days included."""

    start: date | None
    end: date | None
    objection_open: bool
    outcome: str = ""
    """What came of it, in the words of 附件2."""
    stated_days: int | None = None
    """The working days that 附件2 names."""


@dataclass(frozen=True)
class Commission:
    """委托评审函 for central units, enterprises of other provinces and the military (notice 四(四))."""

    issuer: str
    issued_on: date | None = None
    approved_by: str = ""
    approved_on: date | None = None


@dataclass(frozen=True)
class AidPosting:
    """援疆 posting (notice 四(五)): days of the posting and whether the sending unit consented."""

    start: date | None
    end: date | None
    sending_unit_consents: bool
    sending_unit: str = ""


@dataclass(frozen=True)
class FeePayment:
    """The review fee (notice 四(六)); prefectures pay together."""

    paid_on: date
    payer: str
    receipt_number: str = ""

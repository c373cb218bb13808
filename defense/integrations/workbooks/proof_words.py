"""How people name the scanned proofs (印证材料), in lists and in the names of files."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from defense.domain.record_parts import PROOF_TEXT, ProofKind
from defense.integrations.workbooks.cells import as_short_text, invalid

_OTHER_WORDS = {
    ProofKind.COMMITMENT_LETTER: ("承诺书", "个人承诺书"),
    ProofKind.ID_SCAN: ("身份证", "身份证扫描"),
    ProofKind.PHOTO: ("照片", "一寸照片", "免冠照片"),
    ProofKind.DEGREE_CHECK: ("学信网", "学信网结果"),
    ProofKind.DEGREE_DOCUMENTS: (
        "学历学位材料",
        "学历材料",
        "学历证书",
        "学位证书",
        "学历学位证书",
        "毕业证书",
    ),
    ProofKind.EXAM_RESULT: ("考试成绩", "考试成绩证明", "考试合格证明"),
    ProofKind.TITLE_CERTIFICATE: ("资格证书",),
    ProofKind.TITLE_REVIEW_FORM: ("评审表", "任职资格评审表"),
    ProofKind.APPOINTMENT_PAPERS: ("任命文件及履历表", "任命文件", "干部履历表"),
    ProofKind.EXPERIENCE_PROOF: ("工作简历证明", "工作经历证明"),
    ProofKind.ACHIEVEMENT_PROOF: ("业绩印证材料", "业绩成果", "业绩材料"),
    ProofKind.WORKS_PROOF: ("论文著作", "论文", "著作"),
    ProofKind.TRAINING_CERTIFICATE: ("继续教育证书", "继续教育", "培训合格证书"),
    ProofKind.APPRAISAL_FORM: ("考核登记表", "专业技术人员业务考核登记表", "考核表"),
    ProofKind.PUBLICITY_NOTICE: ("公示材料", "公示", "附件1"),
    ProofKind.PUBLICITY_RESULT: ("公示结果", "附件2"),
    ProofKind.RECOMMENDING_OPINION: ("推荐意见",),
    ProofKind.SUPERVISING_OPINION: ("主管单位推荐意见", "主管单位意见", "附件3"),
    ProofKind.COMMISSION_LETTER: ("委托函",),
    ProofKind.COMMISSION_APPROVAL: ("委托评审批复", "审核同意"),
    ProofKind.AID_CONSENT: ("派出单位同意", "派出单位意见"),
    ProofKind.FANGHUIJU_PROOF: ("访惠聚证明", "访惠聚", "驻村证明"),
    ProofKind.OTHER: ("其他附件", "其他"),
}
_SPELLING = re.compile(r"[\s“”\"、,_\-]")
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_COUNTED = re.compile(r"第?[0-9一二三四五六七八九十]{1,3}页?$", re.ASCII)


def find_proof_kind(wording: str) -> ProofKind | None:
    """The proof that a wording names; a number at its end, as of a second page, does not matter."""
    plain = _plain(wording)
    return _KINDS.get(plain) or _KINDS.get(_COUNTED.sub("", plain))


def as_proof_kind(value: Any) -> ProofKind:
    """A cell that names a proof."""
    kind = find_proof_kind(as_short_text(value))
    if kind is None:
        known = "、".join(text.zh for text in PROOF_TEXT.values())
        raise invalid(f"没有这种印证材料，可填：{known}", f"no such kind of proof; one of: {known}")
    return kind


def _plain(wording: str) -> str:
    text = unicodedata.normalize("NFKC", wording)
    return _SPELLING.sub("", _IN_BRACKETS.sub("", text)).casefold()


_KINDS = {
    _plain(word): kind for kind in ProofKind for word in (PROOF_TEXT[kind].zh, *_OTHER_WORDS.get(kind, ()))
}

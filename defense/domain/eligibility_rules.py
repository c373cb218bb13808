"""The notice as a table: what can be found in an application, how much it weighs, and by which clause.

Source: notice parts one to six; `row` is the row of domain.md. Rows 3, 4, 26, 27 leave no trace in a record,
rows 28 and 29 are in `defence_requirement`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from defense.domain import eligibility_checks as checks
from defense.domain.assessment import Finding, Severity
from defense.domain.record_parts import ProofKind, TrainingKind
from defense.domain.text import Text

_BLOCK, _WARN, _INFO = Severity.BLOCK, Severity.WARN, Severity.INFO


@dataclass(frozen=True)
class Rule:
    """One row of the table."""

    row: int
    code: str
    severity: Severity
    clause: str
    section: str
    asks: checks.Question
    zh: str
    en: str

    def apply(self, case: checks.Case) -> Finding | None:
        """The finding, or None when the application passes."""
        answer = self.asks(case)
        if not answer:
            return None
        values = answer if isinstance(answer, Mapping) else {}
        text = Text(self.zh, self.en).format(**values)
        return Finding(self.code, self.severity, self.clause, self.section, text)


def _no_material(
    row: int, code: str, clause: str, section: str, asks: checks.Question, zh: str, en: str
) -> Rule:
    """A missing proof: the section counts as 无相关材料, which rejects nobody (notice 三(二))."""
    return Rule(
        row,
        code,
        _WARN,
        clause,
        section,
        asks,
        f"{zh}，该栏目视为无相关材料",
        f"{en}: the section counts as unproved",
    )


# fmt: off
RULES = (
    Rule(1, "series_unknown", _BLOCK, "首段", "filing", checks.series_is_unknown,
         "本批次没有“{series}”系列", "this round has no series “{series}”"),
    Rule(1, "specialty_unknown", _BLOCK, "首段", "filing", checks.specialty_is_unknown,
         "“{series}”没有“{specialty}”专业", "“{series}” has no specialty “{specialty}”"),
    Rule(1, "level_not_offered", _BLOCK, "首段", "filing", checks.level_is_not_offered,
         "本批次“{series}”不评{level}", "“{series}” is not reviewed at level {level} in this round"),
    Rule(2, "filed_early", _BLOCK, "一", "filing", checks.was_filed_early,
         "申报时间早于{limit}（北京时间）", "filed before {limit} (Beijing time)"),
    Rule(2, "filed_late", _BLOCK, "一", "filing", checks.was_filed_late,
         "申报时间晚于{limit}（北京时间），逾期不予受理", "filed after {limit} (Beijing time): not accepted"),
    Rule(5, "blank_field", _BLOCK, "三(二)", "filing", checks.has_blank_fields,
         "栏目留有空格：{fields}；无内容的应填“无”", "left blank: {fields}; write 无 where there is nothing"),
    Rule(5, "vague_experience", _WARN, "三(二)", "experience", checks.is_vague("work_summary"),
         "工作简历有含糊词语：{words}", "the résumé has vague words: {words}"),
    Rule(5, "vague_achievements", _WARN, "三(二)", "achievements", checks.is_vague("achievements"),
         "业绩成果有含糊词语：{words}", "the achievements have vague words: {words}"),
    Rule(10, "too_many_submissions", _BLOCK, "三(三)", "filing", checks.was_submitted_too_often,
         "已上报{count}次，超过{limit}次（含初次上报）",
         "submitted {count} times, more than {limit} (the first included)"),
    Rule(11, "no_commitment_letter", _BLOCK, "四(一)", "identity", checks.lacks(ProofKind.COMMITMENT_LETTER),
         "未上传本人签字的承诺书", "the signed letter of commitment is missing"),
    Rule(12, "id_number_invalid", _BLOCK, "四(一)1", "identity", checks.id_number_is_wrong,
         "{reason}", "{reason}"),
    Rule(12, "gender_mismatch", _WARN, "四(一)1", "identity", checks.gender_differs,
         "性别与身份证号不一致，请核对", "the gender differs from the ID number: please check"),
    _no_material(12, "no_id_scan", "四(一)1", "identity", checks.lacks(ProofKind.ID_SCAN),
         "未上传身份证扫描件", "no scan of the ID card"),
    _no_material(12, "no_photo", "四(一)1", "identity", checks.lacks(ProofKind.PHOTO),
         "未上传一寸免冠照片", "no one-inch photo"),
    _no_material(13, "no_degree_proof", "四(一)2", "degree",
         checks.lacks(ProofKind.DEGREE_CHECK, ProofKind.DEGREE_DOCUMENTS),
         "既无学信网查询结果，也无学历材料扫描件", "neither a 学信网 result nor degree documents"),
    Rule(14, "no_exam_result", _BLOCK, "四(一)3", "exam", checks.lacks_exam_result,
         "未上传全国统一组织的人力资源管理专业高级经济专业技术资格考试成绩",
         "the national exam result is missing"),
    _no_material(15, "no_title_proof", "四(一)4", "title", checks.lacks_title_proof,
         "现任职资格证明不全，缺：{missing}（在疆取得者任一即可，外省取得者三项齐全）",
         "proof of the present title is missing: {missing} (got in Xinjiang: any one; elsewhere: all three)"),
    _no_material(16, "no_appointment_papers", "四(一)4", "title", checks.lacks_appointment_papers,
         "机关调动人员未上传任命文件及干部履历表",
         "moved from government without appointment papers and résumé"),
    Rule(17, "resume_overlap", _WARN, "四(一)5", "experience", checks.resume_overlaps,
         "工作简历时间重叠：{periods}", "periods of the résumé overlap: {periods}"),
    Rule(17, "resume_in_future", _WARN, "四(一)5", "experience", checks.resume_lies_in_future,
         "工作简历时间晚于申报时间：{periods}", "periods of the résumé lie after the filing: {periods}"),
    _no_material(17, "no_achievement_proof", "四(一)6", "achievements",
         checks.lacks(ProofKind.ACHIEVEMENT_PROOF),
         "未上传业绩成果印证材料", "no proof of the achievements"),
    _no_material(18, "professional_training_missing", "四(一)7", "training",
         checks.lacks_training(TrainingKind.PROFESSIONAL),
         "缺专业科目{years}年度继续教育合格证书", "no certificate of professional training for {years}"),
    _no_material(18, "public_training_missing", "四(一)7", "training",
         checks.lacks_training(TrainingKind.PUBLIC),
         "缺公需科目{years}年度继续教育合格证书", "no certificate of public training for {years}"),
    _no_material(19, "appraisal_missing", "四(一)8", "appraisal", checks.lacks_appraisals,
         "缺{years}年度业务考核登记表", "no appraisal form for {years}"),
    Rule(20, "no_publicity", _BLOCK, "四(二)", "publicity", checks.lacks_publicity,
         "没有单位公示的起止日期", "the days of the unit's publicity are missing"),
    Rule(20, "publicity_uncountable", _BLOCK, "四(二)", "publicity", checks.publicity_cannot_be_counted,
         "公示期无法核算：{reason}", "the publicity cannot be counted: {reason}"),
    Rule(20, "publicity_too_short", _BLOCK, "四(二)", "publicity", checks.publicity_is_short,
         "公示{start}至{end}仅{days}个工作日，不足{limit}个工作日",
         "publicity from {start} to {end} has {days} working days, fewer than {limit}"),
    Rule(20, "objection_open", _BLOCK, "四(二)", "publicity", checks.objection_is_open,
         "公示有异议，尚未了结", "an objection to the publicity is open"),
    Rule(21, "no_recommending_opinion", _BLOCK, "四(二)", "opinions",
         checks.lacks(ProofKind.RECOMMENDING_OPINION),
         "没有推荐单位意见", "the recommending unit's opinion is missing"),
    Rule(22, "no_supervising_opinion", _BLOCK, "四(三)", "opinions",
         checks.lacks(ProofKind.SUPERVISING_OPINION),
         "没有主管单位推荐意见", "the supervising unit's opinion is missing"),
    Rule(23, "no_commission_letter", _BLOCK, "四(四)", "affiliation", checks.lacks_commission_letter,
         "中央驻疆单位、外省驻疆企业和军队人员须有委托评审函",
         "central units, enterprises of other provinces and the military need a commission letter"),
    Rule(24, "aid_no_consent", _BLOCK, "四(五)", "affiliation", checks.aid_posting_lacks_consent,
         "援疆人员没有派出单位审核同意", "on a 援疆 posting without the sending unit's consent"),
    Rule(24, "aid_dates_missing", _BLOCK, "四(五)", "affiliation", checks.aid_posting_lacks_dates,
         "没有援疆起止日期", "the days of the 援疆 posting are missing"),
    Rule(24, "aid_too_short", _BLOCK, "四(五)", "affiliation", checks.aid_posting_is_short,
         "援派期不满一年", "the 援疆 posting is shorter than one year"),
    Rule(24, "aid_not_under_way", _BLOCK, "四(五)", "affiliation", checks.aid_posting_is_not_under_way,
         "申报时不在援疆期间", "the 援疆 posting was not under way at the filing"),
    Rule(25, "formal_review_not_passed", _BLOCK, "四(六)", "fee", checks.is_not("formal_review_passed"),
         "未通过形式审核", "the formal review is not passed"),
    Rule(25, "fee_unpaid", _WARN, "四(六)", "fee", checks.is_not("fee_paid"),
         "评审费未缴：缴费前不安排答辩，或由工作人员注明理由放行",
         "the fee is unpaid: not scheduled until paid, or an override with a reason"),
    Rule(31, "fanghuiju", _INFO, "六(一)", "experience", checks.holds("in_fanghuiju"),
         "参加“访惠聚”驻村工作，按新人社函〔2017〕175号执行；不影响答辩",
         "took part in 访惠聚 work: 新人社函〔2017〕175号 applies; no effect on the defence"),
    Rule(32, "works_bonus", _INFO, "六(二)", "achievements", checks.has_works,
         "著作、论文作为业绩成果加分项，不是硬性要求", "papers and books are a bonus, not a requirement"),
    Rule(33, "language_and_computer", _INFO, "六(三)", "exam", lambda case: True,
         "外语、计算机应用能力考试参照新人社函〔2017〕328号",
         "foreign language and computer exams follow 新人社函〔2017〕328号"),
)
# fmt: on
VETO = Finding(
    "one_vote_veto",
    _INFO,
    "五(四)",
    "defence",
    Text(
        "答辩采用一票否决制：答辩不通过，申报即不通过",
        "one-vote veto: failing the defence fails the application",
    ),
)

"""The notice as a table: what can be found in an application, its weight, and by which clause.

Source: notice parts one to six; `row` is the row of domain.md. Rows 4, 26, 27 and 34 leave no trace in a
record. A round sets every rule in a table `[rules.<id>]` of its file; what is here are the values of 2021.
"""

from __future__ import annotations

from datetime import date, time

from defense.domain import defence_requirement as defence
from defense.domain import filing_checks as filing
from defense.domain import section_checks as sections
from defense.domain import unit_checks as units
from defense.domain.assessment import Severity
from defense.domain.eligibility_case import Question, lacks_any_of, lacks_when_told
from defense.domain.record_parts import ProofKind, TrainingKind
from defense.domain.rule import Rule
from defense.domain.rule_parameters import (
    AFFILIATIONS,
    CLOCK,
    COUNT,
    DAY,
    FIELDS,
    LEVELS,
    LEVELS_BY_SERIES,
    OPINION,
    PROOFS,
    WORDING,
    WORDS,
    YEARS,
    Parameter,
)

_BLOCK, _WARN, _INFO = Severity.BLOCK, Severity.WARN, Severity.INFO


def _any_of(*kinds: ProofKind) -> dict[str, Parameter]:
    return {"any_of": Parameter(PROOFS, [kind.value for kind in kinds])}


def _no_material(
    row: int,
    code: str,
    clause: str,
    section: str,
    asks: Question,
    zh: str,
    en: str,
    parameters: dict[str, Parameter],
) -> Rule:
    """A missing proof: the section counts as 无相关材料, which rejects nobody (notice 三(二))."""
    zh, en = f"{zh}，该栏目视为无相关材料", f"{en}: the section counts as unproved"
    return Rule(row, code, _WARN, clause, section, asks, zh, en, parameters)


_VAGUE = {
    "words": Parameter(
        WORDS,
        [
            *("若干", "等等", "大概", "大约", "左右", "多次", "数次", "几次"),
            *("许多", "一些", "某些", "差不多", "基本上", "似乎", "好像"),
        ],
    )
}
_ASSOCIATE = {"levels": Parameter(LEVELS, ["associate"])}
_OUTSIDERS = {"affiliations": Parameter(AFFILIATIONS, ["central", "outside_enterprise", "military"])}

# fmt: off
_FILING = (
    Rule(1, "series_unknown", _BLOCK, "首段", "filing", filing.series_is_unknown,
         "本批次没有“{series}”系列", "this round has no series “{series}”"),
    Rule(1, "specialty_unknown", _BLOCK, "首段", "filing", filing.specialty_is_unknown,
         "“{series}”没有“{specialty}”专业", "“{series}” has no specialty “{specialty}”"),
    Rule(1, "level_not_offered", _BLOCK, "首段", "filing", filing.level_is_not_offered,
         "本批次“{series}”不评{level}", "“{series}” is not reviewed at level {level} in this round"),
    Rule(2, "filed_early", _BLOCK, "一", "filing", filing.was_filed_early,
         "申报时间早于{limit}（北京时间）", "filed before {limit} (Beijing time)",
         {"first_day": Parameter(DAY, date(2021, 8, 30))}),
    Rule(2, "filed_late", _BLOCK, "一", "filing", filing.was_filed_late,
         "申报时间晚于{limit}（北京时间），逾期不予受理", "filed after {limit} (Beijing time): not accepted",
         {"last_day": Parameter(DAY, date(2021, 10, 8)), "closing_time": Parameter(CLOCK, time(23, 59, 59))}),
    Rule(3, "no_platform_number", _BLOCK, "三(一)", "filing", filing.number_is_blank,
         "没有管理平台的申报编号", "without an application number of the platform"),
    Rule(5, "blank_field", _BLOCK, "三(二)", "filing", filing.has_blank_fields,
         "栏目留有空格：{fields}；无内容的应填“无”", "left blank: {fields}; write 无 where there is nothing",
         {"fields": Parameter(FIELDS, ["name", "phone", "email", "unit", "prefecture", "present_title",
                                       "work_summary", "achievements"])}),
    Rule(5, "blank_detail", _WARN, "三(二)", "identity", filing.has_blank_details,
         "明细栏目留有空格：{fields}；无内容的应填“无”", "details left blank: {fields}",
         {"fields": Parameter(FIELDS, ["ethnicity", "political_status", "present_title_on",
                                       "professional_years"])}),
    Rule(5, "vague_experience", _WARN, "三(二)", "experience", filing.is_vague("work_summary", "employments"),
         "工作简历有含糊词语：{words}", "the résumé has vague words: {words}", _VAGUE),
    Rule(5, "vague_achievements", _WARN, "三(二)", "achievements",
         filing.is_vague("achievements", "achievement_items"),
         "业绩成果有含糊词语：{words}", "the achievements have vague words: {words}", _VAGUE),
    Rule(6, "attachment_misplaced", _WARN, "三(二)", "filing", sections.attachment_is_misplaced,
         "材料错传到其他栏目：{kinds}；错传视为无相关材料",
         "uploaded into the wrong section: {kinds}; that counts as not uploaded"),
    Rule(9, "audit_unfinished", _WARN, "三(三)", "filing", filing.audit_is_unfinished,
         "形式审核记为通过，但逐级审核止于“{stage}”，没有通过终审的记录",
         "the formal review is said to be passed, but the audits end at “{stage}” without a passed final one",
         {"final_stages": Parameter(WORDS, ["终审", "评价中心"])}),
    Rule(9, "audit_disordered", _WARN, "三(三)", "filing", filing.audit_is_disordered,
         "逐级审核的先后不符：{stages}", "the levels of the audit are out of order: {stages}"),
    Rule(9, "audit_step_incomplete", _WARN, "三(三)", "filing", filing.audit_step_is_incomplete,
         "逐级审核缺单位、审核人或意见：{stages}", "an audit without unit, person or opinion: {stages}"),
    Rule(10, "too_many_submissions", _BLOCK, "三(三)", "filing", filing.was_submitted_too_often,
         "已上报{count}次，超过{limit}次（含初次上报）",
         "submitted {count} times, more than {limit} (the first included)", {"limit": Parameter(COUNT, 3)}),
    Rule(10, "submissions_disagree", _WARN, "三(三)", "filing", filing.history_contradicts,
         "上报记录前后不一致：{what}", "the history of the submissions does not agree: {what}"),
)
_SECTIONS = (
    Rule(11, "no_commitment_letter", _BLOCK, "四(一)", "identity", lacks_any_of,
         "未上传本人签字的承诺书", "the signed letter of commitment is missing",
         _any_of(ProofKind.COMMITMENT_LETTER)),
    Rule(12, "id_number_invalid", _BLOCK, "四(一)1", "identity", sections.id_number_is_wrong,
         "身份证号有误：{reason}", "the ID number is wrong: {reason}"),
    Rule(12, "gender_mismatch", _WARN, "四(一)1", "identity", sections.gender_differs,
         "性别与身份证号不一致，请核对", "the gender differs from the ID number: please check"),
    _no_material(12, "no_id_scan", "四(一)1", "identity", lacks_any_of,
         "未上传身份证扫描件", "no scan of the ID card", _any_of(ProofKind.ID_SCAN)),
    _no_material(12, "no_photo", "四(一)1", "identity", lacks_any_of,
         "未上传一寸免冠照片", "no one-inch photo", _any_of(ProofKind.PHOTO)),
    _no_material(13, "no_degree_proof", "四(一)2", "degree", lacks_any_of,
         "既无学信网查询结果，也无学历材料扫描件", "neither a 学信网 result nor degree documents",
         _any_of(ProofKind.DEGREE_CHECK, ProofKind.DEGREE_DOCUMENTS)),
    _no_material(13, "degree_unproved", "四(一)2", "degree", sections.degree_is_unproved,
         "学信网查询不到且未上传学历材料：{degrees}",
         "not found at 学信网 and without degree documents: {degrees}", _any_of(ProofKind.DEGREE_DOCUMENTS)),
    Rule(13, "degree_in_future", _WARN, "四(一)2", "degree", sections.degree_lies_in_future,
         "毕业时间晚于申报时间：{degrees}", "graduated after the filing: {degrees}"),
    Rule(14, "no_exam_result", _BLOCK, "四(一)3", "exam", sections.lacks_exam_result,
         "未上传{exam}", "the national exam result is missing ({exam})",
         {"needed_by": Parameter(LEVELS_BY_SERIES, {"经济系列人力资源管理": ["associate"]}),
          "exam": Parameter(WORDING, "全国统一组织的人力资源管理专业高级经济专业技术资格考试成绩"),
          **_any_of(ProofKind.EXAM_RESULT)}),
    _no_material(15, "no_title_proof", "四(一)4", "title", sections.lacks_title_proof,
         "现任职资格证明不全，缺：{missing}", "proof of the present title is missing: {missing}",
         {"inside_any_of": Parameter(PROOFS, ["title_document", "title_certificate", "title_review_form"]),
          "outside_all_of": Parameter(PROOFS, ["title_document", "title_certificate", "title_review_form"])}),
    Rule(15, "title_in_future", _WARN, "四(一)4", "title", sections.title_lies_in_future,
         "现任职资格取得时间{day}晚于申报时间", "the present title was got on {day}, after the filing"),
    _no_material(16, "no_appointment_papers", "四(一)4", "title", sections.lacks_appointment_papers,
         "机关调动人员未上传任命文件及干部履历表",
         "moved from government without appointment papers and résumé",
         _any_of(ProofKind.APPOINTMENT_PAPERS)),
    Rule(17, "resume_overlap", _WARN, "四(一)5", "experience", sections.resume_overlaps,
         "工作简历时间重叠：{periods}", "periods of the résumé overlap: {periods}"),
    Rule(17, "resume_in_future", _WARN, "四(一)5", "experience", sections.resume_lies_in_future,
         "工作简历时间晚于申报时间：{periods}", "periods of the résumé lie after the filing: {periods}"),
    _no_material(17, "no_experience_proof", "三(二)", "experience", lacks_when_told,
         "未上传工作简历印证材料", "no proof of the résumé", _any_of(ProofKind.EXPERIENCE_PROOF)),
    _no_material(17, "no_achievement_proof", "四(一)6", "achievements", lacks_any_of,
         "未上传业绩成果印证材料", "no proof of the achievements", _any_of(ProofKind.ACHIEVEMENT_PROOF)),
    Rule(17, "achievement_in_future", _WARN, "四(一)6", "achievements", sections.achievement_lies_in_future,
         "业绩成果时间晚于申报时间：{titles}", "achievements that begin after the filing: {titles}"),
    _no_material(18, "professional_training_missing", "四(一)7", "training",
         sections.lacks_training(TrainingKind.PROFESSIONAL),
         "缺专业科目{years}年度继续教育合格证书", "no certificate of professional training for {years}",
         {"years": Parameter(YEARS, [2021])}),
    _no_material(18, "public_training_missing", "四(一)7", "training",
         sections.lacks_training(TrainingKind.PUBLIC),
         "缺公需科目{years}年度继续教育合格证书", "no certificate of public training for {years}",
         {"years": Parameter(YEARS, [2016, 2017, 2018, 2019, 2020])}),
    _no_material(18, "no_training_certificate", "四(一)7", "training", lacks_when_told,
         "未上传继续教育培训合格证书", "no certificate of continuing education is uploaded",
         _any_of(ProofKind.TRAINING_CERTIFICATE)),
    _no_material(19, "appraisal_missing", "四(一)8", "appraisal", sections.lacks_appraisals,
         "缺{years}年度业务考核登记表", "no appraisal form for {years}",
         {"years": Parameter(YEARS, [2018, 2019, 2020])}),
    _no_material(19, "no_appraisal_form", "四(一)8", "appraisal", lacks_when_told,
         "未上传业务考核登记表", "no appraisal form is uploaded", _any_of(ProofKind.APPRAISAL_FORM)),
)
_UNITS = (
    Rule(20, "no_publicity", _BLOCK, "四(二)", "publicity", units.publicity_is_undated,
         "没有单位公示的起止日期", "the days of the unit's publicity are missing"),
    Rule(20, "publicity_uncountable", _BLOCK, "四(二)", "publicity", units.publicity_cannot_be_counted,
         "公示期无法核算：{reason}", "the publicity cannot be counted: {reason}"),
    Rule(20, "publicity_too_short", _BLOCK, "四(二)", "publicity", units.publicity_is_short,
         "公示{start}至{end}仅{days}个工作日，不足{limit}个工作日",
         "publicity from {start} to {end} has {days} working days, fewer than {limit}",
         {"min_working_days": Parameter(COUNT, 5)}),
    Rule(20, "objection_open", _BLOCK, "四(二)", "publicity", units.objection_is_open,
         "公示有异议，尚未了结", "an objection to the publicity is open"),
    _no_material(8, "no_publicity_notice", "三(二)", "publicity", lacks_when_told,
         "“其他附件或证明材料”中没有公示材料（附件1）", "no notice of publicity (附件1) in 其他附件",
         _any_of(ProofKind.PUBLICITY_NOTICE)),
    _no_material(8, "no_publicity_result", "四(二)", "publicity", lacks_when_told,
         "“其他附件或证明材料”中没有公示结果（附件2）", "no result of the publicity (附件2) in 其他附件",
         _any_of(ProofKind.PUBLICITY_RESULT)),
    Rule(36, "publicity_outcome_missing", _WARN, "附件2", "publicity", units.outcome_is_missing,
         "没有公示结果", "what came of the publicity is not said"),
    Rule(36, "publicity_outcome_unclear", _WARN, "附件2", "publicity", units.outcome_says_otherwise,
         "公示结果没有写明“{missing}”", "the result of the publicity does not say “{missing}”",
         {"words": Parameter(WORDS, ["公示无异议"])}),
    Rule(35, "publicity_days_disagree", _WARN, "附件1、附件2", "publicity", units.stated_days_differ,
         "公示结果写明公示{stated}天，按公示起止日期为{days}个工作日",
         "the result names {stated} days of publicity, its dates have {days} working days"),
    Rule(21, "no_recommending_opinion", _BLOCK, "四(二)", "opinions", lacks_any_of,
         "没有推荐单位意见", "the recommending unit's opinion is missing",
         _any_of(ProofKind.RECOMMENDING_OPINION)),
    Rule(21, "recommending_opinion_differs", _WARN, "四(二)", "opinions", units.recommending_opinion_differs,
         "推荐单位意见与通知规定的文字不同", "the recommending unit's opinion is not in the notice's words",
         {"wording": Parameter(
             WORDING, "本单位已对提供的申报材料逐一审核，真实、完整、有效，同意推荐")}),
    Rule(22, "no_supervising_opinion", _BLOCK, "四(三)", "opinions", lacks_any_of,
         "没有主管单位推荐意见", "the supervising unit's opinion is missing",
         _any_of(ProofKind.SUPERVISING_OPINION)),
    Rule(22, "supervising_opinion_differs", _WARN, "四(三)", "opinions", units.supervising_opinion_differs,
         "主管单位推荐意见与附件3的文字不同（姓名、系列、专业、级别应与申报一致）",
         "the supervising unit's opinion is not that of 附件3 for this person, series, specialty and level",
         {"wording": Parameter(
             OPINION, "同意推荐{name}同志申报{series}系列{specialty}专业{level}级专业技术任职资格")}),
    Rule(23, "no_commission_letter", _BLOCK, "四(四)", "affiliation", units.lacks_commission_letter,
         "单位隶属“{affiliation}”的人员须有委托评审函",
         "persons from a unit of kind “{affiliation}” need a commission letter",
         {**_OUTSIDERS, **_any_of(ProofKind.COMMISSION_LETTER)}),
    Rule(23, "commission_not_approved", _BLOCK, "四(四)", "affiliation", units.commission_is_not_approved,
         "委托评审未经自治区专业技术人员职称办公室审核同意",
         "the commission is not approved by the region's title office", _OUTSIDERS),
    Rule(24, "aid_no_consent", _BLOCK, "四(五)", "affiliation", units.aid_posting_lacks_consent,
         "援疆人员没有派出单位审核同意", "on a 援疆 posting without the sending unit's consent"),
    _no_material(24, "aid_consent_unproved", "四(五)", "affiliation", units.aid_consent_is_unproved,
         "未上传派出单位审核同意材料", "the sending unit's consent is not uploaded",
         _any_of(ProofKind.AID_CONSENT)),
    Rule(24, "aid_dates_missing", _BLOCK, "四(五)", "affiliation", units.aid_posting_lacks_dates,
         "没有援疆起止日期", "the days of the 援疆 posting are missing"),
    Rule(24, "aid_too_short", _BLOCK, "四(五)", "affiliation", units.aid_posting_is_short,
         "援派期不满{years}年", "the 援疆 posting is shorter than {years} year(s)",
         {"min_years": Parameter(COUNT, 1)}),
    Rule(24, "aid_not_under_way", _BLOCK, "四(五)", "affiliation", units.aid_posting_is_not_under_way,
         "申报时不在援疆期间", "the 援疆 posting was not under way at the filing"),
    Rule(25, "formal_review_not_passed", _BLOCK, "四(六)", "fee", units.is_not("formal_review_passed"),
         "未通过形式审核", "the formal review is not passed"),
    Rule(25, "fee_unpaid", _WARN, "四(六)", "fee", units.is_not("fee_paid"),
         "评审费未缴：缴费前不安排答辩，或由工作人员注明理由放行",
         "the fee is unpaid: not scheduled until paid, or an override with a reason"),
)
_DEFENCE = (
    Rule(28, "defence_required_senior", _INFO, "五(二)", "defence", defence.is_of_level,
         "申报正高级职称，须参加答辩（不论单位隶属）",
         "applies for a senior title: defends, whatever the unit belongs to",
         {"levels": Parameter(LEVELS, ["senior"])}),
    Rule(29, "defence_required_unit", _INFO, "五(三)", "defence", defence.is_of_unit,
         "申报副高级职称，单位隶属“{affiliation}”：自治区及地州市单位专业技术人员均参加答辩",
         "applies for an associate senior title from a unit of kind “{affiliation}”: units of the autonomous "
         "region and of the prefectures all defend",
         {**_ASSOCIATE, "affiliations": Parameter(AFFILIATIONS, ["region", "prefecture"])}),
    Rule(29, "defence_pending", _INFO, "五(三)", "defence", defence.is_of_unit,
         "申报副高级职称，单位隶属“{affiliation}”：通知未规定是否答辩，待裁定",
         "applies for an associate senior title from a unit of kind “{affiliation}”: the notice does not "
         "say, a ruling is needed",
         {**_ASSOCIATE,
          "affiliations": Parameter(AFFILIATIONS, ["central", "outside_enterprise", "military", "other"])}),
    Rule(29, "defence_pending_aid", _INFO, "五(三)", "defence", defence.is_posted_to_unit,
         "援疆人员，单位隶属“{affiliation}”：通知未规定援疆人员是否答辩，待裁定",
         "on a 援疆 posting in a unit of kind “{affiliation}”: the notice does not say whether such persons "
         "defend, a ruling is needed",
         {**_ASSOCIATE,
          "affiliations": Parameter(AFFILIATIONS, ["county", "township", "central", "outside_enterprise",
                                                   "military", "other"])}),
    Rule(29, "defence_not_required", _INFO, "五(三)", "defence", defence.is_of_unit,
         "申报副高级职称，单位隶属“{affiliation}”：不在通知规定的答辩范围，无需答辩",
         "applies for an associate senior title from a unit of kind “{affiliation}”: outside the range the "
         "notice names, so no defence",
         {**_ASSOCIATE, "affiliations": Parameter(AFFILIATIONS, ["county", "township"])}),
    Rule(30, "one_vote_veto", _INFO, "五(四)", "defence", defence.failing_fails_all,
         "答辩采用一票否决制：答辩不通过，申报即不通过",
         "one-vote veto: failing the defence fails the application"),
)
_FAVOURS = (
    Rule(31, "fanghuiju", _INFO, "六(一)", "experience", units.was_in_fanghuiju,
         "参加“访惠聚”驻村工作，按{document}执行；不影响答辩",
         "took part in 访惠聚 work: {document} applies; no effect on the defence",
         {"document": Parameter(WORDING, "新人社函〔2017〕175号")}),
    Rule(31, "fanghuiju_unproved", _INFO, "六(一)", "experience", units.fanghuiju_is_unproved,
         "未上传“访惠聚”驻村证明", "no proof of the 访惠聚 work is uploaded",
         _any_of(ProofKind.FANGHUIJU_PROOF)),
    Rule(32, "works_bonus", _INFO, "六(二)", "achievements", sections.has_works,
         "著作、论文作为业绩成果加分项，不是硬性要求", "papers and books are a bonus, not a requirement"),
    Rule(32, "works_unproved", _INFO, "六(二)", "achievements", sections.works_are_unproved,
         "填写了著作、论文但未上传，不能作为加分项", "papers or books are named but not uploaded: no bonus",
         _any_of(ProofKind.WORKS_PROOF)),
    Rule(33, "language_and_computer", _INFO, "六(三)", "exam", units.always,
         "外语、计算机应用能力考试参照{document}",
         "foreign language and computer exams follow {document}",
         {"document": Parameter(WORDING, "新人社函〔2017〕328号")}),
)
# fmt: on

RULES = (*_FILING, *_SECTIONS, *_UNITS, *_DEFENCE, *_FAVOURS)
RULE_BY_CODE = {rule.code: rule for rule in RULES}
UNPROVED_CODES = frozenset(rule.code for rule in RULES if rule.zh.endswith("无相关材料"))
"""Of the rules by which a section counts as 无相关材料."""

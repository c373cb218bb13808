"""Reads a workbook of applications (申报人员名册)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from defense.domain.application import ApplicationRecord
from defense.domain.identity import mask_email, mask_id_number, mask_name, mask_phone
from defense.domain.record_parts import AidPosting, Appraisal, ProofKind, Publicity, Training, TrainingKind
from defense.domain.restating import stated_proofs
from defense.domain.round_rules import RoundRules
from defense.domain.text import Text
from defense.domain.vocabulary import LEVEL_TEXT
from defense.integrations.workbooks import cells, dates, wordings
from defense.integrations.workbooks.detail_reading import split_sheets, with_details
from defense.integrations.workbooks.headers import Column
from defense.integrations.workbooks.reading import WorkbookReading
from defense.integrations.workbooks.sheets import read_sheets
from defense.integrations.workbooks.tables import Table, Values, read_table

STATED_PROOFS = {
    f"has_{kind.value}": kind
    for kind in (
        *(ProofKind.COMMITMENT_LETTER, ProofKind.ID_SCAN, ProofKind.PHOTO, ProofKind.DEGREE_CHECK),
        *(ProofKind.DEGREE_DOCUMENTS, ProofKind.EXAM_RESULT, ProofKind.TITLE_DOCUMENT),
        *(ProofKind.TITLE_CERTIFICATE, ProofKind.TITLE_REVIEW_FORM, ProofKind.APPOINTMENT_PAPERS),
        *(ProofKind.ACHIEVEMENT_PROOF, ProofKind.RECOMMENDING_OPINION, ProofKind.SUPERVISING_OPINION),
        ProofKind.COMMISSION_LETTER,
    )
}
"""Column key → the proof of which the column says whether it is there."""

_AID_DATES_NEEDED = Text(
    "援疆人员须填起止日期", "a person on a 援疆 posting needs the first and the last day of it"
)
_AID_DATES_SPARE = Text("非援疆人员此栏应填“无”", "write 无 for a person who is not on a 援疆 posting")
_END_FIRST = Text("结束日期早于开始日期", "the last day is before the first")


def read_applications(data: bytes, rules: RoundRules) -> WorkbookReading[ApplicationRecord]:
    """Read applications from an .xlsx.

    Parameters
    ----------
    data
        The uploaded file.
    rules
        The round whose series, specialties and levels may occur.

    Returns
    -------
    WorkbookReading
        A record for every row without a fault, and an error for every cell with one.

    Raises
    ------
    InvalidInput
        When the file as a whole cannot be read.

    Notes
    -----
    Source: domain.md rows 1, 5, 12 and "What staff expect"; eligibility is judged elsewhere.
    """
    table = Table(
        application_columns(rules),
        _build,
        (lambda values: _check_filing(values, rules), _check_aid_posting, _check_order),
        (("number",), ("id_number",)),
    )
    main, details = split_sheets(read_sheets(data))
    return with_details(read_table(main, table), main, details, table.columns)


def application_columns(rules: RoundRules) -> tuple[Column, ...]:
    """The columns in the order of the template; a key is a field of the record, or goes into one."""
    return (
        *(*_person_columns(), *_filing_columns(rules), *_proof_columns(), *_unit_columns()),
        *_spare_columns(),
    )


# fmt: off
def _person_columns() -> tuple[Column, ...]:
    return (
        Column("number", "申报编号", cells.as_code, ("编号", "申报号", "平台申报编号")),
        Column("name", "姓名", cells.as_name, ("申报人", "申报人姓名"), mask_name),
        Column("gender", "性别", cells.as_gender),
        Column("id_number", "身份证号", cells.as_id_number,
               ("身份证号码", "身份证件号", "身份证件号码", "证件号码", "公民身份号码"), mask_id_number),
        Column("phone", "手机号码", cells.as_phone,
               ("手机", "手机号", "移动电话", "联系电话", "联系方式"), mask_phone),
        Column("email", "电子邮箱", cells.as_email, ("邮箱", "电子邮件", "email"), mask_email),
        Column("unit", "工作单位", cells.as_named, ("单位", "单位名称", "所在单位")),
        Column("affiliation", "单位隶属", wordings.as_affiliation, ("隶属关系", "单位隶属关系")),
        Column("prefecture", "所在地州", wordings.as_prefecture, ("地州", "地州市", "所在地州市")),
    )


def _filing_columns(rules: RoundRules) -> tuple[Column, ...]:
    return (
        Column("series", "申报系列", wordings.as_series(rules), ("系列", "申报系列名称", "评审系列")),
        Column("specialty", "申报专业", cells.as_title, ("专业", "申报专业名称", "评审专业")),
        Column("level", "申报级别", wordings.as_level, ("级别", "申报职称级别", "评审级别")),
        Column("submitted_at", "申报时间", dates.as_moment, ("提交时间", "上报时间", "申报日期")),
        Column("submission_count", "申报次数", cells.as_count, ("上报次数", "提交次数")),
        Column("formal_review_passed", "形式审核", cells.as_yes_no, ("形式审核结果", "形式审查")),
        Column("fee_paid", "缴费状态", cells.as_yes_no, ("缴费", "缴费情况", "是否缴费")),
    )


def _proof_columns() -> tuple[Column, ...]:
    return (
        Column("has_commitment_letter", "承诺书", cells.as_yes_no, ("个人承诺书",)),
        Column("has_id_scan", "身份证扫描件", cells.as_yes_no, ("身份证扫描",)),
        Column("has_photo", "照片", cells.as_yes_no, ("一寸照片", "免冠照片", "一寸免冠照片")),
        Column("has_degree_check", "学信网查询结果", cells.as_yes_no, ("学信网", "学信网结果")),
        Column("has_degree_documents", "学历学位材料", cells.as_yes_no, ("学历材料", "学历学位证书")),
        Column("has_exam_result", "考试成绩", cells.as_yes_no, ("考试成绩证明",)),
        Column("present_title", "现任职资格", cells.as_short_text,
               ("现职称", "现专业技术任职资格", "现任专业技术职务任职资格")),
        Column("present_title_in_xinjiang", "资格取得地", wordings.as_in_xinjiang, ("任职资格取得地",)),
        Column("has_title_document", "任职资格文件", cells.as_yes_no),
        Column("has_title_certificate", "职称证书", cells.as_yes_no),
        Column("has_title_review_form", "评审表", cells.as_yes_no, ("专业技术职务任职资格评审表",)),
        Column("moved_from_government", "机关调动", cells.as_yes_no, ("机关调入", "是否机关调动")),
        Column("has_appointment_papers", "任命文件及履历表", cells.as_yes_no,
               ("任命文件及干部履历表", "任命文件")),
        Column("work_summary", "工作简历", cells.as_long_text, ("工作经历", "简历")),
        Column("achievements", "业绩成果", cells.as_long_text, ("实践能力业绩成果", "主要业绩")),
        Column("has_achievement_proof", "业绩印证材料", cells.as_yes_no, ("业绩成果印证材料", "印证材料")),
        Column("professional_training_years", "专业科目年度", cells.as_years, ("专业科目", "专业科目年份")),
        Column("public_training_years", "公需科目年度", cells.as_years, ("公需科目", "公需科目年份")),
        Column("appraisal_years", "考核年度", cells.as_years, ("年度考核", "业务考核年度", "考核年份")),
    )


def _unit_columns() -> tuple[Column, ...]:
    return (
        Column("publicity_start", "公示开始", dates.as_day_or_none, ("公示开始日期", "公示起始日期")),
        Column("publicity_end", "公示结束", dates.as_day_or_none, ("公示结束日期", "公示截止日期")),
        Column("objection_open", "公示结果", wordings.as_objection, ("公示情况",)),
        Column("has_recommending_opinion", "推荐意见", cells.as_yes_no, ("推荐单位意见", "单位推荐意见")),
        Column("has_supervising_opinion", "主管单位意见", cells.as_yes_no,
               ("主管单位推荐意见", "主管部门意见")),
        Column("has_commission_letter", "委托评审函", cells.as_yes_no, ("委托函",)),
        Column("on_aid_posting", "援疆", cells.as_yes_no, ("是否援疆", "援疆人员")),
        Column("aid_start", "援疆开始", dates.as_day_or_none, ("援疆开始日期",)),
        Column("aid_end", "援疆结束", dates.as_day_or_none, ("援疆结束日期",)),
        Column("sending_unit_consents", "派出单位同意", cells.as_yes_no, ("派出单位意见",)),
        Column("in_fanghuiju", "访惠聚", cells.as_yes_no, ("是否访惠聚", "访惠聚驻村")),
        Column("works", "论文著作", cells.as_long_text, ("著作论文", "论文", "论文及著作")),
    )


def _spare_columns() -> tuple[Column, ...]:
    """Columns that may be missing; they come last, where they move no other."""
    return (
        Column("ethnicity", "族别", cells.as_short_text, ("民族",), blank_means=""),
        Column("political_status", "政治面貌", cells.as_short_text, (), blank_means=""),
        Column("present_title_on", "任职资格取得时间", dates.as_day_or_none,
               ("资格取得时间", "职称取得时间"), blank_means=None),
        Column("professional_years", "从事专业技术工作年限", cells.as_count_or_none,
               ("专业技术工作年限", "专业工作年限"), blank_means=None),
        Column("publicity_days", "公示工作日数", cells.as_count_or_none, ("公示天数",), blank_means=None),
        Column("publicity_outcome", "公示结论", cells.as_text_or_none, ("公示结果说明",), blank_means=""),
        Column("sending_unit", "派出单位", cells.as_text_or_none, ("派出单位名称",), blank_means=""),
    )
# fmt: on


def _check_filing(values: Values, rules: RoundRules) -> Iterator[tuple[str, Text]]:
    series = rules.series_named(values["series"])
    if series is None:
        return
    if "specialty" in values and values["specialty"] not in series.specialties:
        known = "、".join(series.specialties)
        yield (
            "specialty",
            Text(
                f"“{series.name}”没有该专业，可填：{known}",
                f"“{series.name}” has no such specialty; one of: {known}",
            ),
        )
    if values["level"] not in series.levels:
        known = "、".join(LEVEL_TEXT[level].zh for level in series.levels)
        yield (
            "level",
            Text(f"本批次“{series.name}”只评：{known}", f"in this round “{series.name}” has only: {known}"),
        )


def _check_aid_posting(values: Values) -> Iterator[tuple[str, Text]]:
    for key in ("aid_start", "aid_end"):
        if values["on_aid_posting"] != (values[key] is not None):
            yield key, _AID_DATES_NEEDED if values["on_aid_posting"] else _AID_DATES_SPARE


def _check_order(values: Values) -> Iterator[tuple[str, Text]]:
    for first, last in (("publicity_start", "publicity_end"), ("aid_start", "aid_end")):
        if values.get(first) and values.get(last) and values[last] < values[first]:
            yield last, _END_FIRST


def _build(values: Values) -> ApplicationRecord:
    fields = dict(values)
    publicity = Publicity(
        fields.pop("publicity_start"),
        fields.pop("publicity_end"),
        fields.pop("objection_open"),
        fields.pop("publicity_outcome"),
        fields.pop("publicity_days"),
    )
    posting = AidPosting(
        fields.pop("aid_start"),
        fields.pop("aid_end"),
        fields.pop("sending_unit_consents"),
        fields.pop("sending_unit"),
    )
    on_aid_posting = fields.pop("on_aid_posting")
    proofs = tuple(kind for column, kind in STATED_PROOFS.items() if fields.pop(column))
    appraisal_years = fields.pop("appraisal_years")
    training_years = tuple(frozenset(fields.pop(f"{kind}_training_years")) for kind in TrainingKind)
    return ApplicationRecord(
        **fields,
        publicity=publicity,
        aid_posting=posting if on_aid_posting else None,
        attachments=_stated_proofs(proofs),
        trainings=_stated_trainings(training_years),
        appraisals=_stated_appraisals(frozenset(appraisal_years)),
    )


# Most rows state the same: twenty thousand records share a few parts.
_stated_proofs = lru_cache(maxsize=1_000)(stated_proofs)


@lru_cache(maxsize=1_000)
def _stated_trainings(years_by_kind: tuple[frozenset[int], ...]) -> tuple[Training, ...]:
    by_kind = zip(TrainingKind, years_by_kind, strict=True)
    return tuple(Training(kind, year) for kind, years in by_kind for year in sorted(years))


@lru_cache(maxsize=1_000)
def _stated_appraisals(years: frozenset[int]) -> tuple[Appraisal, ...]:
    return tuple(Appraisal(year) for year in sorted(years))

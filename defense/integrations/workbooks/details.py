"""The detail sheets beside a workbook of applications: what stands in each, row by row under a 申报编号."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from defense.domain.record_parts import (
    Achievement,
    Appraisal,
    Attachment,
    AuditStep,
    Commission,
    Degree,
    Employment,
    ExamResult,
    FeePayment,
    Submission,
    Training,
    UnitOpinion,
    section_of,
)
from defense.domain.text import Text
from defense.integrations.workbooks import cells, dates, detail_cells
from defense.integrations.workbooks.headers import Column
from defense.integrations.workbooks.proof_words import as_proof_kind
from defense.integrations.workbooks.tables import Values

_END_FIRST = Text("结束日期早于开始日期", "the last day is before the first")
_RETURNED_FIRST = Text("退回时间早于上报时间", "it came back before it was handed in")


@dataclass(frozen=True)
class DetailSheet:
    """One detail sheet: a row becomes one part of the record of the application it names."""

    title: str
    synonyms: tuple[str, ...]
    field: str
    """Of `ApplicationRecord`."""
    columns: tuple[Column, ...]
    build: Callable[[Values], Any]
    """From the values without the number."""
    check: Callable[[Values], Iterable[tuple[str, Text]]] = lambda values: ()
    unique: tuple[str, ...] = ()
    """Columns that, with the number, occur once; empty: a row may repeat."""
    is_single: bool = False
    """Whether an application has at most one row."""


# fmt: off
def _number() -> Column:
    return Column("number", "申报编号", cells.as_code, ("编号", "申报号", "平台申报编号"))


def _day(key: str, header: str, *synonyms: str) -> Column:
    return Column(key, header, detail_cells.day_or_now, synonyms, blank_means=None)


def _text(key: str, header: str, *synonyms: str) -> Column:
    return Column(key, header, cells.as_text_or_none, synonyms, blank_means="")


def detail_sheets() -> tuple[DetailSheet, ...]:
    """All detail sheets in the order of the template."""
    return (*_persons_sheets(), *_offices_sheets())


def _persons_sheets() -> Iterator[DetailSheet]:
    yield DetailSheet("学历学位", ("学历学位明细",), "degrees", (
        _number(),
        Column("school", "毕业院校", cells.as_named, ("院校", "学校")),
        Column("subject", "所学专业", cells.as_short_text),
        Column("degree", "学历学位", cells.as_named, ("学历", "学位")),
        _day("graduated_on", "毕业时间", "毕业日期"),
        _text("certificate_number", "证书编号", "证书号"),
        Column("checked_online", "学信网可查", cells.as_yes_no, ("学信网",), blank_means=False),
    ), lambda values: Degree(**values))
    yield DetailSheet("考试成绩", ("考试成绩证明", "考试成绩明细"), "exams", (
        _number(),
        Column("name", "考试名称", cells.as_named, ("考试",)),
        Column("year", "考试年度", detail_cells.as_year, ("年度", "年份")),
        _text("certificate_number", "证书编号", "证书号", "成绩单编号"),
        _text("score", "考试成绩", "成绩"),
    ), lambda values: ExamResult(**values))
    yield DetailSheet("工作简历明细", ("工作简历",), "employments", (
        _number(),
        Column("start", "起始日期", dates.as_day, ("开始日期", "起")),
        Column("end", "截止日期", detail_cells.day_or_now, ("结束日期", "止")),
        Column("unit", "工作单位", cells.as_named, ("单位",)),
        _text("position", "职务或岗位", "职务", "岗位"),
    ), lambda values: Employment(**values), _check_days)
    yield DetailSheet("业绩成果明细", ("业绩成果",), "achievement_items", (
        _number(),
        Column("title", "业绩名称", cells.as_named, ("项目名称", "名称")),
        _day("start", "起始日期", "开始日期"),
        _day("end", "截止日期", "结束日期"),
        _text("role", "本人作用", "本人角色"),
        Column("description", "内容说明", detail_cells.long_or_none, ("说明",), blank_means=""),
    ), lambda values: Achievement(**values), _check_days)
    yield DetailSheet("继续教育", ("继续教育明细",), "trainings", (
        _number(),
        Column("kind", "科目类别", detail_cells.as_training_kind, ("科目", "类别")),
        Column("year", "年度", detail_cells.as_year, ("培训年度", "年份")),
        Column("hours", "学时", detail_cells.as_hours, (), blank_means=None),
        _text("certificate_number", "证书编号", "证书号"),
    ), lambda values: Training(**values))
    yield DetailSheet("年度考核", ("考核情况", "考核明细"), "appraisals", (
        _number(),
        Column("year", "考核年度", detail_cells.as_year, ("年度", "年份")),
        Column("grade", "考核等次", cells.as_short_text, ("等次", "考核结果")),
    ), lambda values: Appraisal(**values), unique=("year",))


def _offices_sheets() -> Iterator[DetailSheet]:
    yield DetailSheet("上报记录", ("申报记录",), "submissions", (
        _number(),
        Column("submitted_at", "上报时间", dates.as_moment, ("提交时间", "申报时间")),
        Column("returned_at", "退回时间", detail_cells.moment_or_none, (), blank_means=None),
        Column("reason", "退回原因", detail_cells.long_or_none, ("退回理由", "原因"), blank_means=""),
    ), lambda values: Submission(**values), _check_return, ("submitted_at",))
    yield DetailSheet("审核记录", ("审核情况",), "audit_steps", (
        _number(),
        Column("stage", "审核环节", cells.as_named, ("环节", "审核级别")),
        Column("unit", "审核单位", cells.as_named, ("单位",)),
        Column("person", "审核人", cells.as_name, ("审核人姓名",)),
        Column("decided_at", "审核时间", dates.as_moment, ("审核日期",)),
        Column("passed", "审核结果", detail_cells.as_passed, ("结果",)),
        Column("opinion", "审核意见", detail_cells.long_or_none, ("意见",), blank_means=""),
    ), lambda values: AuditStep(**values))
    yield DetailSheet("附件清单", ("附件", "附件目录"), "attachments", (
        _number(),
        Column("kind", "材料名称", as_proof_kind, ("印证材料", "材料种类")),
        _text("name", "文件名", "文件名称"),
        Column("size", "大小（字节）", detail_cells.as_size, ("文件大小", "字节数"), blank_means=None),
        Column("sha256", "SHA-256", detail_cells.as_digest, ("摘要", "文件摘要", "SHA256"), blank_means=""),
        Column("upstream_id", "平台附件编号", detail_cells.code_or_none, ("附件编号",), blank_means=""),
    ), lambda values: Attachment(section=section_of(values["kind"]), **values))
    for title, field in (("推荐单位意见", "recommending_opinion"), ("主管单位意见", "supervising_opinion")):
        yield DetailSheet(title, (), field, (
            _number(),
            Column("unit", "单位名称", cells.as_named, ("单位",)),
            Column("text", "意见内容", cells.as_long_text, ("意见", "审核意见")),
            _day("signed_on", "签署日期", "日期"),
        ), lambda values: UnitOpinion(**values), is_single=True)
    yield DetailSheet("委托评审", ("委托评审函",), "commission", (
        _number(),
        Column("issuer", "出具单位", cells.as_named, ("委托单位",)),
        _day("issued_on", "出具日期", "委托日期"),
        _text("approved_by", "审核同意单位", "审核单位"),
        _day("approved_on", "审核同意日期", "审核日期"),
    ), lambda values: Commission(**values), is_single=True)
    yield DetailSheet("缴费记录", ("缴费情况",), "fee_payment", (
        _number(),
        Column("paid_on", "缴费日期", dates.as_day, ("缴费时间",)),
        Column("payer", "缴费人", cells.as_short_text, ("缴费单位", "缴费单位或个人")),
        _text("receipt_number", "票据号", "票据编号", "缴费凭证号"),
    ), lambda values: FeePayment(**values), is_single=True)
# fmt: on


def _check_days(values: Values) -> Iterator[tuple[str, Text]]:
    if values["start"] and values["end"] and values["end"] < values["start"]:
        yield "end", _END_FIRST


def _check_return(values: Values) -> Iterator[tuple[str, Text]]:
    if values["returned_at"] and values["returned_at"] < values["submitted_at"]:
        yield "returned_at", _RETURNED_FIRST

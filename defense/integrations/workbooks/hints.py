"""What goes into a column, for those who fill in a template: one place for its comments and drop-downs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from defense.domain.record_parts import PROOF_TEXT, ProofKind
from defense.domain.round_rules import RoundRules
from defense.domain.text import Text
from defense.domain.vocabulary import AFFILIATION_TEXT, LEVEL_TEXT, PREFECTURES
from defense.integrations.workbooks import cells, dates, detail_cells, wordings
from defense.integrations.workbooks.headers import Column
from defense.integrations.workbooks.proof_words import as_proof_kind


@dataclass(frozen=True)
class Hint:
    """What a column asks for."""

    text: Text
    example: str
    choices: tuple[str, ...] = ()
    """Offered as a drop-down; empty for free text."""


_LEVELS = tuple(text.zh for text in LEVEL_TEXT.values())
_DAY = Text("填写日期，如 2021-09-01；没有的填“无”", "a date such as 2021-09-01; 无 for none")
_TEXT = Text("如实填写；没有内容的填“无”", "fill in; 无 where there is nothing to say")

_BY_READER: dict[Callable[[Any], Any], Hint] = {
    cells.as_yes_no: Hint(Text("选“是”或“否”", "choose 是 or 否"), "否", ("是", "否")),
    cells.as_gender: Hint(Text("选“男”或“女”", "choose 男 or 女"), "女", ("男", "女")),
    cells.as_name: Hint(
        Text("姓名；少数民族姓名中的间隔号用“·”", "name; the dot inside a name is ·"), "阿依古丽·买买提"
    ),
    cells.as_id_number: Hint(
        Text("18位身份证号，本列须为“文本”格式", "the 18 characters of the ID card, kept as text"),
        "11010519491231002X",
    ),
    cells.as_phone: Hint(Text("11位手机号码", "mobile number of 11 digits"), "13899000000"),
    cells.as_email: Hint(Text("电子邮箱", "e-mail address"), "name@example.com"),
    cells.as_code: Hint(Text("编号，不含空格", "number or code without spaces"), "Z001"),
    cells.as_codes: Hint(
        Text("多个编号用“、”分隔，含组长", "several numbers, set apart by 、, the head included"),
        "Z001、Z002、Z003、Z004、Z005",
    ),
    cells.as_count: Hint(Text("1至99的整数", "a whole number from 1 to 99"), "1"),
    cells.as_count_or_none: Hint(
        Text("1至99的整数；没有的填“无”", "a whole number from 1 to 99; 无 for none"), "5"
    ),
    cells.as_years: Hint(
        Text("年度，如“2016-2020”或“2016、2017”", "years such as 2016-2020 or 2016、2017"), "2018-2020"
    ),
    dates.as_moment: Hint(
        Text("日期和时间（北京时间），如 2021-09-15 12:00", "date and time in Beijing"), "2021-09-15 12:00"
    ),
    dates.as_day: Hint(Text("填写日期，如 2021-11-22", "a date such as 2021-11-22"), "2021-11-22"),
    dates.as_day_or_none: Hint(_DAY, "无"),
    wordings.as_level: Hint(Text("从下拉列表中选择", "choose from the list"), "副高级", _LEVELS),
    wordings.as_levels: Hint(
        Text("一项或多项，用“、”分隔", "one or more, set apart by 、"), "副高级"
    ),
    wordings.as_affiliation: Hint(
        Text("从下拉列表中选择", "choose from the list"),
        "自治区",
        tuple(text.zh for text in AFFILIATION_TEXT.values()),
    ),
    wordings.as_prefecture: Hint(
        Text("从下拉列表中选择", "choose from the list"), PREFECTURES[0], tuple(PREFECTURES)
    ),
    wordings.as_in_xinjiang: Hint(
        Text("现任职资格在何处取得；没有的填“无”", "where the present title was got; 无 for none"),
        "新疆",
        ("新疆", "外省", "无"),
    ),
    wordings.as_objection: Hint(
        Text("公示有无异议", "whether somebody objected"), "无异议", ("无异议", "有异议")
    ),
    wordings.as_specialties: Hint(
        Text("一项或多项，用“、”分隔；“全部”为不限", "one or more, set apart by 、; 全部 means every one"),
        "全部",
    ),
    cells.as_named: Hint(Text("必须填写，不能填“无”", "must be filled; 无 is not enough"), "新疆大学"),
    cells.as_title: Hint(Text("必须填写，不能填“无”", "must be filled; 无 is not enough"), "第一组"),
    detail_cells.day_or_now: Hint(
        Text("填写日期，如 2021-09-01；未结束的填“至今”，没有的填“无”", "a date; 至今 (to this day) or 无"),
        "2021-09-01",
    ),
    detail_cells.moment_or_none: Hint(
        Text("日期和时间（北京时间）；没有的填“无”", "date and time in Beijing; 无 for none"), "无"
    ),
    detail_cells.as_year: Hint(Text("一个年度，如 2020", "one year, such as 2020"), "2020"),
    detail_cells.as_hours: Hint(
        Text("学时，填整数；没有的填“无”", "hours, a whole number; 无 for none"), "90"
    ),
    detail_cells.as_training_kind: Hint(
        Text("选“专业科目”或“公需科目”", "choose 专业科目 or 公需科目"), "专业科目", ("专业科目", "公需科目")
    ),
    detail_cells.as_passed: Hint(
        Text("选“通过”或“退回”", "choose 通过 (passed) or 退回 (sent back)"), "通过", ("通过", "退回")
    ),
    detail_cells.as_size: Hint(
        Text("文件的字节数；没有的填“无”", "the number of bytes of the file; 无 for none"), "204800"
    ),
    detail_cells.as_digest: Hint(
        Text("文件的SHA-256摘要，64位十六进制数字；没有的填“无”", "64 hexadecimal digits; 无 for none"), "无"
    ),
    as_proof_kind: Hint(
        Text("从下拉列表中选择", "choose from the list"),
        PROOF_TEXT[ProofKind.DEGREE_DOCUMENTS].zh,
        tuple(text.zh for text in PROOF_TEXT.values()),
    ),
}  # fmt: skip
_DATES = (dates.as_day, dates.as_day_or_none, dates.as_moment)
_OWN_WORDING = {"day": Hint(Text("填写日期", "a date"), "2021-11-22")}
_EXAMPLES = {
    **{"publicity_start": "2021-09-06", "publicity_end": "2021-09-10", "unit": "新疆大学"},
    **{"present_title": "经济师", "work_summary": "2005-2010在甲单位", "unavailable": "无"},
    **{"professional_training_years": "2021", "public_training_years": "2016-2020"},
    **{"name": "阿依古丽·买买提", "head_number": "Z001", "session": "上午", "works": "无"},
}
_EXAMPLES_BY_HEADER = {
    **{"所学专业": "计算机科学与技术", "学历学位": "大学本科/学士", "毕业时间": "2005-07-01"},
    **{"考试名称": "全国经济专业技术资格考试", "考核等次": "合格", "文件名": "学历证书.pdf"},
    **{"职务或岗位": "工程师", "截止日期": "至今", "业绩名称": "某水库除险加固设计", "本人作用": "主持"},
    **{"审核环节": "单位审核", "意见内容": "同意推荐", "缴费人": "本人"},
}
"""Of columns whose key means something else in another sheet."""


def hint_of(column: Column, rules: RoundRules) -> Hint:
    """What the column asks for, with an example that reading it accepts."""
    series = rules.series[0]
    by_key = {
        "series": Hint(
            Text("从下拉列表中选择本批次的系列", "choose one of the round's series"),
            series.name,
            tuple(s.name for s in rules.series),
        ),
        "session": Hint(Text("选择时段", "choose the half-day"), "上午", ("上午", "下午")),
    }
    known = by_key.get(column.key) or _BY_READER.get(column.reads) or Hint(_TEXT, "无")
    example = _EXAMPLES_BY_HEADER.get(column.header) or _EXAMPLES.get(column.key, known.example)
    if column.key == "specialty":
        known = Hint(Text("先选系列，再选该系列的专业", "choose the series first, then its specialty"), "")
        example = series.specialties[0]
    if column.key in ("level", "levels"):
        example = LEVEL_TEXT[series.levels[0]].zh
    return Hint(known.text, example, known.choices)


def is_date(column: Column) -> bool:
    """Whether the column holds days or moments, which a spreadsheet may keep as such."""
    return column.reads in _DATES

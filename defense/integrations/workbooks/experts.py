"""Reads a workbook of the expert pool (专家库)."""

from __future__ import annotations

from collections.abc import Iterator

from defense.domain.identity import mask_email, mask_name, mask_phone
from defense.domain.people import ExpertRecord
from defense.domain.round_rules import RoundRules
from defense.domain.text import Text
from defense.integrations.workbooks import cells, wordings
from defense.integrations.workbooks.half_days import read_unavailable
from defense.integrations.workbooks.headers import Column
from defense.integrations.workbooks.reading import WorkbookReading
from defense.integrations.workbooks.sheets import read_sheets
from defense.integrations.workbooks.tables import Table, Values, read_table


def read_experts(data: bytes, rules: RoundRules) -> WorkbookReading[ExpertRecord]:
    """Read experts from an .xlsx; number, phone and e-mail address may occur once in a file.

    Raises
    ------
    InvalidInput
        When the file as a whole cannot be read.

    Notes
    -----
    Source: domain.md "Panels and recusal" and "What staff expect".
    """
    table = Table(
        expert_columns(rules),
        lambda values: ExpertRecord(**values),
        (lambda values: check_specialties(values, rules),),
        (("number",), ("phone",), ("email",)),
    )
    return read_table(read_sheets(data), table)


# fmt: off
def expert_columns(rules: RoundRules) -> tuple[Column, ...]:
    """The columns in the order of the template; keys are the fields of `ExpertRecord`."""
    return (
        Column("number", "专家编号", cells.as_code, ("编号", "专家号")),
        Column("name", "姓名", cells.as_name, ("专家姓名",), mask_name),
        Column("unit", "工作单位", cells.as_named, ("单位", "单位名称", "所在单位")),
        Column("level", "职称级别", wordings.as_level, ("级别", "专家级别")),
        Column("series", "系列", wordings.as_several_series(rules), ("评审系列", "职称系列")),
        Column("specialties", "专业", wordings.as_specialties, ("评审专业", "从事专业")),
        Column("phone", "手机号码", cells.as_phone, ("手机", "手机号", "联系电话"), mask_phone),
        Column("email", "电子邮箱", cells.as_email, ("邮箱", "电子邮件", "email"), mask_email),
        Column("unavailable", "不可用时间", lambda value: read_unavailable(value, rules),
               ("不能参加时间", "请假时间"), blank_means=()),
    )
# fmt: on


def check_specialties(
    values: Values, rules: RoundRules, key: str = "specialties"
) -> Iterator[tuple[str, Text]]:
    """Every specialty named must belong to one of the series named."""
    series = [s for name in values["series"] if (s := rules.series_named(name))]
    known = [specialty for s in series for specialty in s.specialties]
    unknown = [specialty for specialty in values[key] if specialty not in known]
    if unknown:
        yield (
            key,
            Text(
                f"所填系列没有专业“{'、'.join(unknown)}”，可填：全部、{'、'.join(known)}",
                f"the series have no specialty {', '.join(unknown)}; one of: 全部, {', '.join(known)}",
            ),
        )

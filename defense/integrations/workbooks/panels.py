"""Reads a workbook of panels (答辩组) and the half-days on which they can sit (场次)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from defense.domain.errors import InvalidInput
from defense.domain.people import PanelRecord, Period
from defense.domain.round_rules import RoundRules
from defense.domain.text import Text
from defense.domain.vocabulary import LEVEL_TEXT, Level
from defense.integrations.workbooks import cells, dates, wordings
from defense.integrations.workbooks.experts import check_specialties
from defense.integrations.workbooks.half_days import as_session, half_days_of
from defense.integrations.workbooks.headers import Column, find_header, place_of
from defense.integrations.workbooks.reading import CellError, ReadRow, WorkbookReading
from defense.integrations.workbooks.sheets import Sheet, read_sheets
from defense.integrations.workbooks.tables import Table, Values, read_table

_NO_HALF_DAY = Text(
    "“场次”工作表中没有该组的场次：至少一个半天",
    "the sheet 场次 has no half-day for this panel: at least one",
)
_BROKEN_SESSION = Text(
    "工作表“{sheet}”第{row}行（该组的场次）有误：改正后该组才能导入",
    "row {row} of sheet “{sheet}”, a half-day of this panel, is at fault: correct it to take the panel in",
)
_STRAY_SESSION = Text(
    "看不出这一行是哪个组的场次：改正前各答辩组都不导入",
    "this may be a half-day of any panel: none of them is taken in until it is corrected",
)


@dataclass(frozen=True)
class _Session:
    panel_name: str
    periods: tuple[Period, ...]


def read_panels(
    data: bytes,
    rules: RoundRules,
    expert_numbers_known: Mapping[str, Level] | Collection[str] | None,
) -> WorkbookReading[PanelRecord]:
    """Read panels and their half-days from an .xlsx.

    Parameters
    ----------
    data
        The uploaded file, with one sheet of panels and one of half-days.
    rules
        The round whose series, levels and working hours hold.
    expert_numbers_known
        The pool: numbers that members must have. With a mapping number → level, the members of a panel for
        正高 must hold 正高 as well. None leaves both unchecked.

    Returns
    -------
    WorkbookReading
        `rows_seen` counts panels. One with a half-day at fault is not returned, as its hours are not whole;
        while a faulty half-day names none of them, no panel is.

    Raises
    ------
    InvalidInput
        When the file as a whole cannot be read.

    Notes
    -----
    Source: domain.md "Panels and recusal".
    """
    sheets = read_sheets(data)
    checks = (
        partial(check_specialties, rules=rules),
        partial(_check_levels, rules=rules),
        partial(_check_members, rules=rules),
        partial(_check_pool, known=expert_numbers_known),
    )
    panels = read_table(sheets, Table(panel_columns(rules), _build, checks, (("name",),)))
    # With a panel refused, its half-days are not wrong, only not needed.
    names = None if panels.errors else {row.record.name for row in panels.rows}
    sessions = read_table(
        sheets,
        Table(
            session_columns(),
            lambda values: _Session(values["name"], _periods(values, rules)),
            (lambda values: _check_session(values, names),),
            (("name", "day", "session"),),
        ),
    )
    columns = panel_columns(rules)
    places = {sheet.title: place_of("name", sheet, columns) for sheet in sheets}
    broken = _broken_sessions(sheets, sessions.errors)
    rows, waiting = _join(panels, sessions.rows, places, broken)
    return WorkbookReading(rows, (*panels.errors, *sessions.errors, *waiting), panels.rows_seen)


# fmt: off
def panel_columns(rules: RoundRules) -> tuple[Column, ...]:
    """The columns of the sheet 答辩组; keys are the fields of `PanelRecord`."""
    return (
        Column("name", "组名", cells.as_title, ("答辩组", "组别", "答辩组名称")),
        Column("series", "系列", wordings.as_several_series(rules), ("评审系列", "申报系列")),
        Column("levels", "级别", wordings.as_levels, ("评审级别", "申报级别")),
        Column("specialties", "专业", wordings.as_specialties, ("评审专业", "申报专业")),
        Column("head_number", "组长", cells.as_code, ("组长编号",)),
        Column("member_numbers", "成员", cells.as_codes, ("成员编号", "专家", "组员")),
        Column("secretary_name", "秘书", cells.as_name, ("秘书姓名", "答辩秘书")),
    )


def session_columns() -> tuple[Column, ...]:
    """The columns of the sheet 场次."""
    return (
        Column("name", "组名", cells.as_title, ("答辩组", "组别", "答辩组名称")),
        Column("day", "日期", dates.as_day, ("答辩日期",)),
        Column("session", "时段", as_session, ("场次", "半天")),
    )
# fmt: on


def _build(values: Values) -> PanelRecord:
    return PanelRecord(**values, half_days=())


def _periods(values: Values, rules: RoundRules) -> tuple[Period, ...]:
    return half_days_of(values["day"], values["session"], rules)


def _check_levels(values: Values, rules: RoundRules) -> Iterator[tuple[str, Text]]:
    offered = {level for s in rules.series if s.name in values["series"] for level in s.levels}
    spare = [LEVEL_TEXT[level].zh for level in values["levels"] if level not in offered]
    if spare:
        levels = "、".join(spare)
        yield "levels", Text(f"所填系列本批次不评：{levels}", f"the series are not reviewed at: {levels}")


def _check_members(values: Values, rules: RoundRules) -> Iterator[tuple[str, Text]]:
    members = values["member_numbers"]
    least = rules.defence.min_panel_size
    if len(set(members)) < len(members):
        yield "member_numbers", Text("成员重复", "a member is named twice")
    elif len(members) < least or len(members) % 2 == 0:
        yield (
            "member_numbers",
            Text(
                f"成员现为{len(members)}人，应为不少于{least}人的单数（含组长）",
                f"{len(members)} members; a panel has an odd number of at least {least}, the head included",
            ),
        )
    if values["head_number"] not in members:
        yield (
            "head_number",
            Text("组长不在成员之中：成员应含组长", "the head is not among the members: add the head"),
        )


def _check_pool(
    values: Values, known: Mapping[str, Level] | Collection[str] | None
) -> Iterator[tuple[str, Text]]:
    if known is None:
        return
    unknown = [number for number in values["member_numbers"] if number not in known]
    if unknown:
        numbers = "、".join(unknown)
        yield "member_numbers", Text(f"专家库中没有：{numbers}", f"not in the expert pool: {numbers}")
    if not isinstance(known, Mapping) or Level.SENIOR not in values["levels"]:
        return
    junior = [n for n in values["member_numbers"] if known.get(n, Level.SENIOR) is not Level.SENIOR]
    if junior:
        numbers = "、".join(junior)
        yield (
            "member_numbers",
            Text(
                f"评审正高级的答辩组，成员均应具有正高级职称，以下不符：{numbers}",
                f"all members of a panel for 正高 hold 正高 themselves; these do not: {numbers}",
            ),
        )


def _check_session(values: Values, names: Collection[str] | None) -> Iterator[tuple[str, Text]]:
    if names is not None and values["name"] not in names:
        yield "name", Text("“答辩组”工作表中没有这个组名", "no panel of that name in the sheet of panels")


def _broken_sessions(sheets: tuple[Sheet, ...], errors: Collection[CellError]) -> dict[str, CellError]:
    """Panel name → the first fault among its half-days; an empty name stands for rows that name no panel."""
    names: dict[tuple[str, int], str] = {}
    columns = session_columns()
    for sheet in sheets:
        if header := find_header(sheet, columns):
            for row in sheet.rows:
                with suppress(InvalidInput):
                    names[sheet.title, row.number] = cells.as_title(header.value_in(row, columns[0]))
    broken: dict[str, CellError] = {}
    for error in errors:
        broken.setdefault(names.get((error.sheet, error.row), ""), error)
    return broken


def _join(
    panels: WorkbookReading[PanelRecord],
    sessions: Iterable[ReadRow[_Session]],
    places: Mapping[str, str],
    broken: Mapping[str, CellError],
) -> tuple[tuple[ReadRow[PanelRecord], ...], list[CellError]]:
    """The panels whose half-days are whole, and why the others wait."""
    half_days: dict[str, set[Period]] = defaultdict(set)
    for session in sessions:
        half_days[session.record.panel_name].update(session.record.periods)
    known = {row.record.name for row in panels.rows}
    # A half-day that is nobody's may be any panel's. Of a header's fault nothing more need be said.
    strays = [error for name, error in broken.items() if name not in known]
    waiting = [
        CellError(error.sheet, error.row, "", "", _STRAY_SESSION) for error in strays[:1] if error.column
    ]
    rows = []
    for row in panels.rows:
        periods = sorted(half_days[row.record.name], key=lambda period: period.start_at)
        fault = broken.get(row.record.name)
        if fault is None and periods:
            rows.append(replace(row, record=replace(row.record, half_days=tuple(periods))))
        elif fault is not None or not strays:
            reason = _BROKEN_SESSION.format(sheet=fault.sheet, row=fault.row) if fault else _NO_HALF_DAY
            waiting.append(CellError(row.sheet, row.row, places[row.sheet], row.record.name, reason))
    return (() if strays else tuple(rows)), waiting

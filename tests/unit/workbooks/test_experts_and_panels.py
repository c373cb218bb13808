"""Workbooks of experts and of panels."""

from datetime import date, datetime

import pytest

from defense.domain.round_rules import BEIJING
from defense.domain.vocabulary import Level
from defense.integrations.workbooks import read_experts, read_panels

EXPERT_HEADER = [
    "专家编号",
    "姓 名",
    "工作单位",
    "职称级别",
    "系列",
    "专业",
    "手机号码",
    "电子邮箱",
    "不可用时间",
]
EXPERT = [
    "ZJ001",
    "王芳",
    "新疆大学",
    "正高级",
    "工程系列",
    "水利水电、土木建筑",
    "13899000001",
    "wang@example.com",
    "无",
]
PANEL_HEADER = ["组名", "系列", "级别", "专业", "组长(编号)", "成员(编号, 含组长)", "秘书"]
PANEL = [
    "第一组",
    "经济系列；经济系列人力资源管理",
    "正高、副高",
    "全部",
    "ZJ001",
    "ZJ001、ZJ002、ZJ003",
    "赵 静",
]
SESSION_HEADER = ["组名", "日期", "时段"]
SESSION = ["第一组", "2021-11-22", "全天"]
POOL = {"ZJ001": Level.SENIOR, "ZJ002": Level.SENIOR, "ZJ003": Level.SENIOR, "ZJ004": Level.ASSOCIATE}


def changed(row, header, **changes):
    row = list(row)
    for name, value in changes.items():
        row[next(i for i, title in enumerate(header) if title.startswith(name))] = value
    return row


def half_day(day, first, last):
    return (datetime(2021, 11, day, *first, tzinfo=BEIJING), datetime(2021, 11, day, *last, tzinfo=BEIJING))


def morning(day):
    return half_day(day, (10, 0), (14, 0))


def afternoon(day):
    return half_day(day, (15, 30), (19, 30))


def read_one_expert(make_workbook, rules, **changes):
    return read_experts(
        make_workbook({"库": [EXPERT_HEADER, changed(EXPERT, EXPERT_HEADER, **changes)]}), rules
    )


def test_expert_record(make_workbook, rules):
    (row,) = read_one_expert(make_workbook, rules).rows
    expert = row.record
    assert (expert.number, expert.level, expert.series) == ("ZJ001", Level.SENIOR, ("工程系列",))
    assert expert.specialties == ("水利水电", "土木建筑")
    assert expert.unavailable == ()


def test_every_specialty(make_workbook, rules):
    (row,) = read_one_expert(make_workbook, rules, 专业="全部").rows
    assert row.record.specialties == ()


@pytest.mark.parametrize(
    ("value", "periods"),
    [
        ("2021-11-22；2021-11-23上午", [morning(22), afternoon(22), morning(23)]),
        ("2021年11月23日 下午、2021/11/22(上午)", [morning(22), afternoon(23)]),
        ("2021.11.22至2021.11.23", [morning(22), afternoon(22), morning(23), afternoon(23)]),
        ("2021-11-22上午;2021-11-22", [morning(22), afternoon(22)]),
        (date(2021, 11, 22), [morning(22), afternoon(22)]),
        (None, []),
        ("无", []),
    ],
)
def test_unavailable_half_days(value, periods, make_workbook, rules):
    reading = read_one_expert(make_workbook, rules, 不可用时间=value)
    assert reading.errors == ()
    assert [(p.start_at, p.end_at) for p in reading.rows[0].record.unavailable] == periods


@pytest.mark.parametrize("value", ["周一上午", "2021-11-22晚上", "2021-11-31", "2021-11-23至2021-11-22"])
def test_unreadable_half_days(value, make_workbook, rules):
    (error,) = read_one_expert(make_workbook, rules, 不可用时间=value).errors
    assert error.column == "I 不可用时间"


@pytest.mark.parametrize(
    ("changes", "letter"),
    [
        ({"职称级别": "中级"}, "D"),
        ({"系列": "工程系列、农业系列"}, "E"),
        ({"专业": "党史党建"}, "F"),
        ({"专业": None}, "F"),
        ({"手机": 138}, "G"),
    ],
)
def test_expert_errors(changes, letter, make_workbook, rules):
    (error,) = read_one_expert(make_workbook, rules, **changes).errors
    assert error.letter == letter


def test_expert_column_of_absences_may_be_missing(make_workbook, rules):
    reading = read_experts(make_workbook({"库": [EXPERT_HEADER[:-1], EXPERT[:-1]]}), rules)
    assert len(reading.rows) == 1


def test_expert_twice(make_workbook, rules):
    twin = changed(EXPERT, EXPERT_HEADER, 专家编号="ZJ002")
    errors = read_experts(make_workbook({"库": [EXPERT_HEADER, EXPERT, twin]}), rules).errors
    assert {error.letter for error in errors} == {"G", "H"}
    assert all(error.row == 3 and "第2行" in error.text.zh for error in errors)


def read_one_panel(make_workbook, rules, known=POOL, sessions=(SESSION,), **changes):
    panel = changed(PANEL, PANEL_HEADER, **changes)
    data = make_workbook(
        {"答辩组": [["分组表"], PANEL_HEADER, panel], "场次": [["场次表"], SESSION_HEADER, *sessions]}
    )
    return read_panels(data, rules, known)


def test_panel_record(make_workbook, rules):
    sessions = [["第一组", date(2021, 11, 23), "下午"], SESSION, ["第一组", "20211122", "上午"]]
    reading = read_one_panel(make_workbook, rules, sessions=sessions)
    assert reading.errors == ()
    (row,) = reading.rows
    panel = row.record
    assert panel.series == ("经济系列", "经济系列人力资源管理")
    assert panel.levels == (Level.SENIOR, Level.ASSOCIATE)
    assert panel.member_numbers == ("ZJ001", "ZJ002", "ZJ003")
    assert (panel.head_number, panel.secretary_name, panel.specialties) == ("ZJ001", "赵静", ())
    periods = [(p.start_at, p.end_at) for p in panel.half_days]
    assert periods == [morning(22), afternoon(22), afternoon(23)]


@pytest.mark.parametrize(
    ("changes", "letter", "said"),
    [
        ({"成员": "ZJ001、ZJ002"}, "F", "2人"),
        ({"成员": "ZJ001"}, "F", "1人"),
        ({"成员": "ZJ001 ZJ002 ZJ003 ZJ001"}, "F", "重复"),
        ({"成员": "ZJ001、ZJ002、ZJ009"}, "F", "ZJ009"),
        ({"成员": "ZJ001、ZJ002、ZJ004"}, "F", "ZJ004"),
        ({"组长": "ZJ004"}, "E", "组长不在成员"),
        ({"系列": "农业系列"}, "B", "工程系列"),
        ({"系列": "工程系列"}, "C", "副高级"),
        ({"级别": "中级"}, "C", "正高级"),
        ({"专业": "水利水电"}, "D", "水利水电"),
        ({"秘书": None}, "G", "无"),
    ],
)
def test_panel_errors(changes, letter, said, make_workbook, rules):
    reading = read_one_panel(make_workbook, rules, **changes)
    (error,) = reading.errors
    assert (error.sheet, error.row, error.letter) == ("答辩组", 3, letter)
    assert said in error.text.zh
    assert reading.rows == ()
    assert reading.rows_seen == 1


def test_even_panels_are_refused(make_workbook, rules):
    reading = read_one_panel(make_workbook, rules, known=None, 成员="ZJ001、ZJ002、ZJ003、ZJ005")
    assert "单数" in reading.errors[0].text.zh


def test_associate_members_may_judge_associates(make_workbook, rules):
    reading = read_one_panel(make_workbook, rules, 级别="副高", 成员="ZJ001、ZJ002、ZJ004")
    assert reading.errors == ()


@pytest.mark.parametrize("known", [None, set(POOL)])
def test_levels_of_members_are_checked_only_where_known(known, make_workbook, rules):
    reading = read_one_panel(make_workbook, rules, known=known, 成员="ZJ001、ZJ002、ZJ004")
    assert reading.errors == ()


@pytest.mark.parametrize(
    ("session", "letter", "said"),
    [
        (["第九组", "2021-11-22", "上午"], "A", "没有这个组名"),
        (["第一组", "2021-11-31", "上午"], "B", "日期"),
        (["第一组", "2021-11-23", "晚上"], "C", "时段"),
        (SESSION, "A", "第3行"),
    ],
)
def test_session_errors_return_no_panel(session, letter, said, make_workbook, rules):
    reading = read_one_panel(make_workbook, rules, sessions=[SESSION, session])
    error, waiting = reading.errors
    assert (error.sheet, error.row, error.letter) == ("场次", 4, letter)
    assert said in error.text.zh
    if "没有这个组名" in said:
        assert (waiting.sheet, waiting.row, waiting.column) == ("场次", 4, "")
        assert "各答辩组都不导入" in waiting.text.zh
    else:
        assert (waiting.sheet, waiting.row, waiting.column) == ("答辩组", 3, "A 组名")
        assert "工作表“场次”第4行" in waiting.text.zh
    assert reading.rows == ()


def test_a_faulty_half_day_holds_up_its_own_panel_only(make_workbook, rules):
    other = changed(PANEL, PANEL_HEADER, 组名="第二组")
    sessions = [SESSION, ["第二组", "2021-11-22", "上午"], ["第二组", "2021-11-31", "上午"]]
    data = make_workbook({"答辩组": [PANEL_HEADER, PANEL, other], "场次": [SESSION_HEADER, *sessions]})
    reading = read_panels(data, rules, POOL)
    assert [row.record.name for row in reading.rows] == ["第一组"]
    assert [(e.sheet, e.row, e.value_shown) for e in reading.errors][1] == ("答辩组", 3, "第二组")


def test_panel_without_half_day(make_workbook, rules):
    other = changed(PANEL, PANEL_HEADER, 组名="第二组")
    data = make_workbook({"答辩组": [PANEL_HEADER, PANEL, other], "场次": [SESSION_HEADER, SESSION]})
    reading = read_panels(data, rules, POOL)
    assert [(e.sheet, e.row, e.column) for e in reading.errors] == [("答辩组", 3, "A 组名")]
    assert [row.record.name for row in reading.rows] == ["第一组"]


def test_panel_name_twice(make_workbook, rules):
    data = make_workbook({"答辩组": [PANEL_HEADER, PANEL, PANEL], "场次": [SESSION_HEADER, SESSION]})
    (error,) = read_panels(data, rules, POOL).errors
    assert (error.row, error.column) == (3, "A 组名")


def test_missing_sheet_of_half_days(make_workbook, rules):
    reading = read_panels(make_workbook({"答辩组": [PANEL_HEADER, PANEL]}), rules, POOL)
    assert "缺少列：" in reading.errors[0].text.zh
    assert "时段" in reading.errors[0].text.zh

"""The detail sheets beside the main sheet of applications, row by row under a 申报编号."""

from datetime import date, datetime

import pytest

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
    ProofKind,
    Section,
    Submission,
    Training,
    TrainingKind,
    UnitOpinion,
)
from defense.domain.round_rules import BEIJING
from defense.integrations.workbooks import application_columns, read_applications
from defense.integrations.workbooks.details import detail_sheets
from defense.integrations.workbooks.proof_words import find_proof_kind

ONE, TWO = "XJ202100001", "XJ202100002"
DIGEST = "ab" * 32
ROWS = {
    "学历学位": [ONE, "新疆大学", "经济学", "本科", "2005-06-30", "107551200505000001", "是"],
    "考试成绩": [ONE, "高级经济专业技术资格考试", 2020, "B2020", "合格"],
    "工作简历明细": [ONE, "2005-07-01", "至今", "新疆大学", "讲师"],
    "业绩成果明细": [ONE, "薪酬改革", "2018.1.1", "无", "主持", "全校推行"],
    "继续教育": [ONE, "公需科目", 2020, "24学时", "G2020"],
    "年度考核": [ONE, "2020年度", "优秀"],
    "上报记录": [ONE, "2021-09-20 09:30", "无", "无"],
    "审核记录": [ONE, "基层单位", "新疆大学", "王明", "2021-09-21", "通过", "同意"],
    "附件清单": [ONE, "身份证", "身份证.pdf", "120,000", DIGEST.upper(), "file-1"],
    "推荐单位意见": [ONE, "新疆大学", "同意推荐", "2021-09-13"],
    "主管单位意见": [ONE, "教育厅", "同意推荐", "无"],
    "委托评审": [ONE, "某部人事司", "2021-09-01", "自治区职改办", "2021-09-08"],
    "缴费记录": [ONE, "2021-10-20", "本人", "N1"],
}


@pytest.fixture
def make_whole(rules, good_cells, make_workbook):
    """One application, or two, and detail rows by sheet title."""

    def make(details, *changes):
        columns = application_columns(rules)
        rows = [[(good_cells | change).get(c.key) for c in columns] for change in changes or ({},)]
        titles = {sheet.title: [c.header for c in sheet.columns] for sheet in detail_sheets()}
        sheets = {title: [titles.get(title, rows[0]), *own] for title, own in details.items()}
        return make_workbook({"申报人员": [[c.header for c in columns], *rows], **sheets})

    return make


def test_every_part_of_the_record_can_come_by_sheet(make_whole, rules):
    data = make_whole({title: [row] for title, row in ROWS.items()})
    reading = read_applications(data, rules)
    assert reading.errors == ()
    record = reading.rows[0].record
    moment = datetime(2021, 9, 20, 9, 30, tzinfo=BEIJING)
    assert record.degrees == (
        Degree("新疆大学", "经济学", "本科", date(2005, 6, 30), "107551200505000001", True),
    )
    assert record.exams == (ExamResult("高级经济专业技术资格考试", 2020, "B2020", "合格"),)
    assert record.employments == (Employment(date(2005, 7, 1), None, "新疆大学", "讲师"),)
    assert record.achievement_items == (Achievement("薪酬改革", date(2018, 1, 1), None, "主持", "全校推行"),)
    assert record.submissions == (Submission(moment),)
    step = AuditStep("基层单位", "新疆大学", "王明", datetime(2021, 9, 21, tzinfo=BEIJING), True, "同意")
    assert record.audit_steps == (step,)
    assert record.recommending_opinion == UnitOpinion("新疆大学", "同意推荐", date(2021, 9, 13))
    assert record.supervising_opinion == UnitOpinion("教育厅", "同意推荐")
    assert record.commission == Commission("某部人事司", date(2021, 9, 1), "自治区职改办", date(2021, 9, 8))
    assert record.fee_payment == FeePayment(date(2021, 10, 20), "本人", "N1")


def test_a_detail_overrides_the_bare_statement_and_leaves_the_rest(make_whole, rules):
    sheets = {title: [ROWS[title]] for title in ("继续教育", "年度考核", "附件清单")}
    record = read_applications(make_whole(sheets), rules).rows[0].record
    scan = Attachment(ProofKind.ID_SCAN, Section.IDENTITY, "身份证.pdf", 120_000, DIGEST, "file-1")
    assert record.attachments.count(scan) == 1
    assert sum(a.kind == ProofKind.ID_SCAN for a in record.attachments) == 1
    assert record.has(ProofKind.PHOTO)
    assert Training(TrainingKind.PUBLIC, 2020, 24, "G2020") in record.trainings
    assert Training(TrainingKind.PUBLIC, 2020) not in record.trainings
    assert record.training_years(TrainingKind.PUBLIC) == {2016, 2017, 2018, 2019, 2020}
    assert Appraisal(2020, "优秀") in record.appraisals
    assert record.appraisal_years == {2018, 2019, 2020}


def test_a_history_stands_in_its_order_and_the_columns_of_the_main_sheet_stay(make_whole, rules):
    history = [
        [ONE, "2021-09-28 10:00", "无", "无"],
        [ONE, "2021-09-10 10:00", "2021-09-12 09:00", "缺少公示结果"],
    ]
    data = make_whole({"上报记录": history, "缴费记录": [ROWS["缴费记录"]]}, {"fee_paid": "未缴"})
    record = read_applications(data, rules).rows[0].record
    assert [s.reason for s in record.submissions] == ["缺少公示结果", ""]
    assert record.submitted_at == datetime(2021, 9, 15, 12, tzinfo=BEIJING)
    assert (record.submission_count, record.fee_paid) == (1, False)


@pytest.mark.parametrize(
    ("title", "position", "value", "column", "words"),
    [
        ("学历学位", 0, "XJ999", "A 申报编号", "主表中没有"),
        ("学历学位", 4, "2005年", "E 毕业时间", "日期不可识别"),
        ("工作简历明细", 2, "2001-01-01", "C 截止日期", "早于"),
        ("继续教育", 1, "其他", "B 科目类别", "公需科目"),
        ("年度考核", 1, "2019-2020", "B 考核年度", "一个年度"),
        ("上报记录", 2, "2021-09-01", "C 退回时间", "早于上报时间"),
        ("审核记录", 5, "不清楚", "F 审核结果", "应填"),
        ("附件清单", 1, "自拍", "B 材料名称", "没有这种印证材料"),
        ("附件清单", 4, "abc", "E SHA-256", "64位"),
        ("缴费记录", 1, "=TODAY()", "B 缴费日期", "含公式"),
    ],
)
def test_errors_name_sheet_row_and_column(make_whole, rules, title, position, value, column, words):
    row = list(ROWS[title])
    row[position] = value
    other = {"number": TWO, "id_number": "650102198001010012"}
    reading = read_applications(make_whole({title: [row]}, {}, other), rules)
    (error,) = reading.errors
    assert (error.sheet, error.row, error.column) == (title, 2, column)
    assert words in error.text.zh
    numbers = {ONE, TWO} if position == 0 else {TWO}
    assert {row.record.number for row in reading.rows} == numbers
    assert reading.rows_seen == 2


def test_two_payments_of_one_person_are_a_fault(make_whole, rules):
    reading = read_applications(make_whole({"缴费记录": [ROWS["缴费记录"]] * 2}), rules)
    assert [(e.row, e.column) for e in reading.errors] == [(3, "A 申报编号")]
    assert reading.rows == ()


def test_a_detail_sheet_without_its_header_lets_nobody_in(make_whole, rules):
    reading = read_applications(make_whole({"学历学位": [], "备注": [["随便"]]}), rules)
    assert reading.errors == ()
    data = make_whole({"学历 学位": [["张三", "李四"]]})
    reading = read_applications(data, rules)
    assert reading.rows == ()
    assert "缺少列" in reading.errors[0].text.zh


def test_the_details_of_a_refused_person_are_no_further_fault(make_whole, rules):
    reading = read_applications(make_whole({"学历学位": [ROWS["学历学位"]]}, {"phone": "1"}), rules)
    assert [error.sheet for error in reading.errors] == ["申报人员"]


def test_the_template_gives_every_detail_a_sheet(rules):
    assert set(ROWS) == {sheet.title for sheet in detail_sheets()}
    assert all(len(ROWS[sheet.title]) == len(sheet.columns) for sheet in detail_sheets())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("身份证扫描件", ProofKind.ID_SCAN),
        ("业绩成果印证材料 2", ProofKind.ACHIEVEMENT_PROOF),
        ("公示结果（附件2）", ProofKind.PUBLICITY_RESULT),
        ("附件3", ProofKind.SUPERVISING_OPINION),
        ("论文(1)", ProofKind.WORKS_PROOF),
        ("说明", None),
    ],
)
def test_proofs_are_known_by_the_words_people_use(name, kind):
    assert find_proof_kind(name) is kind

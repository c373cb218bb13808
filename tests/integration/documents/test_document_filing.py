"""附件1 to 附件3: their words, and the days that must agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from defense.domain.document_kinds import DocumentKind, DocumentRefused
from defense.domain.eligibility_case import Case
from defense.domain.record_parts import UnitOpinion
from defense.domain.unit_checks import outcome_says_otherwise, supervising_opinion_differs
from defense.domain.zone import BEIJING
from defense.integrations.calendar_days import ChineseWorkingCalendar
from defense.models import Application
from defense.services.documents.contents import content_of
from defense.services.documents.parts import applies_for
from defense.services.documents.samples import sample_content, shape_of

Applicant = Callable[..., Application]
PUBLICITY, OUTCOME, RECOMMENDATION = (
    DocumentKind.PUBLICITY,
    DocumentKind.PUBLICITY_OUTCOME,
    DocumentKind.RECOMMENDATION,
)
TODAY = datetime.now(BEIJING).date()
ACHIEVEMENTS = [
    {"title": "旧工程", "start": "2010-01-01", "end": "2012-05-31", "role": "参与", "description": ""},
    {
        "title": "灌区改造",
        "start": "2015-06-01",
        "end": "2018-07-31",
        "role": "负责人",
        "description": "86公里",
    },
    {"title": "无日期", "start": None, "end": None, "role": "", "description": ""},
]
RECORD = {
    "name": "努尔兰·叶尔肯别克",
    "gender": "男",
    "ethnicity": "哈萨克族",
    "political_status": "中共党员",
    "present_title_on": "2015-12-01",
    "professional_years": 23,
    "id_number": "11010519491231002X",
    "series": "工程系列",
    "specialty": "水利水电",
    "achievement_items": ACHIEVEMENTS,
}


def days(start: str, end: str, stated: int | None = None, **more: Any) -> dict[str, Any]:
    return {"start": start, "end": end, "stated_days": stated, "objection_open": False} | more


def refusal(session: Session, kind: DocumentKind, application: Application) -> DocumentRefused:
    with pytest.raises(DocumentRefused) as refused:
        content_of(session, kind, application.id)
    return refused.value


def test_annex_1_tells_what_is_made_public(session: Session, applicant: Applicant) -> None:
    content = content_of(session, PUBLICITY, applicant(days("2021-09-13", "2021-09-18"), **RECORD).id)
    assert content["title"] == "关于努尔兰·叶尔肯别克同志申报工程系列水利水电专业正高级职称的公示"
    assert (content["publicity_start"], content["publicity_end"]) == ("2021年9月13日", "2021年9月18日")
    assert content["working_days"] == 6  # the Saturday is worked
    assert (content["ethnicity"], content["present_title_on"]) == ("哈萨克族", "2015年12月1日")
    assert [item["title"] for item in content["achievements"]] == ["灌区改造", "无日期"]
    assert content["achievements"][0]["period"] == "2015年6月至2018年7月"
    assert content["supervision_phone"] == ""  # to be filled by hand
    assert content["dated"] == "2021年　　月　　日"


def test_the_id_number_is_masked_unless_asked_for_whole(session: Session, applicant: Applicant) -> None:
    application = applicant(days("2021-09-13", "2021-09-18"), **RECORD)
    assert content_of(session, PUBLICITY, application.id)["id_number"] == "1101**********002X"
    whole = content_of(session, PUBLICITY, application.id, whole_id_number=True)
    assert whole["id_number"] == "11010519491231002X"


@pytest.mark.parametrize(
    ("end", "working_days"),
    [("2021-09-18", 5), ("2021-09-17", None), ("2021-09-22", 6), ("2021-09-21", 5)],
)
def test_the_fifth_working_day_may_be_a_worked_saturday(
    session: Session, applicant: Applicant, end: str, working_days: int | None
) -> None:
    """From Tuesday 14 September: Saturday the 18th is worked, Sunday to Tuesday are free."""
    application = applicant(days("2021-09-14", end), **RECORD)
    if working_days is None:
        text = refusal(session, PUBLICITY, application).text
        assert "只有4个工作日" in text.zh
        assert "至少公示到2021年9月18日" in text.zh
        assert "until 2021-09-18" in text.en
    else:
        assert content_of(session, PUBLICITY, application.id)["working_days"] == working_days


def test_a_sunday_before_a_holiday_does_not_count(session: Session, applicant: Applicant) -> None:
    """Sunday 26 September 2021 was worked for the National Day; 1 October was free."""
    assert (
        content_of(session, PUBLICITY, applicant(days("2021-09-26", "2021-10-01"), **RECORD).id)[
            "working_days"
        ]
        == 5
    )


def test_annex_2_is_refused_when_its_days_are_not_those_of_annex_1(
    session: Session, applicant: Applicant
) -> None:
    text = refusal(session, OUTCOME, applicant(days("2021-09-13", "2021-09-18", 5), **RECORD)).text
    assert "附件2填报5个工作日" in text.zh
    assert "计6个工作日" in text.zh
    assert "管理平台" in text.zh
    assert "states 5 working days" in text.en
    assert "there are 6" in text.en


@pytest.mark.parametrize("stated", [None, 6])
def test_annex_2_names_the_days_of_annex_1(
    session: Session, applicant: Applicant, stated: int | None
) -> None:
    application = applicant(days("2021-09-13", "2021-09-18", stated, outcome="公示无异议"), **RECORD)
    annexes = [content_of(session, kind, application.id) for kind in (PUBLICITY, OUTCOME)]
    assert annexes[1]["days"] == annexes[0]["working_days"] == 6
    assert all(a["publicity_end"] == "2021年9月18日" for a in annexes)


@pytest.mark.parametrize(
    ("publicity", "why"),
    [
        (days("2021-09-13", "2021-09-18", objection_open=True), "未处理完的异议"),
        (days("2021-09-13", "2021-09-18", outcome="收到举报一件"), "收到举报一件"),
        ({"start": None, "end": None}, "没有起止日期"),
        ({"start": "2021-09-13", "end": None}, "没有结束日期"),
        (days("2021-09-18", "2021-09-13"), "只有0个工作日"),
        (days("1999-09-13", "1999-09-18"), "没有1999年的放假安排"),
        (days(str(TODAY - timedelta(days=21)), str(TODAY)), "尚未结束"),
    ],
)
def test_annex_2_is_refused(
    session: Session, applicant: Applicant, publicity: dict[str, Any], why: str
) -> None:
    text = refusal(session, OUTCOME, applicant(publicity, **RECORD)).text
    assert why in text.zh
    assert text.en.strip()


@pytest.mark.parametrize("kind", [PUBLICITY, OUTCOME, RECOMMENDATION])
def test_no_paper_without_a_name(session: Session, applicant: Applicant, kind: DocumentKind) -> None:
    application = applicant(days("2021-09-13", "2021-09-18"), **RECORD | {"name": " ", "unit": ""})
    assert "缺少：姓名、工作单位" in refusal(session, kind, application).text.zh


def test_annex_3_is_refused_when_the_unit_does_not_agree(session: Session, applicant: Applicant) -> None:
    opinion = {"unit": "自治区水利厅", "text": "不同意推荐", "signed_on": "2021-10-08"}
    assert "不同意" in refusal(session, RECOMMENDATION, applicant(supervising_opinion=opinion)).text.zh


def test_annex_3_names_the_supervising_unit_and_its_day(session: Session, applicant: Applicant) -> None:
    opinion = {"unit": "自治区水利厅", "text": "同意", "signed_on": "2021-10-08"}
    content = content_of(session, RECOMMENDATION, applicant(supervising_opinion=opinion, **RECORD).id)
    assert (content["supervising_unit"], content["dated"]) == ("自治区水利厅", "2021年10月8日")


@pytest.mark.parametrize("kind", [PUBLICITY, OUTCOME, RECOMMENDATION])
def test_contents_have_the_shape_of_their_sample(
    session: Session, applicant: Applicant, kind: DocumentKind
) -> None:
    application = applicant(days("2021-09-13", "2021-09-18"), **RECORD)
    assert shape_of(content_of(session, kind, application.id)) == shape_of(sample_content(kind))


def test_the_annexes_pass_the_rules_on_their_wording(session: Session, applicant: Applicant) -> None:
    """For every series and specialty of the round, what is printed is what the rules ask for."""
    application = applicant(days("2021-09-13", "2021-09-18"), **RECORD)
    rules, record = application.round.rules, application.record
    calendar = ChineseWorkingCalendar(rules.extra_days_off)
    for series in rules.series:
        for level in series.levels:
            for specialty in series.specialties:
                wanted = applies_for(series.name, specialty, level)
                assert wanted.count("系列") <= 1, wanted
                words = f"经审核，同意推荐{record.name}同志申报{wanted}专业技术任职资格。"
                opinion = UnitOpinion("主管单位", words, date(2021, 10, 8))
                of_this = replace(
                    record, series=series.name, specialty=specialty, level=level, supervising_opinion=opinion
                )
                case = Case(of_this, rules, calendar)
                given = rules.settings["supervising_opinion_differs"].given
                assert not supervising_opinion_differs(case, given), wanted
    given = rules.settings["publicity_outcome_unclear"].given
    said = replace(record.publicity, outcome="公示期间无投诉、举报，公示无异议")
    assert not outcome_says_otherwise(Case(replace(record, publicity=said), rules, calendar), given)

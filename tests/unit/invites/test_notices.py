"""What the mails say; each fact must stand in the text and in the HTML."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest

from defense.domain.people import Period
from defense.integrations.notice_wordings import NoticeKind
from defense.integrations.notices import (
    CandidateNotice,
    PanelNotice,
    RenderedNotice,
    render_candidate_notice,
    render_panel_notice,
)

KINDS_OF_ALL = [kind for kind in NoticeKind if kind is not NoticeKind.RESULT]
"""A result is told to candidates alone."""


def assert_says(rendered: RenderedNotice, *facts: str) -> None:
    for body in (rendered.text, unescape(rendered.html)):
        assert [fact for fact in facts if fact not in body] == []


def test_candidate_invite_holds_all_that_is_needed(candidate_notice: CandidateNotice) -> None:
    rendered = render_candidate_notice(candidate_notice)
    assert_says(
        rendered,
        *("买买提·艾力", "工程系列（土木建筑）", "正高级", "第一组", "2021年度评审", "2021年11月22日 星期一"),
        "北京时间 09:30（新疆时间 07:30）",
        "北京时间 10:00–10:15（新疆时间 08:00–08:15）",
        *("Monday, 22 November 2021", "10:00–10:15 Beijing time (08:00–08:15 Xinjiang time)"),
        *("摄像头", "身份证", "迟到", "缺席", "camera", "ID card", "Late"),
        *("第 3 位", "03买买提·艾力（序号+姓名）", "15 分钟", "No. 3", "15 minutes"),
        *("按缺席处理，视为答辩不通过", "counts as a failed defence"),
        *("0991-1111111", "0991-2222222", "0991-3333333"),
        candidate_notice.link,
    )
    assert "北京时间 10:00（新疆时间 08:00）" in rendered.subject
    assert "北京时间 10:00（新疆时间 08:00）" in rendered.summary
    assert "原定时间" not in rendered.text


def test_chinese_comes_before_english(candidate_notice: CandidateNotice) -> None:
    rendered = render_candidate_notice(candidate_notice)
    for body in (rendered.text, rendered.html):
        assert body.index("视频答辩通知") < body.index("答辩时段") < body.index("Expected slot")


def test_change_names_old_and_new_time(candidate_notice: CandidateNotice) -> None:
    day = timedelta(days=1)
    old = Period(candidate_notice.slot.start_at - day, candidate_notice.slot.end_at - day)
    rendered = render_candidate_notice(replace(candidate_notice, kind=NoticeKind.CHANGE, previous=old))
    assert_says(
        rendered,
        "2021年11月21日 星期日 北京时间 10:00–10:15（新疆时间 08:00–08:15）",
        "Sunday, 21 November 2021, 10:00–10:15 Beijing time",
        "2021年11月22日 星期一",
        "变更",
        "changed",
    )


def test_change_of_something_else_says_that_the_time_stays(candidate_notice: CandidateNotice) -> None:
    changed = replace(candidate_notice, kind=NoticeKind.CHANGE, previous=candidate_notice.slot)
    assert_says(render_candidate_notice(changed), "时间不变", "the same time")


def test_cancel_has_no_link_and_tells_nobody_to_come(candidate_notice: CandidateNotice) -> None:
    cancelled = replace(candidate_notice, kind=NoticeKind.CANCEL, link="", place=None)
    rendered = render_candidate_notice(cancelled)
    assert_says(rendered, "取消", "cancelled", "北京时间 10:00–10:15", "0991-1111111")
    assert_says(rendered, "现已作废", "无需进入会议", "is void", "need not enter")
    for word in ("/link/", "个人链接", "进入时间", "身份证", "href", "序号"):
        assert word not in rendered.text + rendered.html
    assert "取消" in rendered.subject
    assert "取消" in rendered.summary


@pytest.mark.parametrize("kind", KINDS_OF_ALL)
def test_panelist(panelist_notice: PanelNotice, kind: NoticeKind) -> None:
    link = "" if kind is NoticeKind.CANCEL else panelist_notice.link
    previous = panelist_notice.slot if kind is NoticeKind.CHANGE else None
    rendered = render_panel_notice(replace(panelist_notice, kind=kind, link=link, previous=previous))
    assert_says(rendered, "王建国", "第一组", "北京时间 10:00–14:00（新疆时间 08:00–12:00）", "0991-1111111")
    assert_says(rendered, "答辩人数", "7", "Candidates", link)
    assert ("回避" in rendered.text) == (kind is not NoticeKind.CANCEL)
    asked = "现邀请您担任2021年度评审视频答辩评审专家，安排如下。"
    assert (asked in rendered.text) == (kind is NoticeKind.INVITE)


@pytest.mark.parametrize("kind", KINDS_OF_ALL)
def test_the_centre_signs_with_the_day_and_is_named_in_full_once(
    candidate_notice: CandidateNotice, panelist_notice: PanelNotice, kind: NoticeKind
) -> None:
    for rendered in (
        render_candidate_notice(replace(candidate_notice, kind=kind)),
        render_panel_notice(replace(panelist_notice, kind=kind)),
    ):
        assert "自治区职称社会化评价中心\n2021年11月8日\n" in rendered.text
        assert "自治区职称社会化评价中心<br>2021年11月8日" in rendered.html
        assert_says(rendered, "评价中心 0991-1111111", "8 November 2021")
        for body in (rendered.text, rendered.html):
            assert body.count("自治区职称社会化评价中心") == 1
            assert "评审中心" not in body


def test_html_is_escaped_and_lines_stay_lines(candidate_notice: CandidateNotice) -> None:
    evil = "<script>x</script>\n身份：评委"
    rendered = render_candidate_notice(replace(candidate_notice, name=evil, panel=evil))
    assert "<script>" not in rendered.html
    assert "&lt;script&gt;" in rendered.html
    assert "\n身份" not in rendered.text
    for line in (rendered.subject, rendered.summary):
        assert "\n" not in line


def test_html_needs_nothing_from_outside(candidate_notice: CandidateNotice) -> None:
    html = render_candidate_notice(candidate_notice).html
    for word in ("<link", "<style", "<script", "<img", "src=", "@import"):
        assert word not in html


def test_html_is_as_wide_as_its_screen_and_600_px_in_outlook_only(candidate_notice: CandidateNotice) -> None:
    html = render_candidate_notice(candidate_notice).html
    outlook, others = re.findall(r"<!--\[if mso\].*?<!\[endif\]-->", html), html
    for comment in outlook:
        others = others.replace(comment, "")
    assert 'width="600"' in outlook[0]
    assert "600" not in others.replace("max-width:600px", "")

"""One calendar event and one letter, changed by the tests with `dataclasses.replace`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from defense.domain.people import Period
from defense.domain.text import Text
from defense.integrations.calendar_file import CalendarEvent, build_calendar
from defense.integrations.mail import Letter, Mailbox
from defense.integrations.notice_wordings import Audience, NoticeKind
from defense.integrations.notices import CandidateNotice, PanelNotice

START = datetime(2021, 11, 22, 2, tzinfo=UTC)
LINK = "https://defence.example.org/link/" + "k" * 43


@pytest.fixture
def event() -> CalendarEvent:
    return CalendarEvent(
        uid="0123456789abcdef@defence.example.org",
        sequence=0,
        stamped_at=datetime(2021, 11, 1, 4, 5, 6, tzinfo=UTC),
        start_at=START,
        end_at=START + timedelta(minutes=15),
        summary="职称评审视频答辩 北京时间 10:00（新疆时间 08:00）",
        description="第一行\n第二行；带，标点, and \\ a backslash\n" + "很长的中文说明" * 40,
        location="视频会议",
        url=LINK,
        organizer_name="自治区职称社会化评价中心",
        organizer_address="defence@example.com",
        attendee_name="买买提·艾力",
        attendee_address="ali@example.org",
    )


@pytest.fixture
def letter(event: CalendarEvent) -> Letter:
    return Letter(
        sender=Mailbox(event.organizer_name, event.organizer_address),
        recipient=Mailbox(event.attendee_name, event.attendee_address),
        subject="视频答辩通知：2021年11月22日 星期一 北京时间 10:00（新疆时间 08:00） / Notice",
        text="您好 text\n",
        html="<p>您好 html</p>\n",
        calendar=build_calendar(event),
        method=event.method,
        message_id="<fedcba9876543210@example.com>",
        written_at=datetime(2021, 11, 1, 4, 5, 6, tzinfo=UTC),
    )


@pytest.fixture
def candidate_notice() -> CandidateNotice:
    return CandidateNotice(
        kind=NoticeKind.INVITE,
        round_name=Text("2021年度评审", "Review of 2021"),
        name="买买提·艾力",
        series="工程系列",
        specialty="土木建筑",
        level=Text("正高级", "senior"),
        panel="第一组",
        slot=Period(START, START + timedelta(minutes=15)),
        place=3,
        previous=None,
        check_in_at=START - timedelta(minutes=30),
        written_at=START - timedelta(days=14),
        link=LINK,
        telephones=("0991-1111111", "0991-2222222"),
        support_telephones=("0991-3333333",),
    )


@pytest.fixture
def panelist_notice() -> PanelNotice:
    return PanelNotice(
        audience=Audience.PANELIST,
        kind=NoticeKind.INVITE,
        round_name=Text("2021年度评审", "Review of 2021"),
        name="王建国",
        panel="第一组",
        slot=Period(START, START + timedelta(hours=4)),
        previous=None,
        written_at=START - timedelta(days=14),
        candidate_count=7,
        link=LINK,
        telephones=("0991-1111111",),
        support_telephones=("0991-3333333",),
    )

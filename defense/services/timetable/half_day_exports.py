"""Sittings and their video meetings as workbooks: what their pages show; no address of a meeting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.lifecycle import DefenceState
from defense.domain.text import Text
from defense.integrations.workbooks import Tables
from defense.models import Meeting, Round, Sitting
from defense.services.access import Principal
from defense.services.meetings.desk import MeetingLine, list_meetings
from defense.services.meetings.rows import LIVE_STATES, MeetingState, Providers
from defense.services.meetings.settings import PROVIDER_TEXT
from defense.services.overview import sittings_for

SITTING_HEADERS = (
    "批次", "答辩组", "开始时间（北京时间）", "结束时间（北京时间）", "申报人数", "待答辩人数",
)  # fmt: skip
MEETING_HEADERS = (
    "开始时间（北京时间）", "结束时间（北京时间）", "答辩组", "会议平台", "是否备用", "状态", "需要处理",
    "说明", "尝试次数", "下次尝试（北京时间）",
)  # fmt: skip

# As the page has them.
_STATE_WORDS = {
    MeetingState.PLANNED: "待创建",
    MeetingState.CREATING: "创建中",
    MeetingState.HELD: "已就绪",
    MeetingState.CANCELLING: "取消中",
    MeetingState.CANCELLED: "已取消",
    MeetingState.FAILED: "未能创建",
}
_PROVIDER_WORDS: dict[str, str] = {name: text.zh for name, text in PROVIDER_TEXT.items()}
_UNSETTLED = (*LIVE_STATES, MeetingState.CANCELLING)


def export_sittings(session: Session, principal: Principal) -> Tables:
    """The sittings that a person may watch, in order of time, of all rounds."""
    codes = {round_.id: round_.code for round_ in session.scalars(select(Round))}
    rows = [
        _sitting(sitting, codes[sitting.round_id])
        for sittings in sittings_for(session, principal).values()
        for sitting in sittings
    ]
    return {"答辩现场": (SITTING_HEADERS, rows)}


def export_meetings(session: Session, round_: Round, providers: Providers, now: datetime) -> Tables:
    """The half-days with their meetings; one that several providers have to do with has a row for each."""
    lines = list_meetings(session, round_, providers)
    rows = [row for line in lines for row in _of_line(line, providers, now)]
    return {"视频会议": (MEETING_HEADERS, rows)}


def _sitting(sitting: Sitting, code: str) -> tuple[Any, ...]:
    there = [defence for defence in sitting.defences if defence.state != DefenceState.REMOVED]
    left = sum(defence.outcome is None for defence in there)
    return (code, sitting.panel.name, sitting.start_at, sitting.end_at, len(there), left)


def _of_line(line: MeetingLine, providers: Providers, now: datetime) -> Iterator[tuple[Any, ...]]:
    sitting = line.sitting
    place = (sitting.start_at, sitting.end_at, sitting.panel.name)
    if line.meeting is not None:
        state = "进入时自动创建" if line.is_made_at_click else _state(line.meeting)
        yield (*place, *_meeting(line.meeting, state, providers, now))
    elif sitting.cancelled:
        yield (*place, None, None, "已取消", "否", None, None, None)
    elif line.lacks_provider:
        words = "没有可用的会议平台：请登记固定会议室，或在批次设置中选择平台。"
        yield (*place, None, None, "无", "是", words, None, None)
    else:
        yield (*place, None, None, "无", "否", None, None, None)
    for other in line.others:
        yield (*place, *_meeting(other, _STATE_WORDS[MeetingState(other.state)], providers, now))


def _state(meeting: Meeting) -> str:
    if meeting.state == MeetingState.HELD and meeting.is_behind:
        return "待改期"
    return _STATE_WORDS[MeetingState(meeting.state)]


def _meeting(meeting: Meeting, state: str, providers: Providers, now: datetime) -> tuple[Any, ...]:
    name = _PROVIDER_WORDS.get(meeting.provider, meeting.provider)
    words = [Text.from_json(meeting.last_words).zh] if meeting.last_words else []
    if meeting.provider not in providers:
        words.append("该平台已不再配置")
    is_due = meeting.state in _UNSETTLED and (meeting.state != MeetingState.HELD or meeting.is_behind)
    is_put_off = is_due and meeting.attempts > 0 and meeting.next_attempt_at > now
    return (
        name,
        "是" if meeting.is_second else "否",
        state,
        "是" if meeting.is_stuck else "否",
        "；".join(words) or None,
        meeting.attempts,
        meeting.next_attempt_at if is_put_off else None,
    )

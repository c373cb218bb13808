"""What a mail to a candidate or a panelist says: Chinese first, then English, as text and as HTML.

The wording is here once; the two templates in `templates/email/` only lay it out, so that the plain and the
HTML part of a mail can never say different things.

Source: domain.md "A notice to a candidate holds".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from defense.domain.clocks import both_clocks, both_clocks_range, day_with_weekday
from defense.domain.people import Period
from defense.domain.text import Text
from defense.integrations.header_text import one_line
from defense.settings import PROJECT_DIR

LOCATION = Text("视频会议（从本人专用链接进入）", "video meeting (entered by your personal link)")


class NoticeKind(StrEnum):
    """Why somebody is written to."""

    INVITE = "invite"
    CHANGE = "change"
    CANCEL = "cancel"


@dataclass(frozen=True)
class CandidateNotice:
    """The facts for one candidate. `link` is empty in a cancellation; `previous` is set in a change."""

    kind: NoticeKind
    round_name: Text
    name: str
    series: str
    level: Text
    panel: str
    slot: Period
    previous: Period | None
    check_in_at: datetime
    link: str
    telephones: tuple[str, ...]
    support_telephones: tuple[str, ...]


@dataclass(frozen=True)
class PanelistNotice:
    """The facts for one panelist; candidates are counted, never named."""

    kind: NoticeKind
    round_name: Text
    name: str
    panel: str
    slot: Period
    previous: Period | None
    candidate_count: int
    link: str
    telephones: tuple[str, ...]
    support_telephones: tuple[str, ...]


@dataclass(frozen=True)
class RenderedNotice:
    """A notice ready for a mail and its calendar event; `subject` and `summary` are one line each."""

    subject: str
    summary: str
    text: str
    html: str


@dataclass(frozen=True)
class _Content:
    title: Text
    greeting: Text
    intro: Text
    facts: tuple[tuple[Text, Text], ...]
    remarks: tuple[Text, ...]


_TITLES = {
    (CandidateNotice, NoticeKind.INVITE): Text("视频答辩通知", "Notice of your video defence"),
    (CandidateNotice, NoticeKind.CHANGE): Text("视频答辩变更通知", "Your video defence has been changed"),
    (CandidateNotice, NoticeKind.CANCEL): Text("视频答辩取消通知", "Your video defence has been cancelled"),
    (PanelistNotice, NoticeKind.INVITE): Text("视频答辩评审邀请", "Invitation to a defence panel"),
    (PanelistNotice, NoticeKind.CHANGE): Text("视频答辩评审变更通知", "Your panel half-day has been changed"),
    (PanelistNotice, NoticeKind.CANCEL): Text(
        "视频答辩评审取消通知", "Your panel half-day has been cancelled"
    ),
}

_INTROS = {
    NoticeKind.INVITE: Text(
        "{round}的视频答辩安排如下。", "{round}: your video defence session is as follows."
    ),
    NoticeKind.CHANGE: Text(
        "{round}的视频答辩安排有变更，请以本通知为准；原链接已失效。",
        "{round}: the arrangements have changed. This notice replaces the earlier one, whose link is dead.",
    ),
    NoticeKind.CANCEL: Text(
        "{round}的以下视频答辩安排已取消，原链接已失效。如另有安排，将重新通知。",
        "{round}: the session below is cancelled and its link is dead. You will be told of any new one.",
    ),
}

_CANDIDATE_REMARKS = (
    Text(
        "设备：带摄像头和麦克风的电脑或手机，网络稳定；请提前用当天的设备打开一次个人链接。",
        "Device: a computer or phone with camera and microphone, a steady network; try your link on it"
        " beforehand.",
    ),
    Text(
        "证件：请备好本人有效身份证原件，进入后由工作人员核对并查看房间；答辩时须独自一人。",
        "Identity: have your original ID card at hand; it and your room are checked as you enter. Be alone.",
    ),
    Text(
        "迟到：本组答辩尚未结束的，调整到本组最后；本组结束时仍未到场的，按缺席处理。",
        "Late: while the group still sits you are moved to its end; whoever is not there by then is absent.",
    ),
)
_PANELIST_REMARKS = (
    Text(
        "回避：与答辩人有同单位、亲属、师生、合作者等关系的，应当回避；发现后请立即致电评审中心。",
        "Recusal: same unit, relative, teacher or student, co-author: if one applies, call the centre now.",
    ),
    Text(
        "答辩人名单和材料请从个人链接进入查看，请勿外传。",
        "The candidates and their material are behind your personal link; do not pass them on.",
    ),
)
_LINK_REMARK = Text(
    "个人链接仅供本人使用，请勿转发。", "Your personal link is for you alone; do not forward it."
)


def render_candidate_notice(notice: CandidateNotice) -> RenderedNotice:
    """The mail to a candidate: everything they need on the day, and only their own data."""
    cancelled = notice.kind is NoticeKind.CANCEL
    entry = () if cancelled else ((Text("进入时间", "Enter at"), both_clocks(notice.check_in_at)),)
    facts = (
        (Text("姓名", "Name"), _same(notice.name)),
        (Text("申报系列（专业）", "Series"), _same(notice.series)),
        (Text("级别", "Level"), notice.level),
        (Text("答辩组", "Panel"), _same(notice.panel)),
        (Text("日期", "Date"), day_with_weekday(notice.slot.start_at)),
        *entry,
        (Text("预计答辩时段", "Expected slot"), _range(notice.slot)),
    )
    return _render(
        notice, facts, (*_CANDIDATE_REMARKS, _LINK_REMARK), Text("职称评审视频答辩", "Video defence")
    )


def render_panelist_notice(notice: PanelistNotice) -> RenderedNotice:
    """The mail to a panelist: panel, half-day and how many candidates, none of them named."""
    facts = (
        (Text("姓名", "Name"), _same(notice.name)),
        (Text("答辩组", "Panel"), _same(notice.panel)),
        (Text("日期", "Date"), day_with_weekday(notice.slot.start_at)),
        (Text("评审时段", "Half-day"), _range(notice.slot)),
        (Text("答辩人数", "Candidates"), _same(str(notice.candidate_count))),
    )
    return _render(notice, facts, (*_PANELIST_REMARKS, _LINK_REMARK), Text("视频答辩评审", "Defence panel"))


def _render(
    notice: CandidateNotice | PanelistNotice,
    facts: tuple[tuple[Text, Text], ...],
    remarks: tuple[Text, ...],
    event_name: Text,
) -> RenderedNotice:
    cancelled = notice.kind is NoticeKind.CANCEL
    name = one_line(notice.name)
    content = _Content(
        title=_TITLES[type(notice), notice.kind],
        greeting=Text(f"{name}，您好：", f"Dear {name},"),
        intro=_INTROS[notice.kind].format(round=notice.round_name),
        facts=(*facts, *_change_fact(notice), *_platform_fact(notice)),
        remarks=(*(() if cancelled else remarks), _telephones(notice)),
    )
    clocks = both_clocks(notice.slot.start_at)
    day = day_with_weekday(notice.slot.start_at)
    values = {"content": content, "link": notice.link}
    mark = Text("已取消：", "Cancelled: ") if cancelled else Text("", "")
    return RenderedNotice(
        subject=f"{content.title.zh}：{day.zh} {clocks.zh} / {content.title.en}",
        summary=f"{mark.zh}{event_name.zh} {clocks.zh} / {mark.en}{event_name.en}, {clocks.en}",
        text=_environment().get_template("notice.txt").render(values),
        html=_environment().get_template("notice.html").render(values),
    )


def _change_fact(notice: CandidateNotice | PanelistNotice) -> tuple[tuple[Text, Text], ...]:
    """Which time no longer holds, or that the time stays when something else changed."""
    if notice.kind is not NoticeKind.CHANGE or notice.previous is None:
        return ()
    label = Text("原定时间", "Formerly")
    if notice.previous == notice.slot:
        return ((label, Text("时间不变", "the same time")),)
    day, clocks = day_with_weekday(notice.previous.start_at), _range(notice.previous)
    return ((label, Text(f"{day.zh} {clocks.zh}", f"{day.en}, {clocks.en}")),)


def _platform_fact(notice: CandidateNotice | PanelistNotice) -> tuple[tuple[Text, Text], ...]:
    return ((Text("方式", "Platform"), LOCATION),) if notice.link else ()


def _telephones(notice: CandidateNotice | PanelistNotice) -> Text:
    centre, support = "、".join(notice.telephones), "、".join(notice.support_telephones)
    return Text(
        f"咨询电话：评审中心 {centre}；技术支持 {support}。",
        f"Telephone: centre {centre.replace('、', ', ')}; technical support {support.replace('、', ', ')}.",
    )


def _range(period: Period) -> Text:
    return both_clocks_range(period.start_at, period.end_at)


def _same(value: str) -> Text:
    line = one_line(value)
    return Text(line, line)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(PROJECT_DIR / "templates" / "email"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

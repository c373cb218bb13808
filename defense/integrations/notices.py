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
CENTRE = Text("自治区职称社会化评价中心", "Title Evaluation Centre of the Autonomous Region")
"""Who signs; in the body it is 评价中心 only."""


class Audience(StrEnum):
    """Who is written to."""

    CANDIDATE = "candidate"
    PANELIST = "panelist"
    SECRETARY = "secretary"
    ATTENDEE = "attendee"
    """Somebody without whom a defence cannot be held, such as an interpreter."""


class NoticeKind(StrEnum):
    """Why somebody is written to."""

    INVITE = "invite"
    CHANGE = "change"
    CANCEL = "cancel"
    REMINDER_DAY = "reminder_day"
    """A working day before."""
    REMINDER_SOON = "reminder_soon"
    """Half an hour before."""
    PLEASE_CONFIRM = "please_confirm"
    """The answer has not come."""
    TIME_STAYS = "time_stays"
    """To a request for another time."""


@dataclass(frozen=True)
class CandidateNotice:
    """The facts for one candidate. `link` is empty in a cancellation; `previous` is set in a change.

    `place` counts from 1 in the order of the sitting; None in a cancellation.
    """

    kind: NoticeKind
    round_name: Text
    name: str
    series: str
    specialty: str
    level: Text
    panel: str
    slot: Period
    place: int | None
    previous: Period | None
    check_in_at: datetime
    written_at: datetime
    link: str
    telephones: tuple[str, ...]
    support_telephones: tuple[str, ...]


@dataclass(frozen=True)
class PanelNotice:
    """The facts for a panelist, a secretary or a named attendee; candidates are counted, never named."""

    audience: Audience
    kind: NoticeKind
    round_name: Text
    name: str
    panel: str
    slot: Period
    previous: Period | None
    written_at: datetime
    candidate_count: int
    link: str
    telephones: tuple[str, ...]
    support_telephones: tuple[str, ...]


@dataclass(frozen=True)
class RenderedNotice:
    """A notice ready for a mail and its calendar event; `subject` and `summary` are one line each.

    `description` is the event's: only what one needs at the moment the alarm rings.
    """

    subject: str
    summary: str
    text: str
    html: str
    description: str = ""


@dataclass(frozen=True)
class _Content:
    title: Text
    greeting: Text
    intro: Text
    facts: tuple[tuple[Text, Text], ...]
    remarks: tuple[Text, ...]
    closing: tuple[Text, ...]
    """落款: who signs, and the day."""


_TITLES = {
    (Audience.CANDIDATE, NoticeKind.INVITE): Text("视频答辩通知", "Notice of your video defence"),
    (Audience.CANDIDATE, NoticeKind.CHANGE): Text("视频答辩变更通知", "Your video defence has been changed"),
    (Audience.CANDIDATE, NoticeKind.CANCEL): Text(
        "视频答辩取消通知", "Your video defence has been cancelled"
    ),
    (Audience.PANELIST, NoticeKind.INVITE): Text("视频答辩评审邀请", "Invitation to a defence panel"),
    (Audience.PANELIST, NoticeKind.CHANGE): Text(
        "视频答辩评审变更通知", "Your panel half-day has been changed"
    ),
    (Audience.PANELIST, NoticeKind.CANCEL): Text(
        "视频答辩评审取消通知", "Your panel half-day has been cancelled"
    ),
    (Audience.SECRETARY, NoticeKind.INVITE): Text(
        "视频答辩秘书工作通知", "Your work as secretary of a panel"
    ),
    (Audience.SECRETARY, NoticeKind.CHANGE): Text(
        "视频答辩秘书工作变更通知", "Your work as secretary has been changed"
    ),
    (Audience.SECRETARY, NoticeKind.CANCEL): Text(
        "视频答辩秘书工作取消通知", "Your work as secretary has been cancelled"
    ),
    (Audience.ATTENDEE, NoticeKind.INVITE): Text("视频答辩到场邀请", "Invitation to attend a video defence"),
    (Audience.ATTENDEE, NoticeKind.CHANGE): Text(
        "视频答辩到场变更通知", "The video defence you attend has been changed"
    ),
    (Audience.ATTENDEE, NoticeKind.CANCEL): Text(
        "视频答辩到场取消通知", "The video defence you were to attend has been cancelled"
    ),
    (Audience.CANDIDATE, NoticeKind.REMINDER_DAY): Text("视频答辩提醒", "Your video defence is near"),
    (Audience.CANDIDATE, NoticeKind.REMINDER_SOON): Text(
        "视频答辩即将开始", "Your video defence is about to begin"
    ),
    (Audience.PANELIST, NoticeKind.REMINDER_DAY): Text("视频答辩评审提醒", "Your panel half-day is near"),
    (Audience.PANELIST, NoticeKind.REMINDER_SOON): Text(
        "视频答辩评审即将开始", "Your panel is about to begin"
    ),
    (Audience.SECRETARY, NoticeKind.REMINDER_DAY): Text(
        "视频答辩秘书工作提醒", "Your half-day as secretary is near"
    ),
    (Audience.SECRETARY, NoticeKind.REMINDER_SOON): Text(
        "视频答辩秘书工作即将开始", "The half-day you are the secretary of is about to begin"
    ),
    (Audience.ATTENDEE, NoticeKind.REMINDER_DAY): Text(
        "视频答辩到场提醒", "The video defence you attend is near"
    ),
    (Audience.ATTENDEE, NoticeKind.REMINDER_SOON): Text(
        "您到场的视频答辩即将开始", "The video defence you attend is about to begin"
    ),
}

_INTROS = {
    (Audience.CANDIDATE, NoticeKind.INVITE): Text(
        "{round}视频答辩安排如下，请按时参加。",
        "{round}: your video defence is arranged as follows; please be there in time.",
    ),
    (Audience.CANDIDATE, NoticeKind.CHANGE): Text(
        "您的{round}视频答辩安排有变更，请以本通知为准；原通知作废，原链接已失效。",
        "{round}: your video defence has changed. This notice replaces the earlier one, which is void"
        " like its link.",
    ),
    (Audience.CANDIDATE, NoticeKind.CANCEL): Text(
        "您此前收到的{round}视频答辩通知现已作废，原链接失效，届时无需进入会议。"
        "如另有安排，评价中心将重新通知。",
        "{round}: the notice you had of the video defence below is void, and so is its link; you need not"
        " enter the meeting. The centre will write again if there is a new arrangement.",
    ),
    (Audience.PANELIST, NoticeKind.INVITE): Text(
        "现邀请您担任{round}视频答辩评审专家，安排如下。",
        "{round}: the centre invites you to be an expert on a panel of video defences, as follows.",
    ),
    (Audience.PANELIST, NoticeKind.CHANGE): Text(
        "您担任评审专家的{round}视频答辩安排有变更，请以本通知为准；原通知作废，原链接已失效。",
        "{round}: the half-day of your panel has changed. This notice replaces the earlier one, which is"
        " void like its link.",
    ),
    (Audience.PANELIST, NoticeKind.CANCEL): Text(
        "您此前收到的{round}视频答辩评审邀请现已作废，原链接失效，届时无需进入会议。"
        "如另有安排，评价中心将重新邀请。",
        "{round}: the invitation you had to the panel below is void, and so is its link; you need not enter"
        " the meeting. The centre will write again if there is a new arrangement.",
    ),
    (Audience.SECRETARY, NoticeKind.INVITE): Text(
        "请您担任{round}视频答辩的答辩组秘书，安排如下。",
        "{round}: you are the secretary of a panel of video defences, as follows.",
    ),
    (Audience.SECRETARY, NoticeKind.CHANGE): Text(
        "您担任秘书的{round}视频答辩安排有变更，请以本通知为准；原通知作废，原链接已失效。",
        "{round}: the half-day you are the secretary of has changed. This notice replaces the earlier one,"
        " which is void like its link.",
    ),
    (Audience.SECRETARY, NoticeKind.CANCEL): Text(
        "您此前收到的{round}答辩组秘书工作通知现已作废，原链接失效。如另有安排，评价中心将重新通知。",
        "{round}: the notice you had of the half-day below is void, and so is its link. The centre will"
        " write again if there is a new arrangement.",
    ),
    (Audience.ATTENDEE, NoticeKind.INVITE): Text(
        "请您到场参加{round}的一场视频答辩，安排如下。",
        "{round}: you are asked to attend a video defence, as follows.",
    ),
    (Audience.ATTENDEE, NoticeKind.CHANGE): Text(
        "请您到场的{round}视频答辩有变更，请以本通知为准；原通知作废，原链接已失效。",
        "{round}: the video defence you attend has changed. This notice replaces the earlier one, which is"
        " void like its link.",
    ),
    (Audience.ATTENDEE, NoticeKind.CANCEL): Text(
        "您此前收到的{round}视频答辩到场邀请现已作废，原链接失效，届时无需进入会议。",
        "{round}: the invitation you had to the video defence below is void, and so is its link; you need"
        " not enter the meeting.",
    ),
}

_INTROS |= {
    (Audience.CANDIDATE, NoticeKind.REMINDER_DAY): Text(
        "谨此提醒：{round}视频答辩安排如下，请提前试用当天的设备和网络。",
        "{round}: a reminder of your video defence; please try your device and network beforehand.",
    ),
    (Audience.CANDIDATE, NoticeKind.REMINDER_SOON): Text(
        "您的{round}视频答辩即将开始，请从个人链接进入候考。",
        "{round}: your video defence begins soon; enter by your personal link now and wait to be called.",
    ),
    (Audience.PANELIST, NoticeKind.REMINDER_DAY): Text(
        "谨此提醒：您担任评审专家的{round}视频答辩安排如下。",
        "{round}: a reminder of the half-day of your panel.",
    ),
    (Audience.PANELIST, NoticeKind.REMINDER_SOON): Text(
        "您担任评审专家的{round}视频答辩即将开始，请从个人链接进入。",
        "{round}: your panel begins soon; enter by your personal link.",
    ),
    (Audience.SECRETARY, NoticeKind.REMINDER_DAY): Text(
        "谨此提醒：您担任秘书的{round}视频答辩安排如下。",
        "{round}: a reminder of the half-day you are the secretary of.",
    ),
    (Audience.SECRETARY, NoticeKind.REMINDER_SOON): Text(
        "您担任秘书的{round}视频答辩即将开始，请从个人链接进入。",
        "{round}: the half-day you are the secretary of begins soon; enter by your personal link.",
    ),
    (Audience.ATTENDEE, NoticeKind.REMINDER_DAY): Text(
        "谨此提醒：请您到场参加{round}的一场视频答辩，安排如下。",
        "{round}: a reminder of the video defence you attend.",
    ),
    (Audience.ATTENDEE, NoticeKind.REMINDER_SOON): Text(
        "您到场参加的{round}视频答辩即将开始，请从个人链接进入。",
        "{round}: the video defence you attend begins soon; enter by your personal link.",
    ),
}

_TITLES |= {
    (audience, kind): title
    for audience in Audience
    for kind, title in (
        (
            NoticeKind.PLEASE_CONFIRM,
            Text("请确认是否参加视频答辩", "Please say whether you will come to the video defence"),
        ),
        (NoticeKind.TIME_STAYS, Text("视频答辩时间不变", "The time of the video defence stays")),
    )
}
_INTROS |= {
    (audience, kind): intro
    for audience in Audience
    for kind, intro in (
        (
            NoticeKind.PLEASE_CONFIRM,
            Text(
                "{round}视频答辩安排如下，尚未收到您的答复，请尽快确认是否参加。",
                "{round}: your answer to the arrangement below has not come yet; please say soon whether you"
                " will come.",
            ),
        ),
        (
            NoticeKind.TIME_STAYS,
            Text(
                "您对{round}视频答辩提出的调整申请收悉。经研究，时间不变，请按下列安排参加。",
                "{round}: the centre has considered your request for another time. The time stays; please"
                " come as arranged below.",
            ),
        ),
    )
}

_CONFIRM_REMARK = Text(
    "答复：请打开个人链接确认参加，也可以在那里说明不能参加或申请调整时间。",
    "Answer: open your personal link to confirm, to say that you cannot come, or to ask for another time.",
)
_ASKING = (NoticeKind.INVITE, NoticeKind.CHANGE, NoticeKind.PLEASE_CONFIRM)

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
        "迟到：本组答辩尚未结束的，调整到本组最后；本组结束时仍未到场的，按缺席处理，视为答辩不通过。",
        "Late: while the group still sits you are moved to its end; whoever is not there by then is absent,"
        " which counts as a failed defence.",
    ),
)
_PANELIST_REMARKS = (
    Text(
        "回避：与答辩人有同单位、亲属、师生、合作者等关系的，应当回避；发现后请立即致电评价中心。",
        "Recusal: same unit, relative, teacher or student, co-author: if one applies, call the centre now.",
    ),
    Text(
        "答辩人名单和材料请从个人链接进入查看，请勿外传。",
        "The candidates and their material are behind your personal link; do not pass them on.",
    ),
)
_ATTENDEE_REMARKS = (
    Text(
        "设备：带摄像头和麦克风的电脑或手机，网络稳定；请提前用当天的设备打开一次个人链接。",
        "Device: a computer or phone with camera and microphone, a steady network; try your link on it"
        " beforehand.",
    ),
)
_LINK_REMARK = Text(
    "个人链接仅供本人使用，请勿转发。", "Your personal link is for you alone; do not forward it."
)


def render_candidate_notice(notice: CandidateNotice) -> RenderedNotice:
    """The mail to a candidate: everything they need on the day, and only their own data."""
    cancelled = notice.kind is NoticeKind.CANCEL
    entry = () if cancelled else ((Text("进入时间", "Enter at"), both_clocks(notice.check_in_at)),)
    minutes = int((notice.slot.end_at - notice.slot.start_at).total_seconds() // 60)
    facts = (
        (Text("姓名", "Name"), _same(notice.name)),
        (Text("申报系列（专业）", "Series (specialty)"), _same(f"{notice.series}（{notice.specialty}）")),
        (Text("级别", "Level"), notice.level),
        (Text("答辩组", "Panel"), _same(notice.panel)),
        (Text("日期", "Date"), day_with_weekday(notice.slot.start_at)),
        *entry,
        (Text("预计答辩时段", "Expected slot"), _range(notice.slot)),
        (Text("答辩时长", "Length"), Text(f"{minutes} 分钟", f"{minutes} minutes")),
        *_place_facts(notice),
    )
    return _render(
        notice, facts, (*_CANDIDATE_REMARKS, _LINK_REMARK), Text("职称评审视频答辩", "Video defence")
    )


def render_panel_notice(notice: PanelNotice) -> RenderedNotice:
    """The mail to a panelist, a secretary or a named attendee: panel, time, how many candidates."""
    attends = notice.audience is Audience.ATTENDEE
    count = () if attends else ((Text("答辩人数", "Candidates"), _same(str(notice.candidate_count))),)
    facts = (
        (Text("姓名", "Name"), _same(notice.name)),
        (Text("答辩组", "Panel"), _same(notice.panel)),
        (Text("日期", "Date"), day_with_weekday(notice.slot.start_at)),
        (Text("时段", "Time") if attends else Text("评审时段", "Half-day"), _range(notice.slot)),
        *count,
    )
    return _render(
        notice, facts, (*_PANEL_REMARKS[notice.audience], _LINK_REMARK), _EVENT_NAMES[notice.audience]
    )


_PANEL_REMARKS = {
    Audience.PANELIST: _PANELIST_REMARKS,
    Audience.SECRETARY: _PANELIST_REMARKS[1:],
    Audience.ATTENDEE: _ATTENDEE_REMARKS,
}
_EVENT_NAMES = {
    Audience.PANELIST: Text("视频答辩评审", "Defence panel"),
    Audience.SECRETARY: Text("视频答辩秘书工作", "Secretary of a defence panel"),
    Audience.ATTENDEE: Text("视频答辩（到场）", "Attending a video defence"),
}


def _render(
    notice: CandidateNotice | PanelNotice,
    facts: tuple[tuple[Text, Text], ...],
    remarks: tuple[Text, ...],
    event_name: Text,
) -> RenderedNotice:
    cancelled = notice.kind is NoticeKind.CANCEL
    audience = Audience.CANDIDATE if isinstance(notice, CandidateNotice) else notice.audience
    name = one_line(notice.name)
    content = _Content(
        title=_TITLES[audience, notice.kind],
        greeting=Text(f"{name}，您好：", f"Dear {name},"),
        intro=_INTROS[audience, notice.kind].format(round=notice.round_name),
        facts=(*facts, *_change_fact(notice), *_platform_fact(notice)),
        remarks=(
            *((_CONFIRM_REMARK,) if notice.kind in _ASKING else ()),
            *(() if cancelled else remarks),
            _telephones(notice),
        ),
        closing=(CENTRE, _day(notice.written_at)),
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
        description=_description(notice),
    )


def _description(notice: CandidateNotice | PanelNotice) -> str:
    day, clocks = day_with_weekday(notice.slot.start_at), _range(notice.slot)
    panel, telephones = one_line(notice.panel), _telephones(notice)
    link = (notice.link,) if notice.link else ()
    zh, en = [f"{day.zh} {clocks.zh}"], [f"{day.en}, {clocks.en}"]
    if isinstance(notice, CandidateNotice):
        check_in = both_clocks(notice.check_in_at)
        zh.append(f"进入时间：{check_in.zh}")
        en.append(f"Enter at: {check_in.en}")
    zh += [f"答辩组：{panel}", *link, telephones.zh]
    en += [f"Panel: {panel}", *link, telephones.en]
    return "\n".join([*zh, "", *en])


def _place_facts(notice: CandidateNotice) -> tuple[tuple[Text, Text], ...]:
    """The place in the order, and the name to go by in the meeting (domain.md "The day": 序号+姓名)."""
    if notice.place is None:
        return ()
    nickname = f"{notice.place:02}{one_line(notice.name)}"
    return (
        (
            Text("本场序号", "Place in the order"),
            Text(
                f"第 {notice.place} 位（前面的人员如有调整，以工作人员通知为准）",
                f"No. {notice.place} (if somebody before you is moved, staff will tell you)",
            ),
        ),
        (
            Text("入会昵称", "Name in the meeting"),
            Text(f"{nickname}（序号+姓名）", f"{nickname} (place and name)"),
        ),
    )


def _change_fact(notice: CandidateNotice | PanelNotice) -> tuple[tuple[Text, Text], ...]:
    """Which time no longer holds, or that the time stays when something else changed."""
    if notice.kind is not NoticeKind.CHANGE or notice.previous is None:
        return ()
    label = Text("原定时间", "Formerly")
    if notice.previous == notice.slot:
        return ((label, Text("时间不变", "the same time")),)
    day, clocks = day_with_weekday(notice.previous.start_at), _range(notice.previous)
    return ((label, Text(f"{day.zh} {clocks.zh}", f"{day.en}, {clocks.en}")),)


def _platform_fact(notice: CandidateNotice | PanelNotice) -> tuple[tuple[Text, Text], ...]:
    return ((Text("方式", "Platform"), LOCATION),) if notice.link else ()


def _telephones(notice: CandidateNotice | PanelNotice) -> Text:
    centre, support = "、".join(notice.telephones), "、".join(notice.support_telephones)
    return Text(
        f"咨询电话：评价中心 {centre}；技术支持 {support}。",
        f"Telephone: centre {centre.replace('、', ', ')}; technical support {support.replace('、', ', ')}.",
    )


def _day(at: datetime) -> Text:
    """The day without its weekday, as a letter is dated."""
    day = day_with_weekday(at)
    return Text(day.zh.partition(" ")[0], day.en.partition(", ")[2])


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

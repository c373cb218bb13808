"""What a mail to a candidate or a panelist says: Chinese first, then English, as text and as HTML.

The words are in `notice_wordings`, once; the two templates in `templates/email/` only lay them out, so that
the plain and the HTML part of a mail can never say different things.

Source: domain.md "A notice to a candidate holds".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from defense.domain.clocks import both_clocks, both_clocks_range, day_with_weekday
from defense.domain.people import Period
from defense.domain.text import Text
from defense.integrations.header_text import one_line
from defense.integrations.notice_wordings import STANDARD, Audience, NoticeKind, Wording
from defense.settings import PROJECT_DIR

LOCATION = Text("视频会议（从本人专用链接进入）", "video meeting (entered by your personal link)")
CENTRE = Text("自治区职称社会化评价中心", "Title Evaluation Centre of the Autonomous Region")
"""Who signs; in the body it is 评价中心 only."""


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


def render_candidate_notice(notice: CandidateNotice, wording: Wording | None = None) -> RenderedNotice:
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
    event_name = Text("职称评审视频答辩", "Video defence")
    return _render(notice, facts, wording or STANDARD[Audience.CANDIDATE, notice.kind], event_name)


def render_panel_notice(notice: PanelNotice, wording: Wording | None = None) -> RenderedNotice:
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
    wording = wording or STANDARD[notice.audience, notice.kind]
    return _render(notice, facts, wording, _EVENT_NAMES[notice.audience])


_EVENT_NAMES = {
    Audience.PANELIST: Text("视频答辩评审", "Defence panel"),
    Audience.SECRETARY: Text("视频答辩秘书工作", "Secretary of a defence panel"),
    Audience.ATTENDEE: Text("视频答辩（到场）", "Attending a video defence"),
}


def _render(
    notice: CandidateNotice | PanelNotice,
    facts: tuple[tuple[Text, Text], ...],
    wording: Wording,
    event_name: Text,
) -> RenderedNotice:
    cancelled = notice.kind is NoticeKind.CANCEL
    clocks = both_clocks(notice.slot.start_at)
    day = day_with_weekday(notice.slot.start_at)
    name = one_line(notice.name)
    fill = _facts_for_words(notice)
    content = _Content(
        title=wording.title.format(**fill),
        greeting=Text(f"{name}，您好：", f"Dear {name},"),
        intro=wording.intro.format(**fill),
        facts=(*facts, *_change_fact(notice), *_platform_fact(notice)),
        remarks=(*(remark.format(**fill) for remark in wording.remarks), _telephones(notice)),
        closing=(CENTRE, _day(notice.written_at)),
    )
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


@dataclass(frozen=True)
class ResultNotice:
    """The facts of a result letter: the conclusion as the candidate's own page says it, nothing of votes."""

    round_name: Text
    name: str
    series: str
    specialty: str
    level: Text
    panel: str
    slot: Period
    conclusion: Text
    written_at: datetime
    link: str
    """To the candidate's own page; empty where their personal link has died."""
    telephones: tuple[str, ...]
    support_telephones: tuple[str, ...]


def render_result_notice(notice: ResultNotice, wording: Wording | None = None) -> RenderedNotice:
    """The letter to a candidate when the centre releases the results."""
    wording = wording or STANDARD[Audience.CANDIDATE, NoticeKind.RESULT]
    day, name = day_with_weekday(notice.slot.start_at), one_line(notice.name)
    fill = _facts_for_words(notice)
    content = _Content(
        title=wording.title.format(**fill),
        greeting=Text(f"{name}，您好：", f"Dear {name},"),
        intro=wording.intro.format(**fill),
        facts=(
            (Text("姓名", "Name"), _same(notice.name)),
            (Text("申报系列（专业）", "Series (specialty)"), _same(f"{notice.series}（{notice.specialty}）")),
            (Text("级别", "Level"), notice.level),
            (Text("答辩日期", "Day of the defence"), day),
            (Text("答辩时段", "Slot"), _range(notice.slot)),
            (Text("结论", "Conclusion"), notice.conclusion),
        ),
        remarks=(*(remark.format(**fill) for remark in wording.remarks), _telephones(notice)),
        closing=(CENTRE, _day(notice.written_at)),
    )
    values = {"content": content, "link": notice.link}
    title = content.title
    return RenderedNotice(
        subject=f"{title.zh} / {title.en}",
        summary=f"{title.zh} / {title.en}",
        text=_environment().get_template("notice.txt").render(values),
        html=_environment().get_template("notice.html").render(values),
    )


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


def _telephones(notice: CandidateNotice | PanelNotice | ResultNotice) -> Text:
    centre, support = "、".join(notice.telephones), "、".join(notice.support_telephones)
    return Text(
        f"咨询电话：评价中心 {centre}；技术支持 {support}。",
        f"Telephone: centre {centre.replace('、', ', ')}; technical support {support.replace('、', ', ')}.",
    )


def _facts_for_words(notice: CandidateNotice | PanelNotice | ResultNotice) -> dict[str, object]:
    """What `notice_wordings.PLACEHOLDERS` stand for."""
    return {
        "round": notice.round_name,
        "name": one_line(notice.name),
        "day": day_with_weekday(notice.slot.start_at),
        "clocks": both_clocks(notice.slot.start_at),
        "panel": one_line(notice.panel),
        "telephones": "、".join(notice.telephones),
    }


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

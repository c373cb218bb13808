"""The standard words of every letter; staff may put their own in their place, round by round.

A wording may name facts in braces (`PLACEHOLDERS`); everything else that a letter holds (the table of facts,
the link, the telephone numbers) is put there by `integrations.notices`: no change of words can lose it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter

from defense.domain.errors import InvalidInput
from defense.domain.text import Text

PLACEHOLDERS = {
    "round": Text("批次名称", "name of the round"),
    "name": Text("收件人姓名", "name of the recipient"),
    "day": Text("日期和星期", "day with weekday"),
    "clocks": Text("北京时间和新疆时间", "time on both clocks"),
    "panel": Text("答辩组", "panel"),
    "telephones": Text("评价中心电话", "telephone numbers of the centre"),
}
MAX_TITLE, MAX_PARAGRAPH, MAX_REMARKS = 60, 600, 8


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
    RESULT = "result"
    """The centre has released the results."""


LetterName = tuple[Audience, NoticeKind]


@dataclass(frozen=True)
class Wording:
    """What a letter says around its facts. The title is one line; so is each remark."""

    title: Text
    intro: Text
    remarks: tuple[Text, ...]


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
    (Audience.CANDIDATE, NoticeKind.RESULT): Text("视频答辩结果通知", "The result of your video defence"),
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
    (Audience.CANDIDATE, NoticeKind.RESULT): Text(
        "{round}视频答辩结果已公布，您的结论如下。如有疑问，请致电评价中心。",
        "{round}: the results of the video defences are out; yours is below. Telephone the centre if in"
        " doubt.",
    ),
}

_ALIKE_FOR_ALL = {
    NoticeKind.PLEASE_CONFIRM: (
        Text("请确认是否参加视频答辩", "Please say whether you will come to the video defence"),
        Text(
            "{round}视频答辩安排如下，尚未收到您的答复，请尽快确认是否参加。",
            "{round}: your answer to the arrangement below has not come yet; please say soon whether you"
            " will come.",
        ),
    ),
    NoticeKind.TIME_STAYS: (
        Text("视频答辩时间不变", "The time of the video defence stays"),
        Text(
            "您对{round}视频答辩提出的调整申请收悉。经研究，时间不变，请按下列安排参加。",
            "{round}: the centre has considered your request for another time. The time stays; please"
            " come as arranged below.",
        ),
    ),
}
"""Title and intro."""

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
_PANEL_REMARKS = {
    Audience.PANELIST: _PANELIST_REMARKS,
    Audience.SECRETARY: _PANELIST_REMARKS[1:],
    Audience.ATTENDEE: _ATTENDEE_REMARKS,
}


def _remarks(audience: Audience, kind: NoticeKind) -> tuple[Text, ...]:
    if kind in (NoticeKind.CANCEL, NoticeKind.RESULT):
        return ()
    asking = (_CONFIRM_REMARK,) if kind in _ASKING else ()
    own = _CANDIDATE_REMARKS if audience is Audience.CANDIDATE else _PANEL_REMARKS[audience]
    return (*asking, *own, _LINK_REMARK)


STANDARD: Mapping[LetterName, Wording] = {
    name: Wording(title, _INTROS[name], _remarks(*name)) for name, title in _TITLES.items()
} | {
    (audience, kind): Wording(title, intro, _remarks(audience, kind))
    for audience in Audience
    for kind, (title, intro) in _ALIKE_FOR_ALL.items()
}
"""Every letter there is."""


def check_wording(wording: Wording) -> None:
    """Refuse a wording that could not be sent.

    Raises
    ------
    InvalidInput
        Naming the field, the language and what is wrong.
    """
    if len(wording.remarks) > MAX_REMARKS:
        raise InvalidInput(
            Text(f"注意事项最多 {MAX_REMARKS} 条。", f"There can be {MAX_REMARKS} remarks at most.")
        )
    _check_field(Text("标题", "Title"), wording.title, MAX_TITLE)
    _check_field(Text("正文", "Text"), wording.intro, MAX_PARAGRAPH)
    for number, remark in enumerate(wording.remarks, start=1):
        _check_field(Text(f"第 {number} 条注意事项", f"Remark {number}"), remark, MAX_PARAGRAPH)


def _check_field(field: Text, text: Text, limit: int) -> None:
    for language, words in ((Text("中文", "Chinese"), text.zh), (Text("英文", "English"), text.en)):
        problem = _problem_of(words, limit)
        if problem is not None:
            raise InvalidInput(
                Text("{field}（{language}）：{problem}", "{field} ({language}): {problem}").format(
                    field=field, language=language, problem=problem
                )
            )


def _problem_of(words: str, limit: int) -> Text | None:
    if not words.strip():
        return Text("不能为空。", "it cannot be empty.")
    if len(words) > 2 * limit:
        return Text(f"过长，最多 {2 * limit} 个字符。", f"too long; at most {2 * limit} characters.")
    if re.search(r"[\x00-\x1f\x7f\u2028\u2029]", words):
        return Text("不能换行或含控制字符。", "it has to be one line, without control characters.")
    try:
        parts = list(Formatter().parse(words))
    except ValueError:
        return Text(
            "花括号不成对；如需花括号本身，请写两个。", "a brace has no partner; write a brace itself twice."
        )
    for _literal, name, spec, conversion in parts:
        if name is not None and (name not in PLACEHOLDERS or spec or conversion):
            known = " ".join(f"{{{known}}}" for known in PLACEHOLDERS)
            return Text(f"{{{name}}} 不是可用的占位符，可用：{known}", f"{{{name}}} is none of: {known}")
    return None

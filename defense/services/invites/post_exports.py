"""Mails, answers and incoming mail as workbooks: what their pages show, with personal values masked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.identity import mask_email, mask_phone
from defense.domain.round_rules import BEIJING
from defense.integrations.notice_wordings import Audience
from defense.integrations.workbooks import Tables
from defense.models import OutboxMessage, Round
from defense.services.invites.answer_desk import (
    READ_AT_ONCE,
    AnswerFilter,
    AnswerRow,
    all_answers,
    declined_panelists,
    open_requests,
)
from defense.services.invites.appointments import Appointment
from defense.services.invites.following import people_to_telephone
from defense.services.invites.inbox import Verdict
from defense.services.invites.inbox_desk import VERDICT_TEXT, open_mails
from defense.services.invites.outbox import MessageState
from defense.services.invites.outbox_care import messages_of
from defense.services.invites.post import LetterKind
from defense.services.invites.replies import ANSWER_TEXT, Answer, Via, asked_spans
from defense.services.wording import ROLE_TEXT
from defense.settings import Settings

TELEPHONE = "telephone"
"""The filter of the mails' page that shows people instead of mails."""

MAIL_HEADERS = (
    "收件人", "岗位", "邮箱", "内容", "生成时间（北京时间）", "状态", "邮件服务器答复", "尝试次数",
    "下次发送（北京时间）", "处理说明",
)  # fmt: skip
TELEPHONE_HEADERS = ("姓名", "编号", "岗位", "电话", "答辩组", "时间（北京时间）")
_PLACE = ("姓名", "身份", "答辩组", "开始时间（北京时间）", "结束时间（北京时间）")
ANSWER_HEADERS = (*_PLACE, "答复", "答复方式", "答复时间（北京时间）", "说明")
DECLINED_HEADERS = (*_PLACE, "电话", "说明")
REQUEST_HEADERS = (*_PLACE, "希望的时间", "原因", "答复方式", "答复时间（北京时间）")
INBOX_HEADERS = ("收到时间（北京时间）", "内容", "受邀人", "岗位", "发件人、主题与正文开头")

# As the pages have them.
_STATE_WORDS = {
    MessageState.QUEUED: "待发送",
    MessageState.SENT: "已发送",
    MessageState.FAILED: "失败",
    MessageState.BOUNCED: "被退回",
    MessageState.GIVEN_UP: "已另行通知",
    MessageState.SUPERSEDED: "未发出即被取代",
}
_KIND_WORDS = {
    LetterKind.INVITE: "答辩通知",
    LetterKind.CHANGE: "变更通知",
    LetterKind.CANCEL: "取消通知",
    LetterKind.REMINDER_DAY: "提醒（前一工作日）",
    LetterKind.REMINDER_SOON: "提醒（当日）",
    LetterKind.PLEASE_CONFIRM: "请确认",
    LetterKind.TIME_STAYS: "时间不变",
    LetterKind.RESULT: "结果",
}
_AUDIENCE_WORDS = {
    Audience.CANDIDATE: "视频答辩",
    Audience.PANELIST: "答辩评审",
    Audience.SECRETARY: "答辩组秘书工作",
    Audience.ATTENDEE: "视频答辩（到场）",
}
_VIA_WORDS = {Via.MAIL: "邮件答复", Via.PAGE: "网页答复", Via.STAFF: "电话答复"}


def export_mails(session: Session, round_: Round, state: str) -> Tables:
    """The mails that a filter lets through, all pages of them; `state` as `messages_of` takes it."""
    query = messages_of(round_, state).execution_options(yield_per=READ_AT_ONCE)
    rows = (_mail(message) for message in session.scalars(query))
    return {"通知": (MAIL_HEADERS, rows)}


def export_people_to_telephone(session: Session, round_: Round, settings: Settings) -> Tables:
    """Whom no mail can reach; telephone numbers are masked as on the page."""
    rows = [_to_telephone(a) for a in people_to_telephone(session, round_, settings)]
    return {"电话通知名单": (TELEPHONE_HEADERS, rows)}


def export_answers(session: Session, round_: Round, wanted: AnswerFilter, now: datetime) -> Tables:
    """The answers that a filter lets through; who will not come, and the open requests, are all there.

    Parameters
    ----------
    now : aware; refusals of sittings that are over are left out, as on the page.
    """
    answers = (_answer(row) for row in all_answers(session, round_, wanted))
    declined = [
        (*_place(row), row.masked_phone, row.newest.comment if row.newest else "")
        for row in declined_panelists(session, round_, now)
    ]
    requests = [
        (
            *_place(row),
            _spans((span.start_at, span.end_at) for span in asked_spans(reply)),
            reply.comment,
            _VIA_WORDS[Via(reply.via)],
            reply.received_at,
        )
        for row, reply in open_requests(session, round_)
    ]
    return {
        "参加答复": (ANSWER_HEADERS, answers),
        "不能参加评审": (DECLINED_HEADERS, declined),
        "调整时间申请": (REQUEST_HEADERS, requests),
    }


def export_inbox(session: Session, round_: Round) -> Tables:
    """The incoming mails that nobody has dealt with, all of them; senders are masked in the excerpts."""
    rows = (
        (
            row.mail.received_at,
            VERDICT_TEXT[Verdict(row.mail.verdict)].zh,
            row.account.display_name if row.account else None,
            ROLE_TEXT[row.account.role].zh if row.account else None,
            row.mail.excerpt,
        )
        for row in open_mails(session, round_, limit=None)
    )
    return {"来信": (INBOX_HEADERS, rows)}


def _mail(message: OutboxMessage) -> tuple[Any, ...]:
    is_put_off = message.state == MessageState.QUEUED and message.attempts > 0
    return (
        message.account.display_name,
        ROLE_TEXT[message.account.role].zh,
        mask_email(message.to_address),
        _KIND_WORDS[LetterKind(message.kind)],
        message.queued_at,
        _STATE_WORDS[MessageState(message.state)],
        message.last_answer if message.state != MessageState.SENT else None,
        message.attempts,
        message.next_attempt_at if is_put_off else None,
        message.settled_note,
    )


def _to_telephone(appointment: Appointment) -> tuple[Any, ...]:
    return (
        appointment.name,
        appointment.number,
        ROLE_TEXT[appointment.account.role].zh,
        mask_phone(appointment.phone),
        appointment.sitting.panel.name,
        appointment.slot.start_at,
    )


def _answer(row: AnswerRow) -> tuple[Any, ...]:
    answer, newest = row.invite.answer, row.newest if row.invite.answer else None
    if newest is None:
        return (*_place(row), ANSWER_TEXT[Answer(answer)].zh if answer else "未答复", None, None, None)
    stays = "已告知时间不变" if newest.settled_as == "kept" and answer == Answer.OTHER_TIME else ""
    words = "；".join(filter(None, (stays, newest.comment)))
    told = (_VIA_WORDS[Via(newest.via)], newest.received_at, words)
    return (*_place(row), ANSWER_TEXT[Answer(str(answer))].zh, *told)


def _place(row: AnswerRow) -> tuple[Any, ...]:
    invite = row.invite
    return (row.masked_name, _AUDIENCE_WORDS[row.audience], row.panel.name, invite.start_at, invite.end_at)


def _spans(spans: Iterable[tuple[datetime, datetime]]) -> str:
    """Several times in one cell, a line each."""
    lines = [
        f"{start.astimezone(BEIJING):%Y-%m-%d %H:%M}–{end.astimezone(BEIJING):%H:%M}" for start, end in spans
    ]
    return "\n".join(lines) or "其他任何时间"

"""The audit log in words: what was done, to whom, and the details without their codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from defense.domain.lifecycle import MOVE_TEXT
from defense.domain.text import Text
from defense.models import (
    Account,
    Application,
    AuditEntry,
    Defence,
    Expert,
    Invite,
    OutboxMessage,
    Panel,
    Round,
    Sitting,
)
from defense.web.audit_details import detail_name, detail_value
from defense.web.format import localise

_ACTION_TEXT = {
    "absence.noted": Text("登记缺席", "absence noted"),
    "absence.withdrawn": Text("撤销缺席登记", "absence taken back"),
    "account.created": Text("新建账号", "account created"),
    "account.closed": Text("停用账号", "account closed"),
    "account.email_set": Text("登记办公人员邮箱", "e-mail address of the office set"),
    "account.opened": Text("启用账号", "account opened again"),
    "account.password_set": Text("设置密码", "password set"),
    "applications.checked": Text("重新核查申报材料", "applications checked again"),
    "assessments.changed": Text("核查结果变更", "findings changed"),
    "account.personal_granted": Text("授予查看完整个人信息的权限", "may see whole personal data from now on"),
    "account.personal_withdrawn": Text("收回查看完整个人信息的权限", "may see whole personal data no more"),
    "attendee.added": Text("新增到场人员", "attendee added"),
    "attendee.named": Text("指定到场人员", "attendee named"),
    "attendee.released": Text("取消指定到场人员", "attendee no longer named"),
    "ballot.broken_off": Text("表决中止作废", "ballot broken off"),
    "ballot.nudged": Text("提醒未投票专家", "members without a ballot reminded"),
    "ballot.opened": Text("开始表决", "ballot opened"),
    "ballot.cast": Text("投票", "ballot cast"),
    "ballot.closed": Text("结束表决", "ballot closed"),
    "bell.rung": Text("响铃", "bell rung"),
    "clock.paused": Text("暂停计时", "clock stopped"),
    "clock.resumed": Text("继续计时", "clock started again"),
    "calendar.overwritten": Text("覆盖日历服务器上的改动", "change on the calendar server overwritten"),
    "documents.written": Text("生成文书", "documents written"),
    "export.taken": Text("导出表格", "table exported"),
    "template.kept": Text("上传文书模板", "document template kept"),
    "template.used": Text("更换文书模板", "document template put in use"),
    "feed.opened": Text("开通日历订阅", "calendar feed opened"),
    "feed.revoked": Text("作废日历订阅", "calendar feed revoked"),
    "half_day.added": Text("新增场次", "half-days made"),
    "half_day.cancelled": Text("取消场次", "half-day cancelled"),
    "half_day.restored": Text("恢复场次", "half-day used again"),
    "import.applied": Text("导入数据", "data imported"),
    "import.marked_copy": Text("下载标注表格（含完整个人信息）", "marked workbook taken, data unmasked"),
    "invite.answered": Text("答复邀请", "invite answered"),
    "invite.reminded": Text("催请答复", "asked for the answer"),
    "invite.time_kept": Text("不改时间", "time kept"),
    "invites.reminded": Text("催请全部未答复者", "everybody without an answer asked"),
    "text_messages.exported": Text("导出短信名单", "list for text messages exported"),
    "wording.changed": Text("修改通知文字", "letter’s words changed"),
    "invites.refreshed": Text("更新邀请", "invites refreshed"),
    "link.issued": Text("发放个人链接", "personal link handed out"),
    "link.revoked": Text("作废个人链接", "personal links revoked"),
    "mail.bounced": Text("邮件被退回", "mail came back"),
    "mail.given_up": Text("放弃发送，已另行通知", "mail given up, told otherwise"),
    "mail.retried": Text("重发邮件", "mail sent again"),
    "mail.settled": Text("来信已处理", "incoming mail dealt with"),
    "priority.set": Text("设置排期优先级", "priority set"),
    "recusal.declared": Text("登记回避", "recusal declared"),
    "meeting.stuck": Text("会议平台未能完成操作，请处理", "a provider cannot; staff have to act"),
    "meeting.switched": Text("改用另一会议平台", "meeting goes to the other provider"),
    "meeting.tried_again": Text("立即重试会议平台", "provider asked again at once"),
    "panel.room_forgotten": Text("删除固定会议室", "standing conference room deleted"),
    "panel.room_kept": Text("保存固定会议室", "standing conference room kept"),
    "record.attachment_opened": Text("调阅附件", "attachment looked at"),
    "record.attachments_imported": Text("导入附件", "attachments taken in"),
    "personal.shown": Text("查看完整个人信息", "whole value of personal data looked at"),
    "record.phone_shown": Text("查看完整联系电话", "whole telephone number looked at"),
    "reopening.asked": Text("申请重新表决或二次答辩", "re-vote or second defence asked for"),
    "reopening.granted": Text("批准重新表决或二次答辩", "re-vote or second defence granted"),
    "reopening.refused": Text("不批准重新表决或二次答辩", "re-vote or second defence refused"),
    "reopening.spent": Text("安排二次答辩", "second defence seated"),
    "results.released": Text("公布结果", "results released"),
    "retention.confirmed": Text("确认删除个人信息", "deletion of personal data confirmed"),
    "retention.erased": Text("个人信息已删除", "personal data deleted"),
    "retention.exported": Text("导出批次存档（含完整个人信息）", "archive of the round taken, data unmasked"),
    "retention.period_set": Text("修改个人信息保存期限", "retention period changed"),
    "round.created": Text("新建批次", "round created"),
    "round.meetings_changed": Text("修改会议平台设置", "video meeting settings changed"),
    "round.scheduling_changed": Text("修改排期设置", "settings of the timetable changed"),
    "round.settings_changed": Text("修改批次设置", "settings of the round changed"),
    "ruling.fee": Text("裁定：缴费", "ruling on the fee"),
    "ruling.requirement": Text("裁定：是否答辩", "ruling on the defence"),
    "ruling.validity": Text("变更材料审核结论", "ruling on validity"),
    "schedule.published": Text("发布排期", "timetable published"),
    "schedule.saved": Text("保存排期", "timetable saved"),
    "chain.begun": Text("开始场次记录", "log of a sitting begun"),
    "sitting.sealed": Text("封存场次", "sitting sealed"),
    "sign_in.failed": Text("登录失败", "sign-in failed"),
    "sign_in.started": Text("登录", "signed in"),
    "solve.cancelled": Text("取消求解", "solving cancelled"),
    "solve.kept": Text("停止求解并保留方案", "solving stopped, best so far kept"),
    "solve.started": Text("开始求解", "solving started"),
    "wish.noted": Text("登记时间意愿", "wish noted"),
    "wish.withdrawn": Text("撤销时间意愿", "wish taken back"),
    "upstream.changed": Text("平台的变动已采用", "change of the platform taken in"),
    "upstream.differs": Text("平台有变动，待处理", "changed at the platform, waits"),
    "upstream.fee_paid": Text("平台确认已缴费", "fee paid, by the platform"),
    "upstream.pulled": Text("读取平台申报材料", "platform read"),
    "upstream.settled": Text("处理平台变动", "change of the platform decided on"),
    "upstream.taken": Text("从平台取得申报", "application from the platform"),
    "upstream.given_up": Text("放弃向平台推送", "platform not told, given up"),
    "upstream.retried": Text("重新向平台推送", "platform told again"),
} | {f"defence.{move}": text for move, text in MOVE_TEXT.items()}

_KIND_TEXT = {
    "account": Text("账号", "account"),
    "application": Text("申报人", "applicant"),
    "defence": Text("答辩", "defence of"),
    "expert": Text("专家", "expert"),
    "import_batch": Text("导入", "import"),
    "invite": Text("邀请", "invite of"),
    "office": Text("评价中心", "the office"),
    "outbox_message": Text("邮件", "mail to"),
    "panel": Text("答辩组", "panel"),
    "received_mail": Text("来信", "incoming mail"),
    "round": Text("批次", "round"),
    "schedule": Text("排期", "timetable"),
    "sitting": Text("场次", "sitting of"),
    "solve_run": Text("求解", "solver run"),
    "username": Text("未知用户名", "unknown user name"),
}

# Details that are the id of something with a name.
_NAMED_DETAILS = ("application", "expert")


def action_word(action: str) -> str:
    """The action in the reader's language; one without a word of its own stays as it is."""
    return localise(_ACTION_TEXT.get(action, Text(action, action)))


class AuditWords:
    """Subjects and details of some entries in the reader's language; the names are read at once, by kind.

    Parameters
    ----------
    entries : those to be shown.
    subject : one more subject to be named, or "".
    """

    def __init__(self, session: Session, entries: Iterable[AuditEntry], subject: str = "") -> None:
        ids: dict[str, set[int]] = {}
        for entry in entries:
            _note(ids, entry.subject)
            _note(ids, entry.chain)
            for key in _NAMED_DETAILS:
                if key in entry.detail:
                    _note(ids, f"{key}:{entry.detail[key]}")
        _note(ids, subject)
        self._names = _names_of(session, ids)

    def subject(self, subject: str) -> str:
        """`申报人 张三 XJ2021-0001`; what has no name keeps its number."""
        kind, _, id_ = subject.partition(":")
        name = self._names.get(subject, id_[:8])
        return f"{localise(_KIND_TEXT[kind])} {name}".rstrip() if kind in _KIND_TEXT else subject

    def detail(self, detail: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Name and value of every detail."""
        return [(detail_name(key), self._value(key, value)) for key, value in detail.items()]

    def _value(self, key: str, value: Any) -> str:
        name = self._names.get(f"{key}:{value}") if key in _NAMED_DETAILS else None
        return name or detail_value(key, value)


def _note(ids: dict[str, set[int]], subject: str) -> None:
    kind, _, id_ = subject.partition(":")
    if id_.isdecimal() and len(id_) < 19:
        ids.setdefault(kind, set()).add(int(id_))


def _names_of(session: Session, ids: Mapping[str, set[int]]) -> dict[str, str]:
    person = Application.name + " " + Application.number
    queries: dict[str, tuple[InstrumentedAttribute[int], Any]] = {
        "account": (Account.id, select(Account.id, Account.display_name)),
        "application": (Application.id, select(Application.id, person)),
        "defence": (Defence.id, select(Defence.id, person).join(Application)),
        "expert": (Expert.id, select(Expert.id, Expert.name)),
        "outbox_message": (
            OutboxMessage.id,
            select(OutboxMessage.id, Account.display_name).join(
                Account, Account.id == OutboxMessage.account_id
            ),
        ),
        "invite": (Invite.id, select(Invite.id, Account.display_name).join(Account)),
        "panel": (Panel.id, select(Panel.id, Panel.name)),
        "round": (Round.id, select(Round.id, Round.code)),
        "sitting": (Sitting.id, select(Sitting.id, Panel.name).join(Panel)),
    }
    return {
        f"{kind}:{id_}": name
        for kind, (column, query) in queries.items()
        if kind in ids
        for id_, name in session.execute(query.where(column.in_(ids[kind])))
    }

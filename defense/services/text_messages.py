"""A list for text messages (短信): whom to send what, for the centre's own gateway."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from defense.domain.clocks import both_clocks, day_with_weekday
from defense.integrations.notice_wordings import Audience
from defense.integrations.workbooks import write_table
from defense.models import Invite, Round
from defense.services.access import invite_link, invite_link_is_live
from defense.services.appointments import Appointment, PublishedRound, key_of
from defense.services.audit import record_audit
from defense.settings import Settings

HEADERS = ("姓名", "手机号码", "身份", "日期", "北京时间", "短信内容", "个人链接（仅供本人）")
_ROLES = {
    Audience.CANDIDATE: "答辩人",
    Audience.PANELIST: "评审专家",
    Audience.SECRETARY: "秘书",
    Audience.ATTENDEE: "到场人员",
}


def export_text_messages(
    session: Session, round_: Round, settings: Settings, now: datetime, account_id: int
) -> bytes:
    """Everybody's appointments to come as a workbook with a ready text each.

    It holds names, numbers and personal links, so that who took it is in the audit log; the caller commits.
    """
    published = PublishedRound(session, round_)
    invites = {key_of(invite): invite for invite in session.query(Invite).filter_by(round_id=round_.id)}
    rows = []
    for appointment in published.appointments():
        if appointment.slot.start_at > now:
            link = _link(session, invites.get(appointment.key), settings, now)
            rows.append(_row(appointment, round_, link))
    record_audit(session, "text_messages.exported", f"round:{round_.id}", {"found": len(rows)}, account_id)
    return write_table({"短信名单": (HEADERS, rows)})


def _link(session: Session, invite: Invite | None, settings: Settings, now: datetime) -> str:
    if invite is None or invite.cancelled or not invite_link_is_live(session, invite, now):
        return ""
    return settings.public_url + invite_link(invite, settings.secret_key)


def _row(appointment: Appointment, round_: Round, link: str) -> tuple[str, ...]:
    day, clocks = day_with_weekday(appointment.slot.start_at).zh, both_clocks(appointment.slot.start_at).zh
    role = _ROLES[appointment.audience]
    what = "请您参加视频答辩" if appointment.audience is Audience.CANDIDATE else f"请您作为{role}参加视频答辩"
    text = (
        f"【职称评审】{appointment.name}：{what}，{day} {clocks}，{appointment.sitting.panel.name}。"
        f"详见邮件，咨询 {round_.rules.telephones[0]}。"
    )
    return appointment.name, appointment.phone, role, day, clocks, text, link

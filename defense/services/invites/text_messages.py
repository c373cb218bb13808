"""A list for text messages (短信): whom to send what, for the centre's own gateway."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.clocks import both_clocks, day_with_weekday
from defense.integrations.notice_wordings import Audience
from defense.integrations.workbooks import Tables
from defense.models import AccessLink, Invite, Round
from defense.services.access import invite_link
from defense.services.audit import record_audit
from defense.services.invites.appointments import Appointment, AppointmentKey, PublishedRound, key_of
from defense.services.keeping.personal import allow_file
from defense.settings import Settings

MAX_LENGTH = 140
"""Of a text: two of the gateway's parts. The telephone number is never what is cut."""
HEADERS = ("姓名", "手机号码", "身份", "日期", "北京时间", "短信内容", "个人链接（仅供本人）")
_ROLES = {
    Audience.CANDIDATE: "答辩人",
    Audience.PANELIST: "评审专家",
    Audience.SECRETARY: "秘书",
    Audience.ATTENDEE: "到场人员",
}


def export_text_messages(
    session: Session, round_: Round, settings: Settings, now: datetime, reason: str, account_id: int
) -> Tables:
    """Everybody's appointments to come as a workbook with a ready text each.

    It holds names, numbers and personal links, so that who took it is in the audit log; the caller commits.

    Raises
    ------
    Forbidden, InvalidInput
        No permission to see whole personal data, or no reason.
    """
    detail = allow_file(session, account_id, reason)
    published = PublishedRound(session, round_)
    links = _live_links(session, round_, settings, now)
    rows = [
        _row(appointment, round_, links.get(appointment.key, ""))
        for appointment in published.appointments()
        if appointment.slot.end_at > now
    ]
    detail |= {"rows": len(rows)}
    record_audit(session, "text_messages.exported", f"round:{round_.id}", detail, account_id)
    return {"短信名单": (HEADERS, rows)}


def _live_links(
    session: Session, round_: Round, settings: Settings, now: datetime
) -> dict[AppointmentKey, str]:
    invites = session.scalars(
        select(Invite)
        .join(AccessLink, AccessLink.invite_id == Invite.id)
        .where(
            Invite.round_id == round_.id,
            ~Invite.cancelled,
            AccessLink.revoked_at.is_(None),
            AccessLink.expires_at > now,
        )
    )
    return {
        key_of(invite): settings.public_url + invite_link(invite, settings.secret_key) for invite in invites
    }


def _row(appointment: Appointment, round_: Round, link: str) -> tuple[str, ...]:
    day, clocks = day_with_weekday(appointment.slot.start_at).zh, both_clocks(appointment.slot.start_at).zh
    role = _ROLES[appointment.audience]
    what = "请您参加视频答辩" if appointment.audience is Audience.CANDIDATE else f"请您作为{role}参加视频答辩"
    early = round_.rules.defence.check_in_min if appointment.audience is Audience.CANDIDATE else 0
    enter = f"请提前 {early} 分钟进入。" if early else ""
    head = f"【职称评审】{appointment.name}：{what}，{day} {clocks}，{appointment.sitting.panel.name}"
    tail = f"。{enter}详见邮件，咨询 {round_.rules.telephones[0]}。"
    text = head[: MAX_LENGTH - len(tail)] + tail
    return appointment.name, appointment.phone, role, day, clocks, text, link

"""What of the reply mailbox is left for staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from defense.domain.errors import NotFound
from defense.domain.text import Text
from defense.models import Account, Invite, ReceivedMail, Round
from defense.services.audit import record_audit
from defense.services.invites.inbox import FOR_STAFF, Verdict

VERDICT_TEXT = {
    Verdict.LETTER: Text("普通来信", "a letter"),
    Verdict.NOT_FROM_ATTENDEE: Text(
        "答复未采用：发件人不是受邀邮箱", "answer not taken: not sent from the invited address"
    ),
    Verdict.NO_ANSWER: Text(
        "答复未采用：既不是参加，也不是不参加", "answer not taken: neither yes nor no, perhaps delegated"
    ),
    Verdict.UNKNOWN_EVENT: Text(
        "答复未采用：不是本系统的邀请", "answer to an invite this service does not know"
    ),
    Verdict.REPLY_AHEAD: Text(
        "答复未采用：版本号不是本系统发出的", "answer not taken: to a revision that was never sent"
    ),
    Verdict.UNKNOWN_BOUNCE: Text("退信：找不到原邮件", "a mail came back, and which one cannot be told"),
    Verdict.UNREADABLE: Text("无法读取的邮件", "a mail that cannot be read"),
}


@dataclass(frozen=True)
class OpenMail:
    """A mail to be looked at, and whose invite it is about, if any."""

    mail: ReceivedMail
    account: Account | None


def open_mails(session: Session, round_: Round, limit: int | None = 200) -> Sequence[OpenMail]:
    """The mails about a round's invites, and those about none, that nobody has dealt with; oldest first.

    A mail about no invite belongs to no round, and so is listed with every one until somebody deals with it.
    """
    rows = session.execute(
        select(ReceivedMail, Account)
        .outerjoin(Invite, Invite.id == ReceivedMail.invite_id)
        .outerjoin(Account, Account.id == Invite.account_id)
        .where(_is_open(round_))
        .order_by(ReceivedMail.received_at, ReceivedMail.key)
        .limit(limit)
    )
    return [OpenMail(mail, account) for mail, account in rows]


def count_open_mails(session: Session, round_: Round) -> int:
    """How many of them there are."""
    query = (
        select(func.count())
        .select_from(ReceivedMail)
        .outerjoin(Invite, Invite.id == ReceivedMail.invite_id)
        .where(_is_open(round_))
    )
    return session.scalar(query) or 0


def settle_mail(session: Session, round_: Round, key: str, now: datetime, account_id: int) -> None:
    """Note that staff have dealt with a mail; a second time changes nothing. The caller commits.

    Raises
    ------
    NotFound
        There is no such mail, or it belongs to another round.
    """
    mail = session.scalar(select(ReceivedMail).where(ReceivedMail.key == key).with_for_update())
    invite = session.get(Invite, mail.invite_id) if mail is not None and mail.invite_id else None
    if mail is None or (invite is not None and invite.round_id != round_.id):
        raise NotFound(Text("没有这封来信，请刷新页面。", "There is no such incoming mail; reload the page."))
    if mail.settled_at is None:
        mail.settled_at = now
        record_audit(session, "mail.settled", f"received_mail:{key[:16]}", {}, account_id)


def _is_open(round_: Round) -> ColumnElement[bool]:
    return (
        ReceivedMail.settled_at.is_(None)
        & ReceivedMail.verdict.in_(FOR_STAFF)
        & or_(ReceivedMail.invite_id.is_(None), Invite.round_id == round_.id)
    )

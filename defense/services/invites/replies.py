"""What people answer to their invites: they come, they do not, or they ask for another time.

An answer counts for the revision that it was given to, and the newest one holds; a late mail cannot overturn
what was said after it. Only a candidate's wish for another time goes into the timetable's data: whether an
expert is away, which may break up a panel, is for staff to note (`defense.services.timetable.availability`).

Source: invites.md "Life"; RFC 5546 sections 2.1.5 and 3.2.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.people import Period
from defense.domain.text import Text
from defense.models import CandidateWish, Invite, InviteReply
from defense.services.audit import record_audit

MAX_COMMENT = 500
ASKED_BY = {
    "mail": "本人（邮件回复）",
    "page": "本人（网页）",
    "staff": "本人（电话）",
}


class Answer(StrEnum):
    """What a person says to an invite."""

    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"
    OTHER_TIME = "other_time"
    """Asks for another time, and comes at this one unless told otherwise."""


class Via(StrEnum):
    """How an answer came in."""

    MAIL = "mail"
    PAGE = "page"
    STAFF = "staff"


ANSWER_TEXT = {
    Answer.ACCEPTED: Text("确认参加", "will come"),
    Answer.TENTATIVE: Text("暂定", "perhaps"),
    Answer.DECLINED: Text("不能参加", "cannot come"),
    Answer.OTHER_TIME: Text("申请调整时间", "asks for another time"),
}
VIA_TEXT = {
    Via.MAIL: Text("邮件", "mail"),
    Via.PAGE: Text("网页", "page"),
    Via.STAFF: Text("电话（工作人员登记）", "telephone, noted by staff"),
}


@dataclass(frozen=True)
class Reply:
    """One answer as it came in.

    Parameters
    ----------
    given_at : when the person gave it: DTSTAMP of a mail, the moment of a click.
    proposed : the time that is asked for, if one is named.
    suits : half-days each of which would do.
    account_id : the member of staff who noted it down.
    """

    answer: Answer
    via: Via
    sequence: int
    given_at: datetime
    comment: str = ""
    proposed: Period | None = None
    suits: tuple[Period, ...] = ()
    account_id: int | None = None

    @property
    def said(self) -> str:
        """The comment as it is kept."""
        return self.comment.strip()[:MAX_COMMENT]


def take_reply(session: Session, invite: Invite, reply: Reply, now: datetime) -> InviteReply | None:
    """Record an answer; None when a newer revision or a newer answer has overtaken it. The caller commits.

    The same answer of the same moment once more is the row that it made before: a request that staff have
    settled is not opened again. A candidate's wish for another time goes into the timetable's wishes, where
    rescheduling finds it; it leaves them when the candidate comes after all or asks for something else.
    """
    session.execute(select(Invite.id).where(Invite.id == invite.id).with_for_update())
    session.refresh(invite)
    if invite.cancelled or reply.sequence != invite.sequence or _is_older(invite, reply):
        return None
    repeated = _repeated(session, invite, reply)
    if repeated is not None:
        return repeated
    if reply.answer in (Answer.ACCEPTED, Answer.OTHER_TIME):
        for request in _open_requests(session, invite):
            _withdraw_wishes(request)
    _settle_open_requests(session, invite, "kept", now)
    row = InviteReply(
        invite=invite,
        via=reply.via,
        sequence=reply.sequence,
        answer=reply.answer,
        comment=reply.said,
        proposed_start_at=reply.proposed.start_at if reply.proposed else None,
        proposed_end_at=reply.proposed.end_at if reply.proposed else None,
        suits_json=[[span.start_at.isoformat(), span.end_at.isoformat()] for span in reply.suits],
        received_at=now,
        account_id=reply.account_id,
    )
    session.add(row)
    invite.answer, invite.answered_at = reply.answer, reply.given_at
    if reply.answer is Answer.OTHER_TIME:
        _note_wishes(invite, reply)
    session.flush()
    record_audit(
        session,
        "invite.answered",
        f"invite:{invite.id}",
        {"answer": reply.answer, "via": reply.via, "sequence": reply.sequence},
        invite.account_id if reply.via is Via.PAGE else reply.account_id,
    )
    return row


def forget_answer(session: Session, invite: Invite, now: datetime) -> None:
    """A new revision has not been answered yet; whoever asked for another time has been given one."""
    invite.answer = invite.answered_at = None
    _settle_open_requests(session, invite, "moved", now)


def keep_time(session: Session, request: InviteReply, now: datetime, account_id: int) -> None:
    """Staff turn a request for another time down; the caller tells the person."""
    request.settled_as, request.settled_at = "kept", now
    _withdraw_wishes(request)
    record_audit(session, "invite.time_kept", f"invite:{request.invite_id}", {}, account_id)


def asked_spans(request: InviteReply) -> list[Period]:
    """The times that a request asks for, any of which would do; none if it names no time."""
    spans = [Period(*map(datetime.fromisoformat, pair)) for pair in request.suits_json or ()]
    if request.proposed_start_at is not None and request.proposed_end_at is not None:
        spans.insert(0, Period(request.proposed_start_at, request.proposed_end_at))
    return spans


def _is_older(invite: Invite, reply: Reply) -> bool:
    return invite.answered_at is not None and reply.given_at < invite.answered_at


def _repeated(session: Session, invite: Invite, reply: Reply) -> InviteReply | None:
    """The newest answer, if this one is it again, as when a mail comes under a second Message-ID."""
    if reply.given_at != invite.answered_at:
        return None
    newest = session.scalar(
        select(InviteReply).where(InviteReply.invite_id == invite.id).order_by(InviteReply.id.desc()).limit(1)
    )
    if newest is None or (newest.via, newest.sequence, newest.answer) != (
        reply.via,
        reply.sequence,
        reply.answer,
    ):
        return None
    asked = [reply.proposed, *reply.suits] if reply.proposed else list(reply.suits)
    return newest if (newest.comment, asked_spans(newest)) == (reply.said, asked) else None


def _settle_open_requests(session: Session, invite: Invite, settled_as: str, now: datetime) -> None:
    for request in _open_requests(session, invite):
        request.settled_as, request.settled_at = settled_as, now


def _open_requests(session: Session, invite: Invite) -> Sequence[InviteReply]:
    return session.scalars(
        select(InviteReply).where(
            InviteReply.invite_id == invite.id,
            InviteReply.answer == Answer.OTHER_TIME,
            InviteReply.settled_as.is_(None),
        )
    ).all()


def _withdraw_wishes(request: InviteReply) -> None:
    """Take back what a request put among the wishes; what staff noted by themselves stays."""
    invite, application = request.invite, request.invite.account.application
    if application is None:
        return
    own = {("preferred", span.start_at, span.end_at) for span in asked_spans(request)}
    own.add(("avoided", invite.start_at, invite.end_at))
    application.wishes = [
        wish
        for wish in application.wishes
        if wish.asked_by not in ASKED_BY.values() or (wish.kind, wish.start_at, wish.end_at) not in own
    ]


def _note_wishes(invite: Invite, reply: Reply) -> None:
    application = invite.account.application
    if application is None:
        return
    spans = [("avoided", Period(invite.start_at, invite.end_at))]
    asked = (reply.proposed, *reply.suits) if reply.proposed else reply.suits
    spans += [("preferred", span) for span in asked]
    known = {(wish.kind, wish.start_at, wish.end_at) for wish in application.wishes}
    application.wishes += [
        CandidateWish(
            kind=kind,
            start_at=span.start_at,
            end_at=span.end_at,
            asked_by=ASKED_BY[reply.via],
            account_id=reply.account_id or invite.account_id,
        )
        for kind, span in spans
        if (kind, span.start_at, span.end_at) not in known
    ]

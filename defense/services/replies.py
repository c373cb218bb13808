"""What people answer to their invites: they come, they do not, or they ask for another time.

An answer counts for the revision that it was given to, and the newest one holds; a late mail cannot overturn
what was said after it.

Source: invites.md "Life"; RFC 5546 sections 2.1.5 and 3.2.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.people import Period
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


@dataclass(frozen=True)
class Reply:
    """One answer as it came in.

    Parameters
    ----------
    given_at : when the person gave it: DTSTAMP of a mail, the moment of a click.
    proposed : the time that is asked for, if one is named.
    account_id : the member of staff who noted it down.
    """

    answer: Answer
    via: Via
    sequence: int
    given_at: datetime
    comment: str = ""
    proposed: Period | None = None
    account_id: int | None = None


def take_reply(session: Session, invite: Invite, reply: Reply, now: datetime) -> InviteReply | None:
    """Record an answer; None when a newer revision or a newer answer has overtaken it. The caller commits.

    A candidate's wish for another time goes into the timetable's wishes, where rescheduling finds it.
    """
    session.execute(select(Invite.id).where(Invite.id == invite.id).with_for_update())
    session.refresh(invite)
    if invite.cancelled or reply.sequence != invite.sequence or _is_older(invite, reply):
        return None
    row = InviteReply(
        invite=invite,
        via=reply.via,
        sequence=reply.sequence,
        answer=reply.answer,
        comment=reply.comment.strip()[:MAX_COMMENT],
        proposed_start_at=reply.proposed.start_at if reply.proposed else None,
        proposed_end_at=reply.proposed.end_at if reply.proposed else None,
        received_at=now,
        account_id=reply.account_id,
    )
    session.add(row)
    _settle_open_requests(session, invite, "kept", now, keep=row)
    invite.answer, invite.answered_at = reply.answer, reply.given_at
    if reply.answer is Answer.OTHER_TIME:
        _note_wishes(session, invite, reply)
    session.flush()
    record_audit(
        session,
        "invite.answered",
        f"invite:{invite.id}",
        {"answer": reply.answer, "via": reply.via, "sequence": reply.sequence},
        reply.account_id,
    )
    return row


def forget_answer(session: Session, invite: Invite, now: datetime) -> None:
    """A new revision has not been answered yet; whoever asked for another time has been given one."""
    invite.answer = invite.answered_at = None
    _settle_open_requests(session, invite, "moved", now)


def keep_time(session: Session, request: InviteReply, now: datetime, account_id: int) -> None:
    """Staff turn a request for another time down; the caller tells the person."""
    request.settled_as, request.settled_at = "kept", now
    record_audit(session, "invite.time_kept", f"invite:{request.invite_id}", {}, account_id)


def _is_older(invite: Invite, reply: Reply) -> bool:
    return invite.answered_at is not None and reply.given_at < invite.answered_at


def _settle_open_requests(
    session: Session, invite: Invite, settled_as: str, now: datetime, keep: InviteReply | None = None
) -> None:
    open_requests = select(InviteReply).where(
        InviteReply.invite_id == invite.id,
        InviteReply.answer == Answer.OTHER_TIME,
        InviteReply.settled_as.is_(None),
    )
    for request in session.scalars(open_requests):
        if request is not keep:
            request.settled_as, request.settled_at = settled_as, now


def _note_wishes(session: Session, invite: Invite, reply: Reply) -> None:
    application = invite.account.application
    if application is None:
        return
    spans = [("avoided", Period(invite.start_at, invite.end_at))]
    if reply.proposed is not None:
        spans.append(("preferred", reply.proposed))
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

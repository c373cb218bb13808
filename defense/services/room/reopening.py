"""Voting again and hearing again: asked by one person, decided by another.

Source: domain.md: a second defence needs an organiser's or technical cause and an approval; it is a new
attempt, and the old one stays. voting.md: a re-vote is a new linked round with a reason and an approval.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from defense.domain.errors import Conflict, Forbidden, IllegalState, InvalidInput, NotFound
from defense.domain.lifecycle import FINAL_STATES, DefenceState, Move
from defense.domain.text import Text
from defense.models import Application, Defence, Reopening, Round
from defense.models.audit import MAIN_CHAIN
from defense.models.types import MAX_ROW_ID, utc_now
from defense.services.access import Principal, Role
from defense.services.audit import record_audit, sitting_chain
from defense.services.room.seals import is_sealed, require_unsealed
from defense.services.room.sittings import (
    apply_move,
    conducted_defence,
    lock_sitting,
    require_reason,
    require_room_free,
)
from defense.services.upstream.telling import tell_result

MAX_REASON_LENGTH = 500


class ReopeningKind(StrEnum):
    """What is asked for."""

    RE_VOTE = "re_vote"
    SECOND_DEFENCE = "second_defence"


class Cause(StrEnum):
    """Whose mistake it was; a candidate's own opens nothing."""

    ORGANISER = "organiser"
    TECHNICAL = "technical"


KIND_TEXT = {
    ReopeningKind.RE_VOTE: Text("重新表决", "vote again"),
    ReopeningKind.SECOND_DEFENCE: Text("二次答辩", "second defence"),
}
CAUSE_TEXT = {
    Cause.ORGANISER: Text("组织方原因", "organiser's fault"),
    Cause.TECHNICAL: Text("技术原因", "technical fault"),
}


def possible_kinds(defence: Defence) -> tuple[ReopeningKind, ...]:
    """What may be asked for now, as the rows stand."""
    newest = defence.application.defences[-1]
    if newest is not defence or defence.state not in FINAL_STATES or _is_under_way(defence.reopenings):
        return ()
    if defence.state == DefenceState.CLOSED:
        return (ReopeningKind.RE_VOTE, ReopeningKind.SECOND_DEFENCE)
    return (ReopeningKind.SECOND_DEFENCE,)


def ask_reopening(
    session: Session, principal: Principal, defence_id: int, kind: str, cause: str, reason: str
) -> Reopening:
    """Ask that a decided defence be voted on, or held, again.

    Parameters
    ----------
    kind : a `ReopeningKind`.
    cause : a `Cause`.

    Raises
    ------
    InvalidInput
        An unknown kind or cause, or no reason.
    NotFound, Forbidden
        No such defence; not this person's to conduct.
    IllegalState, Conflict
        The defence is not decided, is sealed (a re-vote), or has been followed by another; or a request is
        under way.
    """
    if kind not in set(ReopeningKind) or cause not in set(Cause):
        raise InvalidInput(
            Text(
                "请选择申请事项（重新表决或二次答辩）和原因类别（组织方或技术）。",
                "Choose what is asked for (re-vote or second defence) and whose fault it was.",
            )
        )
    reason = require_reason(reason, max_length=MAX_REASON_LENGTH)
    defence = conducted_defence(session, principal, defence_id, even_sealed=True)
    session.expire(defence.application, ["defences"])
    if _is_under_way(defence.reopenings):
        raise Conflict(
            Text(
                "已有一项申请在办理中，请等待监督员决定。",
                "A request is under way already; wait for the supervisor.",
            )
        )
    if kind not in possible_kinds(defence):
        raise IllegalState(
            Text(
                "只有最近一次、已有结果的答辩可以申请；已封存的不能重新表决。",
                "Only the newest attempt can be asked about, once decided; a sealed one takes no re-vote.",
            )
        )
    reopening = Reopening(
        kind=kind, cause=cause, reason=reason, asked_by_id=principal.account_id, defence=defence
    )
    session.add(reopening)
    session.flush()
    defence.sitting.seq += 1
    _record(session, principal, "reopening.asked", reopening, reason)
    return reopening


def decide_reopening(
    session: Session, principal: Principal, reopening_id: int, granted: bool, reason: str = ""
) -> Reopening:
    """Grant or refuse a request; a supervisor's decision, and never the asker's own.

    A granted re-vote takes effect at once: the panel discusses again, and the old round stays as it is. A
    granted second defence waits for the next timetable.

    Parameters
    ----------
    reason : needed for refusing.

    Raises
    ------
    NotFound, Forbidden
        No such request; not a supervisor, or the one who asked.
    InvalidInput
        Refused without a reason.
    Conflict, IllegalState
        Decided already; another candidate is being heard, or the sitting was sealed meanwhile (a re-vote).
    """
    reopening = _lock_reopening(session, reopening_id)
    if principal.role is not Role.SUPERVISOR or principal.account_id == reopening.asked_by_id:
        raise Forbidden(
            Text("须由监督员决定，申请人本人不能决定。", "The supervisor decides, and never who asked.")
        )
    reason = require_reason(reason, not granted, MAX_REASON_LENGTH)
    if reopening.decided_at is not None:
        raise Conflict(Text("这项申请已有决定。", "This request has been decided already."))
    reopening.granted, reopening.decided_at = granted, utc_now()
    reopening.decided_by_id = principal.account_id
    session.flush()
    _record(session, principal, "reopening.granted" if granted else "reopening.refused", reopening, reason)
    if granted and reopening.kind == ReopeningKind.RE_VOTE:
        _reopen(session, reopening)
    reopening.defence.sitting.seq += 1
    # What was told of the old outcome holds no more.
    tell_result(session, reopening.defence.application)
    return reopening


def unspent_grants(session: Session, round_: Round) -> Sequence[Reopening]:
    """Second defences that were granted and wait for a place in the timetable."""
    return session.scalars(
        select(Reopening)
        .join(Reopening.defence)
        .join(Defence.application)
        .where(Application.round_id == round_.id, Reopening.granted.is_(True), Reopening.spent_at.is_(None))
        .order_by(Reopening.decided_at)
        .options(selectinload(Reopening.defence).selectinload(Defence.application))
    ).all()


def spend_second(session: Session, grant: Reopening, attempt: int, account_id: int | None) -> None:
    """Record that a granted second defence has got its place, as attempt number so and so."""
    grant.spent_at = utc_now()
    record_audit(
        session,
        "reopening.spent",
        f"defence:{grant.defence_id}",
        {"reopening": grant.id, "attempt": attempt},
        account_id,
    )


def _reopen(session: Session, reopening: Reopening) -> None:
    defence = reopening.defence
    require_unsealed(session, defence.sitting_id)
    require_room_free(session, defence)
    apply_move(defence, Move.REOPEN)
    defence.outcome, defence.decided_at = None, None
    # The database lets go of an outcome only while a granted request is unspent.
    session.flush()
    reopening.spent_at = utc_now()
    session.flush()


def _lock_reopening(session: Session, reopening_id: int) -> Reopening:
    reopening = session.get(Reopening, reopening_id) if abs(reopening_id) <= MAX_ROW_ID else None
    if reopening is None:
        raise NotFound(Text("没有这项申请。", "There is no such request."))
    lock_sitting(session, reopening.defence.sitting)
    session.refresh(reopening)
    session.refresh(reopening.defence)
    return reopening


def _is_under_way(reopenings: Sequence[Reopening]) -> bool:
    return any(r.decided_at is None or (r.granted and r.spent_at is None) for r in reopenings)


def _record(session: Session, principal: Principal, action: str, reopening: Reopening, reason: str) -> None:
    """Into the sitting's chain; after the seal, which ends that one, into the main chain."""
    defence = reopening.defence
    sealed = is_sealed(session, defence.sitting_id)
    record_audit(
        session,
        action,
        f"defence:{defence.id}",
        {
            "reopening": reopening.id,
            "reopening_kind": reopening.kind,
            "cause": reopening.cause,
            "reason": reason,
        },
        principal.account_id,
        MAIN_CHAIN if sealed else sitting_chain(defence.sitting_id),
    )

"""Recusal (回避): by unit, as declared beforehand, and as declared in the room."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import Conflict, Forbidden, NotFound
from defense.domain.lifecycle import FINAL_STATES
from defense.domain.recusal import find_conflicts
from defense.domain.text import Text
from defense.models import Account, Application, DeclaredRecusal, Defence, Expert, Sitting
from defense.models.audit import MAIN_CHAIN
from defense.services.access import Principal, Role
from defense.services.attempts import binding_attempt
from defense.services.audit import record_audit, sitting_chain
from defense.services.room.ballot_rounds import break_off
from defense.services.room.presence import hang_up_on
from defense.services.room.seals import is_sealed
from defense.services.room.sittings import find_defence, may_conduct, require_reason, require_watcher

BREAK_OFF_REASON = Text("表决中有专家回避", "a member was recused during the vote")


def conflicts_of(session: Session, application: Application, experts: Iterable[Expert]) -> dict[int, Text]:
    """Which of these experts may not judge this candidate, and why."""
    declared = session.scalars(
        select(DeclaredRecusal.expert_id).where(DeclaredRecusal.application_id == application.id)
    ).all()
    return find_conflicts(application.unit, {expert.id: expert.unit for expert in experts}, declared)


def entitled_members(session: Session, defence: Defence) -> list[int]:
    """Ids of the attending experts who may vote on this candidate: all but the recused."""
    members = [member.expert for member in defence.sitting.members]
    conflicts = conflicts_of(session, defence.application, members)
    return sorted(expert.id for expert in members if expert.id not in conflicts)


def recuse_in_room(
    session: Session,
    principal: Principal,
    defence_id: int,
    expert_id: int | None,
    reason: str,
    ballot_key: bytes,
) -> Defence:
    """A recusal declared in the room: by an expert for himself, or recorded by the secretary.

    Raises
    ------
    NotFound, Forbidden
        No such defence or member for this person; neither a member nor who conducts the sitting.
    InvalidInput, Conflict
        As `declare_recusal`.
    """
    defence = find_defence(session, defence_id)
    sitting = require_watcher(session, principal, defence.sitting_id)
    if principal.role is Role.EXPERT:
        expert_id = principal.expert_id
    elif not may_conduct(principal, sitting):
        raise Forbidden(
            Text("只有本组秘书可以登记回避。", "Only the secretary of this panel records a recusal.")
        )
    if expert_id not in {member.expert_id for member in sitting.members}:
        raise NotFound(Text("该专家不在本组。", "That expert is not on this panel."))
    declare_recusal(session, defence.application, expert_id or 0, reason, principal, ballot_key)
    return defence


def declare_recusal(
    session: Session,
    application: Application,
    expert_id: int,
    reason: str,
    principal: Principal,
    ballot_key: bytes,
) -> DeclaredRecusal:
    """Record a recusal that no unit name shows. From now on no schedule and no ballot joins the two.

    While the candidate is being voted on, the open round is broken off, and the next one is without the
    recused. Their sockets are cut, and what they may read is asked anew.

    Raises
    ------
    InvalidInput, NotFound, Conflict
        No reason given, or too long a one; no such expert in this round; the candidate has been voted on.
    """
    reason = require_reason(reason)
    expert = session.get(Expert, expert_id)
    if expert is None or expert.round_id != application.round_id:
        raise NotFound(Text("本批次没有这位专家。", "This round has no such expert."))
    defence = _lock_day(session, application)
    known = session.scalar(
        select(DeclaredRecusal).where(
            DeclaredRecusal.application_id == application.id, DeclaredRecusal.expert_id == expert_id
        )
    )
    if known is not None:
        return known
    if defence is not None and defence.state in FINAL_STATES:
        raise Conflict(
            Text(
                "该申报人的答辩已有结果，不能再登记回避。如属组织方原因，请申请重新表决或二次答辩。",
                "This defence is decided, so no recusal now; if the organiser is at fault, ask for "
                "a re-vote or a second defence.",
            )
        )
    recusal = DeclaredRecusal(
        application_id=application.id, expert_id=expert_id, reason=reason, account_id=principal.account_id
    )
    session.add(recusal)
    _record(session, principal, defence, recusal)
    if defence is not None:
        defence.sitting.seq += 1
        break_off(session, principal, defence, BREAK_OFF_REASON.zh, ballot_key)
    account_id = session.scalar(select(Account.id).where(Account.expert_id == expert_id))
    if account_id is not None:
        hang_up_on(session, account_id)
    return recusal


def _lock_day(session: Session, application: Application) -> Defence | None:
    """The attempt that a recusal touches, its sitting locked: a ballot may be opening at this moment."""
    of_candidate = select(Defence.sitting_id).where(Defence.application_id == application.id)
    session.execute(
        select(Sitting.id).where(Sitting.id.in_(of_candidate)).order_by(Sitting.id).with_for_update()
    ).all()
    session.expire_all()
    return binding_attempt(application)


def _record(
    session: Session, principal: Principal, defence: Defence | None, recusal: DeclaredRecusal
) -> None:
    """Into the chain of the sitting's day once there is one, else into the main chain."""
    in_day = defence is not None and not is_sealed(session, defence.sitting_id)
    record_audit(
        session,
        "recusal.declared",
        f"application:{recusal.application_id}",
        {"expert": recusal.expert_id, "reason": recusal.reason},
        principal.account_id,
        sitting_chain(defence.sitting_id) if defence is not None and in_day else MAIN_CHAIN,
    )

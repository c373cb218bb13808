"""Recusal (回避) as it stands in the database: by unit, and as declared."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import Conflict, InvalidInput, NotFound
from defense.domain.recusal import find_conflicts
from defense.domain.text import Text
from defense.models import Application, DeclaredRecusal, Defence, Expert
from defense.services.audit import record_audit


def conflicts_of(session: Session, application: Application, experts: Iterable[Expert]) -> dict[int, Text]:
    """Which of these experts may not judge this candidate, and why."""
    declared = session.scalars(
        select(DeclaredRecusal.expert_id).where(DeclaredRecusal.application_id == application.id)
    ).all()
    return find_conflicts(application.unit, {expert.id: expert.unit for expert in experts}, declared)


def declare_recusal(
    session: Session, application: Application, expert_id: int, reason: str, account_id: int
) -> DeclaredRecusal:
    """Record a recusal that no unit name shows. From now on no schedule and no ballot joins the two.

    Raises
    ------
    InvalidInput, NotFound, Conflict
        No reason given; no such expert in this round; the candidate is being voted on or has been.
    """
    if not reason.strip():
        raise InvalidInput(Text("请填写回避原因。", "Give the reason of the recusal."))
    expert = session.get(Expert, expert_id)
    if expert is None or expert.round_id != application.round_id:
        raise NotFound(Text("本批次没有这位专家。", "This round has no such expert."))
    # A ballot may be opening at this moment: whoever holds the sitting's row goes first.
    for defence in application.defences:
        session.refresh(defence.sitting, with_for_update=True)
    busy = session.scalar(
        select(Defence.id).where(
            Defence.application_id == application.id, Defence.state.in_(("voting", "closed"))
        )
    )
    if busy is not None:
        raise Conflict(
            Text(
                "该申报人正在表决或已表决，不能再登记回避。",
                "This candidate is being, or has been, voted on.",
            )
        )
    known = session.scalar(
        select(DeclaredRecusal).where(
            DeclaredRecusal.application_id == application.id, DeclaredRecusal.expert_id == expert_id
        )
    )
    if known is not None:
        return known
    recusal = DeclaredRecusal(
        application_id=application.id, expert_id=expert_id, reason=reason.strip(), account_id=account_id
    )
    session.add(recusal)
    record_audit(
        session,
        "recusal.declared",
        f"application:{application.id}",
        {"expert": expert_id, "reason": reason.strip()},
        account_id,
    )
    return recusal

"""Whom a first start introduces: one person of each role in the first sitting."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.models import Account, Round, Sitting
from defense.services.access import candidate_account, expert_account


def sample_people(session: Session, round_: Round) -> list[tuple[str, Account]]:
    """Label and account of a secretary, a panelist and a candidate who meet in the first sitting."""
    sitting = session.scalars(
        select(Sitting)
        .where(Sitting.round_id == round_.id, Sitting.cancelled.is_(False))
        .order_by(Sitting.start_at, Sitting.id)
    ).first()
    if sitting is None:
        return []
    people = [
        ("panelist", expert_account(session, sitting.members[0].expert)),
        ("candidate", candidate_account(session, sitting.defences[0].application)),
    ]
    if sitting.panel.secretary is not None:
        people.insert(0, ("secretary", sitting.panel.secretary))
    return people

"""签到表: one table for the candidates of a sitting, one for its members, secretary and attendees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.models import Defence, NamedAttendee, Sitting
from defense.services.documents.parts import entry
from defense.services.documents.sitting import candidate, heading, round_of, seated


def attendance_content(session: Session, sitting: Sitting) -> dict[str, Any]:
    """The sheets to sign; who was postponed or taken out is not on them."""
    check_in_min = round_of(session, sitting).rules.defence.check_in_min
    lead = timedelta(minutes=check_in_min)
    defences = seated(sitting)
    return heading(session, sitting, "签到表") | {
        "check_in_min": check_in_min,
        "candidates": [
            candidate(defence, order) | entry(defence.start_at - lead) for order, defence in defences
        ],
        "members": _members(sitting) + _attendees(session, defences),
    }


def _members(sitting: Sitting) -> list[dict[str, str]]:
    """Head, members, and the secretary, who has no unit on record."""
    secretary = sitting.panel.secretary
    return [
        {"duty": "组长" if m.is_head else "专家", "name": m.expert.name, "unit": m.expert.unit}
        for m in sitting.members
    ] + ([{"duty": "秘书", "name": secretary.display_name, "unit": ""}] if secretary else [])


def _attendees(session: Session, defences: Sequence[tuple[int, Defence]]) -> list[dict[str, str]]:
    """Interpreters and others without whom somebody is not heard; each once."""
    named = session.scalars(
        select(NamedAttendee)
        .where(NamedAttendee.application_id.in_([d.application_id for _order, d in defences]))
        .order_by(NamedAttendee.id)
    )
    by_person = {n.expert_id: n for n in named}
    return [
        {"duty": f"参加人员（{n.purpose}）", "name": n.expert.name, "unit": n.expert.unit}
        for n in by_person.values()
    ]

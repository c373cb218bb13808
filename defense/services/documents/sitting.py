"""What the papers of one sitting begin with, and a candidate's line on them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from defense.domain.lifecycle import UNSEATED_STATES
from defense.models import Defence, Round, Sitting
from defense.services.documents.parts import applies_for, common, person, span, when
from defense.services.room.sittings import heard_in_order


def heading(session: Session, sitting: Sitting, title: str) -> dict[str, Any]:
    """Title, round, panel, hours, head and secretary."""
    secretary = sitting.panel.secretary
    return (
        common(round_of(session, sitting), title)
        | when(sitting.start_at, sitting.end_at)
        | {
            "panel": sitting.panel.name,
            "head": "、".join(m.expert.name for m in sitting.members if m.is_head),
            "secretary": secretary.display_name if secretary else "",
        }
    )


def round_of(session: Session, sitting: Sitting) -> Round:
    """The round of a sitting."""
    return session.get_one(Round, sitting.round_id)


def seated(sitting: Sitting) -> list[tuple[int, Defence]]:
    """序号 and defence of those who have a place in the sitting; the numbers are those of its pages."""
    return [(n, d) for n, d in enumerate(heard_in_order(sitting), 1) if d.state not in UNSEATED_STATES]


def candidate(defence: Defence, order: int) -> dict[str, Any]:
    """Who is heard when, and what they apply for."""
    application = defence.application
    return (
        {"order": order}
        | person(application)
        | span(defence.start_at, defence.end_at)
        | {
            "applies_for": applies_for(application.series, application.specialty, application.level),
            "attempt": defence.attempt,
        }
    )

"""答辩安排表: who is heard when, by panel and half-day; without the members, whose names are not public."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from defense.domain.document_kinds import DocumentRefused
from defense.domain.text import Text
from defense.models import Defence, Panel, Round, Sitting
from defense.services.documents.parts import common, entry, person, span, when
from defense.services.documents.sitting import seated


def timetable_content(session: Session, round_: Round) -> dict[str, Any]:
    """The published sittings as they stand now; who was postponed or taken out is not in it.

    Raises
    ------
    DocumentRefused
        Nothing is published.
    """
    check_in_min = round_.rules.defence.check_in_min
    sittings = [_sitting(sitting, check_in_min) for sitting in sittings_of(session, round_)]
    filled = [sitting for sitting in sittings if sitting["count"]]
    if not filled:
        raise DocumentRefused(
            Text(
                "本批次尚未发布答辩安排，没有可打印的场次：请先在“排期”页面发布。",
                "Nothing is published in this round: publish a timetable on its page first.",
            )
        )
    return common(round_, "视频答辩安排表") | {
        "check_in_min": check_in_min,
        "total": sum(sitting["count"] for sitting in filled),
        "sittings": filled,
    }


def sittings_of(session: Session, round_: Round) -> list[Sitting]:
    """The round's sittings that were not called off, by panel and time, with all that is told of them."""
    return list(
        session.scalars(
            select(Sitting)
            .join(Panel)
            .where(Sitting.round_id == round_.id, Sitting.cancelled.is_(False))
            .order_by(Panel.id, Sitting.start_at)
            .options(
                selectinload(Sitting.panel), selectinload(Sitting.defences).selectinload(Defence.application)
            )
        )
    )


def _sitting(sitting: Sitting, check_in_min: int) -> dict[str, Any]:
    rows = [_row(defence, order, check_in_min) for order, defence in seated(sitting)]
    return when(sitting.start_at, sitting.end_at) | {
        "panel": sitting.panel.name,
        "count": len(rows),
        "rows": rows,
    }


def _row(defence: Defence, order: int, check_in_min: int) -> dict[str, Any]:
    return (
        {"order": order}
        | person(defence.application)
        | span(defence.start_at, defence.end_at)
        | entry(defence.start_at - timedelta(minutes=check_in_min))
    )

"""Whom a timetable no longer serves, since the applications changed after it was made."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from defense.models import Application, Panel, PanelHalfDay, Schedule, ScheduledSlot
from defense.services.records.rulings import has_begun
from defense.services.timetable.instance_building import panel_takes


@dataclass(frozen=True)
class Outrun:
    """Applications whose defence has not begun, by number."""

    stale: tuple[Application, ...]
    """Seated, and not to be seated any more: ruled out, found invalid, payment withdrawn."""
    unsuited: tuple[Application, ...]
    """Seated with a panel that does not hear their series, level or specialty any more."""
    left_out: tuple[Application, ...]
    """To be seated, and the timetable does not know of them."""


def outrun_by(session: Session, schedule: Schedule) -> Outrun:
    """Compare a timetable with the applications of today."""
    seats = {
        row.application_id: row.panel_id
        for row in session.execute(
            select(ScheduledSlot.application_id, PanelHalfDay.panel_id)
            .join(PanelHalfDay, PanelHalfDay.id == ScheduledSlot.half_day_id)
            .where(ScheduledSlot.schedule_id == schedule.id)
        )
    }
    told = {unplaced.application_id for unplaced in schedule.unplaced}
    panels = {
        panel.id: panel for panel in session.scalars(select(Panel).where(Panel.round_id == schedule.round_id))
    }
    stale, unsuited, left_out = [], [], []
    for application in session.scalars(
        select(Application)
        .where(Application.round_id == schedule.round_id)
        .order_by(Application.number)
        .options(selectinload(Application.defences))
    ):
        if has_begun(application.defences):
            continue
        if application.id not in seats:
            if application.may_be_scheduled and application.id not in told:
                left_out.append(application)
        elif not application.may_be_scheduled:
            stale.append(application)
        elif not panel_takes(panels[seats[application.id]], application):
            unsuited.append(application)
    return Outrun(tuple(stale), tuple(unsuited), tuple(left_out))

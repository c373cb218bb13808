"""Changing what is published: who may still move, and who would move from where to where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from defense.domain.lifecycle import DefenceState
from defense.domain.round_rules import BEIJING
from defense.integrations.calendar_days import ChineseWorkingCalendar
from defense.models import Application, Defence, Panel, PanelHalfDay, Round, Schedule, ScheduledSlot
from defense.services.attempts import binding_attempt
from defense.services.timetable.instance_building import (
    build_instance,
    faulted_candidates,
    published_plan,
    seated_defences,
)
from defense.services.timetable.keys import row_id


@dataclass(frozen=True)
class Place:
    """Where and when somebody is heard."""

    panel: Panel
    start_at: datetime
    end_at: datetime


@dataclass(frozen=True)
class CandidateChange:
    """What publishing a schedule changes for one candidate.

    Parameters
    ----------
    before, after : None for nowhere.
    is_forced : the published place no longer holds by the data of today, so the candidate could not stay.
    is_told : the published slot lies within the notice period: the candidate counts on it already.
    """

    application: Application
    before: Place | None
    after: Place | None
    is_forced: bool
    is_told: bool


@dataclass(frozen=True)
class Standing:
    """How the published timetable stands up to the data of today.

    Parameters
    ----------
    published : people with a published slot whose defence has not begun.
    broken : those whose place no longer holds, in order of time; `after` is None.
    told : the others who are due within the notice, in order of time.
    waiting : people who must defend and have no published slot.
    """

    published: int
    broken: tuple[CandidateChange, ...]
    told: tuple[CandidateChange, ...]
    waiting: int


def frozen_until(round_: Round, now: datetime) -> datetime:
    """Slots that start before this moment stay, unless staff say otherwise."""
    rules = round_.rules
    return rules.scheduling.frozen_until(now, BEIJING, ChineseWorkingCalendar(rules.extra_days_off))


def standing_of(session: Session, round_: Round, now: datetime) -> Standing:
    """Hold the published timetable against the data of today."""
    seated = seated_defences(session, round_)
    waiting = {i: d for i, d in seated.items() if d.state == DefenceState.WAITING}
    instance, forced = build_instance(session, round_), forced_ids(session, round_)
    limit = frozen_until(round_, now)
    places = [
        CandidateChange(d.application, _place_of(d), None, i in forced, _is_told(d, now, limit))
        for i, d in sorted(waiting.items(), key=lambda item: (item[1].start_at, item[0]))
    ]
    return Standing(
        published=len(waiting),
        broken=tuple(place for place in places if place.is_forced),
        told=tuple(place for place in places if place.is_told and not place.is_forced),
        waiting=sum(row_id(candidate.id) not in seated for candidate in instance.candidates),
    )


def list_changes(session: Session, schedule: Schedule, now: datetime) -> list[CandidateChange]:
    """Everybody whose published place a schedule would change, give or take away; in order of time."""
    round_ = session.get_one(Round, schedule.round_id)
    seated = {i: d for i, d in seated_defences(session, round_).items() if d.state == DefenceState.WAITING}
    slots = {slot.application_id: slot for slot in _slots(session, schedule)}
    forced, limit = forced_ids(session, round_), frozen_until(round_, now)
    changes = []
    for id_ in sorted(seated.keys() | slots.keys()):
        defence, slot = seated.get(id_), slots.get(id_)
        before = _place_of(defence) if defence else None
        after = Place(slot.half_day.panel, slot.start_at, slot.end_at) if slot else None
        stays = defence and slot and (defence.sitting.half_day_id == slot.half_day_id and before == after)
        if stays or (slot and _has_begun(slot)):
            continue
        application = session.get_one(Application, id_)
        told = defence is not None and _is_told(defence, now, limit)
        changes.append(CandidateChange(application, before, after, id_ in forced, told))
    return sorted(changes, key=lambda c: (c.before or c.after).start_at)  # type: ignore[union-attr]


def forced_ids(session: Session, round_: Round) -> frozenset[int]:
    """Applications whose published place no longer holds: recused, ill, cancelled, not to be seated."""
    instance, plan = build_instance(session, round_), published_plan(session, round_)
    known = {candidate.id for candidate in instance.candidates}
    broken = faulted_candidates(instance, plan.assignments)
    gone = {a.candidate_id for a in plan.assignments} - known
    return frozenset(row_id(key) for key in broken | gone)


def _place_of(defence: Defence) -> Place:
    return Place(defence.sitting.panel, defence.start_at, defence.end_at)


def _is_told(defence: Defence, now: datetime, limit: datetime) -> bool:
    """A slot that is over without a defence binds nobody any more."""
    return now <= defence.start_at < limit


def _slots(session: Session, schedule: Schedule) -> list[ScheduledSlot]:
    return list(
        session.scalars(
            select(ScheduledSlot)
            .where(ScheduledSlot.schedule_id == schedule.id)
            .options(
                selectinload(ScheduledSlot.half_day).selectinload(PanelHalfDay.panel),
                selectinload(ScheduledSlot.application)
                .selectinload(Application.defences)
                .selectinload(Defence.reopenings),
            )
        )
    )


def _has_begun(slot: ScheduledSlot) -> bool:
    """A defence that has begun keeps its place; publishing leaves it alone."""
    defence = binding_attempt(slot.application)
    return defence is not None and defence.state != DefenceState.WAITING

"""Changing a timetable by hand: move, remove or place one candidate, as a new and checked schedule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from defense.domain.errors import InvalidInput, NotFound
from defense.domain.text import Text
from defense.models import Application, Panel, PanelHalfDay, Round, Schedule, UnplacedCandidate
from defense.services.attempts import vacated_places
from defense.services.timetable.instance_building import build_instance
from defense.services.timetable.keys import candidate_key, from_minutes, half_day_key, row_id, to_minutes
from defense.services.timetable.schedules import plan_of, save_by_hand
from scheduler.instance import Candidate, SchedulingInstance
from scheduler.legal_slots import legal_slots
from scheduler.schedule import Assignment, Unplaced, UnplacedReason
from scheduler.schedule import Schedule as Plan

_REMOVED_BY_STAFF = Text("由工作人员撤出安排", "taken out by staff")
_WAITS_FOR_ANOTHER_TIME = Text(
    "已延期或获准二次答辩，待另行安排", "postponed or to be heard again: another time is to be found"
)


@dataclass(frozen=True)
class LegalSlot:
    """A place that one candidate could have without anybody else moving."""

    half_day: PanelHalfDay
    start_at: datetime
    end_at: datetime


def list_legal_slots(session: Session, schedule: Schedule, application: Application) -> list[LegalSlot]:
    """Other places that one candidate could have without anybody else moving, in order of time."""
    instance = build_instance(session, session.get_one(Round, schedule.round_id))
    candidate = _find_candidate(instance, application)
    if candidate is None:
        return []
    half_days = {h.id: h for panel in _panels(session, schedule) for h in panel.half_days}
    found = [
        LegalSlot(half_days[row_id(a.sitting_id)], from_minutes(a.start_min), from_minutes(a.end_min))
        for a in legal_slots(instance, _current_plan(session, schedule, instance), candidate.id)
    ]
    return sorted(found, key=lambda slot: (slot.start_at, slot.half_day.panel_id))


def move_candidate(
    session: Session,
    schedule: Schedule,
    application: Application,
    half_day_id: int,
    start_at: datetime,
    account_id: int,
) -> Schedule:
    """A new schedule in which one candidate has another place.

    Raises
    ------
    Conflict
        The place breaks a hard rule; the text names which.
    """
    instance = build_instance(session, session.get_one(Round, schedule.round_id))
    candidate = _candidate(instance, application)
    if half_day_key(half_day_id) not in {sitting.id for sitting in instance.sittings}:
        raise NotFound(Text("没有这个场次。", "There is no such half-day."))
    start_min = int(start_at.timestamp()) // 60
    place = Assignment(candidate.id, half_day_key(half_day_id), start_min, start_min + candidate.duration_min)
    plan = _with(_without(_current_plan(session, schedule, instance), candidate.id), place)
    return save_by_hand(session, schedule, instance, plan, _kept_reasons(session, schedule), account_id)


def remove_candidate(
    session: Session, schedule: Schedule, application: Application, account_id: int
) -> Schedule:
    """A new schedule in which one candidate has no place; the others stay."""
    instance = build_instance(session, session.get_one(Round, schedule.round_id))
    key = candidate_key(application.id)
    plan = _without(_current_plan(session, schedule, instance), key)
    if _find_candidate(instance, application) is not None:
        removed = Unplaced(key, UnplacedReason.CAPACITY, {})
        plan = replace(plan, unplaced=(*plan.unplaced, removed))
    reasons = _kept_reasons(session, schedule) | {key: _REMOVED_BY_STAFF}
    return save_by_hand(session, schedule, instance, plan, reasons, account_id)


def _kept_reasons(session: Session, schedule: Schedule) -> dict[str, Text]:
    unplaced: list[UnplacedCandidate] = schedule.unplaced
    waiting = {a.candidate_id: _WAITS_FOR_ANOTHER_TIME for a in _vacated(session, schedule)}
    return waiting | {candidate_key(u.application_id): Text.from_json(u.reason) for u in unplaced}


def _find_candidate(instance: SchedulingInstance, application: Application) -> Candidate | None:
    key = candidate_key(application.id)
    return next((candidate for candidate in instance.candidates if candidate.id == key), None)


def _candidate(instance: SchedulingInstance, application: Application) -> Candidate:
    candidate = _find_candidate(instance, application)
    if candidate is None:
        raise InvalidInput(
            Text(
                "该申报人目前不需要或不能安排答辩（见申报页的说明）。",
                "This candidate need not, or cannot yet, be seated; the application page says why.",
            )
        )
    return candidate


def _current_plan(session: Session, schedule: Schedule, instance: SchedulingInstance) -> Plan:
    """The schedule without those who are not to be seated any more: moving one person drops them too.

    Whoever waits for another time is no longer at the old one, and is listed among the unplaced.
    """
    known = {candidate.id for candidate in instance.candidates}
    vacated = _vacated(session, schedule)
    plan = plan_of(schedule)
    gone = {a.candidate_id for a in plan.assignments if a in vacated} & known
    return Plan(
        tuple(a for a in plan.assignments if a.candidate_id in known - gone),
        (
            *(u for u in plan.unplaced if u.candidate_id in known),
            *(Unplaced(key, UnplacedReason.CAPACITY, {}) for key in sorted(gone)),
        ),
    )


def _vacated(session: Session, schedule: Schedule) -> set[Assignment]:
    left = vacated_places(session, session.get_one(Round, schedule.round_id))
    return {
        Assignment(
            candidate_key(i),
            half_day_key(d.sitting.half_day_id),
            to_minutes(d.start_at),
            to_minutes(d.end_at),
        )
        for i, d in left.items()
    }


def _without(plan: Plan, candidate_id: str) -> Plan:
    return Plan(
        tuple(a for a in plan.assignments if a.candidate_id != candidate_id),
        tuple(u for u in plan.unplaced if u.candidate_id != candidate_id),
    )


def _with(plan: Plan, place: Assignment) -> Plan:
    return replace(plan, assignments=(*plan.assignments, place))


def _panels(session: Session, schedule: Schedule) -> list[Panel]:
    query = select(Panel).where(Panel.round_id == schedule.round_id)
    return list(session.scalars(query.options(selectinload(Panel.half_days))))

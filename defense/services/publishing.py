"""Publishing a schedule: sittings and defences become what it says, and invites follow."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from defense.domain.lifecycle import DefenceState, Move, next_state
from defense.models import (
    Application,
    Defence,
    PanelHalfDay,
    Round,
    Schedule,
    ScheduledSlot,
    Sitting,
    SittingMember,
)
from defense.services.audit import record_audit
from defense.services.instance_building import attending_members
from defense.services.invites import InviteSummary, refresh_invites
from defense.services.scheduling import require_current
from defense.settings import Settings


@dataclass(frozen=True)
class PublishChanges:
    """What publishing a schedule changes for candidates; ids of applications."""

    added: tuple[int, ...]
    moved: tuple[int, ...]
    removed: tuple[int, ...]
    unchanged: int


def preview_changes(session: Session, schedule: Schedule) -> PublishChanges:
    """What `publish` would change, compared with what is published now."""
    seated = {d.application_id: d for d in _open_defences(session, schedule.round_id)}
    added, moved, unchanged = [], [], 0
    for slot in schedule.slots:
        defence = seated.pop(slot.application_id, None)
        if defence is None or defence.state == DefenceState.REMOVED:
            added.append(slot.application_id)
        elif _differs(defence, slot):
            moved.append(slot.application_id)
        else:
            unchanged += 1
    removed = tuple(i for i, d in seated.items() if d.state == DefenceState.WAITING)
    return PublishChanges(tuple(added), tuple(moved), removed, unchanged)


def publish(
    session: Session, schedule: Schedule, settings: Settings, now: datetime, account_id: int | None
) -> tuple[PublishChanges, InviteSummary]:
    """Make a schedule the one in force and queue what its people must be told.

    Publishing the same schedule again changes nothing and sends nothing.

    Raises
    ------
    IllegalState
        The data changed since it was made, so that some place in it no longer holds.
    """
    # A candidate may be called in at this moment: whoever holds the sitting's row goes first.
    of_round = select(Sitting.id).where(Sitting.round_id == schedule.round_id)
    session.scalars(of_round.order_by(Sitting.id).with_for_update()).all()
    session.expire_all()
    require_current(session, schedule)
    round_ = session.get_one(Round, schedule.round_id)
    changes = preview_changes(session, schedule)
    sittings = _settle_sittings(session, schedule)
    _settle_defences(session, schedule, sittings)
    first_time = schedule.published_at is None
    schedule.published_at = now
    session.flush()
    session.expire_all()
    summary = refresh_invites(session, round_, settings, now)
    if first_time or changes.added or changes.moved or changes.removed:
        record_audit(
            session,
            "schedule.published",
            f"schedule:{schedule.id}",
            {"added": len(changes.added), "moved": len(changes.moved), "removed": len(changes.removed)},
            account_id,
        )
    return changes, summary


def published_schedule(session: Session, round_: Round) -> Schedule | None:
    """The schedule in force."""
    return session.scalar(
        select(Schedule)
        .where(Schedule.round_id == round_.id, Schedule.published_at.is_not(None))
        .order_by(Schedule.published_at.desc(), Schedule.id.desc())
        .limit(1)
    )


def _open_defences(session: Session, round_id: int) -> list[Defence]:
    """The newest attempt of everyone who has one."""
    rows = session.scalars(
        select(Defence)
        .join(Application)
        .where(Application.round_id == round_id)
        .order_by(Defence.attempt)
        .options(selectinload(Defence.sitting))
    )
    return list({d.application_id: d for d in rows}.values())


def _differs(defence: Defence, slot: ScheduledSlot) -> bool:
    return (defence.sitting.half_day_id, defence.start_at, defence.end_at) != (
        slot.half_day_id,
        slot.start_at,
        slot.end_at,
    )


def _settle_sittings(session: Session, schedule: Schedule) -> dict[int, Sitting]:
    """A sitting for every half-day that the schedule uses; the others are cancelled unless begun."""
    slots = defaultdict(list)
    for slot in schedule.slots:
        slots[slot.half_day_id].append(slot)
    sittings = {
        s.half_day_id: s
        for s in session.scalars(select(Sitting).where(Sitting.round_id == schedule.round_id))
    }
    for half_day_id, in_it in slots.items():
        half_day = session.get_one(PanelHalfDay, half_day_id)
        sitting = sittings.get(half_day_id)
        if sitting is None:
            sitting = Sitting(round_id=schedule.round_id, panel_id=half_day.panel_id, half_day_id=half_day_id)
            session.add(sitting)
            sittings[half_day_id] = sitting
        sitting.cancelled = False
        sitting.start_at = min(slot.start_at for slot in in_it)
        sitting.end_at = max(slot.end_at for slot in in_it)
        sitting.seq = (sitting.seq or 0) + 1
        _settle_members(sitting, half_day)
    for half_day_id, sitting in sittings.items():
        if half_day_id not in slots:
            sitting.cancelled = True
            sitting.seq += 1
    session.flush()
    return sittings


def _settle_members(sitting: Sitting, half_day: PanelHalfDay) -> None:
    attending = {m.expert_id: m.is_head for m in attending_members(half_day.panel, half_day)}
    present = {m.expert_id: m for m in sitting.members}
    sitting.members = [
        present.get(expert_id) or SittingMember(expert_id=expert_id, is_head=is_head)
        for expert_id, is_head in attending.items()
    ]
    for member in sitting.members:
        member.is_head = attending[member.expert_id]


def _settle_defences(session: Session, schedule: Schedule, sittings: dict[int, Sitting]) -> None:
    newest = {d.application_id: d for d in _open_defences(session, schedule.round_id)}
    for slot in schedule.slots:
        defence = newest.pop(slot.application_id, None)
        if defence is None:
            defence = Defence(application_id=slot.application_id)
            session.add(defence)
        elif defence.state == DefenceState.REMOVED:
            defence.state = next_state(DefenceState.REMOVED, Move.SEAT)
        elif defence.state != DefenceState.WAITING:
            continue  # begun or decided: the checker has made sure that its place is the same
        defence.sitting_id = sittings[slot.half_day_id].id
        defence.start_at, defence.end_at = slot.start_at, slot.end_at
    for defence in newest.values():
        if defence.state == DefenceState.WAITING:
            defence.state = next_state(DefenceState.WAITING, Move.REMOVE)

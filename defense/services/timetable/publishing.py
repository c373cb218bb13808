"""Publishing a schedule: sittings and defences become what it says, and invites follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from defense.domain.lifecycle import NOT_BEGUN_STATES, UNSEATED_STATES, DefenceState, Move, next_state
from defense.models import (
    Account,
    Application,
    Defence,
    Panel,
    PanelHalfDay,
    PanelMember,
    Reopening,
    Round,
    Schedule,
    ScheduledSlot,
    Sitting,
    SittingMember,
)
from defense.services.attempts import binds, granted_second, newest_attempts
from defense.services.audit import record_audit
from defense.services.invites.following import InviteSummary, refresh_invites
from defense.services.room.presence import hang_up_on
from defense.services.room.reopening import spend_second
from defense.services.room.seals import is_sealed, require_unsealed
from defense.services.timetable.instance_building import attending_members
from defense.services.timetable.schedules import require_current
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
    seated = newest_attempts(session, session.get_one(Round, schedule.round_id))
    added, moved, unchanged = [], [], 0
    for slot in schedule.slots:
        defence = seated.pop(slot.application_id, None)
        if defence is None or not binds(defence):
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
    _settle_defences(session, schedule, sittings, account_id)
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


def _differs(defence: Defence, slot: ScheduledSlot) -> bool:
    return (defence.sitting.half_day_id, defence.start_at, defence.end_at) != (
        slot.half_day_id,
        slot.start_at,
        slot.end_at,
    )


def _settle_sittings(session: Session, schedule: Schedule) -> dict[int, Sitting]:
    """A sitting for every half-day that the schedule uses; the others are cancelled unless begun."""
    spans = defaultdict(list)
    for slot in schedule.slots:
        spans[slot.half_day_id].append((slot.start_at, slot.end_at))
    of_round = select(Sitting).where(Sitting.round_id == schedule.round_id)
    sittings = {s.half_day_id: s for s in session.scalars(of_round.options(selectinload(Sitting.members)))}
    # Read at once: one by one, the panels' members take as long as half of the mails.
    members = selectinload(Panel.members).joinedload(PanelMember.expert)
    half_days = selectinload(Panel.half_days)
    panels = session.scalars(
        select(Panel).where(Panel.round_id == schedule.round_id).options(members, half_days)
    ).all()
    half_day_of = {half_day.id: half_day for panel in panels for half_day in panel.half_days}
    for defence in _superseded(session, schedule.round_id):
        spans[defence.sitting.half_day_id].append((defence.start_at, defence.end_at))
    for half_day_id, in_it in spans.items():
        half_day = half_day_of[half_day_id]
        sitting = sittings.get(half_day_id)
        if sitting is None:
            sitting = Sitting(round_id=schedule.round_id, panel_id=half_day.panel_id, half_day_id=half_day_id)
            session.add(sitting)
            sittings[half_day_id] = sitting
        elif is_sealed(session, sitting.id):
            continue
        sitting.cancelled = False
        sitting.start_at = min(start_at for start_at, _ in in_it)
        sitting.end_at = max(end_at for _, end_at in in_it)
        sitting.seq = (sitting.seq or 0) + 1
        _settle_members(session, sitting, half_day)
    for half_day_id, sitting in sittings.items():
        if half_day_id not in spans and not is_sealed(session, sitting.id):
            if not sitting.cancelled:
                _hang_up_on_experts(session, [m.expert_id for m in sitting.members])
            sitting.cancelled = True
            sitting.seq += 1
    session.flush()
    return sittings


def _superseded(session: Session, round_id: int) -> list[Defence]:
    """Attempts that were held and are followed by another: no slot of any schedule is theirs."""
    held = select(Defence).join(Application).where(Application.round_id == round_id)
    newest = newest_attempts(session, session.get_one(Round, round_id))
    return [
        d
        for d in session.scalars(held.where(Defence.state.not_in(NOT_BEGUN_STATES)))
        if newest[d.application_id] is not d or not binds(d)
    ]


def _settle_members(session: Session, sitting: Sitting, half_day: PanelHalfDay) -> None:
    attending = {m.expert_id: m.is_head for m in attending_members(half_day.panel, half_day)}
    present = {m.expert_id: m for m in sitting.members}
    _hang_up_on_experts(session, present.keys() - attending.keys())
    sitting.members = [
        present.get(expert_id) or SittingMember(expert_id=expert_id, is_head=is_head)
        for expert_id, is_head in attending.items()
    ]
    for member in sitting.members:
        member.is_head = attending[member.expert_id]


def _hang_up_on_experts(session: Session, expert_ids: Collection[int]) -> None:
    """Who lost their place must come in anew, and finds the door closed."""
    for account_id in session.scalars(select(Account.id).where(Account.expert_id.in_(expert_ids))).all():
        hang_up_on(session, account_id)


def _settle_defences(
    session: Session, schedule: Schedule, sittings: dict[int, Sitting], account_id: int | None
) -> None:
    newest = newest_attempts(session, session.get_one(Round, schedule.round_id))
    seconds: list[tuple[Reopening, int]] = []
    changed: set[int] = set()
    for slot in schedule.slots:
        defence = newest.pop(slot.application_id, None)
        grant = granted_second(defence.reopenings) if defence else None
        if defence is None or grant:
            attempt = defence.attempt + 1 if defence else 1
            defence = Defence(application_id=slot.application_id, attempt=attempt)
            seconds += [(grant, attempt)] if grant else []
        elif defence.state in UNSEATED_STATES:
            _seat(defence)
        elif defence.state != DefenceState.WAITING:
            continue  # begun or decided: the checker has made sure that its place is the same
        sitting = sittings[slot.half_day_id]
        changed.add(sitting.id)
        defence.sitting_id = sitting.id
        defence.start_at, defence.end_at = slot.start_at, slot.end_at
        session.add(defence)
    require_unsealed(session, *changed)
    for defence in newest.values():
        if defence.state == DefenceState.WAITING:
            defence.state = next_state(DefenceState.WAITING, Move.REMOVE)
    for grant, attempt in seconds:
        spend_second(session, grant, attempt, account_id)


def _seat(defence: Defence) -> None:
    """Give a place again to somebody who lost theirs; nothing of the day that was broken off goes along."""
    defence.state = next_state(DefenceState(defence.state), Move.SEAT)
    defence.interrupted_state, defence.clock_started_at, defence.clock_elapsed_ms = None, None, 0

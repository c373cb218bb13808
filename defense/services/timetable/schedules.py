"""Schedules: saved when the checker has passed them, read back, held against the data of today."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import Conflict, IllegalState
from defense.domain.text import Text
from defense.models import Round, Schedule, ScheduledSlot, UnplacedCandidate
from defense.services.audit import record_audit
from defense.services.timetable.instance_building import build_instance
from defense.services.timetable.keys import candidate_key, from_minutes, half_day_key, row_id, to_minutes
from defense.services.timetable.violations import describe_violations
from defense.services.timetable.words import SchedulerWords
from scheduler import checker
from scheduler import instance as plain
from scheduler import schedule as planned
from scheduler.messages import describe
from scheduler.result import SolveResult


def save_solved(
    session: Session,
    round_: Round,
    instance: plain.SchedulingInstance,
    result: SolveResult,
    account_id: int | None,
    source: str = "solver",
) -> Schedule:
    """Check a solver's schedule and save it with all that is needed to repeat and judge it.

    Parameters
    ----------
    source : `solver`, or `reschedule` for one that changes what is published as little as possible.

    Raises
    ------
    Conflict
        The checker faults the schedule, or counts its objective otherwise: nothing is saved.
    """
    plan = result.schedule
    require_legal(instance, plan)
    recomputed = checker.recompute_objective(instance, plan)
    claimed = {term.name: term.value for term in result.objective}
    if any(recomputed.get(name) != value for name, value in claimed.items()):
        raise Conflict(
            Text("求解器给出的目标值与复核不符，未保存。", "The solver's figures fail the check; not saved.")
        )
    solver = result.to_json()
    del solver["schedule"]
    return _save(session, round_, instance, plan, source, None, solver, account_id)


def save_by_hand(
    session: Session,
    base: Schedule,
    instance: plain.SchedulingInstance,
    plan: planned.Schedule,
    unplaced_reasons: dict[str, Text],
    account_id: int,
) -> Schedule:
    """Check and save a schedule that staff changed from `base`."""
    require_legal(instance, plan)
    round_ = session.get_one(Round, base.round_id)
    return _save(session, round_, instance, plan, "staff", base, {}, account_id, unplaced_reasons)


def require_legal(instance: plain.SchedulingInstance, plan: planned.Schedule) -> None:
    """Refuse a schedule that breaks a hard rule, naming the first few faults.

    Raises
    ------
    Conflict
    """
    violations = checker.find_violations(instance, plan)
    if violations:
        raise Conflict(
            Text(
                "复核发现 {n} 处冲突，未保存：{shown}",
                "The check found {n} violations; nothing was saved: {shown}",
            ).format(n=len(violations), shown=describe_violations(violations))
        )


def plan_of(schedule: Schedule) -> planned.Schedule:
    """The saved schedule as the checker reads it."""
    return planned.Schedule(
        assignments=tuple(
            planned.Assignment(
                candidate_key(s.application_id),
                half_day_key(s.half_day_id),
                to_minutes(s.start_at),
                to_minutes(s.end_at),
            )
            for s in schedule.slots
        ),
        unplaced=tuple(
            planned.Unplaced(candidate_key(u.application_id), planned.UnplacedReason.CAPACITY, {})
            for u in schedule.unplaced
        ),
    )


def require_current(session: Session, schedule: Schedule) -> None:
    """Refuse a schedule that the data has outrun: someone was recused, became unavailable, was ruled on …

    Raises
    ------
    IllegalState
    """
    round_ = session.get_one(Round, schedule.round_id)
    violations = checker.find_violations(build_instance(session, round_), plan_of(schedule))
    if violations:
        raise IllegalState(
            Text(
                "排期之后数据有变动，有 {n} 处不再成立：{shown} 请重新排期。",
                "The data changed since; {n} places no longer hold: {shown} Solve again.",
            ).format(n=len(violations), shown=describe_violations(violations))
        )


def latest_schedule(session: Session, round_: Round) -> Schedule | None:
    """The newest schedule of the round, published or not."""
    return session.scalar(
        select(Schedule).where(Schedule.round_id == round_.id).order_by(Schedule.id.desc()).limit(1)
    )


def _save(
    session: Session,
    round_: Round,
    instance: plain.SchedulingInstance,
    plan: planned.Schedule,
    source: str,
    base: Schedule | None,
    solver: dict[str, Any],
    account_id: int | None,
    unplaced_reasons: dict[str, Text] | None = None,
) -> Schedule:
    words = SchedulerWords(session, round_)
    schedule = Schedule(
        round_id=round_.id,
        source=source,
        base_id=base.id if base else None,
        instance_json=instance.to_json(),
        solver_json=solver,
        account_id=account_id,
        slots=[
            ScheduledSlot(
                application_id=row_id(a.candidate_id),
                half_day_id=row_id(a.sitting_id),
                start_at=from_minutes(a.start_min),
                end_at=from_minutes(a.end_min),
            )
            for a in plan.assignments
        ],
        unplaced=[
            UnplacedCandidate(
                application_id=row_id(u.candidate_id),
                code=u.reason.value,
                reason=_reason(u, unplaced_reasons or {}, words).to_json(),
            )
            for u in plan.unplaced
        ],
    )
    session.add(schedule)
    session.flush()
    record_audit(
        session,
        "schedule.saved",
        f"schedule:{schedule.id}",
        {"source": source, "placed": len(plan.assignments), "unplaced": len(plan.unplaced)},
        account_id,
    )
    return schedule


def _reason(unplaced: planned.Unplaced, by_hand: dict[str, Text], words: SchedulerWords) -> Text:
    if unplaced.candidate_id in by_hand:
        return by_hand[unplaced.candidate_id]
    message = describe(unplaced)
    return words.text({"zh": message.zh, "en": message.en})

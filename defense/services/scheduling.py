"""From rows to a scheduling instance, and from a checked schedule to rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from defense.domain.errors import Conflict, IllegalState
from defense.domain.lifecycle import DefenceState
from defense.domain.people import Period
from defense.domain.recusal import find_conflicts
from defense.domain.text import Text
from defense.models import (
    Application,
    DeclaredRecusal,
    Defence,
    Expert,
    Panel,
    PanelHalfDay,
    PanelMember,
    Round,
    Schedule,
    ScheduledSlot,
    UnplacedCandidate,
)
from defense.services.audit import record_audit
from defense.services.violations import describe_violations
from scheduler import checker
from scheduler import instance as plain
from scheduler import schedule as planned
from scheduler.messages import describe
from scheduler.result import SolveResult

_UNSEATED = (DefenceState.REMOVED,)


def build_instance(session: Session, round_: Round, keep_published: bool = False) -> plain.SchedulingInstance:
    """The round as the scheduler sees it: everyone who must defend, every panel, every half-day.

    Defences that have begun or are decided are pinned where they happened.

    Parameters
    ----------
    keep_published : also pin everybody else where the published timetable has them, as far as that is
        still legal; who cannot stay is scheduled anew.

    Returns
    -------
    The instance; ids are the rows' ids as text, times are minutes since the Unix epoch.
    """
    applications = applications_to_schedule(session, round_)
    experts = session.scalars(select(Expert).where(Expert.round_id == round_.id).order_by(Expert.id)).all()
    panels = session.scalars(
        select(Panel)
        .where(Panel.round_id == round_.id)
        .order_by(Panel.id)
        .options(selectinload(Panel.members), selectinload(Panel.half_days))
    ).all()
    pins = _pins(session, round_, keep_published)
    recusals = _recusals(session, applications, experts)
    rules = round_.rules.defence
    built = plain.SchedulingInstance(
        experts=tuple(
            plain.Expert(expert_key(e.id), tuple(_interval(p) for p in e.unavailable)) for e in experts
        ),
        panels=tuple(_panel(panel, applications) for panel in panels),
        sittings=tuple(
            plain.Sitting(
                half_day_key(h.id), panel_key(panel.id), to_minutes(h.start_at), to_minutes(h.end_at)
            )
            for panel in panels
            for h in panel.half_days
        ),
        candidates=tuple(
            plain.Candidate(
                id=candidate_key(a.id),
                category=_category(a),
                duration_min=rules.duration_min[a.record.level],
                buffer_min=rules.buffer_min,
                unit=a.unit,
                recused_expert_ids=recusals[a.id],
                pin=pins.get(a.id),
            )
            for a in applications
        ),
        min_panel_size=rules.min_panel_size,
        require_odd=rules.require_odd_panel,
    )
    return _without_broken_pins(built, begun_ids(session, round_)) if keep_published else built


def applications_to_schedule(session: Session, round_: Round) -> list[Application]:
    """Everyone with a claim to a place, by id; a defence that has begun keeps its place whatever changed."""
    rows = session.scalars(
        select(Application).where(Application.round_id == round_.id).order_by(Application.id)
    )
    begun = begun_ids(session, round_)
    return [a for a in rows if a.may_be_scheduled or a.id in begun]


def begun_ids(session: Session, round_: Round) -> frozenset[int]:
    """Ids of the applications whose defence has begun or is decided."""
    rows = session.scalars(
        select(Defence.application_id)
        .join(Application)
        .where(
            Application.round_id == round_.id,
            Defence.state.not_in((DefenceState.WAITING, DefenceState.REMOVED)),
        )
    )
    return frozenset(rows)


def save_solved(
    session: Session,
    round_: Round,
    instance: plain.SchedulingInstance,
    result: SolveResult,
    account_id: int | None,
) -> Schedule:
    """Check a solver's schedule and save it with all that is needed to repeat and judge it.

    Raises
    ------
    Conflict
        The checker faults the schedule, or counts its objective otherwise: nothing is saved.
    """
    plan = result.schedule
    require_legal(instance, plan)
    recomputed = checker.recompute_objective(instance, plan)
    claimed = {term.name: term.value for term in result.objective}
    if any(recomputed[name] != value for name, value in claimed.items()):
        raise Conflict(
            Text("求解器给出的目标值与复核不符，未保存。", "The solver's figures fail the check; not saved.")
        )
    solver = result.to_json()
    del solver["schedule"]
    return _save(session, round_, instance, plan, "solver", None, solver, account_id)


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


def attending_members(panel: Panel, half_day: PanelHalfDay) -> list[PanelMember]:
    """The members of a panel who are free for a whole half-day."""
    whole = Period(half_day.start_at, half_day.end_at)
    return [m for m in panel.members if not any(p.overlaps(whole) for p in m.expert.unavailable)]


def candidate_key(application_id: int) -> str:
    """The scheduler's id of a candidate. The letter keeps ids of different kinds apart in its messages."""
    return f"c{application_id}"


def expert_key(expert_id: int) -> str:
    """The scheduler's id of an expert."""
    return f"e{expert_id}"


def panel_key(panel_id: int) -> str:
    """The scheduler's id of a panel."""
    return f"p{panel_id}"


def half_day_key(half_day_id: int) -> str:
    """The scheduler's id of a panel's half-day."""
    return f"h{half_day_id}"


def row_id(key: str) -> int:
    """The row's id behind a scheduler's id."""
    return int(key[1:])


def to_minutes(at: datetime) -> int:
    """Minutes since the Unix epoch."""
    return int(at.timestamp()) // 60


def from_minutes(minutes: int) -> datetime:
    """The inverse of `to_minutes`, aware."""
    return datetime.fromtimestamp(minutes * 60, UTC)


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
                reason=_reason(u, unplaced_reasons or {}).to_json(),
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


def _reason(unplaced: planned.Unplaced, by_hand: dict[str, Text]) -> Text:
    if unplaced.candidate_id in by_hand:
        return by_hand[unplaced.candidate_id]
    message = describe(unplaced)
    return Text(message.zh, message.en)


def _interval(period: Period) -> plain.Interval:
    return plain.Interval(to_minutes(period.start_at), to_minutes(period.end_at))


def _category(application: Application) -> str:
    return f"{application.series}|{application.specialty}|{application.level}"


def _panel(panel: Panel, applications: Iterable[Application]) -> plain.Panel:
    accepted = {
        _category(a)
        for a in applications
        if a.series in panel.series
        and a.level in panel.levels
        and (not panel.specialties or a.specialty in panel.specialties)
    }
    return plain.Panel(
        panel_key(panel.id),
        panel.name,
        tuple(expert_key(m.expert_id) for m in panel.members),
        frozenset(accepted),
    )


def _recusals(
    session: Session, applications: Sequence[Application], experts: Sequence[Expert]
) -> dict[int, frozenset[str]]:
    """Ids of recused experts by application; units are compared once for each unit, not each candidate."""
    units = {expert.id: expert.unit for expert in experts}
    by_unit = {unit: frozenset(find_conflicts(unit, units, ())) for unit in {a.unit for a in applications}}
    declared: dict[int, set[int]] = {}
    for recusal in session.scalars(select(DeclaredRecusal)):
        declared.setdefault(recusal.application_id, set()).add(recusal.expert_id)
    return {
        a.id: frozenset(expert_key(i) for i in by_unit[a.unit] | (declared.get(a.id, set()) & units.keys()))
        for a in applications
    }


def _pins(session: Session, round_: Round, keep_published: bool) -> dict[int, plain.Pin]:
    defences = session.scalars(
        select(Defence)
        .join(Application)
        .where(Application.round_id == round_.id, Defence.state.not_in(_UNSEATED))
        .options(selectinload(Defence.sitting))
    )
    return {
        d.application_id: plain.Pin(half_day_key(d.sitting.half_day_id), to_minutes(d.start_at))
        for d in defences
        if keep_published or d.state != DefenceState.WAITING
    }


def _without_broken_pins(
    instance: plain.SchedulingInstance, never_dropped: frozenset[int]
) -> plain.SchedulingInstance:
    """Free the candidates whose published place has become illegal; what has happened stays pinned."""
    pinned = [c for c in instance.candidates if c.pin]
    places = planned.Schedule(
        tuple(
            planned.Assignment(c.id, c.pin.sitting_id, c.pin.start_min, c.pin.start_min + c.duration_min)
            for c in pinned
            if c.pin
        )
    )
    only_pinned = replace(instance, candidates=tuple(pinned))
    broken = {key for v in checker.find_violations(only_pinned, places) for key in v.ids}

    def freed(candidate: plain.Candidate) -> plain.Candidate:
        named = candidate.pin is not None and (candidate.id in broken or candidate.pin.sitting_id in broken)
        return (
            replace(candidate, pin=None) if named and row_id(candidate.id) not in never_dropped else candidate
        )

    return replace(instance, candidates=tuple(freed(c) for c in instance.candidates))

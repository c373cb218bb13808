"""From rows to a scheduling instance: everyone who must defend, every panel, every half-day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from defense.domain.lifecycle import DefenceState
from defense.domain.people import Period
from defense.domain.recusal import find_conflicts
from defense.models import (
    Application,
    DeclaredRecusal,
    Defence,
    Expert,
    Panel,
    PanelHalfDay,
    PanelMember,
    Round,
)
from scheduler import checker
from scheduler import instance as plain
from scheduler import schedule as planned

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
            plain.Expert(expert_key(e.id), unavailable=tuple(_interval(p) for p in e.unavailable))
            for e in experts
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


def _pins(session: Session, round_: Round, keep_published: bool) -> dict[int, plain.Slot]:
    defences = session.scalars(
        select(Defence)
        .join(Application)
        .where(Application.round_id == round_.id, Defence.state.not_in(_UNSEATED))
        .options(selectinload(Defence.sitting))
    )
    return {
        d.application_id: plain.Slot(half_day_key(d.sitting.half_day_id), to_minutes(d.start_at))
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

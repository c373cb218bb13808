"""From rows to a scheduling instance: everyone who must defend, every panel, every half-day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, defer, selectinload

from defense.domain.application import ApplicationRecord
from defense.domain.lifecycle import NOT_BEGUN_STATES
from defense.domain.people import Period
from defense.domain.recusal import find_conflicts
from defense.domain.round_rules import BEIJING, RoundRules
from defense.domain.vocabulary import Level
from defense.models import (
    Application,
    CandidateWish,
    DeclaredRecusal,
    Defence,
    Expert,
    NamedAttendee,
    Panel,
    PanelHalfDay,
    PanelMember,
    Round,
    Seal,
    Sitting,
)
from defense.services.attempts import binds, newest_attempts, vacated_places
from defense.services.timetable.keys import (
    candidate_key,
    category_of,
    expert_key,
    half_day_key,
    panel_key,
    row_id,
    to_minutes,
)
from scheduler import checker, objective
from scheduler import instance as plain
from scheduler import schedule as planned

BEIJING_MIDNIGHT_MIN = 16 * 60
"""A minute since the Unix epoch at which a day begins in Beijing, which has no summer time."""


def build_instance(
    session: Session, round_: Round, keep_published: bool = False, now: datetime | None = None
) -> plain.SchedulingInstance:
    """The round as the scheduler sees it: everyone who must defend, every panel, every half-day.

    Defences that have begun or are decided are pinned where they happened.

    Parameters
    ----------
    keep_published : also pin everybody else where the published timetable has them, as far as that is
        still legal; who cannot stay is scheduled anew.
    now : leave out half-days that are over by then, for a timetable that is to be made now. While no
        half-day is still to come, as in a rehearsal with the data of an old round, none is left out.

    Returns
    -------
    The instance; ids are the rows' ids as text, times are minutes since the Unix epoch.
    """
    seated = seated_defences(session, round_)
    begun = {i: d for i, d in seated.items() if d.state not in NOT_BEGUN_STATES}
    applications = _to_schedule(session, round_, begun)
    experts, panels = _experts(session, round_), _panels(session, round_)
    half_days = _offered(panels, now, {d.sitting.half_day_id for d in begun.values()})
    gone_by = _gone_by(session, round_, begun, half_days, now)
    vacated = {
        i: (_interval(Period(d.start_at, d.end_at)),) for i, d in vacated_places(session, round_).items()
    }
    standing = {h.id for h in half_days}
    pinned = (
        {i: d for i, d in seated.items() if d.sitting.half_day_id in standing} if keep_published else begun
    )
    recusals = _recusals(session, applications, [e for e in experts if not e.is_attendee_only])
    rules, needs = round_.rules, _needs(session, round_)
    built = plain.SchedulingInstance(
        experts=tuple(
            plain.Expert(expert_key(e.id), e.name, tuple(_interval(p) for p in e.unavailable))
            for e in experts
        ),
        panels=tuple(_panel(panel, applications) for panel in panels),
        sittings=tuple(
            plain.Sitting(
                half_day_key(h.id), panel_key(h.panel_id), to_minutes(h.start_at), to_minutes(h.end_at)
            )
            for h in half_days
        ),
        candidates=tuple(
            _not_in(
                gone_by + vacated.get(a.id, ()),
                _candidate(a, rules, needs, recusals[a.id], pinned.get(a.id), seated.get(a.id)),
            )
            for a in applications
        ),
        min_panel_size=rules.defence.min_panel_size,
        require_odd=rules.defence.require_odd_panel,
        max_parallel_sittings=rules.scheduling.max_parallel_sittings,
        closures=_closures(rules, begun.values()),
        midnight_min=BEIJING_MIDNIGHT_MIN,
        objective=tuple(
            tuple(objective.Goal(objective.TermName(name), weight) for name, weight in tier)
            for tier in rules.scheduling.objective
        ),
    )
    return _without_broken_pins(built, frozenset(begun)) if keep_published else built


def seated_defences(session: Session, round_: Round) -> dict[int, Defence]:
    """Who has a published place or had one, by application: the newest attempt, if it binds."""
    return {i: d for i, d in newest_attempts(session, round_).items() if binds(d)}


def published_plan(session: Session, round_: Round) -> planned.Schedule:
    """Where the published timetable has everybody, as the scheduler reads it."""
    return planned.Schedule(
        tuple(
            planned.Assignment(
                candidate_key(i),
                half_day_key(d.sitting.half_day_id),
                to_minutes(d.start_at),
                to_minutes(d.end_at),
            )
            for i, d in sorted(seated_defences(session, round_).items())
        )
    )


def faulted_candidates(
    instance: plain.SchedulingInstance, places: Iterable[planned.Assignment]
) -> frozenset[str]:
    """Candidates of the instance whose place among these is no longer legal."""
    known = {c.id: c for c in instance.candidates}
    kept = tuple(a for a in places if a.candidate_id in known)
    only = tuple(replace(known[a.candidate_id], pin=None) for a in kept)
    violations = checker.find_violations(replace(instance, candidates=only), planned.Schedule(kept))
    broken = {key for violation in violations for key in violation.ids}
    return frozenset(a.candidate_id for a in kept if a.candidate_id in broken or a.sitting_id in broken)


def attending_members(panel: Panel, half_day: PanelHalfDay) -> list[PanelMember]:
    """The members of a panel who are free for a whole half-day."""
    whole = Period(half_day.start_at, half_day.end_at)
    return [m for m in panel.members if not any(p.overlaps(whole) for p in m.expert.unavailable)]


@dataclass(frozen=True)
class _Needs:
    """What else the scheduler must know of applications, by id; read at once, as most have none."""

    regions: Mapping[int, str]
    wishes: Mapping[int, Sequence[CandidateWish]]
    attendee_ids: Mapping[int, Sequence[int]]


def _to_schedule(session: Session, round_: Round, begun: Iterable[int]) -> list[Application]:
    # The long records are not needed here, and reading a thousand of them takes its time.
    long_ones = (defer(Application.record_json), defer(Application.assessment_json))
    query = select(Application).where(Application.round_id == round_.id).options(*long_ones)
    kept = frozenset(begun)
    rows = session.scalars(query.order_by(Application.id))
    return [a for a in rows if a.may_be_scheduled or a.id in kept]


def _needs(session: Session, round_: Round) -> _Needs:
    prefecture = Application.record_json["prefecture"].as_string()
    regions = session.execute(select(Application.id, prefecture).where(Application.round_id == round_.id))
    wishes, attendee_ids = defaultdict(list), defaultdict(list)
    of_round = Application.round_id == round_.id
    for wish in session.scalars(
        select(CandidateWish).join(Application).where(of_round).order_by(CandidateWish.start_at)
    ):
        wishes[wish.application_id].append(wish)
    for attendee in session.scalars(select(NamedAttendee).join(Application).where(of_round)):
        attendee_ids[attendee.application_id].append(attendee.expert_id)
    return _Needs({row[0]: row[1] for row in regions}, wishes, attendee_ids)


def _experts(session: Session, round_: Round) -> Sequence[Expert]:
    return session.scalars(
        select(Expert)
        .where(Expert.round_id == round_.id)
        .order_by(Expert.id)
        .options(selectinload(Expert.absences))
    ).all()


def _panels(session: Session, round_: Round) -> Sequence[Panel]:
    return session.scalars(
        select(Panel)
        .where(Panel.round_id == round_.id)
        .order_by(Panel.id)
        .options(selectinload(Panel.members), selectinload(Panel.half_days))
    ).all()


def _offered(panels: Iterable[Panel], now: datetime | None, used: Collection[int]) -> list[PanelHalfDay]:
    """The half-days in which somebody can be seated, and those in which a defence has begun."""
    all_ = [h for panel in panels for h in panel.half_days]
    to_come = {h.id for h in all_ if now is None or h.end_at > now} or {h.id for h in all_}
    return [h for h in all_ if h.id in used or (h.id in to_come and h.cancelled_at is None)]


def _gone_by(
    session: Session,
    round_: Round,
    begun: Mapping[int, Defence],
    half_days: Sequence[PanelHalfDay],
    now: datetime | None,
) -> tuple[plain.Interval, ...]:
    """Times at which nobody can be seated any more: they are kept only for what has happened in them.

    That is half-days that are over or sealed, and attempts that are followed by another one.
    """
    sealed = set(session.scalars(select(Sitting.half_day_id).join(Seal).where(Sitting.round_id == round_.id)))
    used, kept = {d.sitting.half_day_id for d in begun.values()}, {d.id for d in begun.values()}
    held = session.scalars(
        select(Defence)
        .join(Application)
        .where(Application.round_id == round_.id, Defence.state.not_in(NOT_BEGUN_STATES))
    )
    periods = [Period(d.start_at, d.end_at) for d in held if d.id not in kept]
    # A rehearsal with the data of an old round has nothing to come, so nothing in it is over.
    past_until = now if now is not None and any(h.end_at > now for h in half_days) else None
    periods += [
        Period(h.start_at, h.end_at)
        for h in half_days
        if h.id in used and (h.id in sealed or (past_until is not None and h.end_at <= past_until))
    ]
    return tuple(sorted({_interval(p) for p in periods}, key=lambda i: (i.start_min, i.end_min)))


def _not_in(gone_by: Sequence[plain.Interval], candidate: plain.Candidate) -> plain.Candidate:
    """Keep somebody out of times gone by, but for the place that was published for them."""
    if not gone_by:
        return candidate
    starts = {slot.start_min for slot in (candidate.pin, candidate.published) if slot}
    ends = {start + candidate.duration_min for start in starts}
    own = (min(starts), max(ends)) if starts else (0, 0)
    away = tuple(i for i in gone_by if not (i.start_min < own[1] and own[0] < i.end_min))
    return replace(candidate, unavailable=candidate.unavailable + away)


def _interval(period: Period) -> plain.Interval:
    return plain.Interval(to_minutes(period.start_at), to_minutes(period.end_at))


def _candidate(
    application: Application,
    rules: RoundRules,
    needs: _Needs,
    recused: frozenset[str],
    pinned: Defence | None,
    seated: Defence | None,
) -> plain.Candidate:
    level = Level(application.level)
    wishes = needs.wishes.get(application.id, ())
    spans = [(wish.kind, to_minutes(wish.start_at), to_minutes(wish.end_at)) for wish in wishes]
    return plain.Candidate(
        id=candidate_key(application.id),
        duration_min=rules.defence.duration_min[level],
        buffer_min=rules.defence.buffer_min,
        category=category_of(application),
        unit=application.unit,
        region=needs.regions[application.id],
        unavailable=tuple(plain.Interval(a, b) for kind, a, b in spans if kind == "unavailable"),
        recused_expert_ids=recused,
        # Who must step out cannot be made to stay: a recusal declared later wins.
        attendee_ids=frozenset(map(expert_key, needs.attendee_ids.get(application.id, ()))) - recused,
        priority=rules.scheduling.priority.get(level, 0) + application.priority,
        pin=_slot(pinned),
        published=_slot(seated),
        wishes=tuple(plain.Wish(a, b, kind == "avoided") for kind, a, b in spans if kind != "unavailable"),
    )


def _slot(defence: Defence | None) -> plain.Slot | None:
    if defence is None:
        return None
    return plain.Slot(half_day_key(defence.sitting.half_day_id), to_minutes(defence.start_at))


def panel_takes(panel: Panel, application: Application | ApplicationRecord) -> bool:
    """Whether a panel hears applications of this series, level and specialty."""
    is_of_series = application.series in panel.series and application.level in panel.levels
    return is_of_series and (not panel.specialties or application.specialty in panel.specialties)


def _panel(panel: Panel, applications: Iterable[Application]) -> plain.Panel:
    accepted = {category_of(a) for a in applications if panel_takes(panel, a)}
    return plain.Panel(
        panel_key(panel.id),
        panel.name,
        tuple(expert_key(m.expert_id) for m in panel.members),
        frozenset(accepted),
    )


def _recusals(
    session: Session, applications: Sequence[Application], experts: Sequence[Expert]
) -> Mapping[int, frozenset[str]]:
    """Ids of recused experts by application; units are compared once for each unit, not each candidate."""
    units = {expert.id: expert.unit for expert in experts}
    by_unit = {unit: find_conflicts(unit, units, ()).keys() for unit in {a.unit for a in applications}}
    declared: dict[int, set[int]] = {}
    for recusal in session.scalars(select(DeclaredRecusal)):
        declared.setdefault(recusal.application_id, set()).add(recusal.expert_id)
    return {
        a.id: frozenset(expert_key(i) for i in by_unit[a.unit] | (declared.get(a.id, set()) & units.keys()))
        for a in applications
    }


def _closures(rules: RoundRules, begun: Iterable[Defence]) -> tuple[plain.Interval, ...]:
    """The round's extra days off, but for those on which a defence has been held all the same."""
    held = {d.start_at.astimezone(BEIJING).date() for d in begun}
    starts = (datetime.combine(day, time(0), BEIJING) for day in sorted(rules.extra_days_off - held))
    return tuple(_interval(Period(start_at, start_at + timedelta(days=1))) for start_at in starts)


def _without_broken_pins(
    instance: plain.SchedulingInstance, never_dropped: frozenset[int]
) -> plain.SchedulingInstance:
    """Free the candidates whose published place has become illegal; what has happened stays pinned."""
    places = (
        planned.Assignment(c.id, c.pin.sitting_id, c.pin.start_min, c.pin.start_min + c.duration_min)
        for c in instance.candidates
        if c.pin
    )
    freed = {key for key in faulted_candidates(instance, places) if row_id(key) not in never_dropped}
    return replace(
        instance,
        candidates=tuple(replace(c, pin=None) if c.id in freed else c for c in instance.candidates),
    )

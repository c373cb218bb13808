"""What the scheduler is told of a round."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.round_rules import BEIJING
from defense.domain.scheduling_rules import SchedulingRules
from defense.domain.vocabulary import Level
from defense.models import Application, DeclaredRecusal, Defence, Expert, PanelHalfDay, Round
from defense.models.types import utc_now
from defense.services.timetable.availability import add_attendee_only, cancel_half_day, note_absence
from defense.services.timetable.candidate_needs import name_attendee, note_wish, set_priority
from defense.services.timetable.instance_building import build_instance
from defense.services.timetable.keys import candidate_key, expert_key, from_minutes, half_day_key, to_minutes
from defense.services.timetable.settings import (
    TimetableSettings,
    change_timetable_settings,
    timetable_settings_of,
)
from scheduler.instance import Candidate, Interval, Wish
from scheduler.objective import Goal, TermName

BEGUN = "presenting"


def seated(session: Session) -> Application:
    return session.scalars(select(Defence).order_by(Defence.start_at)).first().application  # type: ignore[union-attr]


def candidate_of(session: Session, round_: Round, application: Application) -> Candidate:
    key = candidate_key(application.id)
    return next(c for c in build_instance(session, round_).candidates if c.id == key)


def change(session: Session, round_: Round, staff_id: int, **rules: object) -> None:
    now = timetable_settings_of(round_)
    wanted = TimetableSettings(
        SchedulingRules(**rules),  # type: ignore[arg-type]
        now.seasons,
        now.extra_days_off,
    )
    change_timetable_settings(session, round_, wanted, staff_id)


def test_region_and_published_slot_are_told(session: Session, round_: Round) -> None:
    application = seated(session)
    told = candidate_of(session, round_, application)
    (defence,) = application.defences
    assert told.region == application.record.prefecture != ""
    assert told.published is not None and told.pin is None
    assert told.published.sitting_id == half_day_key(defence.sitting.half_day_id)
    assert from_minutes(told.published.start_min) == defence.start_at
    defence.state = BEGUN
    session.flush()
    assert candidate_of(session, round_, application).pin == told.published


def test_days_are_those_of_beijing(session: Session, round_: Round) -> None:
    instance = build_instance(session, round_)
    midnight = datetime.combine(utc_now().astimezone(BEIJING).date(), time(0), BEIJING)
    day = instance.day_of(to_minutes(midnight))
    assert instance.day_of(to_minutes(midnight) - 1) == day - 1
    assert instance.day_of(to_minutes(midnight + timedelta(hours=24)) - 1) == day


def test_wishes_and_times_that_cannot_be(session: Session, round_: Round, staff_id: int) -> None:
    application = seated(session)
    start = datetime(2030, 1, 7, 10, tzinfo=BEIJING)
    for day, kind in enumerate(("preferred", "avoided", "unavailable")):
        begin = start + timedelta(days=day)
        note_wish(session, application, kind, begin, begin + timedelta(hours=2), "本人电话", staff_id)
    told = candidate_of(session, round_, application)
    first = to_minutes(start)
    assert told.wishes == (Wish(first, first + 120), Wish(first + 1440, first + 1560, is_avoided=True))
    assert told.unavailable == (Interval(first + 2880, first + 3000),)


def test_an_interpreter_of_the_same_unit_attends_and_judges_nobody(
    session: Session, round_: Round, staff_id: int
) -> None:
    application = seated(session)
    interpreter = add_attendee_only(session, round_, "古丽", application.unit, "", staff_id)
    name_attendee(session, application, interpreter.id, "翻译", staff_id)
    start = datetime(2030, 1, 7, 10, tzinfo=BEIJING)
    note_absence(session, interpreter, start, start + timedelta(hours=4), "出差", staff_id)
    told = candidate_of(session, round_, application)
    key = expert_key(interpreter.id)
    assert told.attendee_ids == {key} and key not in told.recused_expert_ids
    instance = build_instance(session, round_)
    assert not any(key in panel.expert_ids for panel in instance.panels)
    (person,) = (expert for expert in instance.experts if expert.id == key)
    assert person.unavailable == (Interval(to_minutes(start), to_minutes(start) + 240),)


def test_a_recusal_declared_later_wins_over_attendance(
    session: Session, round_: Round, staff_id: int
) -> None:
    application = seated(session)
    told = candidate_of(session, round_, application)
    experts = session.scalars(select(Expert).order_by(Expert.id))
    expert = next(e for e in experts if expert_key(e.id) not in told.recused_expert_ids)
    name_attendee(session, application, expert.id, "导师", staff_id)
    assert candidate_of(session, round_, application).attendee_ids == {expert_key(expert.id)}
    session.add(
        DeclaredRecusal(application=application, expert_id=expert.id, reason="亲属", account_id=staff_id)
    )
    session.flush()
    told = candidate_of(session, round_, application)
    assert not told.attendee_ids and expert_key(expert.id) in told.recused_expert_ids


def test_priority_is_the_levels_and_the_persons_own(session: Session, round_: Round, staff_id: int) -> None:
    application = seated(session)
    change(session, round_, staff_id, priority={Level(application.level): 2})
    set_priority(session, application, 3, staff_id)
    assert candidate_of(session, round_, application).priority == 5


def test_aims_limits_and_days_off_follow_the_settings(session: Session, round_: Round, staff_id: int) -> None:
    change(
        session,
        round_,
        staff_id,
        objective=((("opened", 1),), (("idle", 2), ("switches", 1))),
        max_parallel_sittings=3,
    )
    off = seated(session).defences[0].start_at.astimezone(BEIJING).date()
    now = timetable_settings_of(round_)
    change_timetable_settings(
        session, round_, TimetableSettings(now.scheduling, now.seasons, frozenset({off})), staff_id
    )
    instance = build_instance(session, round_)
    assert instance.objective == (
        (Goal(TermName.OPENED),),
        (Goal(TermName.IDLE, 2), Goal(TermName.SWITCHES)),
    )
    assert instance.max_parallel_sittings == 3
    midnight = to_minutes(datetime.combine(off, time(0), BEIJING))
    assert instance.closures == (Interval(midnight, midnight + 1440),)
    # A defence that was held on that day all the same stays where it was.
    seated(session).defences[0].state = BEGUN
    session.flush()
    assert build_instance(session, round_).closures == ()


def test_a_cancelled_half_day_is_not_offered(session: Session, round_: Round, staff_id: int) -> None:
    half_day = session.get_one(PanelHalfDay, seated(session).defences[0].sitting.half_day_id)
    cancel_half_day(session, half_day, "线路故障", staff_id)
    for keep_published in (False, True):
        sittings = {s.id for s in build_instance(session, round_, keep_published).sittings}
        assert half_day_key(half_day.id) not in sittings

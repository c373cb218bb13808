"""Who would move from where to where, whose slot no longer holds, and where else somebody could be."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState
from defense.domain.round_rules import BEIJING
from defense.domain.scheduling_rules import SchedulingRules
from defense.models import Application, Defence, PanelHalfDay, Round, Schedule
from defense.models.types import utc_now
from defense.services.timetable.availability import cancel_half_day
from defense.services.timetable.candidate_needs import note_wish
from defense.services.timetable.instance_building import build_instance
from defense.services.timetable.jobs import RESCHEDULE
from defense.services.timetable.keys import half_day_key
from defense.services.timetable.moves import list_legal_slots, move_candidate, remove_candidate
from defense.services.timetable.rescheduling import forced_ids, frozen_until, list_changes, standing_of
from defense.services.timetable.schedules import latest_schedule, require_current
from defense.services.timetable.settings import (
    TimetableSettings,
    change_timetable_settings,
    timetable_settings_of,
)
from defense.services.timetable.solving import RunRequest, start_run


@pytest.fixture
def schedule(session: Session, round_: Round) -> Schedule:
    newest = latest_schedule(session, round_)
    assert newest is not None
    return newest


def seated(session: Session) -> Application:
    return session.scalars(select(Defence).order_by(Defence.start_at, Defence.id)).first().application  # type: ignore[union-attr]


def widen_notice(session: Session, round_: Round, staff_id: int) -> None:
    """Everybody of the round has been told by now."""
    now = timetable_settings_of(round_)
    rules = SchedulingRules(change_notice=60, change_notice_unit="days")
    change_timetable_settings(
        session, round_, TimetableSettings(rules, now.seasons, now.extra_days_off), staff_id
    )


def test_what_is_published_changes_nobody(session: Session, round_: Round, schedule: Schedule) -> None:
    assert list_changes(session, schedule, utc_now()) == []
    standing = standing_of(session, round_, utc_now())
    assert (standing.published, standing.broken, standing.waiting) == (len(schedule.slots), (), 0)
    assert forced_ids(session, round_) == frozenset()


def test_a_move_by_hand_is_told_with_both_places(
    session: Session, round_: Round, schedule: Schedule, staff_id: int
) -> None:
    application = seated(session)
    place = list_legal_slots(session, schedule, application)[0]
    moved = move_candidate(session, schedule, application, place.half_day.id, place.start_at, staff_id)
    (change,) = list_changes(session, moved, utc_now())
    assert change.application is application and change.before and change.after
    assert change.before.start_at == application.defences[0].start_at
    assert (change.after.panel, change.after.start_at) == (place.half_day.panel, place.start_at)
    assert (change.is_forced, change.is_told) == (False, False)
    widen_notice(session, round_, staff_id)
    (change,) = list_changes(session, moved, utc_now())
    assert change.is_told


def test_who_is_taken_out_has_no_new_place(session: Session, schedule: Schedule, staff_id: int) -> None:
    application = seated(session)
    (change,) = list_changes(session, remove_candidate(session, schedule, application, staff_id), utc_now())
    assert change.before is not None and change.after is None


def test_a_slot_that_is_over_binds_nobody(session: Session, round_: Round, schedule: Schedule) -> None:
    defence = seated(session).defences[0]
    half_day = defence.sitting.half_day_id
    session.get_one(PanelHalfDay, half_day).cancelled_at = utc_now()
    session.flush()
    late = defence.start_at + timedelta(minutes=1)
    told = {c.application.id: c.is_told for c in standing_of(session, round_, late).broken}
    assert told[defence.application_id] is False
    early = defence.start_at - timedelta(minutes=1)
    told = {c.application.id: c.is_told for c in standing_of(session, round_, early).broken}
    assert told[defence.application_id] is True


def test_a_lost_half_day_breaks_the_places_in_it_and_no_other(
    session: Session, round_: Round, schedule: Schedule, staff_id: int
) -> None:
    half_day = session.get_one(PanelHalfDay, seated(session).defences[0].sitting.half_day_id)
    cancel_half_day(session, half_day, "线路故障", staff_id)
    inside = {slot.application_id for slot in schedule.slots if slot.half_day_id == half_day.id}
    assert forced_ids(session, round_) == inside
    broken = standing_of(session, round_, utc_now()).broken
    assert {change.application.id for change in broken} == inside
    assert all(change.is_forced and not change.is_told for change in broken)
    with pytest.raises(IllegalState, match="重新排期"):
        require_current(session, schedule)


def test_a_candidate_who_cannot_come_is_offered_other_times_only(
    session: Session, schedule: Schedule, staff_id: int
) -> None:
    application = seated(session)
    start = application.defences[0].start_at.astimezone(BEIJING)
    day = datetime(start.year, start.month, start.day, tzinfo=BEIJING)
    note_wish(session, application, "unavailable", day, day + timedelta(days=1), "本人电话", staff_id)
    places = list_legal_slots(session, schedule, application)
    assert places and all(not day <= place.start_at < day + timedelta(days=1) for place in places)
    assert places == sorted(places, key=lambda place: (place.start_at, place.half_day.panel_id))


def test_every_legal_place_can_be_taken(session: Session, schedule: Schedule, staff_id: int) -> None:
    application = seated(session)
    for place in list_legal_slots(session, schedule, application):
        moved = move_candidate(session, schedule, application, place.half_day.id, place.start_at, staff_id)
        slot = next(s for s in moved.slots if s.application_id == application.id)
        assert (slot.half_day_id, slot.start_at, slot.end_at) == (
            place.half_day.id,
            place.start_at,
            place.end_at,
        )


def test_half_days_that_are_over_are_not_offered_for_a_new_timetable(session: Session, round_: Round) -> None:
    half_days = session.scalars(select(PanelHalfDay).order_by(PanelHalfDay.start_at)).all()
    first = half_days[0]
    offered = {s.id for s in build_instance(session, round_, now=first.end_at).sittings}
    assert half_day_key(first.id) not in offered and half_day_key(half_days[-1].id) in offered
    # A rehearsal with the data of an old round offers them all.
    after = half_days[-1].end_at + timedelta(days=30)
    assert len(build_instance(session, round_, now=after).sittings) == len(half_days)
    defence = seated(session).defences[0]
    defence.state = "presenting"
    session.flush()
    late = session.get_one(PanelHalfDay, defence.sitting.half_day_id).end_at
    offered = {s.id for s in build_instance(session, round_, now=late).sittings}
    assert half_day_key(defence.sitting.half_day_id) in offered


def test_the_notice_begins_at_midnight_in_beijing(session: Session, round_: Round) -> None:
    now = datetime(2026, 3, 2, 23, 30, tzinfo=BEIJING)
    assert frozen_until(round_, now) == datetime(2026, 3, 4, tzinfo=BEIJING)


def test_nothing_published_is_solved_not_changed(session: Session, round_: Round, staff_id: int) -> None:
    for defence in session.scalars(select(Defence)):
        defence.state = "removed"
    session.flush()
    with pytest.raises(IllegalState, match="尚未发布"):
        start_run(session, round_, staff_id, RunRequest(RESCHEDULE))

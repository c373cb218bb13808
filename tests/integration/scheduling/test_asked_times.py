"""Who asks for another time is moved there by the solver when there is room, and nobody else is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.domain.people import Period
from defense.models import Defence, Invite, InviteReply, PanelHalfDay, Round, Schedule, Sitting
from defense.models.types import utc_now
from defense.services.invites.replies import Answer, Reply, Via, keep_time, take_reply
from defense.services.timetable.asked_times import Notice, heed_requests
from defense.services.timetable.candidate_needs import note_wish
from defense.services.timetable.instance_building import build_instance, published_plan
from defense.services.timetable.keys import candidate_key, to_minutes
from defense.services.timetable.publishing import publish
from defense.services.timetable.schedules import latest_schedule
from defense.services.timetable.solving import RunRequest, carry_out_run, start_run
from defense.services.transaction import begin_write
from defense.settings import Settings

Place = tuple[int, datetime]
RESCHEDULE = RunRequest("reschedule")


def published_places(session: Session) -> dict[int, Place]:
    rows = session.scalars(select(Defence))
    return {d.application_id: (d.sitting.half_day_id or 0, d.start_at) for d in rows}


def places_of(schedule: Schedule) -> dict[int, Place]:
    return {slot.application_id: (slot.half_day_id, slot.start_at) for slot in schedule.slots}


def reschedule(factory: sessionmaker[Session]) -> dict[int, Place]:
    with factory() as session:
        begin_write(session)
        run = start_run(session, session.scalars(select(Round)).one(), None, RESCHEDULE)
        run_id = run.id
        session.commit()
    carry_out_run(factory, run_id, 30)
    with factory() as session:
        schedule = latest_schedule(session, session.scalars(select(Round)).one())
        assert schedule is not None and schedule.source == "reschedule"
        return places_of(schedule)


def moved(before: Mapping[int, Place], after: Mapping[int, Place]) -> set[int]:
    return {id_ for id_ in before.keys() | after.keys() if before.get(id_) != after.get(id_)}


def somebody_with_room_elsewhere(session: Session) -> tuple[Defence, PanelHalfDay]:
    """A candidate, and a half-day of the same panel in which hardly anybody is heard."""
    heard: dict[int, int] = {}
    for half_day_id, _start_at in published_places(session).values():
        heard[half_day_id] = heard.get(half_day_id, 0) + 1
    for defence in session.scalars(select(Defence).order_by(Defence.start_at, Defence.id)):
        for half_day in defence.sitting.panel.half_days:
            if half_day.id != defence.sitting.half_day_id and heard.get(half_day.id, 0) <= 2:
                return defence, half_day
    raise AssertionError("the sample has room")


def ask(session: Session, defence: Defence, proposed: Period | None) -> InviteReply:
    invite = session.scalars(select(Invite).where(Invite.defence_id == defence.id)).one()
    now = utc_now()
    suits = (proposed,) if proposed else ()
    row = take_reply(session, invite, Reply(Answer.OTHER_TIME, Via.PAGE, 0, now, "有课", suits=suits), now)
    assert row is not None
    return row


@pytest.fixture
def settings(future_app: Flask) -> Settings:
    found: Settings = future_app.extensions["settings"]
    return found


@pytest.fixture
def before(session: Session) -> dict[int, Place]:
    return published_places(session)


def test_who_asks_is_moved_to_the_half_day_asked_for_and_nobody_else(
    factory: sessionmaker[Session], session: Session, before: dict[int, Place], settings: Settings
) -> None:
    defence, half_day = somebody_with_room_elsewhere(session)
    ask(session, defence, Period(half_day.start_at, half_day.end_at))
    wishes = {(wish.kind, wish.start_at) for wish in defence.application.wishes}
    assert wishes == {("avoided", defence.start_at), ("preferred", half_day.start_at)}
    id_, until = defence.application_id, half_day.end_at
    start_at = half_day.start_at
    session.commit()
    after = reschedule(factory)
    assert moved(before, after) == {id_}
    assert start_at <= after[id_][1] < until
    with factory() as later:
        begin_write(later)
        schedule = latest_schedule(later, later.scalars(select(Round)).one())
        assert schedule is not None
        publish(later, schedule, settings, utc_now(), None)
        later.flush()
        row = later.scalars(select(InviteReply)).one()
        assert (row.settled_as, row.invite.sequence, row.invite.answer) == ("moved", 1, None)
        assert row.invite.start_at == after[id_][1]


def test_who_names_no_time_gets_another_one(
    factory: sessionmaker[Session], session: Session, before: dict[int, Place]
) -> None:
    defence, _half_day = somebody_with_room_elsewhere(session)
    ask(session, defence, None)
    id_, asked_off = defence.application_id, Period(defence.start_at, defence.end_at)
    session.commit()
    after = reschedule(factory)
    assert moved(before, after) == {id_}
    assert not asked_off.overlaps(Period(after[id_][1], after[id_][1] + timedelta(minutes=5)))


def test_a_time_at_which_nobody_sits_moves_nobody(
    factory: sessionmaker[Session], session: Session, before: dict[int, Place]
) -> None:
    defence, half_day = somebody_with_room_elsewhere(session)
    far = half_day.start_at + timedelta(days=200)
    ask(session, defence, Period(far, far + timedelta(hours=4)))
    session.commit()
    assert reschedule(factory) == before


@pytest.mark.parametrize("settle", [True, False])
def test_neither_a_settled_request_nor_a_wish_noted_by_staff_moves_anybody(
    factory: sessionmaker[Session], session: Session, before: dict[int, Place], staff_id: int, settle: bool
) -> None:
    defence, half_day = somebody_with_room_elsewhere(session)
    if settle:
        row = ask(session, defence, Period(half_day.start_at, half_day.end_at))
        keep_time(session, row, utc_now(), staff_id)
        assert defence.application.wishes == []
    else:
        span = (half_day.start_at, half_day.end_at)
        note_wish(session, defence.application, "preferred", *span, "单位来函", staff_id)
    session.commit()
    assert reschedule(factory) == before


def test_a_place_that_somebody_has_is_not_given_to_who_asks_for_it(
    factory: sessionmaker[Session], session: Session, before: dict[int, Place]
) -> None:
    defence, _half_day = somebody_with_room_elsewhere(session)
    same_panel = select(Defence).join(Sitting).where(Sitting.panel_id == defence.sitting.panel_id)
    other = session.scalars(same_panel.where(Defence.id != defence.id).order_by(Defence.start_at)).first()
    assert other is not None
    ask(session, defence, Period(other.start_at, other.end_at))
    session.commit()
    assert reschedule(factory) == before


def test_the_notice_protects_who_asks_unless_staff_say_otherwise(session: Session, round_: Round) -> None:
    defence, half_day = somebody_with_room_elsewhere(session)
    ask(session, defence, Period(half_day.start_at, half_day.end_at))
    key = candidate_key(defence.application_id)
    instance, plan = build_instance(session, round_), published_plan(session, round_)
    now, late = to_minutes(utc_now()), to_minutes(half_day.end_at) + 60 * 24 * 60

    def pinned(notice: Notice) -> dict[str, int]:
        heeded = heed_requests(session, round_, instance, plan, notice)
        return {c.id: c.pin.start_min for c in heeded.candidates if c.pin is not None}

    assert pinned(Notice(now, late, [])) == {}
    asked = to_minutes(half_day.start_at)
    for notice in (Notice(now, now, []), Notice(now, late, [key])):
        assert asked <= pinned(notice)[key] < to_minutes(half_day.end_at)
    assert pinned(Notice(late, late, [key])) == {}, "it is over"


def test_two_who_ask_for_the_same_half_day_get_two_places(session: Session, round_: Round) -> None:
    _defence, half_day = somebody_with_room_elsewhere(session)
    asked = Period(half_day.start_at, half_day.end_at)
    alike = [
        other
        for other in session.scalars(select(Defence).order_by(Defence.id))
        if other.sitting.panel_id == half_day.panel_id and other.sitting.half_day_id != half_day.id
    ][:2]
    assert len(alike) == 2
    for other in alike:
        ask(session, other, asked)
    now = to_minutes(utc_now())
    instance, plan = build_instance(session, round_), published_plan(session, round_)
    heeded = heed_requests(session, round_, instance, plan, Notice(now, now, []))
    pins = [c.pin for c in heeded.candidates if c.pin is not None]
    assert len(pins) == len(set(pins)) == 2

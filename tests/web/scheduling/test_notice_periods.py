"""Publishing at shorter notice than the round wants: staff are told, and have to say that they mean it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import InvalidInput
from defense.domain.round_rules import BEIJING
from defense.integrations.calendar_days import use_calendars_of
from defense.models import Round, Schedule
from defense.services.timetable.notice_periods import short_notices
from defense.services.timetable.schedules import latest_schedule

ROUND = "/rounds/2021"
TIMETABLE = f"{ROUND}/schedule"
Write = Callable[[Callable[[Session], Any]], Any]


def newest(session: Session) -> Schedule:
    schedule = latest_schedule(session, session.scalars(select(Round)).one())
    assert schedule is not None
    return schedule


@pytest.fixture
def moved(staff: FlaskClient, write: Write) -> int:
    """A timetable that is not published yet, in which one candidate has another place."""
    schedule_id, application_id = write(lambda s: (newest(s).id, newest(s).slots[0].application_id))
    address = f"{TIMETABLE}/{schedule_id}/candidates/{application_id}"
    place = re.search(r'name="place" id="p\d+" value="([^"]+)"', staff.get(address).text)
    assert place is not None
    assert staff.post(address, data={"place": place[1]}).status_code == 302
    return int(write(lambda s: newest(s).id))


def want_notice(write: Write, days: int) -> None:
    def change(session: Session) -> None:
        session.scalars(select(Round)).one().scheduling_settings = {
            "scheduling": {"first_notice": days},
            "working_hours": [],
            "extra_days_off": [],
        }

    write(change)


def test_staff_are_told_which_days_and_must_tick(staff: FlaskClient, write: Write, moved: int) -> None:
    want_notice(write, 60)
    page = staff.get(TIMETABLE).text
    assert "本批次要求提前 60 个工作日通知" in page and "：1 人，应于 " in page
    ticks = {name: "1" for name in ("told_ok", "short_ok") if f'name="{name}"' in page}
    assert "short_ok" in ticks
    without = {name: value for name, value in ticks.items() if name != "short_ok"}
    staff.post(f"{TIMETABLE}/{moved}/publish", data=without)
    assert write(lambda s: s.get_one(Schedule, moved).published_at) is None
    staff.post(f"{TIMETABLE}/{moved}/publish", data=ticks)
    assert write(lambda s: s.get_one(Schedule, moved).published_at) is not None


def test_in_time_nothing_is_asked(staff: FlaskClient, write: Write, moved: int) -> None:
    want_notice(write, 0)
    assert "short_ok" not in staff.get(TIMETABLE).text


def test_the_last_day_in_time_is_counted_in_working_days(write: Write, moved: int) -> None:
    def at(when: datetime) -> Callable[[Session], Any]:
        return lambda session: short_notices(session, session.get_one(Schedule, moved), when)

    long_before = datetime.now(BEIJING) - timedelta(days=60)
    want_notice(write, 1)
    assert write(at(long_before)) == ()
    want_notice(write, 60)
    (short,) = write(at(datetime.now(BEIJING)))
    morning = datetime.combine(short.due, datetime.min.time(), BEIJING)
    assert write(at(morning + timedelta(hours=23))) == ()
    assert write(at(morning + timedelta(hours=24))) == (short,)


def test_a_year_without_a_calendar_stops_the_publishing(
    staff: FlaskClient, write: Write, moved: int, tmp_path: Any
) -> None:
    use_calendars_of(tmp_path)

    def into_2099(session: Session) -> None:
        for slot in session.get_one(Schedule, moved).slots:
            slot.start_at = slot.start_at.replace(year=2099)
            slot.end_at = slot.end_at.replace(year=2099)

    write(into_2099)
    assert "flask import-calendar 2099.toml" in staff.get(TIMETABLE).text
    answer = staff.post(f"{TIMETABLE}/{moved}/publish", data={"short_ok": "1", "told_ok": "1"})
    assert answer.status_code == 422 and "2099.toml" in answer.text
    assert write(lambda s: s.get_one(Schedule, moved).published_at) is None
    with pytest.raises(InvalidInput):
        write(lambda s: short_notices(s, s.get_one(Schedule, moved), datetime.now(BEIJING)))

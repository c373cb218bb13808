"""Who is reminded, when, and that it happens once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.round_rules import BEIJING
from defense.integrations.mail import FolderSender
from defense.models import OutboxMessage
from defense.services.invites.following import refresh_invites
from defense.services.invites.outbox import send_due
from defense.services.invites.reminders import ReminderSummary, remind, reminded_until
from defense.services.transaction import begin_write
from defense.settings import Settings
from tests.invite_world import START, World

ALI, LI = "ali@example.org", "li@163.com"
FRIDAY_TEN = datetime(2021, 11, 19, 10, tzinfo=BEIJING)
"""The last working day before the sitting of Monday."""
PEOPLE = 5
"""Two candidates and three experts."""


class Desk:
    """The published round, and a clock that the tests move."""

    def __init__(self, world: World, settings: Settings, sessions: Callable[[], Session]) -> None:
        self.world, self.settings, self.sessions = world, settings, sessions

    def publish(self, at: datetime = FRIDAY_TEN - timedelta(days=7)) -> None:
        refresh_invites(self.world.session, self.world.round, self.settings, at)
        self.world.session.commit()

    def remind(self, at: datetime) -> ReminderSummary:
        self.world.session.commit()
        return remind(self.sessions, self.settings, lambda: at)

    def change(self, what: Callable[[World], Any]) -> None:
        begin_write(self.world.session)
        what(self.world)
        self.world.session.commit()

    def reminders(self) -> list[OutboxMessage]:
        self.world.session.expire_all()
        query = select(OutboxMessage).where(OutboxMessage.kind.like("reminder%")).order_by(OutboxMessage.id)
        return list(self.world.session.scalars(query))


@pytest.fixture
def desk(world: World, settings: Settings, sessions: Callable[[], Session]) -> Desk:
    desk = Desk(world, settings, sessions)
    desk.publish()
    return desk


def counts(summary: ReminderSummary) -> tuple[int, int]:
    return summary.day, summary.soon


def test_on_the_last_working_day_before_at_ten(desk: Desk) -> None:
    assert counts(desk.remind(FRIDAY_TEN - timedelta(minutes=1))) == (0, 0)
    assert counts(desk.remind(FRIDAY_TEN)) == (PEOPLE, 0)
    assert counts(desk.remind(FRIDAY_TEN + timedelta(minutes=1))) == (0, 0)
    invite, reminder = desk.world.mails_to(ALI)
    assert reminder.message["Subject"].startswith("视频答辩提醒：2021年11月22日 星期一 北京时间 10:00")
    assert len(list(reminder.message.iter_parts())) == 2, "no calendar part"
    assert "进入时间：北京时间 09:30（新疆时间 07:30）" in reminder.text
    assert "Monday, 22 November 2021" in reminder.text
    assert "0991-" in reminder.text
    link = next(line for line in invite.text.splitlines() if "/link/" in line)
    assert link in reminder.text, "the same personal link as in the invite"


def test_half_an_hour_before_check_in_or_sitting(desk: Desk) -> None:
    desk.remind(FRIDAY_TEN)
    # Candidates check in half an hour before their slots, which lie 20 minutes apart.
    assert counts(desk.remind(START - timedelta(minutes=61))) == (0, 0)
    assert counts(desk.remind(START - timedelta(minutes=60))) == (0, 1)
    assert counts(desk.remind(START - timedelta(minutes=31))) == (0, 1)
    assert counts(desk.remind(START - timedelta(minutes=30))) == (0, 3)
    assert "即将开始" in desk.world.mails_to(ALI)[-1].message["Subject"]


def test_after_an_outage_the_later_one_goes_alone(desk: Desk) -> None:
    assert counts(desk.remind(START - timedelta(hours=2, minutes=1))) == (PEOPLE, 0)
    desk.change(lambda world: world.session.query(OutboxMessage).delete())
    # The second candidate has more than two hours yet.
    assert counts(desk.remind(START - timedelta(minutes=110))) == (1, 0)
    assert counts(desk.remind(START - timedelta(minutes=5))) == (0, PEOPLE)


def test_nobody_is_reminded_of_what_has_begun(desk: Desk) -> None:
    assert counts(desk.remind(START + timedelta(minutes=20))) == (0, 0)


def test_a_reminder_that_could_not_leave_in_time_never_does(desk: Desk, tmp_path: Any) -> None:
    desk.remind(START - timedelta(minutes=10))
    folder = FolderSender(tmp_path / "out")
    send_due(desk.sessions, [folder], desk.settings, lambda: START + timedelta(minutes=1))
    states = {message.to_address: message.state for message in desk.reminders()}
    assert states == {
        ALI: "superseded",
        LI: "sent",
        **{f"expert{i}@qq.com": "superseded" for i in range(3)},
    }


def test_who_was_moved_is_reminded_of_the_new_time(desk: Desk) -> None:
    desk.remind(FRIDAY_TEN)
    tuesday = START + timedelta(days=1)

    def move(world: World) -> None:
        defence = world.defences[0]
        defence.sitting = world.add_sitting(tuesday)
        defence.start_at, defence.end_at = tuesday, tuesday + timedelta(minutes=15)

    desk.change(move)
    desk.publish(FRIDAY_TEN + timedelta(hours=1))
    assert counts(desk.remind(FRIDAY_TEN + timedelta(hours=2))) == (0, 0)
    # On Monday at ten for Tuesday: the candidate, and the three experts with a second sitting.
    assert counts(desk.remind(START + timedelta(hours=1))) == (4, 0)
    assert "11月23日" in desk.world.mails_to(ALI)[-1].message["Subject"]


def test_who_was_cancelled_or_has_just_been_invited_is_left_alone(desk: Desk) -> None:
    desk.change(lambda world: setattr(world.defences[0], "state", "cancelled"))
    desk.publish(FRIDAY_TEN - timedelta(hours=23))
    assert counts(desk.remind(FRIDAY_TEN)) == (PEOPLE - 1, 0)
    desk.change(lambda world: setattr(world.defences[0], "state", "waiting"))
    desk.publish(FRIDAY_TEN + timedelta(hours=1))
    assert counts(desk.remind(FRIDAY_TEN + timedelta(hours=2))) == (0, 0)
    assert counts(desk.remind(FRIDAY_TEN + timedelta(hours=26))) == (1, 0)


def test_two_processes_remind_once(desk: Desk, sessions: Callable[[], Session]) -> None:
    """The second one found them due before the first one committed."""
    raced = []

    def racing() -> Session:
        if len(raced) == 1:
            raced.append(desk.remind(FRIDAY_TEN))
        else:
            raced.append(None)
        return sessions()

    desk.world.session.commit()
    summary = remind(racing, desk.settings, lambda: FRIDAY_TEN)
    assert [counts(s) for s in (summary, raced[1]) if s is not None].count((PEOPLE, 0)) == 1
    assert len(desk.reminders()) == PEOPLE


def test_the_round_may_switch_them_off(desk: Desk) -> None:
    rules = desk.world.round.rules

    def off(world: World) -> None:
        world.round.scheduling_settings = {
            "scheduling": {"remind_day": False},
            "working_hours": [],
            "extra_days_off": [],
        }

    desk.change(off)
    assert replace(rules.scheduling, remind_day=False) != rules.scheduling
    assert counts(desk.remind(FRIDAY_TEN)) == (0, 0)
    assert counts(desk.remind(START - timedelta(minutes=5))) == (0, PEOPLE)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        # National Day 2026: 1 to 7 October off, Saturday the 10th worked.
        (datetime(2026, 9, 30, 10, tzinfo=BEIJING), date(2026, 10, 8)),
        (datetime(2026, 10, 5, 12, tzinfo=BEIJING), date(2026, 10, 8)),
        (datetime(2026, 10, 9, 9, 59, tzinfo=BEIJING), date(2026, 10, 9)),
        (datetime(2026, 10, 9, 10, tzinfo=BEIJING), date(2026, 10, 10)),
        (datetime(2026, 3, 19, 2, tzinfo=UTC), date(2026, 3, 23)),  # the 20th is 肉孜节 in this round
    ],
)
def test_reminded_until_the_end_of_the_next_working_day(world: World, now: datetime, until: date) -> None:
    rules = replace(world.round.rules, extra_days_off=frozenset({date(2026, 3, 20)}))
    assert reminded_until(now, rules).date() == until + timedelta(days=1)


def test_a_year_without_a_calendar_stops_the_day_before_and_says_what_to_import(desk: Desk) -> None:
    shift = datetime(2099, 1, 5, 2, tzinfo=UTC) - START

    def into_next_year(world: World) -> None:
        for timed in (world.sitting, *world.defences):
            timed.start_at, timed.end_at = timed.start_at + shift, timed.end_at + shift

    desk.change(into_next_year)
    desk.publish(datetime(2098, 12, 1, tzinfo=UTC))
    summary = desk.remind(datetime(2099, 1, 4, 3, tzinfo=UTC))
    assert counts(summary) == (0, 0)
    assert "2099.toml" in summary.problems[0].zh and "import-calendar" in summary.problems[0].en
    assert counts(desk.remind(START + shift - timedelta(minutes=5))) == (0, PEOPLE)

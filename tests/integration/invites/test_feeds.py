"""What a feed says, to whom, and when it ends."""

from __future__ import annotations

import ctypes
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState
from defense.models import (
    Account,
    AuditEntry,
    CalendarObject,
    Expert,
    Feed,
    Invite,
    NamedAttendee,
    SittingMember,
)
from defense.models.types import utc_now
from defense.services.access import Role, create_account, expert_account, invite_link, revoke_account_links
from defense.services.invites.feeds import (
    calendar_of_feed,
    find_feed,
    live_feed,
    note_reading,
    open_feed,
    revoke_feed,
)
from defense.services.invites.following import refresh_invites
from defense.services.invites.sitting_events import keep_sitting_events, refresh_sitting_events
from defense.services.office import set_account_active
from defense.settings import Settings
from tests.invite_world import START, World

PROJECT_DIR = Path(__file__).resolve().parents[3]


@pytest.fixture
def staff(session: Session) -> Account:
    return create_account(session, Role.STAFF, "王工", "staff", None)


@pytest.fixture
def secretary(world: World) -> Account:
    account = create_account(world.session, Role.SECRETARY, "孙秘书", "secretary", None)
    account.email = "secretary@example.org"
    world.panel.secretary_id = account.id
    return account


@pytest.fixture
def invited(world: World, secretary: Account) -> World:
    """Everybody has their invite, sent now, so that its link is alive."""
    refresh_invites(world.session, world.round, world.settings, utc_now())
    return world


def token_of(path: str) -> str:
    return path.removeprefix("/feeds/").removesuffix(".ics")


def read(world: World, path: str) -> bytes:
    feed = find_feed(world.session, token_of(path))
    assert feed is not None
    return calendar_of_feed(world.session, feed, world.settings)


def events(data: bytes) -> list[Any]:
    return list(Calendar.from_ical(data).walk("VEVENT"))


def unfolded(data: bytes) -> str:
    return data.decode().replace("\r\n ", "")


def own_feed(world: World, account: Account) -> bytes:
    return read(world, open_feed(world.session, account, account.id))


def test_a_panelists_feed_is_the_event_of_their_mail(invited: World) -> None:
    expert = invited.experts[0]
    account = expert_account(invited.session, expert)
    (mailed,) = (mail.event for mail in invited.mails_to(expert.email))
    data = own_feed(invited, account)
    (listed,) = events(data)
    same = (
        "UID",
        "SEQUENCE",
        "DTSTAMP",
        "DTSTART",
        "DTEND",
        "SUMMARY",
        "URL",
        "ORGANIZER",
        "LOCATION",
        "STATUS",
    )
    assert {name: listed[name] for name in same} == {name: mailed[name] for name in same}
    assert str(listed["DESCRIPTION"]) == str(mailed["DESCRIPTION"])
    calendar = Calendar.from_ical(data)
    assert calendar["METHOD"] == "PUBLISH"
    assert "ATTENDEE" not in data.decode()
    text = unfolded(data)
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H" in text
    assert "X-PUBLISHED-TTL:PT1H" in text
    assert text.count("BEGIN:VTIMEZONE") == 1


def test_nobody_elses_data_is_in_a_feed(invited: World, secretary: Account, staff: Account) -> None:
    others = [c.name for c in invited.candidates] + [c.number for c in invited.candidates]
    links = {i.account_id: invite_link(i, invited.settings.secret_key) for i in invited.session.query(Invite)}
    keys = [invited.sitting.meeting_key, invited.sitting.screen_key, invited.settings.jitsi_url]
    accounts = [*(expert_account(invited.session, e) for e in invited.experts), secretary]
    for account in accounts:
        text = unfolded(own_feed(invited, account))
        assert links[account.id] in text
        strangers = [a.display_name for a in accounts if a is not account]
        for forbidden in (*others, *strangers, *keys, *(v for k, v in links.items() if k != account.id)):
            assert forbidden not in text
        assert text.count("@") == text.count(invited.settings.mail_from.partition("<")[2][:-1]) + 1, (
            "and the UID"
        )
    text = unfolded(read(invited, open_feed(invited.session, invited.panel, staff.id)))
    for forbidden in (*others, *(a.display_name for a in accounts), *keys, *links.values(), "/link/"):
        assert forbidden not in text


def test_the_same_bytes_until_something_changes(invited: World, staff: Account) -> None:
    account = expert_account(invited.session, invited.experts[0])
    paths = [
        open_feed(invited.session, account, account.id),
        open_feed(invited.session, invited.panel, staff.id),
    ]
    before = [read(invited, path) for path in paths]
    assert before == [read(invited, path) for path in paths]
    refresh_invites(invited.session, invited.round, invited.settings, utc_now() + timedelta(hours=1))
    refresh_sitting_events(invited.session, utc_now() + timedelta(hours=1))
    assert before == [read(invited, path) for path in paths]


def test_a_move_is_the_next_revision_with_the_new_link(invited: World) -> None:
    account = expert_account(invited.session, invited.experts[0])
    path = open_feed(invited.session, account, account.id)
    (before,) = events(read(invited, path))
    invited.sitting.start_at += timedelta(hours=2)
    invited.sitting.end_at += timedelta(hours=2)
    refresh_invites(invited.session, invited.round, invited.settings, utc_now())
    (after,) = events(read(invited, path))
    mailed = invited.mails_to(invited.experts[0].email)[-1].event
    assert (after["UID"], after["SEQUENCE"]) == (before["UID"], before["SEQUENCE"] + 1)
    for name in ("SEQUENCE", "DTSTAMP", "DTSTART", "URL"):
        assert after[name] == mailed[name]
    assert after["URL"] != before["URL"]
    assert after["DTSTART"].dt.astimezone(UTC) == START + timedelta(hours=2)


def test_a_dead_link_is_replaced_by_the_address_without_a_token(invited: World) -> None:
    account = expert_account(invited.session, invited.experts[0])
    revoke_account_links(invited.session, account, None)
    (listed,) = events(own_feed(invited, account))
    assert listed["URL"] == invited.settings.public_url
    assert "/link/" not in listed["DESCRIPTION"]


def test_a_cancelled_sitting_leaves_the_feeds(invited: World, staff: Account, secretary: Account) -> None:
    of_panel = open_feed(invited.session, invited.panel, staff.id)
    own = open_feed(invited.session, secretary, secretary.id)
    assert len(events(read(invited, of_panel))) == len(events(read(invited, own))) == 1
    invited.sitting.cancelled = True
    invited.session.flush()
    # Before the mails are made and before anybody looked at the events.
    assert events(read(invited, of_panel)) == events(read(invited, own)) == []
    refresh_invites(invited.session, invited.round, invited.settings, utc_now())
    refresh_sitting_events(invited.session, utc_now())
    assert events(read(invited, of_panel)) == events(read(invited, own)) == []


def test_whoever_was_replaced_loses_event_and_feed(invited: World) -> None:
    expert = invited.experts[0]
    account = expert_account(invited.session, expert)
    path = open_feed(invited.session, account, account.id)
    other = invited.add_sitting(START + timedelta(days=1))
    invited.add_defence(
        invited._application("A0003", "吴迪", "wu@example.org"), other, START + timedelta(days=1)
    )
    refresh_invites(invited.session, invited.round, invited.settings, utc_now())
    assert len(events(read(invited, path))) == 2
    invited.remove_member(invited.sitting, expert)
    invited.session.flush()
    assert len(events(read(invited, path))) == 1, "at once, before the cancellation is mailed"
    invited.remove_member(other, expert)
    invited.session.flush()
    assert find_feed(invited.session, token_of(path)) is None
    with pytest.raises(IllegalState):
        open_feed(invited.session, account, account.id)


def test_another_secretary_takes_over(invited: World, secretary: Account) -> None:
    path = open_feed(invited.session, secretary, secretary.id)
    new = create_account(invited.session, Role.SECRETARY, "周秘书", "second", None)
    invited.panel.secretary_id = new.id
    invited.session.flush()
    assert events(read(invited, path)) == []


def test_an_interpreter_has_the_defence_in_their_feed(world: World, staff: Account) -> None:
    interpreter: Expert = world._expert(9, "古丽", "guli@example.org")
    interpreter.is_attendee_only = True
    world.session.add(
        NamedAttendee(
            application_id=world.candidates[0].id,
            expert_id=interpreter.id,
            purpose="翻译",
            account_id=staff.id,
            named_at=utc_now(),
        )
    )
    world.session.flush()
    refresh_invites(world.session, world.round, world.settings, utc_now())
    (mailed,) = (mail.event for mail in world.mails_to("guli@example.org"))
    (listed,) = events(own_feed(world, expert_account(world.session, interpreter)))
    for name in ("UID", "SEQUENCE", "SUMMARY", "DTSTART", "DTEND", "DESCRIPTION"):
        assert str(listed[name]) == str(mailed[name])


def test_a_closed_account_sees_its_feeds_end(invited: World, secretary: Account, staff: Account) -> None:
    chief = create_account(invited.session, Role.STAFF, "张主任", "chief", None)
    own = open_feed(invited.session, secretary, secretary.id)
    of_panel = open_feed(invited.session, invited.panel, staff.id)
    for account, path in ((secretary, own), (staff, of_panel)):
        set_account_active(invited.session, account, False, chief.id)
        invited.session.flush()
        assert find_feed(invited.session, token_of(path)) is None


def test_revoking_links_ends_the_feed_that_would_tell_the_next_ones(invited: World) -> None:
    account = expert_account(invited.session, invited.experts[0])
    path = open_feed(invited.session, account, account.id)
    revoke_account_links(invited.session, account, None)
    assert find_feed(invited.session, token_of(path)) is None


def test_a_new_feed_ends_the_old_one_and_only_digests_are_kept(invited: World, staff: Account) -> None:
    first = open_feed(invited.session, invited.panel, staff.id)
    second = open_feed(invited.session, invited.panel, staff.id)
    assert find_feed(invited.session, token_of(first)) is None
    assert find_feed(invited.session, token_of(second)) is not None
    kept = str(invited.session.execute(select(Feed.__table__)).all())
    logged = str([e.detail for e in invited.session.scalars(select(AuditEntry))])
    for path in (first, second):
        assert len(token_of(path)) == 43
        assert token_of(path) not in kept + logged
    revoke_feed(invited.session, invited.panel, staff.id)
    revoke_feed(invited.session, invited.panel, staff.id)
    assert live_feed(invited.session, invited.panel) is None
    actions = select(AuditEntry.action).where(AuditEntry.subject == f"panel:{invited.panel.id}")
    assert list(invited.session.scalars(actions)) == ["feed.opened", "feed.opened", "feed.revoked"]


def test_unknown_and_revoked_take_the_same_statements(invited: World, staff: Account) -> None:
    revoked = open_feed(invited.session, invited.panel, staff.id)
    revoke_feed(invited.session, invited.panel, staff.id)
    invited.session.flush()
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    engine = invited.session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    assert find_feed(invited.session, token_of(revoked)) is None
    assert find_feed(invited.session, "x" * 43) is None
    event.remove(engine, "before_cursor_execute", note)
    assert len(statements) == 2
    assert statements[0] == statements[1]


def test_a_reading_is_noted_once_an_hour(invited: World, staff: Account) -> None:
    open_feed(invited.session, invited.panel, staff.id)
    feed = live_feed(invited.session, invited.panel)
    assert feed is not None
    moments = [datetime(2021, 11, 1, 4, tzinfo=UTC) + timedelta(minutes=n) for n in (0, 59, 60)]
    for moment, noted in zip(moments, (moments[0], moments[0], moments[2]), strict=True):
        note_reading(invited.session, feed, moment)
        invited.session.refresh(feed)
        assert feed.last_read_at == noted


def test_the_event_of_a_sitting_follows_it(
    world: World, sessions: Callable[[], Session], staff: Account
) -> None:
    sitting_id, panel_name = world.sitting.id, world.panel.name
    world.session.commit()
    now = datetime(2021, 11, 1, 4, tzinfo=UTC)
    assert keep_sitting_events(sessions, lambda: now) == 1
    assert keep_sitting_events(sessions, lambda: now) == 0
    with sessions() as session:
        first = session.get_one(CalendarObject, sitting_id)
        assert (first.sequence, first.stamped_at, first.panel_name) == (0, now, panel_name)
        assert first.candidate_count == 2
        uid = first.uid
        session.delete(session.get_one(SittingMember, (sitting_id, 1)))
        session.commit()
    assert keep_sitting_events(sessions, lambda: now) == 0, "who sits there is not told"
    with sessions() as session:
        session.get_one(CalendarObject, sitting_id).sitting.panel.name = "第二组"
        session.commit()
    assert keep_sitting_events(sessions, lambda: now) == 1
    with sessions() as session:
        second = session.get_one(CalendarObject, sitting_id)
        assert (second.uid, second.sequence) == (uid, 1)
        assert second.stamped_at > now
        assert session.scalar(select(func.count()).select_from(CalendarObject)) == 1


ICAL_JS = """
const ICAL = require("ical.js");
const calendar = new ICAL.Component(ICAL.parse(require("fs").readFileSync(0, "utf8")));
for (const zone of calendar.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
console.log(JSON.stringify(calendar.getAllSubcomponents("vevent").map((component) => {
  const event = new ICAL.Event(component, { strictExceptions: true });
  return { uid: event.uid, summary: event.summary, start: event.startDate.toJSDate().toISOString() };
})));
"""


@pytest.mark.parametrize("zone", ["Asia/Urumqi", "Asia/Shanghai", "America/New_York"])
def test_thunderbirds_parser_reads_both_feeds(invited: World, staff: Account, zone: str) -> None:
    account = expert_account(invited.session, invited.experts[0])
    for data in (
        own_feed(invited, account),
        read(invited, open_feed(invited.session, invited.panel, staff.id)),
    ):
        done = subprocess.run(
            ["node", "-e", ICAL_JS],
            cwd=PROJECT_DIR,
            input=data,
            capture_output=True,
            check=True,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "TZ": zone},
        )
        (listed,) = json.loads(done.stdout)
        assert listed["start"] == "2021-11-22T02:00:00.000Z"
        assert "北京时间 10:00（新疆时间 08:00）" in listed["summary"]


def icalrestriction_check(data: bytes) -> tuple[bool, list[str]]:
    """What libical, which knows RFC 5546's tables, says about a calendar: its verdict and what it faults."""
    libical = ctypes.CDLL("libical.so.3")
    libical.icalparser_parse_string.restype = ctypes.c_void_p
    libical.icalcomponent_as_ical_string.restype = ctypes.c_char_p
    component = ctypes.c_void_p(libical.icalparser_parse_string(data))
    assert component.value
    holds = bool(libical.icalrestriction_check(component))
    text = libical.icalcomponent_as_ical_string(component).decode()
    return holds, [line for line in text.split("\r\n") if line.startswith("X-LIC-ERROR")]


def test_libical_finds_nothing_wrong_with_what_is_published(invited: World, staff: Account) -> None:
    account = expert_account(invited.session, invited.experts[0])
    own = own_feed(invited, account)
    for data in (own, read(invited, open_feed(invited.session, invited.panel, staff.id))):
        assert icalrestriction_check(data) == (True, [])
    # It does look: PUBLISH without an organizer is against the table.
    lines = [line for line in own.replace(b"\r\n ", b"").split(b"\r\n") if not line.startswith(b"ORGANIZER")]
    assert icalrestriction_check(b"\r\n".join(lines))[1]


def test_settings_of_the_calendar_server_are_checked(tmp_path: Path) -> None:
    from defense.settings import SettingsError

    good = {
        "INSTANCE_DIR": str(tmp_path),
        "CALDAV_URL": "https://calendar.example.org/user/",
        "CALDAV_USER": "user",
        "CALDAV_PASSWORD": "secret",
        "CALDAV_CALENDAR": "答辩",
    }
    settings = Settings.from_env(good)
    assert settings.caldav is not None
    assert settings.caldav.calendar_url == "https://calendar.example.org/user/%E7%AD%94%E8%BE%A9/"
    assert "secret" not in repr(settings.caldav)
    for name, value in (
        ("CALDAV_URL", "http://calendar.example.org/user"),
        ("CALDAV_URL", "http://localhost.example.org/user"),
        ("CALDAV_URL", "https://user:secret@calendar.example.org"),
        ("CALDAV_URL", "https://[calendar"),
        ("CALDAV_URL", "https://"),
        ("CALDAV_CALENDAR", "../other"),
        ("CALDAV_PASSWORD", ""),
    ):
        with pytest.raises(SettingsError, match=name) as refused:
            Settings.from_env(good | {name: value})
        assert "secret" not in str(refused.value)
    for host in ("127.0.0.1:5232", "[::1]:5232", "localhost"):
        assert Settings.from_env(good | {"CALDAV_URL": f"http://{host}/u"}).caldav is not None

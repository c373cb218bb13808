"""The centre's calendar server, a real Radicale: what it has after moves, deaths and refusals."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.lifecycle import DefenceState
from defense.integrations.caldav_push import CaldavServer, PushAnswer, PushKind
from defense.models import AuditEntry, CalendarObject, Sitting
from defense.services.invites.calendar_keeping import LEASE, PushSummary, calendar_state, push_calendar
from defense.settings import Settings
from tests.integration.invites.calendar_server import PASSWORD, CalendarServerProcess
from tests.invite_world import START, World

NOW = datetime(2021, 11, 20, 4, tzinfo=UTC)
Sessions = Callable[[], Session]


class Clock:
    """The present moment, moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[CalendarServerProcess]:
    server = CalendarServerProcess(tmp_path / "radicale")
    server.start()
    server.make_calendar()
    yield server
    server.stop()


@pytest.fixture
def settings(server: CalendarServerProcess, tmp_path: Path) -> Settings:
    return server.settings(tmp_path / "instance")


@pytest.fixture
def sitting_id(world: World) -> int:
    """The world's one sitting, committed."""
    sitting_id = world.sitting.id
    world.session.commit()
    return sitting_id


def push(sessions: Sessions, settings: Settings, clock: Clock, **options: Any) -> PushSummary:
    assert settings.caldav is not None
    return push_calendar(sessions, CaldavServer(settings.caldav), settings, clock, **options)


def change(sessions: Sessions, sitting_id: int, **values: Any) -> None:
    with sessions() as session:
        sitting = session.get_one(Sitting, sitting_id)
        for name, value in values.items():
            setattr(sitting, name, value)
        session.commit()


def row(sessions: Sessions, sitting_id: int) -> CalendarObject:
    with sessions() as session:
        return session.get_one(CalendarObject, sitting_id)


def audited(sessions: Sessions) -> list[str]:
    with sessions() as session:
        return list(
            session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("calendar.")))
        )


def the_event(text: str) -> Any:
    (event,) = Calendar.from_ical(text).walk("VEVENT")
    return event


def test_a_sitting_is_entered_once_and_read_back(
    server: CalendarServerProcess, sessions: Sessions, settings: Settings, clock: Clock, sitting_id: int
) -> None:
    assert push(sessions, settings, clock) == PushSummary(put=1)
    ((uid, text),) = server.objects().items()
    event = the_event(text)
    assert event["DTSTART"].dt.astimezone(UTC) == START
    assert event["DTSTART"].params["TZID"] == "Asia/Shanghai"
    assert event["SEQUENCE"] == 0
    assert uid == row(sessions, sitting_id).uid
    assert "北京时间 10:00（新疆时间 08:00）" in event["SUMMARY"]
    assert "答辩人数：2" in event["DESCRIPTION"]
    assert event["URL"] == f"https://defence.example.org/sittings/{sitting_id}"
    for forbidden in ("METHOD", "ATTENDEE", "ORGANIZER", "买买提", "李晓梅", "王建国", "/link/"):
        assert forbidden not in text
    clock.now += timedelta(hours=2)
    assert push(sessions, settings, clock) == PushSummary()
    assert audited(sessions) == []


def test_a_moved_sitting_keeps_its_uid(
    server: CalendarServerProcess, sessions: Sessions, settings: Settings, clock: Clock, sitting_id: int
) -> None:
    push(sessions, settings, clock)
    (uid,) = server.objects()
    # In the same second, as far as DTSTAMP can tell.
    change(sessions, sitting_id, start_at=START + timedelta(hours=2), end_at=START + timedelta(hours=3))
    assert push(sessions, settings, clock) == PushSummary(put=1)
    event = the_event(server.objects()[uid])
    assert event["DTSTART"].dt.astimezone(UTC) == START + timedelta(hours=2)
    assert (event["SEQUENCE"], event["DTSTAMP"].dt) == (1, NOW + timedelta(seconds=1))
    assert audited(sessions) == []


def test_a_cancelled_sitting_goes_and_comes_back(
    server: CalendarServerProcess, sessions: Sessions, settings: Settings, clock: Clock, sitting_id: int
) -> None:
    push(sessions, settings, clock)
    (uid,) = server.objects()
    change(sessions, sitting_id, cancelled=True)
    assert push(sessions, settings, clock) == PushSummary(deleted=1)
    assert server.objects() == {}
    assert push(sessions, settings, clock) == PushSummary()
    change(sessions, sitting_id, cancelled=False)
    assert push(sessions, settings, clock) == PushSummary(put=1)
    assert the_event(server.objects()[uid])["SEQUENCE"] == 2


def test_a_sitting_that_hears_nobody_is_taken_away(
    server: CalendarServerProcess, sessions: Sessions, settings: Settings, clock: Clock, sitting_id: int
) -> None:
    push(sessions, settings, clock)
    with sessions() as session:
        for defence in session.get_one(Sitting, sitting_id).defences:
            defence.state = DefenceState.CANCELLED
        session.commit()
    assert push(sessions, settings, clock) == PushSummary(deleted=1)
    assert server.objects() == {}


class Killed(BaseException):
    """The process dies: nothing after this line runs."""


class DyingServer(CaldavServer):
    """Dies when the server has taken the request, before anybody could write that down."""

    def put(self, uid: str, data: bytes, etag: str | None) -> PushAnswer:
        assert super().put(uid, data, etag).kind is PushKind.DONE
        raise Killed

    def delete(self, uid: str, etag: str | None) -> PushAnswer:
        assert super().delete(uid, etag).kind is PushKind.DONE
        raise Killed


def die(sessions: Sessions, settings: Settings, clock: Clock) -> None:
    assert settings.caldav is not None
    with pytest.raises(Killed):
        push_calendar(sessions, DyingServer(settings.caldav), settings, clock)


def test_a_death_between_put_and_settling_leaves_one_event(
    server: CalendarServerProcess, sessions: Sessions, settings: Settings, clock: Clock, sitting_id: int
) -> None:
    die(sessions, settings, clock)
    assert len(server.objects()) == 1
    assert push(sessions, settings, clock) == PushSummary(), "another process waits for the lease"
    clock.now += LEASE
    assert push(sessions, settings, clock) == PushSummary(put=1)
    assert len(server.objects()) == 1
    assert audited(sessions) == [], "nobody else had touched it"
    change(sessions, sitting_id, start_at=START + timedelta(minutes=5))
    die(sessions, settings, clock)
    clock.now += LEASE
    assert push(sessions, settings, clock) == PushSummary(put=1)
    (text,) = server.objects().values()
    assert the_event(text)["DTSTART"].dt.astimezone(UTC) == START + timedelta(minutes=5)
    assert audited(sessions) == []


def test_cancelled_while_nobody_knew_whether_it_arrived(
    server: CalendarServerProcess, sessions: Sessions, settings: Settings, clock: Clock, sitting_id: int
) -> None:
    die(sessions, settings, clock)
    change(sessions, sitting_id, cancelled=True)
    clock.now += LEASE
    die(sessions, settings, clock)
    assert server.objects() == {}
    clock.now += LEASE
    assert push(sessions, settings, clock) == PushSummary(deleted=1)
    assert row(sessions, sitting_id).pushed_digest is None


def test_moved_back_after_a_death_is_pushed_again(
    server: CalendarServerProcess, sessions: Sessions, settings: Settings, clock: Clock, sitting_id: int
) -> None:
    push(sessions, settings, clock)
    change(sessions, sitting_id, start_at=START + timedelta(minutes=5))
    die(sessions, settings, clock)
    change(sessions, sitting_id, start_at=START)
    clock.now += LEASE
    push(sessions, settings, clock)
    (text,) = server.objects().values()
    assert the_event(text)["DTSTART"].dt.astimezone(UTC) == START


def test_a_wrong_password_is_tried_once_and_never_written_down(
    server: CalendarServerProcess,
    sessions: Sessions,
    settings: Settings,
    clock: Clock,
    world: World,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    late = world.add_sitting(START + timedelta(days=1))
    world.add_defence(world._application("A0009", "吴迪", "wu@example.org"), late, START + timedelta(days=1))
    world.session.commit()
    wrong = server.settings(tmp_path / "instance", CALDAV_PASSWORD="not-the-password")
    with caplog.at_level(logging.DEBUG):
        assert push(sessions, wrong, clock) == PushSummary(later=1)
    refused = server.log().count("401")
    assert push(sessions, wrong, clock) == PushSummary(), "it waits"
    assert server.log().count("401") == refused
    with sessions() as session:
        state = calendar_state(session, wrong, clock())
    assert state.entered == 0
    assert state.waiting == 2
    assert state.last_answer is not None
    assert "Unauthorized" in state.last_answer
    assert "not-the-password" not in state.last_answer + caplog.text
    assert PASSWORD not in repr(settings)
    # The password is mended, and a command does not wait.
    assert push(sessions, settings, clock, at_once=True) == PushSummary(put=2)
    with sessions() as session:
        assert calendar_state(session, settings, clock()).waiting == 0


def test_a_server_that_is_away_is_found_again(
    server: CalendarServerProcess, sessions: Sessions, settings: Settings, clock: Clock, sitting_id: int
) -> None:
    server.stop()
    assert push(sessions, settings, clock) == PushSummary(later=1)
    told = row(sessions, sitting_id)
    assert told.last_answer == "Connection refused"
    assert told.next_attempt_at == NOW + timedelta(minutes=1)
    clock.now += timedelta(minutes=1)
    assert push(sessions, settings, clock) == PushSummary(later=1)
    assert row(sessions, sitting_id).next_attempt_at == clock.now + timedelta(minutes=2)
    server.start()
    clock.now += timedelta(minutes=2)
    assert push(sessions, settings, clock) == PushSummary(put=1)
    assert len(server.objects()) == 1
    assert row(sessions, sitting_id).attempts == 0


def test_no_such_calendar_is_said(
    server: CalendarServerProcess, sessions: Sessions, clock: Clock, sitting_id: int, tmp_path: Path
) -> None:
    elsewhere = server.settings(tmp_path / "instance", CALDAV_CALENDAR="typing-error")
    assert push(sessions, elsewhere, clock) == PushSummary(later=1)
    assert "CALDAV_CALENDAR" in str(row(sessions, sitting_id).last_answer)
    assert server.objects() == {}


def test_a_foreign_change_is_noticed_and_overwritten(
    server: CalendarServerProcess, sessions: Sessions, settings: Settings, clock: Clock, sitting_id: int
) -> None:
    push(sessions, settings, clock)
    ((uid, text),) = server.objects().items()
    foreign = text.replace("SUMMARY:", "SUMMARY:已改期 ")
    headers = {"Content-Type": "text/calendar; charset=utf-8"}
    assert server.ask("PUT", f"{uid}.ics", data=foreign.encode(), headers=headers).ok
    change(sessions, sitting_id, start_at=START + timedelta(minutes=5))
    assert push(sessions, settings, clock) == PushSummary(put=1)
    assert "已改期" not in server.objects()[uid]
    assert audited(sessions) == ["calendar.overwritten"]
    change(sessions, sitting_id, start_at=START)
    assert push(sessions, settings, clock) == PushSummary(put=1)
    assert audited(sessions) == ["calendar.overwritten"], "the next change is our own again"


@pytest.mark.parametrize("then", ["moved", "cancelled"])
def test_what_somebody_deleted_there(
    server: CalendarServerProcess,
    sessions: Sessions,
    settings: Settings,
    clock: Clock,
    sitting_id: int,
    then: str,
) -> None:
    push(sessions, settings, clock)
    (uid,) = server.objects()
    assert server.ask("DELETE", f"{uid}.ics").ok
    if then == "moved":
        change(sessions, sitting_id, start_at=START + timedelta(minutes=5))
        assert push(sessions, settings, clock) == PushSummary(put=1)
        assert list(server.objects()) == [uid]
    else:
        change(sessions, sitting_id, cancelled=True)
        assert push(sessions, settings, clock) == PushSummary(deleted=1)
        assert server.objects() == {}


def test_two_processes_put_it_once(
    server: CalendarServerProcess, sessions: Sessions, settings: Settings, clock: Clock, sitting_id: int
) -> None:
    start = threading.Barrier(4)
    done: list[PushSummary] = []

    def run() -> None:
        start.wait()
        done.append(push(sessions, settings, clock))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.put for one in done) == 1
    assert sum(one.later for one in done) == 0
    assert row(sessions, sitting_id).sequence == 0


def test_an_old_sitting_is_not_entered_but_a_known_one_is_kept(
    server: CalendarServerProcess, sessions: Sessions, settings: Settings, clock: Clock, sitting_id: int
) -> None:
    clock.now = START + timedelta(days=30)
    assert push(sessions, settings, clock) == PushSummary()
    clock.now = NOW
    assert push(sessions, settings, clock, at_once=True) == PushSummary(put=1)
    clock.now = START + timedelta(days=30)
    assert push(sessions, settings, clock) == PushSummary()
    assert len(server.objects()) == 1


def test_another_calendar_gets_everything(
    server: CalendarServerProcess, sessions: Sessions, settings: Settings, clock: Clock, sitting_id: int
) -> None:
    push(sessions, settings, clock)
    (uid,) = server.objects()
    server.stop()
    # The server was set up anew, with an empty calendar at another address.
    again = CalendarServerProcess(server.directory.with_name("again"))
    again.start()
    try:
        again.make_calendar()
        assert push(sessions, again.settings(settings.instance_dir), clock) == PushSummary(put=1)
        assert list(again.objects()) == [uid]
    finally:
        again.stop()


def answer_once(reply: bytes) -> tuple[int, threading.Thread, list[bytes]]:
    """A server that gives the same answer to whoever comes, and what they said."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)
    heard: list[bytes] = []

    def run() -> None:
        with listener:
            for _ in range(4):
                try:
                    connection, _address = listener.accept()
                except OSError:
                    return
                with connection:
                    heard.append(connection.recv(65536))
                    connection.sendall(reply)
                    # Heard to the end: closing on unread bytes would cut the answer off.
                    connection.settimeout(1)
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_WR)
                        while connection.recv(65536):
                            pass
                    listener.settimeout(1)

    thread = threading.Thread(target=run)
    thread.start()
    return listener.getsockname()[1], thread, heard


ODD_ANSWERS = {
    "not HTTP": b"220 mail.example.org ESMTP\r\n",
    "broken XML": b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\n<a><",
    "unknown sign-in": b"HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n",
    "a page that greets everybody": (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<p>Hello"
    ),
    "a page that repeats what it heard": (
        b"HTTP/1.1 500 No\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<p>s3cret"
    ),
    "busy": b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
}


def put_at(port: int, tmp_path: Path) -> PushAnswer:
    odd = Settings.from_env(
        {
            "INSTANCE_DIR": str(tmp_path / "instance"),
            "CALDAV_URL": f"http://127.0.0.1:{port}/u",
            "CALDAV_USER": "u",
            "CALDAV_PASSWORD": "s3cret",
            "CALDAV_CALENDAR": "c",
        }
    )
    assert odd.caldav is not None
    return CaldavServer(odd.caldav).put("x", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", None)


def test_a_redirect_to_a_friendly_page_is_no_success(tmp_path: Path) -> None:
    friendly, thread, heard = answer_once(
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    port, other, _heard = answer_once(
        f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{friendly}/\r\nContent-Length: 0\r\n\r\n".encode()
    )
    assert put_at(port, tmp_path).kind is PushKind.LATER
    with socket.create_connection(("127.0.0.1", friendly)):
        pass
    thread.join()
    other.join()
    assert heard == [b""], "nobody went there but this test"


@pytest.mark.parametrize("kind", ODD_ANSWERS)
def test_odd_answers_are_told_and_put_off(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port, thread, _heard = answer_once(ODD_ANSWERS[kind])
    with caplog.at_level(logging.DEBUG):
        answer = put_at(port, tmp_path)
    thread.join()
    assert answer.kind is PushKind.LATER
    assert answer.words
    assert "s3cret" not in answer.words + caplog.text


def test_proxies_of_the_environment_do_not_apply(
    server: CalendarServerProcess,
    sessions: Sessions,
    settings: Settings,
    clock: Clock,
    sitting_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port, thread, heard = answer_once(ODD_ANSWERS["busy"])
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setitem(os.environ, name, f"http://127.0.0.1:{port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert push(sessions, settings, clock) == PushSummary(put=1)
    with socket.create_connection(("127.0.0.1", port)):
        pass
    thread.join()
    assert heard == [b""], "only the goodbye of this test"

"""An expert falls ill: from the form to what was published, on the service as it is really run."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.app import create_app
from defense.domain.round_rules import BEIJING
from defense.extensions import db
from defense.models import Account, Defence, Panel, Round, Schedule, Sitting
from defense.models.types import utc_now
from defense.services.access import issue_link
from defense.services.timetable.instance_building import build_instance, faulted_candidates, published_plan
from defense.services.transaction import begin_write
from tests.conftest import make_settings
from tests.live import LiveServer, start_server

TIMETABLE = "/rounds/2021/schedule"
Read = Callable[[Callable[[Session], object]], object]


@pytest.fixture
def server(tmp_path: Path, future_sqlite: Path) -> Iterator[LiveServer]:
    """The service on a published round that is still to come."""
    shutil.copy(future_sqlite, tmp_path / "defence.sqlite3")
    app = create_app(make_settings(tmp_path))
    with app.app_context():
        with sessionmaker(db.engine)() as session:
            begin_write(session)
            account = session.scalars(select(Account).where(Account.username == "staff")).one()
            link = issue_link(session, account, utc_now() + timedelta(days=1))
            session.commit()
        db.engine.dispose()
    server = start_server(tmp_path, 0, [], {"staff": link})
    yield server
    server.stop()


@pytest.fixture
def read(server: LiveServer) -> Iterator[Read]:
    """Look into the server's database."""
    app = create_app(make_settings(server.directory))

    def do(work: Callable[[Session], object]) -> object:
        with app.app_context(), sessionmaker(db.engine)() as session:
            result = work(session)
            session.commit()
            return result

    yield do
    with app.app_context():
        db.engine.dispose()


def finish(staff: requests.Session, address: str) -> dict[str, object]:
    """Wait for the run to end."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        told: dict[str, object] = staff.get(f"{address}/run", timeout=10).json()
        if told["state"] not in ("queued", "running"):
            return told
        time.sleep(0.2)
    raise AssertionError("the run did not end")


def lose_an_expert(session: Session) -> dict[str, str]:
    """The form that takes the head of a sitting's panel away for that whole day."""
    sitting = session.scalars(select(Sitting).order_by(Sitting.start_at, Sitting.id)).first()
    assert sitting is not None
    day = sitting.start_at.astimezone(BEIJING).date().isoformat()
    return {
        "expert_id": str(sitting.members[0].expert_id),
        "start_at": f"{day}T00:00",
        "end_at": f"{day}T23:59",
        "reason": "住院",
    }


def broken_now(session: Session) -> list[str]:
    round_ = session.scalars(select(Round)).one()
    plan = published_plan(session, round_)
    return sorted(faulted_candidates(build_instance(session, round_), plan.assignments))


def half_day_of_most(session: Session) -> str:
    sittings = session.scalars(select(Sitting).where(Sitting.cancelled.is_(False))).all()
    return str(max(sittings, key=lambda s: (len(s.defences), -s.id)).half_day_id)


def test_a_lost_half_day_moves_its_people_and_nobody_else(server: LiveServer, read: Read) -> None:
    staff = server.sign_in("staff")
    address = server.url + TIMETABLE
    half_day_id = read(half_day_of_most)
    lost = {"half_day_id": half_day_id, "reason": "线路故障"}
    assert staff.post(f"{address}/change/half-days", data=lost, timeout=10).ok
    broken = read(broken_now)
    assert isinstance(broken, list) and broken
    assert staff.post(f"{address}/reschedule", timeout=10).ok
    told = finish(staff, address)
    assert told["state"] == "done", told
    page = staff.get(address, timeout=10).text
    moves = re.findall(r"<tr>.*?</tr>", page.split('class="table table-tight stack-on-phone moves"')[1], re.S)
    rows = [row for row in moves if "原时段不再成立" in row or "腾出时段" in row]
    assert len(rows) >= len(broken)
    newest = read(lambda s: s.scalars(select(Schedule.id).order_by(Schedule.id.desc())).first())
    assert read(lambda s: s.get_one(Schedule, newest).source) == "reschedule"
    assert staff.post(f"{address}/{newest}/publish", data={"short_ok": "1"}, timeout=30).ok
    assert read(broken_now) == []
    left = read(
        lambda s: (
            s.scalars(select(Sitting).where(Sitting.half_day_id == int(str(half_day_id)))).one().cancelled
        )
    )
    assert left is True


def test_who_has_been_told_moves_only_when_staff_say_so(server: LiveServer, read: Read) -> None:
    staff = server.sign_in("staff")
    address = server.url + TIMETABLE
    settings = staff.get(f"{server.url}/rounds/2021/settings", timeout=10).text
    form = dict(
        re.findall(
            r'name="(\w+)"[^>]* value="([^"]*)"',
            settings.split('action="/rounds/2021/settings/timetable"')[1],
        )
    )
    hours = {"working_hours": "01-01 10:00-14:00, 15:30-19:30", "extra_days_off": ""}
    wide = form | hours | {"change_notice": "60", "change_notice_unit": "days"}
    assert staff.post(f"{server.url}/rounds/2021/settings/timetable", data=wide, timeout=10).ok
    lost = {"half_day_id": read(half_day_of_most), "reason": "线路故障"}
    page = staff.post(f"{address}/change/half-days", data=lost, timeout=10).text
    broken, others = page.split("其他已通知的人员")
    asked = re.findall(r'name="may_move" value="(\d+)"', broken)
    assert re.findall(r'name="may_move" value="(\d+)"', others), "staff may let others move, too"
    assert asked and "已通知" in page
    assert staff.post(f"{address}/reschedule", data={"may_move": asked}, timeout=10).ok
    assert finish(staff, address)["state"] == "done"
    newest = read(lambda s: s.scalars(select(Schedule.id).order_by(Schedule.id.desc())).first())
    refused = staff.post(f"{address}/{newest}/publish", timeout=30).text
    assert "请先勾选确认" in refused
    assert read(lambda s: s.get_one(Schedule, newest).published_at) is None
    moved = {
        int(i)
        for i in re.findall(
            r"/applications/(\d+)", refused.split("table-tight stack-on-phone moves")[1].split("</table>")[0]
        )
    }
    assert moved == {int(i) for i in asked}, "nobody who was told moves but those whom staff named"
    assert staff.post(f"{address}/{newest}/publish", data={"told_ok": "1", "short_ok": "1"}, timeout=30).ok
    assert read(lambda s: s.get_one(Schedule, newest).published_at) is not None


def test_who_cannot_be_placed_is_explained_once(server: LiveServer, read: Read) -> None:
    staff = server.sign_in("staff")
    address = server.url + TIMETABLE

    def close_a_panel(session: Session) -> None:
        defence = session.scalars(select(Defence).order_by(Defence.id)).first()
        assert defence is not None
        series = defence.application.series
        for panel in session.scalars(select(Panel)):
            if series in panel.series:
                for half_day in panel.half_days:
                    half_day.cancelled_at = utc_now()

    read(close_a_panel)
    assert staff.post(f"{address}/solve", timeout=10).ok
    assert finish(staff, address)["state"] == "done"
    page = staff.get(address, timeout=10).text
    assert "为什么？怎么办？" in page
    newest = read(lambda s: s.scalars(select(Schedule.id).order_by(Schedule.id.desc())).first())
    about = re.findall(r'name="application_id" value="(\d+)"', page)[0]
    answer = staff.post(f"{address}/{newest}/explain", data={"application_id": about}, timeout=10)
    deadline = time.monotonic() + 60
    while "正在查找冲突" in answer.text and time.monotonic() < deadline:
        time.sleep(0.3)
        answer = staff.get(f"{address}/{newest}/explanation?about={about}", timeout=10)
    assert "以下事实不能同时成立" in answer.text, answer.text
    assert f"/applications/{about}" in answer.text
    assert not re.search(r"(?<![\w/])[cehp]\d+(?!\w)", re.sub(r"<[^>]+>", "", answer.text.split("<main")[1]))
    runs = read(lambda s: len(s.execute(select(Schedule.id)).all()))
    again = staff.post(f"{address}/{newest}/explain", data={"application_id": about}, timeout=10)
    assert "以下事实不能同时成立" in again.text
    assert read(lambda s: len(s.execute(select(Schedule.id)).all())) == runs

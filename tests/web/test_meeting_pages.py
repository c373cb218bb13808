"""The click into a meeting, the page of the meetings, and the forms that say who holds them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from defense.extensions import db
from defense.integrations.meetings.bigbluebutton import BigBlueButtonProvider
from defense.integrations.meetings.tencent import TencentProvider
from defense.integrations.meetings.zoom import ZoomProvider
from defense.models import AuditEntry, Meeting, Panel, Round, Sitting
from defense.models.types import utc_now
from defense.services.meetings.keeping import keep_meetings
from tests.conftest import People
from tests.doubles.bbb_double import BbbDouble
from tests.doubles.server import Fault
from tests.doubles.tencent_double import TencentDouble
from tests.doubles.zoom_double import ZoomDouble
from tests.keeping_world import IMPATIENT
from tests.meeting_world import bbb_access, tencent_access, zoom_access

Enter = Callable[[str], FlaskClient]
PAGE = "/rounds/2021/meetings"


@pytest.fixture
def tencent(published_app: Flask) -> Iterator[TencentDouble]:
    """Tencent Meeting is the round's provider, Jitsi the second one."""
    with TencentDouble() as double:
        provider = TencentProvider(tencent_access(double), IMPATIENT)
        published_app.extensions["meeting_providers"]["tencent"] = provider
        choose(published_app, "tencent", "jitsi")
        yield double


@pytest.fixture(autouse=True)
def today(published_app: Flask, people: People) -> None:
    """The sitting of the people begins in ten minutes."""
    begin_in(published_app, people, timedelta(minutes=10))


def begin_in(app: Flask, people: People, wait: timedelta) -> None:
    with app.app_context():
        sitting = db.session.get_one(Sitting, people.sitting_id)
        later = utc_now().replace(microsecond=0) + wait - sitting.start_at
        sitting.start_at += later
        sitting.end_at += later
        for defence in sitting.defences:
            defence.start_at += later
            defence.end_at += later
        db.session.commit()


def choose(app: Flask, first: str, second: str | None) -> None:
    with app.app_context():
        round_ = db.session.scalars(select(Round)).one()
        round_.meeting_provider, round_.second_meeting_provider = first, second
        db.session.commit()


def keep(app: Flask) -> None:
    with app.app_context():
        settings, providers = app.extensions["settings"], app.extensions["meeting_providers"]
        keep_meetings(sessionmaker(db.engine), providers, settings, utc_now)
        db.session.remove()


def path_of(people: People) -> str:
    return f"/sittings/{people.sitting_id}/meeting"


def meetings(app: Flask) -> list[Meeting]:
    with app.app_context():
        return list(db.session.scalars(select(Meeting).order_by(Meeting.id)))


def audit_text(app: Flask) -> str:
    with app.app_context():
        return "\n".join(f"{e.action} {e.detail}" for e in db.session.scalars(select(AuditEntry)))


def test_without_a_choice_everybody_meets_in_one_jitsi_room(people: People, enter: Enter) -> None:
    answers = [enter(name).get(path_of(people)) for name in ("secretary", "expert0")]
    answers.append(enter("candidate0").get("/my/meeting"))
    assert {answer.status_code for answer in answers} == {302}
    assert len({answer.location for answer in answers}) == 1
    assert answers[0].location.startswith("https://meet.jit.si/defence-")
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"


def test_before_the_meeting_exists_one_is_told_what_to_do(
    published_app: Flask, tencent: TencentDouble, people: People, enter: Enter
) -> None:
    answer = enter("expert0").get(path_of(people))
    assert answer.status_code == 409
    assert "尚未准备好" in answer.text
    assert "0991-3689900" in answer.text
    keep(published_app)
    answer = enter("expert0").get(path_of(people))
    assert answer.location == tencent.living[0].shown()["join_url"]


def test_the_click_follows_a_sitting_that_was_moved(
    published_app: Flask, tencent: TencentDouble, people: People, enter: Enter
) -> None:
    keep(published_app)
    expert = enter("expert0")
    before = expert.get(path_of(people)).location
    begin_in(published_app, people, timedelta(hours=5))
    keep(published_app)
    answer = expert.get(path_of(people))
    assert answer.status_code == 403
    assert before not in answer.text
    begin_in(published_app, people, timedelta(minutes=30))
    keep(published_app)
    assert expert.get(path_of(people)).location == before
    assert tencent.created == 1


def test_a_meeting_that_somebody_deleted_is_made_anew(
    published_app: Flask, people: People, enter: Enter
) -> None:
    """Zoom is asked for the host's address at the click, and says that there is no such meeting."""
    with ZoomDouble() as zoom:
        provider = ZoomProvider(zoom_access(zoom), IMPATIENT)
        published_app.extensions["meeting_providers"]["zoom"] = provider
        choose(published_app, "zoom", None)
        keep(published_app)
        zoom.meetings.clear()
        assert enter("secretary").get(path_of(people)).status_code == 409
        keep(published_app)
        (made,) = zoom.living
        assert enter("secretary").get(path_of(people)).location == made.shown()["start_url"]
        assert enter("expert0").get(path_of(people)).location == made.shown()["join_url"]


@pytest.fixture
def bbb(published_app: Flask) -> Iterator[BbbDouble]:
    """BigBlueButton, which makes its rooms at the click, is the round's provider."""
    with BbbDouble() as double:
        provider = BigBlueButtonProvider(bbb_access(double), IMPATIENT)
        published_app.extensions["meeting_providers"]["bigbluebutton"] = provider
        yield double


def test_everybody_meets_in_one_room_made_at_the_click(
    published_app: Flask, bbb: BbbDouble, people: People, enter: Enter
) -> None:
    choose(published_app, "bigbluebutton", "jitsi")
    keep(published_app)
    assert not bbb.calls, "nothing is made ahead"
    first, second = enter("secretary").get(path_of(people)), enter("candidate0").get("/my/meeting")
    assert parse_qs(urlsplit(first.location).query)["role"] == ["MODERATOR"]
    assert parse_qs(urlsplit(second.location).query)["role"] == ["VIEWER"]
    assert len(bbb.living) == 1


def test_a_click_that_the_first_provider_fails_leads_everybody_to_the_second(
    published_app: Flask, bbb: BbbDouble, people: People, enter: Enter
) -> None:
    choose(published_app, "bigbluebutton", "jitsi")
    bbb.faults = lambda _call: Fault.ERROR_503
    first = enter("expert0").get(path_of(people))
    assert first.location.startswith("https://meet.jit.si/")
    bbb.faults = lambda _call: None
    assert enter("secretary").get(path_of(people)).location == first.location, "nobody sits alone"
    keep(published_app)
    assert enter("candidate0").get("/my/meeting").location == first.location
    assert "BigBlueButton" in enter("staff").get(PAGE).text
    assert audit_text(published_app).count("meeting.switched") == 1


def test_a_second_provider_that_makes_meetings_ahead_is_asked_after_the_click(
    published_app: Flask, bbb: BbbDouble, tencent: TencentDouble, people: People, enter: Enter
) -> None:
    choose(published_app, "bigbluebutton", "tencent")
    bbb.faults = lambda _call: Fault.ERROR_503
    answer = enter("expert0").get(path_of(people))
    assert answer.status_code == 409
    assert "请过一分钟再点击进入" in answer.text
    keep(published_app)
    (made,) = tencent.living
    assert enter("expert0").get(path_of(people)).location == made.shown()["join_url"]


def test_with_no_other_provider_a_failing_click_says_whom_to_telephone(
    published_app: Flask, bbb: BbbDouble, people: People, enter: Enter
) -> None:
    choose(published_app, "bigbluebutton", None)
    bbb.faults = lambda _call: Fault.ERROR_503
    answer = enter("expert0").get(path_of(people))
    assert answer.status_code == 409
    assert "0991-3689900" in answer.text
    assert "BigBlueButton" in enter("staff").get(PAGE).text
    bbb.faults = lambda _call: None
    assert enter("expert0").get(path_of(people)).status_code == 302


def test_a_cancelled_sitting_leads_nowhere(
    published_app: Flask, tencent: TencentDouble, people: People, enter: Enter
) -> None:
    keep(published_app)
    with published_app.app_context():
        db.session.get_one(Sitting, people.sitting_id).cancelled = True
        db.session.commit()
    keep(published_app)
    assert not tencent.living
    assert enter("secretary").get(path_of(people)).status_code != 302


def test_staff_see_the_words_of_a_provider_and_no_address(
    published_app: Flask, tencent: TencentDouble, people: People, enter: Enter
) -> None:
    tencent.faults = lambda _call: Fault.QUOTA
    keep(published_app)
    page = enter("staff").get(PAGE).text
    assert "备用" in page
    assert "未能创建" in page
    assert "改用腾讯会议" in page
    assert "个视频会议已改用备用平台" in enter("staff").get("/").text
    assert "改用另一会议平台" in enter("staff").get("/audit").text
    assert enter("expert0").get(path_of(people)).location.startswith("https://meet.jit.si/")
    tencent.faults = lambda _call: None
    (meeting,) = [m for m in meetings(published_app) if m.state == "held"]
    assert enter("staff").post(f"{PAGE}/{meeting.id}/change").status_code == 302
    keep(published_app)
    (held,) = tencent.living
    address = held.shown()["join_url"]
    assert enter("expert0").get(path_of(people)).location == address
    for page in (
        enter("staff").get(PAGE).text,
        enter("supervisor").get(PAGE).text,
        audit_text(published_app),
    ):
        assert address not in unescape(page)
        assert held.password not in page
        assert held.code not in page


def test_trying_again_asks_the_provider_at_once(
    published_app: Flask, tencent: TencentDouble, enter: Enter
) -> None:
    choose(published_app, "tencent", None)
    tencent.faults = lambda _call: Fault.QUOTA
    keep(published_app)
    assert "需要处理" in enter("staff").get(PAGE).text
    assert "1 个视频会议需要处理" in enter("staff").get("/").text
    tencent.faults = lambda _call: None
    keep(published_app)
    assert not tencent.living
    (meeting,) = meetings(published_app)
    assert enter("staff").post(f"{PAGE}/{meeting.id}/retry").status_code == 302
    assert enter("staff").post(f"{PAGE}/{meeting.id}/change").status_code == 409
    keep(published_app)
    assert len(tencent.living) == 1
    page = enter("staff").get(PAGE).text
    assert "已就绪" in page
    assert "需要处理" not in page


def test_who_may_look_and_who_may_act(published_app: Flask, tencent: TencentDouble, enter: Enter) -> None:
    keep(published_app)
    (meeting,) = meetings(published_app)
    assert "<form" in enter("staff").get(PAGE).text.partition("<main")[2]
    assert "<form" not in enter("supervisor").get(PAGE).text.partition("<main")[2]
    for name in ("secretary", "expert0", "candidate0"):
        assert enter(name).get(PAGE).status_code == 403
    for name in ("supervisor", "secretary", "expert0", "candidate0"):
        for what in ("retry", "change"):
            assert enter(name).post(f"{PAGE}/{meeting.id}/{what}").status_code == 403
    assert enter("staff").post(f"{PAGE}/{meeting.id + 1}/retry").status_code == 404


def test_the_settings_offer_what_is_configured(
    published_app: Flask, tencent: TencentDouble, enter: Enter
) -> None:
    staff = enter("staff")
    page = staff.get("/rounds/2021/settings").text
    assert 'value="tencent"' in page
    assert 'value="zoom"' not in page
    form = {"meeting_provider": "jitsi", "second_meeting_provider": "tencent"}
    assert staff.post("/rounds/2021/settings/meetings", data=form).status_code == 302
    with published_app.app_context():
        round_ = db.session.scalars(select(Round)).one()
        assert (round_.meeting_provider, round_.second_meeting_provider) == ("jitsi", "tencent")
        assert round_.meeting_waiting_room is False
    assert "round.meetings_changed" in audit_text(published_app)
    for first, second in (("zoom", ""), ("jitsi", "jitsi"), ("", ""), ("nonsense", "")):
        form = {"meeting_provider": first, "second_meeting_provider": second}
        assert staff.post("/rounds/2021/settings/meetings", data=form).status_code == 422
    assert enter("supervisor").post("/rounds/2021/settings/meetings", data=form).status_code == 403


ADDRESS, NUMBER, PASSWORD = "https://vc.example.org/j/88231177?k=v-secret", "88231177", "pw-4711-geheim"


def test_a_standing_room_is_shown_to_whoever_may_enter_and_only_then(
    published_app: Flask, people: People, enter: Enter
) -> None:
    choose(published_app, "fixed", None)
    assert enter("expert0").get(path_of(people)).status_code == 409
    with published_app.app_context():
        panel_id = db.session.get_one(Sitting, people.sitting_id).panel_id
    panel_url, staff = f"/rounds/2021/panels/{panel_id}", enter("staff")
    assert "请填写本组的固定会议室" in staff.get(PAGE).text
    for wrong in ("http://vc.example.org/j", "javascript:alert(1)", "https://u:p@vc.example.org", "vc"):
        assert staff.post(f"{panel_url}/room", data={"address": wrong}).status_code == 422
    form = {"address": ADDRESS, "number": NUMBER, "password": PASSWORD}
    assert staff.post(f"{panel_url}/room", data=form).status_code == 302
    answer = enter("expert0").get(path_of(people))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert 'rel="noopener noreferrer"' in answer.text
    for secret in (ADDRESS, NUMBER, PASSWORD):
        assert secret in unescape(answer.text)
        assert secret not in unescape(staff.get(panel_url).text)
        assert secret not in unescape(staff.get(PAGE).text)
        assert secret not in audit_text(published_app)
    assert "https://vc.example.org/…" in staff.get(panel_url).text
    begin_in(published_app, people, timedelta(hours=3))
    early = enter("expert0").get(path_of(people))
    assert early.status_code == 403
    assert "vc.example.org" not in early.text
    with published_app.app_context():
        panel = db.session.get_one(Panel, panel_id)
        kept = b"".join(filter(None, (panel.meeting_address, panel.meeting_number, panel.meeting_password)))
    assert not any(secret.encode() in kept for secret in (ADDRESS, NUMBER, PASSWORD))
    assert staff.post(f"{panel_url}/room/forget").status_code == 302
    assert "vc.example.org" not in staff.get(panel_url).text


def test_the_page_speaks_english(published_app: Flask, tencent: TencentDouble, enter: Enter) -> None:
    tencent.faults = lambda _call: Fault.QUOTA
    keep(published_app)
    staff = enter("staff")
    staff.post("/language/en", data={"next": PAGE})
    page = staff.get(PAGE).text.partition("<main")[2]
    for words in ("Video meetings", "stands in", "Use Tencent Meeting", "could not be had"):
        assert words in page
    without_panels = re.sub(r'href="/sittings/\d+">[^<]+</a>', "", page)
    assert not re.search(r"[\u4e00-\u9fff]", without_panels)


def test_the_command_keeps_the_meetings(published_app: Flask, tencent: TencentDouble) -> None:
    with published_app.app_context():
        done = published_app.test_cli_runner().invoke(args=["keep-meetings"])
    assert done.exit_code == 0, done.output
    assert "created: 1" in done.output
    assert len(tencent.living) == 1

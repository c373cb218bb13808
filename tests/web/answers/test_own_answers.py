"""Everybody's own appointments: the three answers, what counts once, what comes too late, who sees what."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from defense.domain.lifecycle import DefenceState
from defense.domain.round_rules import BEIJING
from defense.models import (
    Account,
    AuditEntry,
    CandidateWish,
    Defence,
    Expert,
    Invite,
    InviteReply,
    NamedAttendee,
    Round,
)
from defense.models.types import utc_now
from defense.services.invites.following import refresh_invites
from defense.services.invites.replies import Answer
from defense.services.timetable.candidate_needs import name_attendee
from tests.answer_pages import Person, Write

Invited = Callable[..., Person]


def replies(write: Write, invite_id: int) -> list[tuple[str, str, str]]:
    query = select(InviteReply).where(InviteReply.invite_id == invite_id).order_by(InviteReply.id)
    return write(lambda s: [(r.answer, r.via, r.comment) for r in s.scalars(query)])


def choices(page: str) -> list[str]:
    return re.findall(r'name="half_day" value="([\d-]+)"', page)


@pytest.mark.parametrize(
    ("audience", "home"),
    [("candidate", "/my"), ("panelist", "/sittings"), ("secretary", "/sittings")],
)
def test_everybody_confirms_where_their_link_leads(
    invited: Invited, write: Write, future_app: Flask, audience: str, home: str
) -> None:
    def invite_the_secretaries(session: Session) -> None:
        for number, account in enumerate(session.scalars(select(Account).where(Account.role == "secretary"))):
            account.email = f"secretary{number}@example.org"
        round_ = session.scalars(select(Round)).one()
        refresh_invites(session, round_, future_app.extensions["settings"], utc_now())

    write(invite_the_secretaries)
    person = invited(audience)
    assert person.home == home
    page = person.arrival.get_data(as_text=True)
    assert "尚未答复" in page if home == "/my" else "等待您答复" in page
    shown = person.look()
    assert "星期" in shown and "新疆时间" in shown and "确认参加" in shown
    answered = person.answer("accepted")
    assert answered.status_code == 302
    assert "已收到：您确认参加" in person.look()
    assert replies(write, person.invite_id) == [("accepted", "page", "")]
    entry = write(
        lambda s: s.scalars(select(AuditEntry).where(AuditEntry.action == "invite.answered")).one().detail
    )
    assert entry == {"answer": "accepted", "via": "page", "sequence": 0}


def test_the_answer_can_be_changed_until_the_day(invited: Invited, write: Write) -> None:
    person = invited("candidate")
    person.answer("accepted")
    person.answer("declined", comment="出差")
    assert "不能参加" in person.look() and "出差" in person.look()
    person.answer("accepted")
    said = [answer for answer, _via, _comment in replies(write, person.invite_id)]
    assert said == ["accepted", "declined", "accepted"]
    assert write(lambda s: s.get_one(Invite, person.invite_id).answer) == Answer.ACCEPTED


def test_the_same_form_twice_counts_once_and_an_old_one_does_not_overturn(
    invited: Invited, write: Write
) -> None:
    person = invited("candidate")
    form = person.fields()
    for _twice in range(2):
        assert person.answer("declined", comment="出差", **form).status_code == 302
    assert len(replies(write, person.invite_id)) == 1
    person.answer("accepted")
    replayed = person.answer("declined", comment="出差", **form)
    assert replayed.status_code == 409 and "您已另行答复" in replayed.get_data(as_text=True)
    assert write(lambda s: s.get_one(Invite, person.invite_id).answer) == Answer.ACCEPTED


def test_asking_for_half_days_is_a_wish_and_twice_the_same_is_one(invited: Invited, write: Write) -> None:
    person = invited("candidate")
    ticked = choices(person.look())[:2]
    assert len(ticked) == 2
    form = person.fields()
    for _twice in range(2):
        sent = person.answer("other_time", comment="上午有课", half_day=ticked, **form)
        assert sent.status_code == 302
    assert replies(write, person.invite_id) == [("other_time", "page", "上午有课")]
    wishes = write(
        lambda s: [(w.kind, int(w.start_at.timestamp())) for w in s.scalars(select(CandidateWish))]
    )
    assert {("preferred", int(key.split("-")[0])) for key in ticked} < set(wishes)
    assert [kind for kind, _at in wishes].count("avoided") == 1
    page = person.look()
    assert "已收到您的调整申请" in page and "上午有课" in page


def test_asking_for_a_time_of_ones_own(invited: Invited, write: Write) -> None:
    person = invited("panelist")
    day = (utc_now() + timedelta(days=20)).date().isoformat()
    sent = person.answer("other_time", comment="门诊", day=day, **{"from": "10:00", "to": "12:30"})
    assert sent.status_code == 302
    row = write(lambda s: s.scalars(select(InviteReply)).one().proposed_start_at.isoformat())
    assert row == f"{day}T02:00:00+00:00"
    assert write(lambda s: s.scalars(select(CandidateWish)).all()) == []


DAY = (utc_now() + timedelta(days=20)).date().isoformat()


@pytest.mark.parametrize(
    ("form", "zh", "en"),
    [
        ({"comment": ""}, "原因", "Reason"),
        ({"comment": "课" * 501}, "原因", "Reason"),
        ({"comment": "有课"}, "希望的时间", "Time that suits"),
        ({"comment": "有课", "day": "明天"}, "日期", "Day"),
        ({"comment": "有课", "from": "10:00"}, "日期", "Day"),
        ({"comment": "有课", "day": DAY, "from": "晚上", "to": "12:00"}, "开始时间", "From"),
        ({"comment": "有课", "day": DAY, "from": "10:00+05:00", "to": "12:00"}, "开始时间", "From"),
        ({"comment": "有课", "day": DAY, "from": "10:00"}, "结束时间", "To"),
        ({"comment": "有课", "day": DAY, "from": "10:00", "to": "09:00"}, "结束时间", "To"),
        ({"comment": "有课", "day": "2001-01-01", "from": "10:00", "to": "11:00"}, "希望的时间", "Time that"),
        ({"comment": "有课", "half_day": "1-2"}, "合适的半天", "Half-days that suit"),
    ],
)
def test_a_mistake_names_its_field_in_both_languages_and_keeps_what_was_typed(
    invited: Invited, write: Write, form: dict[str, str], zh: str, en: str
) -> None:
    person = invited("candidate")
    for language, name in (("zh", zh), ("en", en)):
        person.client.post(f"/language/{language}")
        refused = person.answer("other_time", **form)
        page = refused.get_data(as_text=True)
        assert refused.status_code == 422
        assert name in page.split('role="alert">')[1].split("</div>")[0]
        assert form["comment"] in page and f'name="day" value="{form.get("day", "")}"' in page
    assert replies(write, person.invite_id) == []
    back = person.client.get(f"/appointments/{person.invite_id}/answer")
    assert back.headers["Location"].startswith("/my")


def test_the_present_time_is_no_other_time(invited: Invited, write: Write) -> None:
    person = invited("candidate")
    times = select(Invite.start_at, Invite.end_at).where(Invite.id == person.invite_id)
    start, end = (at.astimezone(BEIJING) for at in write(lambda s: s.execute(times).one()))
    same = {"day": start.date().isoformat(), "from": f"{start:%H:%M}", "to": f"{end:%H:%M}"}
    refused = person.answer("other_time", comment="有课", **same)
    assert refused.status_code == 422 and "与现在的安排相同" in refused.get_data(as_text=True)
    assert replies(write, person.invite_id) == []
    assert write(lambda s: s.scalars(select(CandidateWish)).all()) == []


def test_an_answer_to_an_older_revision_is_refused_kindly(
    invited: Invited, write: Write, future_app: Flask
) -> None:
    person = invited("panelist")
    form = person.fields()

    def move(session: Session) -> None:
        invite = session.get_one(Invite, person.invite_id)
        invite.sequence, invite.answer = 1, None

    write(move)
    late = person.answer("accepted", **form)
    assert late.status_code == 409 and "安排已有变更" in late.get_data(as_text=True)
    browser = {"Referer": "http://localhost/appointments"}
    address = f"/appointments/{person.invite_id}/answer"
    sent = person.client.post(
        address, data={**form, "answer": "accepted"}, headers=browser, follow_redirects=True
    )
    assert sent.status_code == 200 and "安排已有变更" in sent.get_data(as_text=True)
    assert "尚未答复" in sent.get_data(as_text=True), "back on the page, with the new arrangement"
    assert replies(write, person.invite_id) == []
    write(lambda s: setattr(s.get_one(Invite, person.invite_id), "cancelled", True))
    assert person.answer("accepted", sequence=1, seen=0).status_code == 409


def test_after_the_start_nothing_is_answered_here(invited: Invited, write: Write) -> None:
    person = invited("candidate")
    form = person.fields()

    def begin(session: Session) -> None:
        session.get_one(Invite, person.invite_id).start_at = utc_now() - timedelta(minutes=1)

    write(begin)
    late = person.answer("accepted", **form)
    assert late.status_code == 409 and "已到约定时间" in late.get_data(as_text=True)
    assert "已到约定时间" in person.look() and 'name="sequence"' not in person.look()
    assert replies(write, person.invite_id) == []


def test_nobody_answers_for_somebody_else(invited: Invited, write: Write, office: Callable[..., Any]) -> None:
    one, other = invited("candidate"), invited("candidate", 1)
    form = {**other.fields(), "answer": "declined"}
    address = f"/appointments/{other.invite_id}/answer"
    assert one.client.post(address, data=form).status_code == 404
    assert invited("panelist").client.post(address, data=form).status_code == 404
    assert one.client.post("/appointments/999999/answer", data=form).status_code == 404
    for name in ("staff", "supervisor"):
        assert office(name).post(address, data=form).status_code == 403
        assert office(name).get("/appointments").status_code == 403
    assert one.client.get("/appointments").status_code == 403
    assert replies(write, other.invite_id) == []


def test_a_forged_form_is_refused(invited: Invited, write: Write, future_app: Flask) -> None:
    person = invited("candidate")
    form = person.fields()
    future_app.config["WTF_CSRF_ENABLED"] = True
    assert person.answer("declined", **form).status_code == 400
    assert replies(write, person.invite_id) == []


def test_a_candidate_sees_nobody_else(invited: Invited, write: Write) -> None:
    person = invited("candidate")
    page = person.look()
    own = write(lambda s: s.get_one(Invite, person.invite_id).account.display_name)
    others = write(lambda s: [a.display_name for a in s.scalars(select(Account))])
    assert own in page
    assert not [name for name in others if name != own and name in page]


@pytest.fixture
def attendee(invited: Invited, write: Write, future_app: Flask) -> Person:
    """An interpreter of the first candidate's defence."""

    def name_one(session: Session) -> None:
        defence = session.scalars(select(Defence).order_by(Defence.start_at, Defence.id)).first()
        assert defence is not None
        round_ = session.scalars(select(Round)).one()
        interpreter = Expert(
            round_id=round_.id,
            number="到场001",
            name="古丽",
            unit="",
            level="senior",
            series=[],
            specialties=[],
            phone="13900001111",
            email="guli@example.org",
            unavailable_json=[],
            is_attendee_only=True,
        )
        session.add(interpreter)
        session.flush()
        staff = session.scalars(select(Account).where(Account.username == "staff")).one()
        name_attendee(session, defence.application, interpreter.id, "翻译", staff.id)
        refresh_invites(session, round_, future_app.extensions["settings"], utc_now())

    write(name_one)
    return invited("attendee")


def test_an_attendee_lands_on_the_own_page_and_enters_in_the_candidates_time_only(
    attendee: Person, invited: Invited, write: Write
) -> None:
    assert attendee.home == "/appointments"
    address = f"/appointments/{attendee.invite_id}/meeting"
    assert address in attendee.look()
    early = attendee.client.get(address)
    assert early.status_code == 403 and "会议室尚未开放" in early.get_data(as_text=True)

    def begin(session: Session, state: str = DefenceState.WAITING) -> None:
        defence = session.get_one(Invite, attendee.invite_id).defence_id
        row = session.get_one(Defence, defence)
        row.start_at, row.end_at, row.state = utc_now(), utc_now() + timedelta(minutes=15), state

    write(begin)
    entered = attendee.client.get(address)
    assert entered.status_code == 302 and "meet" in entered.headers["Location"]
    write(lambda s: begin(s, DefenceState.VOTING))
    assert attendee.client.get(address).status_code == 403
    write(begin)
    for stranger in (invited("panelist"), invited("panelist", 1)):
        assert stranger.client.get(address).status_code == 404
    assert invited("candidate").client.get(address).status_code == 403
    write(lambda s: s.execute(delete(NamedAttendee)))
    assert attendee.client.get(address).status_code == 404, "not named any more"

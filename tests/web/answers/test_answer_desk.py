"""The page of answers: who sees it, what it counts and masks, and what staff do there, once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.models import AuditEntry, CandidateWish, Expert, Invite, InviteReply, OutboxMessage
from defense.models.types import utc_now
from defense.services.invites.replies import Answer
from defense.services.keeping.personal import SHOWN
from tests.answer_pages import Person, Write

PAGE = "/rounds/2021/invites/answers"
Invited = Callable[..., Person]


def look(client: FlaskClient, address: str = PAGE) -> str:
    answered = client.get(address)
    assert answered.status_code == 200
    return answered.get_data(as_text=True)


def kinds(write: Write, kind: str) -> int:
    return len(write(lambda s: s.scalars(select(OutboxMessage.id).where(OutboxMessage.kind == kind)).all()))


def actions(write: Write, action: str) -> int:
    return len(write(lambda s: s.scalars(select(AuditEntry.seq).where(AuditEntry.action == action)).all()))


def note_form(invite: tuple[int, int], answer: str, **more: str) -> dict[str, str]:
    sequence, seen = invite
    return {"sequence": str(sequence), "seen": str(seen), "answer": answer, **more}


def test_staff_and_supervisor_look_and_only_staff_act(
    office: Callable[[str], FlaskClient], invited: Invited, write: Write
) -> None:
    person = invited("candidate")
    supervisor = office("supervisor")
    assert "参加答复" in look(supervisor)
    assert "催请</button>" not in look(supervisor) and "登记电话答复" not in look(supervisor)
    acts = ["remind", *(f"{person.invite_id}/{act}" for act in ("remind", "note", "keep", "phone"))]
    for act in acts:
        assert supervisor.post(f"{PAGE}/{act}").status_code == 403
        assert person.client.post(f"{PAGE}/{act}").status_code == 403
    assert person.client.get(PAGE).status_code == 403
    assert invited("panelist").client.get(PAGE).status_code == 403


def test_names_are_masked_and_the_list_narrows(staff: FlaskClient, invited: Invited, write: Write) -> None:
    person, other = invited("candidate"), invited("panelist")
    person.answer("accepted")
    page = look(staff)
    name = write(lambda s: s.get_one(Invite, other.invite_id).account.display_name)
    assert name not in page.split("<h1>")[1]
    only = look(staff, f"{PAGE}?answer=accepted")
    assert only.count("登记电话答复") == 1 and "确认参加" in only
    assert "没有符合条件的人员" in look(staff, f"{PAGE}?answer=accepted&audience=panelist")
    assert look(staff, f"{PAGE}?panel=x&day=never&page=99") != ""
    assert "没有符合条件的人员" in look(staff, f"{PAGE}?day=1999-01-01")
    for nonsense in ("0001-01-01", "9999-12-31"):
        assert staff.get(f"{PAGE}?day={nonsense}").status_code == 200, "no midnight, but no fault either"


def test_reminding_twice_sends_one(staff: FlaskClient, invited: Invited, write: Write) -> None:
    one, other = invited("candidate"), invited("candidate", 1)
    one.answer("accepted")
    for _twice in range(2):
        assert staff.post(f"{PAGE}/{other.invite_id}/remind").status_code == 302
    assert kinds(write, "please_confirm") == 1
    waiting = write(lambda s: len(s.scalars(select(Invite.id).where(Invite.answer.is_(None))).all()))
    for _twice in range(2):
        assert staff.post(f"{PAGE}/remind").status_code == 302
    assert kinds(write, "please_confirm") == waiting
    assert actions(write, "invite.reminded") == actions(write, "invites.reminded") == 1


def test_an_answer_by_telephone_is_noted_once_and_the_newest_holds(
    staff: FlaskClient, invited: Invited, write: Write
) -> None:
    person = invited("candidate")
    day = (utc_now() + timedelta(days=20)).date().isoformat()
    asked = note_form((0, 0), "other_time", comment="有课", day=day, **{"from": "10:00", "to": "12:00"})
    for _twice in range(2):
        assert staff.post(f"{PAGE}/{person.invite_id}/note", data=asked).status_code == 302
    rows = write(lambda s: [(r.via, r.answer, r.account_id is None) for r in s.scalars(select(InviteReply))])
    assert rows == [("staff", "other_time", False)]
    assert len(write(lambda s: s.scalars(select(CandidateWish)).all())) == 2
    stale = staff.post(f"{PAGE}/{person.invite_id}/note", data=note_form((0, 0), "declined"))
    assert stale.status_code == 409
    person.answer("accepted")
    assert write(lambda s: s.get_one(Invite, person.invite_id).answer) == Answer.ACCEPTED
    assert staff.post(f"{PAGE}/{person.invite_id}/note", data=note_form((0, 0), "maybe")).status_code == 422
    assert staff.post(f"{PAGE}/999999/note", data=asked).status_code == 404
    shown = look(staff, "/audit")
    assert "申请调整时间" in shown and "电话（工作人员登记）" in shown


def test_keeping_the_time_settles_the_request_and_tells_the_person(
    staff: FlaskClient, invited: Invited, write: Write
) -> None:
    person = invited("candidate")
    key = re.findall(r'name="half_day" value="([\d-]+)"', person.look())[0]
    person.answer("other_time", comment="上午有课", half_day=key)
    page = look(staff)
    section = page.split('id="requests"')[1].split("</table>")[0]
    assert "上午有课" in section and "/schedule/change?candidate=" in section
    request = re.findall(r'name="request" value="(\d+)"', section)[0]
    assert 'name="request"' in look(staff)
    wrong = invited("candidate", 1)
    refused = staff.post(f"{PAGE}/{wrong.invite_id}/keep", data={"request": request})
    assert refused.status_code == 404, "of another invite"
    for _twice in range(2):
        assert staff.post(f"{PAGE}/{person.invite_id}/keep", data={"request": request}).status_code == 302
    assert kinds(write, "time_stays") == 1 and actions(write, "invite.time_kept") == 1
    assert 'id="requests"' not in look(staff)
    assert write(lambda s: s.scalars(select(CandidateWish)).all()) == []
    assert "评价中心已决定：时间不变" in person.look()


def test_rescheduling_has_the_candidate_ticked(staff: FlaskClient, invited: Invited, write: Write) -> None:
    person = invited("candidate")
    key = re.findall(r'name="half_day" value="([\d-]+)"', person.look())[0]
    person.answer("other_time", comment="有课", half_day=key)
    address = re.findall(r'href="(/rounds/2021/schedule/change\?candidate=\d+)', look(staff))[0]
    assert "有 1 项调整时间申请" in look(staff, address)
    assert "1 人申请调整时间" in look(staff, "/")


def test_a_panelist_who_declines_stands_at_the_top_and_the_number_is_shown_on_demand(
    staff: FlaskClient, invited: Invited, write: Write
) -> None:
    person = invited("panelist")
    person.answer("declined", comment="出差")

    def own_data(session: Session) -> tuple[int, str]:
        account = session.get_one(Invite, person.invite_id).account
        assert account.expert is not None
        return account.expert.id, account.expert.phone

    expert_id, phone = write(own_data)
    page = look(staff)
    top = page.split("table-danger")[1].split("</tr>")[0]
    assert phone not in page and phone[:3] in top and "出差" in top
    assert "/panels/" in top and f"/schedule/change?expert={expert_id}" in top
    address = f"{PAGE}/{person.invite_id}/phone"
    assert staff.post(address, data={"reason": " "}).status_code == 422
    shown = staff.post(address, data={"reason": f"通知更换 {phone}"}).get_data(as_text=True)
    assert phone in shown and staff.get(address).headers["Location"] == PAGE
    detail = write(lambda s: s.scalars(select(AuditEntry).where(AuditEntry.action == SHOWN)).one().detail)
    assert phone not in str(detail) and "通知更换" in str(detail)
    assert f'<option value="{expert_id}" selected>' in look(
        staff, f"/rounds/2021/schedule/change?expert={expert_id}"
    )


def test_a_forged_form_is_refused(staff: FlaskClient, future_app: Flask, write: Write) -> None:
    future_app.config["WTF_CSRF_ENABLED"] = True
    assert staff.post(f"{PAGE}/remind").status_code == 400
    assert kinds(write, "please_confirm") == 0


@pytest.mark.parametrize("answer", ["accepted", "declined"])
def test_the_phone_of_nobody_is_told_to_candidates(invited: Invited, write: Write, answer: str) -> None:
    person = invited("candidate")
    person.answer(answer)
    phones = write(lambda s: [expert.phone for expert in s.scalars(select(Expert)) if expert.phone])
    assert phones and not [phone for phone in phones if phone in person.look()]

"""Asking for an answer that has not come, and telling that the time stays: to whom, once, and how."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.models import AuditEntry, Invite, OutboxMessage
from defense.services.access import invite_link, revoke_invite_links
from defense.services.invites.answer_desk import (
    AnswerFilter,
    count_answers,
    count_open_requests,
    declined_panelists,
    find_answers,
    open_requests,
)
from defense.services.invites.answer_letters import AnswerOffice
from defense.services.invites.following import refresh_invites
from defense.services.invites.replies import Answer, Reply, Via, take_reply
from defense.settings import Settings
from tests.integration.invites.test_answers import ASKED, MORNING, NOW
from tests.invite_world import START, Received, World

ALI = "ali@example.org"
LETTER_KINDS = ["invite", "please_confirm"]


@pytest.fixture
def world(world: World, session: Session, settings: Settings) -> World:
    refresh_invites(session, world.round, settings, NOW)
    session.commit()
    return world


def office(world: World, days: int = 1) -> AnswerOffice:
    return AnswerOffice(world.session, world.round, world.settings, NOW + timedelta(days=days))


def kinds(world: World, address: str = ALI) -> list[str]:
    world.session.flush()
    query = select(OutboxMessage.kind).where(OutboxMessage.to_address == address).order_by(OutboxMessage.id)
    return list(world.session.scalars(query))


def test_who_has_not_answered_is_asked_once_a_day_by_the_same_link(world: World) -> None:
    staff_id, ali = world.staff_id(), world.invite_of(world.defences[0])
    take_reply(
        world.session, world.invite_of(world.defences[1]), Reply(Answer.ACCEPTED, Via.MAIL, 0, NOW), NOW
    )
    assert office(world).remind_all(staff_id) == 4, (
        "a candidate and three experts; one candidate has answered"
    )
    assert office(world).remind_all(staff_id) == 0 and not office(world).remind(ali, staff_id)
    assert kinds(world) == LETTER_KINDS and kinds(world, "li@163.com") == ["invite"]
    assert office(world, days=2).remind(ali, staff_id), "the next day once more"
    mail = world.mails_to(ALI)[-1]
    assert invite_link(ali, world.settings.secret_key) in plain(mail)
    assert "尚未收到您的答复" in plain(mail)
    assert len(list(mail.message.iter_parts())) == 2, "no calendar part: the event has not changed"
    actions = world.session.scalars(select(AuditEntry.action).where(AuditEntry.action.contains("reminded")))
    assert sorted(actions) == ["invite.reminded", "invites.reminded"]


def test_nobody_is_asked_who_cannot_answer(world: World) -> None:
    staff_id, ali = world.staff_id(), world.invite_of(world.defences[0])
    revoke_invite_links(world.session, ali, NOW)
    assert not office(world).remind(ali, staff_id), "the link is dead"
    assert office(world, days=8).remind_all(staff_id) == 0, "all is over"
    bounced = world.session.scalars(
        select(OutboxMessage).where(OutboxMessage.to_address == "li@163.com")
    ).one()
    bounced.state = "bounced"
    assert not office(world).remind(world.invite_of(world.defences[1]), staff_id)
    assert office(world).remind_all(staff_id) == 3


def test_a_proposal_by_mail_is_declined_as_calendars_do_it_and_once(world: World) -> None:
    staff_id, ali = world.staff_id(), world.invite_of(world.defences[0])
    request = take_reply(world.session, ali, ASKED, NOW)
    assert request is not None and count_open_requests(world.session, world.round) == 1
    assert office(world).keep_time(request, staff_id)
    assert not office(world).keep_time(request, staff_id)
    assert kinds(world) == ["invite", "time_stays"]
    mail = world.mails_to(ALI)[-1]
    assert mail.calendar["METHOD"] == "DECLINECOUNTER"
    assert (mail.event["UID"], mail.event["SEQUENCE"]) == (ali.uid, 0)
    assert mail.event["ATTENDEE"] == f"mailto:{ALI}" and "经研究，时间不变" in plain(mail)
    assert count_open_requests(world.session, world.round) == 0


@pytest.mark.parametrize("via", [Via.PAGE, Via.STAFF])
def test_others_are_told_by_a_plain_letter(world: World, via: Via) -> None:
    staff_id, ali = world.staff_id(), world.invite_of(world.defences[0])
    request = take_reply(world.session, ali, replace(ASKED, via=via), NOW)
    assert request is not None
    assert office(world).keep_time(request, staff_id)
    mail = world.mails_to(ALI)[-1]
    assert len(list(mail.message.iter_parts())) == 2 and "经研究，时间不变" in plain(mail)


def test_the_list_counts_narrows_and_masks(world: World) -> None:
    session, round_ = world.session, world.round
    ali, li = (world.invite_of(defence) for defence in world.defences)
    panelists = session.scalars(
        select(Invite).where(Invite.sitting_id.is_not(None)).order_by(Invite.id)
    ).all()
    take_reply(session, ali, ASKED, NOW)
    take_reply(session, li, Reply(Answer.ACCEPTED, Via.MAIL, 0, NOW), NOW)
    take_reply(session, panelists[1], Reply(Answer.DECLINED, Via.PAGE, 0, NOW), NOW)
    session.flush()
    assert count_answers(session, round_) == {"other_time": 1, "accepted": 1, "declined": 1, "none": 2}
    found = {
        name: find_answers(session, round_, wanted).found
        for name, wanted in {
            "all": AnswerFilter(),
            "none": AnswerFilter("none"),
            "candidates": AnswerFilter(audience="candidate"),
            "panelists": AnswerFilter(audience="panelist"),
            "attendees": AnswerFilter(audience="attendee"),
            "panel": AnswerFilter(panel_id=world.panel.id),
            "other panel": AnswerFilter(panel_id=world.panel.id + 1),
            "day": AnswerFilter(day=START.date()),
            "other day": AnswerFilter(day=START.date() + timedelta(days=1)),
        }.items()
    }
    assert found == {
        "all": 5,
        "none": 2,
        "candidates": 2,
        "panelists": 3,
        "attendees": 0,
        "panel": 5,
        "other panel": 0,
        "day": 5,
        "other day": 0,
    }
    names = {row.masked_name for row in find_answers(session, round_, AnswerFilter()).rows}
    assert "李*梅（A0002）" in names and not any("李晓梅" in name for name in names)
    assert [row.masked_phone for row in declined_panelists(session, round_, NOW)] == ["139****5678"]
    ((row, request),) = open_requests(session, round_)
    assert row.invite is ali and request.proposed_start_at == MORNING.start_at


def plain(mail: Received) -> str:
    text, *_rest = mail.message.iter_parts()
    return str(text.get_content())

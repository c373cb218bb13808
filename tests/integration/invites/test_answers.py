"""Answers to invites, however they came: repeated, changed, settled, and what they leave among the wishes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.people import Period
from defense.models import CandidateWish, Invite, InviteReply
from defense.services.invites.following import refresh_invites
from defense.services.invites.replies import Answer, Reply, Via, asked_spans, keep_time, take_reply
from defense.services.timetable.candidate_needs import note_wish
from defense.settings import Settings
from tests.invite_world import START, World

NOW = START - timedelta(days=7)
LATER = NOW + timedelta(hours=1)
MORNING = Period(START + timedelta(days=2), START + timedelta(days=2, hours=4))
EVENING = Period(START + timedelta(days=3, hours=5), START + timedelta(days=3, hours=9))
ASKED = Reply(Answer.OTHER_TIME, Via.MAIL, 0, NOW, "上午有课", proposed=MORNING)


@pytest.fixture
def invite(world: World, session: Session, settings: Settings) -> Invite:
    refresh_invites(session, world.round, settings, NOW)
    return world.invite_of(world.defences[0])


def wishes(session: Session) -> set[tuple[str, datetime]]:
    session.flush()
    return {(w.kind, w.start_at) for w in session.scalars(select(CandidateWish))}


def requests(session: Session) -> list[str | None]:
    return list(session.scalars(select(InviteReply.settled_as).order_by(InviteReply.id)))


def test_a_request_that_comes_again_under_another_id_stays_settled(
    world: World, session: Session, invite: Invite
) -> None:
    staff_id = world.staff_id()
    row = take_reply(session, invite, ASKED, NOW)
    assert row is not None
    keep_time(session, row, LATER, staff_id)
    assert take_reply(session, invite, ASKED, LATER) is row
    assert requests(session) == ["kept"] and wishes(session) == set()
    anew = replace(ASKED, given_at=LATER)
    assert take_reply(session, invite, anew, LATER) is not row, "asked again later: a request of its own"
    assert requests(session) == ["kept", None]


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, comment="下午有课"),
        replace(ASKED, proposed=EVENING),
        replace(ASKED, proposed=None, suits=(EVENING,)),
        replace(ASKED, answer=Answer.DECLINED, proposed=None),
        replace(ASKED, via=Via.STAFF),
    ],
)
def test_another_answer_of_the_same_second_counts(session: Session, invite: Invite, other: Reply) -> None:
    take_reply(session, invite, ASKED, NOW)
    take_reply(session, invite, other, NOW)
    assert len(requests(session)) == 2


def test_half_days_that_suit_are_kept_and_become_wishes(session: Session, invite: Invite) -> None:
    asked = replace(ASKED, via=Via.PAGE, proposed=None, suits=(MORNING, EVENING))
    row = take_reply(session, invite, asked, NOW)
    session.flush()
    session.expire_all()
    assert row is not None and asked_spans(row) == [MORNING, EVENING]
    assert wishes(session) == {
        ("avoided", invite.start_at),
        ("preferred", MORNING.start_at),
        ("preferred", EVENING.start_at),
    }


@pytest.mark.parametrize(
    ("answer", "left"), [(Answer.ACCEPTED, 1), (Answer.DECLINED, 3), (Answer.OTHER_TIME, 2)]
)
def test_who_comes_after_all_takes_the_wish_back_but_not_what_staff_noted(
    world: World, session: Session, invite: Invite, answer: Answer, left: int
) -> None:
    application = world.candidates[0]
    note_wish(session, application, "preferred", *_of(EVENING), "单位来函", world.staff_id())
    take_reply(session, invite, ASKED, NOW)
    assert len(wishes(session)) == 3
    take_reply(session, invite, Reply(answer, Via.MAIL, 0, LATER), LATER)
    assert len(wishes(session)) == left and ("preferred", EVENING.start_at) in wishes(session)


def test_an_expert_who_asks_leaves_the_timetable_data_alone(
    world: World, session: Session, settings: Settings
) -> None:
    refresh_invites(session, world.round, settings, NOW)
    invite = session.scalars(select(Invite).where(Invite.sitting_id.is_not(None))).first()
    assert invite is not None
    row = take_reply(session, invite, ASKED, NOW)
    assert row is not None and wishes(session) == set()
    assert all(not expert.absences for expert in world.experts), "staff decide who is away"
    keep_time(session, row, LATER, world.staff_id())


def _of(span: Period) -> tuple[datetime, datetime]:
    return span.start_at, span.end_at

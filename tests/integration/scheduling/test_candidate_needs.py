"""Wishes, attendees and priority as staff note them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import Conflict, InvalidInput, NotFound
from defense.domain.round_rules import BEIJING
from defense.models import Application, AuditEntry, CandidateWish, Expert, NamedAttendee, Round
from defense.services.access import Principal, Role
from defense.services.room.recusals import declare_recusal
from defense.services.timetable.availability import add_attendee_only
from defense.services.timetable.candidate_needs import (
    name_attendee,
    note_wish,
    possible_attendees,
    release_attendee,
    set_priority,
    withdraw_wish,
)

START = datetime(2030, 1, 7, 10, tzinfo=BEIJING)
END = START + timedelta(hours=4)


@pytest.fixture
def application(session: Session) -> Application:
    return session.scalars(select(Application).order_by(Application.id)).first()  # type: ignore[return-value]


def actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)))


def test_a_wish_is_kept_and_taken_back_and_both_are_audited(
    session: Session, application: Application, staff_id: int
) -> None:
    wish = note_wish(session, application, "avoided", START, END, " 本人电话 ", staff_id)
    assert (wish.asked_by, wish.start_at, wish.end_at) == ("本人电话", START, END)
    withdraw_wish(session, application, wish.id, staff_id)
    session.flush()
    assert session.scalars(select(CandidateWish)).all() == []
    assert actions(session)[-2:] == ["wish.noted", "wish.withdrawn"]
    with pytest.raises(NotFound):
        withdraw_wish(session, application, wish.id, staff_id)


@pytest.mark.parametrize(
    ("kind", "end", "asked_by"), [("maybe", END, "本人"), ("avoided", END, " "), ("avoided", START, "本人")]
)
def test_a_wish_that_cannot_be_is_refused(
    session: Session, application: Application, staff_id: int, kind: str, end: datetime, asked_by: str
) -> None:
    with pytest.raises(InvalidInput):
        note_wish(session, application, kind, START, end, asked_by, staff_id)
    assert application.wishes == []


def test_an_interpreter_is_added_named_and_released(
    session: Session, round_: Round, application: Application, staff_id: int
) -> None:
    people = [add_attendee_only(session, round_, name, "", "", staff_id) for name in ("古丽", "阿依")]
    assert {p.number for p in people} == {"到场001", "到场002"}
    assert set(possible_attendees(session, application)[:2]) == set(people)
    for _twice in range(2):
        name_attendee(session, application, people[0].id, "翻译", staff_id)
    assert [(a.expert.name, a.purpose) for a in application.attendees] == [("古丽", "翻译")]
    assert people[0] not in possible_attendees(session, application)
    release_attendee(session, application, people[0].id, staff_id)
    session.flush()
    assert session.scalars(select(NamedAttendee)).all() == []
    assert actions(session)[-2:] == ["attendee.named", "attendee.released"]
    with pytest.raises(NotFound):
        release_attendee(session, application, people[0].id, staff_id)


def test_who_must_step_out_cannot_be_named(session: Session, application: Application, staff_id: int) -> None:
    expert = session.scalars(select(Expert).order_by(Expert.id)).first()
    assert expert is not None
    staff = Principal(staff_id, Role.STAFF, "王工", "", None, None)
    declare_recusal(session, application, expert.id, "师生", staff, bytes(32))
    with pytest.raises(Conflict, match="回避"):
        name_attendee(session, application, expert.id, "导师", staff_id)


def test_naming_needs_a_person_and_a_purpose(
    session: Session, round_: Round, application: Application, staff_id: int
) -> None:
    person = add_attendee_only(session, round_, "古丽", "", "", staff_id)
    with pytest.raises(InvalidInput):
        name_attendee(session, application, person.id, " ", staff_id)
    with pytest.raises(NotFound):
        name_attendee(session, application, 999_999, "翻译", staff_id)
    with pytest.raises(InvalidInput):
        add_attendee_only(session, round_, " ", "", "", staff_id)


def test_priority_has_a_range_and_is_audited_once(
    session: Session, application: Application, staff_id: int
) -> None:
    for _twice in range(2):
        set_priority(session, application, 9, staff_id)
    assert actions(session).count("priority.set") == 1
    for wrong in (-1, 10):
        with pytest.raises(InvalidInput):
            set_priority(session, application, wrong, staff_id)
    assert application.priority == 9

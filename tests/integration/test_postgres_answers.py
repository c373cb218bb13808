"""Answers and reminders where writers do not queue up by themselves: a double click, two clerks at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from defense.domain.people import Period
from defense.models import Invite, InviteReply, OutboxMessage, Round
from defense.services.access import Role, create_account
from defense.services.invites.answer_desk import (
    AnswerFilter,
    count_answers,
    days_of,
    declined_panelists,
    find_answers,
    open_requests,
)
from defense.services.invites.answer_letters import AnswerOffice
from defense.services.invites.own_appointments import PageAnswer, answer_own
from defense.services.invites.replies import Answer
from tests.conftest import make_settings
from tests.postgres import PostgresServer, engine_of
from tests.races import at_once

pytestmark = pytest.mark.postgres

BEFORE_THE_ROUND = datetime(2021, 11, 8, 4, tzinfo=UTC)
AT_ONCE = 6


@pytest.fixture
def sessions(postgres: PostgresServer, published_postgres: str) -> Iterator[sessionmaker[Session]]:
    engine: Engine = engine_of(postgres.create_database(published_postgres))
    yield sessionmaker(engine)
    engine.dispose()


def staff_of(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        account_id = create_account(session, Role.STAFF, "王工", "staff", None).id
        session.commit()
    return account_id


def first_invite(sessions: sessionmaker[Session]) -> tuple[int, int]:
    with sessions() as session:
        invite = session.scalars(
            select(Invite).where(Invite.defence_id.is_not(None)).order_by(Invite.id)
        ).first()
        assert invite is not None
        return invite.id, invite.account_id


def count(sessions: sessionmaker[Session], kind: type[InviteReply] | type[OutboxMessage]) -> int:
    with sessions() as session:
        query = select(func.count()).select_from(kind)
        if kind is OutboxMessage:
            query = query.where(OutboxMessage.kind.in_(("please_confirm", "time_stays")))
        return session.scalar(query) or 0


def in_transaction(sessions: sessionmaker[Session], act: Callable[[Session], object]) -> object:
    with sessions() as session:
        result = act(session)
        session.commit()
        return result


def test_a_double_click_counts_once(sessions: sessionmaker[Session]) -> None:
    invite_id, account_id = first_invite(sessions)
    said = PageAnswer(Answer.DECLINED, 0, 0, "出差")

    def click() -> object:
        return in_transaction(
            sessions, lambda s: answer_own(s, account_id, invite_id, said, BEFORE_THE_ROUND).id
        )

    assert len(set(at_once(*[click] * AT_ONCE))) == 1
    assert count(sessions, InviteReply) == 1


def test_clerks_who_remind_and_keep_at_once_send_one(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    staff_id, settings = staff_of(sessions), make_settings(tmp_path)
    invite_id, account_id = first_invite(sessions)

    def remind_all(session: Session) -> object:
        round_ = session.scalars(select(Round)).one()
        return AnswerOffice(session, round_, settings, BEFORE_THE_ROUND).remind_all(staff_id)

    queued = at_once(*[lambda: in_transaction(sessions, remind_all)] * AT_ONCE)
    with sessions() as session:
        waiting = session.scalar(select(func.count()).select_from(Invite))
    assert sorted(queued) == [0] * (AT_ONCE - 1) + [waiting], queued  # type: ignore[type-var]

    span = Period(BEFORE_THE_ROUND + timedelta(days=20), BEFORE_THE_ROUND + timedelta(days=20, hours=4))
    said = PageAnswer(Answer.OTHER_TIME, 0, 0, "有课", suits=(span,))
    in_transaction(sessions, lambda s: answer_own(s, account_id, invite_id, said, BEFORE_THE_ROUND).id)

    def keep(session: Session) -> object:
        round_ = session.scalars(select(Round)).one()
        request = session.scalars(select(InviteReply)).one()
        return AnswerOffice(session, round_, settings, BEFORE_THE_ROUND).keep_time(request, staff_id)

    kept = at_once(*[lambda: in_transaction(sessions, keep)] * AT_ONCE)
    assert sorted(kept) == [False] * (AT_ONCE - 1) + [True], kept  # type: ignore[type-var]
    assert count(sessions, OutboxMessage) == (waiting or 0) + 1


def test_every_list_of_the_desk_is_read(sessions: sessionmaker[Session]) -> None:
    invite_id, account_id = first_invite(sessions)
    with sessions() as session:
        round_ = session.scalars(select(Round)).one()
        answer_own(session, account_id, invite_id, PageAnswer(Answer.ACCEPTED, 0, 0), BEFORE_THE_ROUND)
        day = days_of(session, round_)[0]
        assert count_answers(session, round_)["accepted"] == 1
        assert find_answers(session, round_, AnswerFilter("accepted")).found == 1
        assert find_answers(session, round_, AnswerFilter("none", "panelist", 0, day)).found > 0
        assert declined_panelists(session, round_, BEFORE_THE_ROUND) == []
        assert open_requests(session, round_) == []

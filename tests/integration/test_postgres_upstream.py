"""Telling the platform where writers do not queue up by themselves: two clerks at once, several senders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from defense.models import Application, UpstreamDelivery, UpstreamHold
from defense.services.access import Role, create_account
from defense.services.records.rulings import override_fee
from defense.services.upstream.care import try_again
from defense.services.upstream.pushing import push_due
from defense.services.upstream.telling import DeliveryState
from tests.keeping_world import Clock
from tests.postgres import PostgresServer, engine_of
from tests.races import at_once
from tests.upstream_paper import Kept, PaperPlatform

pytestmark = pytest.mark.postgres

AT_ONCE = 6


@pytest.fixture
def sessions(postgres: PostgresServer, published_postgres: str) -> Iterator[sessionmaker[Session]]:
    engine: Engine = engine_of(postgres.create_database(published_postgres))
    yield sessionmaker(engine)
    engine.dispose()


@pytest.fixture
def staff_id(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        account_id = create_account(session, Role.STAFF, "王工", "staff", None).id
        session.commit()
    return account_id


@pytest.fixture
def platform(sessions: sessionmaker[Session]) -> PaperPlatform:
    """It owns eight of the applications."""
    platform = PaperPlatform(sessions)
    with sessions() as session:
        for application in session.scalars(select(Application).order_by(Application.id).limit(8)).all():
            session.add(UpstreamHold(application_id=application.id, etag="v1"))
            platform.records[application.number] = Kept(dict(application.record_json))
        session.commit()
    return platform


def assert_all_well(answers: Sequence[object]) -> None:
    assert not [answer for answer in answers if isinstance(answer, Exception)]


def test_clerks_who_rule_on_one_person_at_once_are_told_of_in_an_order(
    sessions: sessionmaker[Session], platform: PaperPlatform, staff_id: int
) -> None:
    number = next(iter(platform.records))

    def rule(turn: int) -> None:
        with sessions() as session:
            application = session.scalars(select(Application).where(Application.number == number)).one()
            override_fee(session, application, True, f"理由{turn}", staff_id)
            session.commit()

    assert_all_well(at_once(*[lambda turn=turn: rule(turn) for turn in range(AT_ONCE)]))
    with sessions() as session:
        told = session.scalars(select(UpstreamDelivery).order_by(UpstreamDelivery.sequence)).all()
        assert [d.sequence for d in told] == list(range(1, AT_ONCE + 1))
        assert len({d.body_json["reason"] for d in told}) == AT_ONCE


def test_senders_at_once_send_each_once_and_in_order(
    sessions: sessionmaker[Session], platform: PaperPlatform, staff_id: int
) -> None:
    with sessions() as session:
        for turn in range(4):
            for number in platform.records:
                application = session.scalars(select(Application).where(Application.number == number)).one()
                override_fee(session, application, turn % 2 == 0, "据实", staff_id)
        session.commit()
    clock = Clock()
    clock.wait(1)
    assert_all_well(at_once(*[lambda: push_due(sessions, [platform] * 3, clock) for _ in range(AT_ONCE)]))
    push_due(sessions, [platform], clock)
    assert all([b["sequence"] for b in kept.applied] == [1, 2, 3, 4] for kept in platform.records.values())
    keys = [key for _number, key, _etag in platform.calls]
    assert len(keys) == len(set(keys)) == 32, "nobody sent what another one had in hand"


def test_doubled_clicks_at_once_let_it_go_again_once(
    sessions: sessionmaker[Session], platform: PaperPlatform, staff_id: int
) -> None:
    number, clock = next(iter(platform.records)), Clock()
    clock.wait(1)
    with sessions() as session:
        application = session.scalars(select(Application).where(Application.number == number)).one()
        override_fee(session, application, True, "据实", staff_id)
        delivery = session.scalars(select(UpstreamDelivery)).one()
        delivery.state, delivery.attempts = DeliveryState.DEAD, 2
        id_ = delivery.id
        session.commit()

    def click() -> bool:
        with sessions() as session:
            did = try_again(session, session.get_one(UpstreamDelivery, id_), clock(), staff_id)
            session.commit()
            return did

    done: list[bool] = []
    assert_all_well(at_once(*[lambda: done.append(click()) for _ in range(AT_ONCE)]))
    assert sorted(done) == [False] * (AT_ONCE - 1) + [True]

"""Sending: in order, once, after kills and cuts, and never over a record that changed upstream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.domain.text import Text
from defense.extensions import db
from defense.models import Application, UpstreamDelivery, UpstreamHold
from defense.services.records.rulings import override_fee
from defense.services.upstream.answers import DeskAnswer, DeskAnswerKind
from defense.services.upstream.care import give_up, try_again
from defense.services.upstream.pushing import LEASE, MAX_ATTEMPTS, PushSummary, push_due
from defense.services.upstream.telling import DeliveryState
from tests.invite_world import World
from tests.keeping_world import Clock
from tests.upstream_paper import Kept, Killed, PaperFault, PaperPlatform

Deliveries = Callable[[Application], list[UpstreamDelivery]]


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.wait(1)
    return clock


@pytest.fixture
def platform(app: Flask, session: Session, world: World) -> PaperPlatform:
    platform = PaperPlatform(sessionmaker(db.engine))
    for candidate in world.candidates:
        platform.records[candidate.number] = Kept(dict(candidate.record_json))
        session.get_one(UpstreamHold, candidate.id).etag = "v1"
    session.commit()
    return platform


@pytest.fixture
def rule(session: Session, world: World, staff_id: int) -> Iterator[Callable[..., None]]:
    """Let staff decide about the fee so many times, each another way."""
    waived = {0: False, 1: False}

    def decide(times: int = 1, of: int = 0) -> None:
        for _ in range(times):
            waived[of] = not waived[of]
            override_fee(session, world.candidates[of], waived[of], "据实", staff_id)
        session.commit()

    yield decide


def push(platform: PaperPlatform, clock: Clock) -> PushSummary:
    return push_due(platform.sessions, [platform, platform], clock, chance=lambda: 0.0)


def sequences(platform: PaperPlatform, number: str = "A0001") -> list[int]:
    return [body["sequence"] for body in platform.records[number].applied]


def test_all_goes_in_its_order_each_with_the_newest_version(
    platform: PaperPlatform, clock: Clock, rule: Callable[..., None], world: World, deliveries: Deliveries
) -> None:
    rule(3)
    rule(2, of=1)
    assert push(platform, clock) == PushSummary(sent=5)
    assert (sequences(platform), sequences(platform, "A0002")) == ([1, 2, 3], [1, 2])
    assert [etag for number, _key, etag in platform.calls if number == "A0001"] == ["v1", "v2", "v3"]
    told = deliveries(world.candidates[0])
    assert {d.state for d in told} == {DeliveryState.SENT}
    assert [d.etag for d in told] == ["v2", "v3", "v4"]
    assert push(platform, clock) == PushSummary()


@pytest.mark.parametrize("fault", [PaperFault.KILL_BEFORE, PaperFault.KILL_AFTER])
def test_who_is_killed_leaves_what_is_put_again_and_applied_once(
    platform: PaperPlatform, clock: Clock, rule: Callable[..., None], fault: PaperFault
) -> None:
    rule(2)
    platform.next_fault = lambda: fault
    with pytest.raises(Killed):
        push(platform, clock)
    platform.next_fault = lambda: None
    assert push(platform, clock) == PushSummary(), "in the dead one's hands"
    clock.wait(LEASE.total_seconds() / 60 + 1)
    assert push(platform, clock) == PushSummary(sent=2)
    assert sequences(platform) == [1, 2]
    assert len({key for _number, key, _etag in platform.calls}) == 2


def test_a_line_cut_after_the_platform_acted_is_no_second_decision(
    platform: PaperPlatform, clock: Clock, rule: Callable[..., None]
) -> None:
    rule()
    platform.next_fault = lambda: PaperFault.CUT_AFTER
    assert push(platform, clock) == PushSummary(later=1)
    platform.next_fault = lambda: None
    clock.wait(1)
    assert push(platform, clock) == PushSummary(sent=1)
    assert len(platform.calls) == 2
    assert sequences(platform) == [1]


def test_the_platform_is_left_alone_as_long_as_it_wants(
    platform: PaperPlatform,
    clock: Clock,
    rule: Callable[..., None],
    world: World,
    deliveries: Deliveries,
) -> None:
    rule()
    platform.next_fault = lambda: PaperFault.TOO_FAST
    before = clock.now
    push(platform, clock)
    (delivery,) = deliveries(world.candidates[0])
    assert timedelta(seconds=90) <= delivery.next_attempt_at - before < timedelta(seconds=92)
    assert delivery.last_answer == {"zh": "太快", "en": "too fast"}


def test_after_a_day_of_tries_it_is_dead_and_holds_up_what_is_behind_it(
    platform: PaperPlatform,
    clock: Clock,
    rule: Callable[..., None],
    world: World,
    session: Session,
    staff_id: int,
    deliveries: Deliveries,
) -> None:
    rule(2)
    platform.next_fault = lambda: PaperFault.ERROR
    for _ in range(MAX_ATTEMPTS):
        assert push(platform, clock).sent == 0
        clock.wait(61)
    first, second = deliveries(world.candidates[0])
    assert (first.state, first.attempts, second.state) == ("dead", MAX_ATTEMPTS, "queued")
    platform.next_fault = lambda: None
    assert push(platform, clock) == PushSummary(), "the second waits for staff"
    assert try_again(session, first, clock.now, staff_id)
    assert not try_again(session, first, clock.now, staff_id), "a doubled click"
    session.commit()
    assert push(platform, clock) == PushSummary(sent=2)
    assert sequences(platform) == [1, 2]


def test_what_is_refused_holds_up_the_others_until_it_is_given_up(
    platform: PaperPlatform,
    clock: Clock,
    rule: Callable[..., None],
    world: World,
    session: Session,
    staff_id: int,
    deliveries: Deliveries,
) -> None:
    rule(2)
    platform.records["A0001"].sequence = 1
    rule(1, of=1)
    assert push(platform, clock) == PushSummary(sent=1, dead=1)
    first, _ = deliveries(world.candidates[0])
    assert first.last_answer == {"zh": "序号不升", "en": "sequence not higher"}
    assert give_up(session, first, "已人工登记", clock.now, staff_id)
    assert not give_up(session, first, "已人工登记", clock.now, staff_id)
    session.commit()
    assert push(platform, clock) == PushSummary(sent=1)
    assert sequences(platform) == [2]


@pytest.mark.parametrize("accept", [True, False])
def test_a_record_that_changed_upstream_is_fetched_and_waits_for_staff(
    platform: PaperPlatform,
    clock: Clock,
    rule: Callable[..., None],
    world: World,
    session: Session,
    accept: bool,
    deliveries: Deliveries,
) -> None:
    rule(2)
    platform.change("A0001", phone="13900009999")
    assert push(platform, clock) == PushSummary(stale=1)
    assert sequences(platform) == []
    clock.wait(24 * 60)
    assert push(platform, clock) == PushSummary(), "nothing goes before staff have looked"
    platform.settle_difference(session, world.candidates[0], accept)
    session.commit()
    assert push(platform, clock) == PushSummary(sent=2)
    assert [etag for _number, _key, etag in platform.calls] == ["v1", "v2", "v3"]


def test_another_version_of_the_same_record_delays_nothing(
    platform: PaperPlatform, clock: Clock, rule: Callable[..., None]
) -> None:
    rule()
    platform.change("A0001")
    assert push(platform, clock) == PushSummary(sent=1, stale=1)


def test_an_answer_is_kept_without_anybodys_data(
    platform: PaperPlatform,
    clock: Clock,
    rule: Callable[..., None],
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    deliveries: Deliveries,
) -> None:
    rule()
    record = world.candidates[0].record
    said = f"{record.name}（{record.id_number}，{record.phone}，{record.email}）: 15699998888 " + "x" * 400
    answer = DeskAnswer(DeskAnswerKind.NEVER, Text(said, said))
    monkeypatch.setattr(platform, "_answer", lambda *_: answer)
    push(platform, clock)
    (delivery,) = deliveries(world.candidates[0])
    words = (delivery.last_answer or {})["zh"]
    assert len(words) == 300
    for secret in (record.name, record.id_number, record.phone, record.email, "15699998888"):
        assert secret not in words


def test_a_fault_of_our_own_is_raised_and_repeats_nothing_at_once(
    platform: PaperPlatform,
    clock: Clock,
    rule: Callable[..., None],
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    deliveries: Deliveries,
) -> None:
    rule()

    def stumble(*_args: object) -> DeskAnswer:
        raise RuntimeError("a bug")

    monkeypatch.setattr(platform, "_answer", stumble)
    with pytest.raises(RuntimeError):
        push(platform, clock)
    (delivery,) = deliveries(world.candidates[0])
    assert (delivery.state, delivery.claimed_until) == (DeliveryState.WAITING, None)
    assert delivery.next_attempt_at > clock.now
    with platform.sessions() as other:
        assert other.scalar(select(UpstreamDelivery.attempts)) == 1


def test_an_old_answer_takes_no_newer_version_back(
    platform: PaperPlatform, clock: Clock, rule: Callable[..., None], world: World, session: Session
) -> None:
    """It acted, the line was cut, the record changed, staff accepted; then the old answer comes again."""
    rule()
    platform.next_fault = lambda: PaperFault.CUT_AFTER
    push(platform, clock)
    platform.next_fault = lambda: None
    platform.change("A0001", phone="13900009999")
    platform.settle_difference(session, world.candidates[0], accept=True)
    session.commit()
    clock.wait(1)
    assert push(platform, clock) == PushSummary(sent=1)
    assert session.get_one(UpstreamHold, world.candidates[0].id, populate_existing=True).etag == "v3"
    rule()
    assert push(platform, clock) == PushSummary(sent=1)

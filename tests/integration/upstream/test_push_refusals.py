"""What the real platform refuses: in its own words before staff, and nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from defense.extensions import db
from defense.models import Application, UpstreamDelivery, UpstreamHold
from defense.models.types import utc_now
from defense.services.records.rulings import override_fee
from defense.services.upstream.desk import desks_at
from defense.services.upstream.pushing import PushSummary, push_due
from defense.services.upstream.telling import DeliveryState
from defense.settings import UpstreamAccess
from tests.invite_world import World
from tests.upstream_platform import Platform

Deliveries = Callable[[Application], list[UpstreamDelivery]]


@pytest.fixture
def access(platform: Platform) -> UpstreamAccess:
    return UpstreamAccess(platform.url, platform.auth, platform.client_id, platform.secret)


@pytest.fixture
def ruled(session: Session, world: World, platform: Platform, staff_id: int) -> Application:
    """A candidate of the platform, about whom staff decided twice."""
    candidate = world.candidates[0]
    item = platform.inside.store.put("2021", candidate.record_json)
    session.get_one(UpstreamHold, candidate.id).etag = item.etag
    for waived in (True, False):
        override_fee(session, candidate, waived, "据实", staff_id)
    session.commit()
    return candidate


def push(access: UpstreamAccess) -> PushSummary:
    sessions = sessionmaker(db.engine)
    return push_due(sessions, desks_at(access, sessions), utc_now)


def test_both_decisions_arrive_in_order(
    app: Flask, access: UpstreamAccess, ruled: Application, platform: Platform, deliveries: Deliveries
) -> None:
    assert push(access) == PushSummary(sent=2)
    assert [one["body"] for one in platform.told()] == [d.body_json for d in deliveries(ruled)]


def test_a_number_that_was_taken_already_is_refused_in_the_platforms_words(
    app: Flask,
    access: UpstreamAccess,
    ruled: Application,
    platform: Platform,
    session: Session,
    deliveries: Deliveries,
) -> None:
    """As after the database here was put back from a copy of yesterday."""
    store = platform.inside.store
    with store.transaction() as connection:
        item = store.find("2021", ruled.number)
        assert item is not None
        body = {**deliveries(ruled)[0].body_json, "sequence": 5}
        after = store.take(connection, item, "decision", "a key of yesterday", body)
    session.get_one(UpstreamHold, ruled.id).etag = after.etag
    session.commit()
    assert push(access) == PushSummary(dead=1)
    dead, behind = deliveries(ruled)
    assert (dead.state, behind.state) == (DeliveryState.DEAD, DeliveryState.QUEUED)
    assert "409：out of order" in (dead.last_answer or {})["zh"]


def test_a_change_that_cannot_be_taken_in_is_shown_and_not_tried_for_ever(
    app: Flask, access: UpstreamAccess, ruled: Application, platform: Platform, deliveries: Deliveries
) -> None:
    platform.change(ruled.number, submitted_at="yesterday")
    assert push(access) == PushSummary(stale=1, dead=1)
    dead, _ = deliveries(ruled)
    assert "无法读取" in (dead.last_answer or {})["zh"]
    assert platform.told() == []


def test_a_wrong_key_ends_the_turn_and_costs_nothing(
    app: Flask, access: UpstreamAccess, ruled: Application, platform: Platform, deliveries: Deliveries
) -> None:
    assert push(replace(access, secret="another")) == PushSummary(later=1)
    first, second = deliveries(ruled)
    assert (first.state, second.state) == (DeliveryState.WAITING, DeliveryState.QUEUED)
    assert "UPSTREAM_" in (first.last_answer or {})["zh"]


def test_a_change_that_waits_for_staff_lets_nothing_past(
    app: Flask, access: UpstreamAccess, ruled: Application, platform: Platform, session: Session
) -> None:
    platform.change(ruled.number, phone="13900009999")
    assert push(access) == PushSummary(stale=1)
    session.commit()  # or what others wrote since is not seen
    assert session.get_one(UpstreamHold, ruled.id, populate_existing=True).is_different
    assert push(access) == PushSummary()
    assert platform.told() == []

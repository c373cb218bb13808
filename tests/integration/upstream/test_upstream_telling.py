"""What is queued for the platform, and when: decisions at once, results from the release on."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import update
from sqlalchemy.orm import Session

from defense.domain.lifecycle import Move
from defense.models import Application, UpstreamDelivery, UpstreamHold
from defense.models.types import utc_now
from defense.services.access import Principal
from defense.services.records.rulings import override_fee, override_validity
from defense.services.results import release_results
from defense.services.room.reopening import ask_reopening, decide_reopening
from defense.services.room.sittings import move_defence
from defense.services.upstream.bodies import TOLD_NUMBERS
from defense.services.upstream.telling import DeliveryState, tell_results
from tests.invite_world import World

Deliveries = Callable[[Application], list[UpstreamDelivery]]


def release(session: Session, world: World, staff_id: int) -> int:
    release_results(session, world.round, utc_now(), staff_id)
    return tell_results(session, world.round)


def test_a_decision_is_told_at_once_in_its_order(
    session: Session, world: World, staff_id: int, deliveries: Deliveries
) -> None:
    first, other = world.candidates
    override_fee(session, first, True, "票据在途", staff_id)
    override_fee(session, first, True, "票据在途", staff_id)  # a doubled click
    override_fee(session, first, False, "汇款被退回", staff_id)
    told = deliveries(first)
    assert [d.body_json["decision"] for d in told] == ["waived", "not_waived"]
    assert [d.body_json["sequence"] for d in told] == [d.sequence for d in told] == [1, 2]
    assert told[0].body_json.keys() == {"kind", "decision", "reason", "made_at", "sequence"}
    assert (told[0].kind, told[0].body_json["kind"]) == ("decision", "fee")
    assert len({d.idempotency_key for d in told}) == 2
    assert deliveries(other) == []


def test_who_did_not_come_from_the_platform_is_not_told_of(
    session: Session, world: World, staff_id: int, deliveries: Deliveries
) -> None:
    first = world.candidates[0]
    session.delete(session.get_one(UpstreamHold, first.id))
    override_validity(session, first, False, "材料造假", staff_id)
    assert release(session, world, staff_id) == 0
    assert deliveries(first) == []


def test_a_result_is_told_at_the_release_and_no_earlier(
    session: Session, world: World, staff_id: int, chair: Principal, deliveries: Deliveries
) -> None:
    absent, waiting = world.candidates
    move_defence(session, chair, world.defences[0].id, Move.MARK_ABSENT, "未到")
    assert deliveries(absent) == []
    assert release(session, world, staff_id) == 1
    (told,) = deliveries(absent)
    body = told.body_json
    assert (body["conclusion"], body["outcome"], body["attempt"]) == ("failed", "absent", 1)
    assert (body["panel"], body["rule"], body["tally"]) == ("第一组", "one_vote_veto", None)
    assert body["audit_head"]["chain"] == f"sitting:{world.sitting.id}"
    assert body["audit_head"]["seq"] == 1
    assert deliveries(waiting) == [], "who is not decided has no result"
    assert tell_results(session, world.round) == 0, "told once"


def test_a_conclusion_that_is_known_after_the_release_is_told_then(
    session: Session, world: World, staff_id: int, chair: Principal, deliveries: Deliveries
) -> None:
    assert release(session, world, staff_id) == 0
    move_defence(session, chair, world.defences[1].id, Move.WAIVE, "本人放弃")
    (told,) = deliveries(world.candidates[1])
    assert told.body_json["outcome"] == "waived"


def test_a_ruling_after_the_release_tells_the_decision_and_then_the_result(
    session: Session, world: World, staff_id: int, deliveries: Deliveries
) -> None:
    first = world.candidates[0]
    release(session, world, staff_id)
    override_validity(session, first, False, "材料造假", staff_id)
    decision, result = deliveries(first)
    assert (decision.kind, result.kind) == ("decision", "result")
    assert result.body_json["conclusion"] == "not_eligible"
    override_validity(session, first, True, "查无实据", staff_id)
    told = deliveries(first)
    assert [(d.kind, d.state) for d in told] == [
        ("decision", DeliveryState.QUEUED),
        ("result", DeliveryState.SUPERSEDED),
        ("decision", DeliveryState.QUEUED),
    ], "nobody had heard of the result, and now there is none to hear of"


def test_a_second_defence_takes_back_what_the_platform_has_heard(
    session: Session,
    world: World,
    staff_id: int,
    chair: Principal,
    supervisor: Principal,
    deliveries: Deliveries,
) -> None:
    absent, defence = world.candidates[0], world.defences[0]
    move_defence(session, chair, defence.id, Move.MARK_ABSENT, "未到")
    release(session, world, staff_id)
    session.execute(update(UpstreamDelivery).values(state=DeliveryState.SENT, attempts=1))
    asked = ask_reopening(session, chair, defence.id, "second_defence", "technical", "断线")
    assert len(deliveries(absent)) == 1, "asking changes nothing"
    decide_reopening(session, supervisor, asked.id, True)
    _, taken_back = deliveries(absent)
    body = taken_back.body_json
    assert (body["conclusion"], body["outcome"], body["audit_head"]) == ("pending", None, None)
    assert tell_results(session, world.round) == 0


def test_nothing_of_who_voted_what_leaves_the_house() -> None:
    """Comments and reasons of a veto name people on a panel of three."""
    assert not {"comments", "veto_reasons", "scores_tenths"} & set(TOLD_NUMBERS)

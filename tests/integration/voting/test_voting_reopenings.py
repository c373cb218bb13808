"""Voting again and hearing again: two people, and nothing of the first time is lost; on both databases."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from defense.domain.errors import Conflict, DomainError, Forbidden, IllegalState, InvalidInput, NotFound
from defense.domain.lifecycle import DefenceState, Move, next_state
from defense.models import (
    Application,
    BallotRound,
    Defence,
    Invite,
    Reopening,
    Round,
    Schedule,
    Seal,
    Sitting,
)
from defense.models.types import utc_now
from defense.services.audit_check import verify_audit
from defense.services.overview import overview_of
from defense.services.results import conclusion_of, deciding_round, result_rows, seated_defence
from defense.services.room.conducting import ring_bell
from defense.services.room.reopening import ask_reopening, decide_reopening, unspent_grants
from defense.services.timetable.instance_building import build_instance, seated_defences
from defense.services.timetable.keys import candidate_key
from defense.services.timetable.moves import list_legal_slots, move_candidate
from defense.services.timetable.publishing import preview_changes, publish
from defense.services.timetable.rescheduling import list_changes, standing_of
from defense.services.timetable.schedules import latest_schedule
from tests.conftest import make_settings
from tests.rooms import Room

CONDUCTORS = ("secretary", "staff")


def ask(room: Room, kind: str = "re_vote", by: str = "secretary", number: int = 0, **fields: str) -> int:
    """Ask; the id of the request."""
    told = {"cause": "technical", "reason": "计票时停电"} | fields
    return room.act(
        by,
        lambda session, who: (
            ask_reopening(session, who, room.defence_ids[number], kind, told["cause"], told["reason"]).id
        ),
    )


def decide(
    room: Room, reopening_id: int, granted: bool = True, by: str = "supervisor", reason: str = "属实"
) -> None:
    """Grant or refuse."""
    room.act(by, lambda session, who: decide_reopening(session, who, reopening_id, granted, reason).id)


def decided(room: Room, *choices: str, number: int = 0) -> str:
    """A defence that was voted on; the round of voting."""
    ballot_round_id = room.call_and_open(number)
    room.vote_all(ballot_round_id, *(choices or ("pass", "pass", "pass")))
    room.close(ballot_round_id)
    return ballot_round_id


def application_of(room: Room, session: Session, number: int = 0) -> Application:
    """The candidate's application."""
    return session.get_one(Defence, room.defence_ids[number]).application


def conclusion(room: Room, number: int = 0) -> str:
    """What stands beside the application."""
    with room.sessions() as session:
        return conclusion_of(application_of(room, session, number)).value


def test_a_re_vote_is_a_new_round_and_the_old_one_stays(room: Room) -> None:
    first = decided(room, "veto", "pass", "pass")
    assert conclusion(room) == "failed"
    reopening_id = ask(room)
    assert (room.defence().state, conclusion(room)) == ("closed", "failed")
    decide(room, reopening_id)
    assert (room.defence().state, room.defence().outcome, conclusion(room)) == ("discussing", None, "pending")
    with room.sessions() as session:
        assert deciding_round(application_of(room, session).defences[-1]) is None
    second = room.open()
    room.vote_all(second, "pass", "pass", "pass")
    room.close(second)
    assert conclusion(room) == "passed"
    with room.sessions() as session:
        kept = session.get_one(BallotRound, first)
        assert kept.tally is not None
        assert (kept.number, kept.tally["verdict"], kept.tally["vetoes"]) == (1, "failed", 1)
        assert session.get_one(BallotRound, second).number == 2
        assert session.get_one(Reopening, reopening_id).spent_at is not None
        assert verify_audit(session).whole
    opened = room.details("ballot.opened")[-1]
    assert (opened["follows"], opened["reopening"], opened["number"]) == (first, reopening_id, 2)


def test_the_database_lets_go_of_an_outcome_once_and_only_when_granted(room: Room) -> None:
    decided(room)
    reopening_id = ask(room)
    taken_back = text("UPDATE defence SET outcome = NULL WHERE id = :id")

    def take_back() -> None:
        with room.engine.begin() as connection:
            connection.execute(taken_back, {"id": room.defence_ids[0]})

    with pytest.raises(DBAPIError, match="final"):
        take_back()
    decide(room, reopening_id)
    second = room.open()
    room.vote_all(second, "pass", "pass", "pass")
    room.close(second)
    with pytest.raises(DBAPIError, match="final"):
        take_back()


@pytest.mark.parametrize("asker", CONDUCTORS)
@pytest.mark.parametrize("decider", ["secretary", "staff", "expert0"])
def test_only_the_supervisor_decides(room: Room, asker: str, decider: str) -> None:
    decided(room)
    reopening_id = ask(room, by=asker)
    with pytest.raises(Forbidden):
        decide(room, reopening_id, by=decider)
    assert room.defence().state == "closed"


@pytest.mark.parametrize(
    ("name", "error"), [("supervisor", Forbidden), ("expert0", Forbidden), ("candidate0", NotFound)]
)
@pytest.mark.parametrize("kind", ["re_vote", "second_defence"])
def test_only_conductors_ask(room: Room, name: str, error: type[DomainError], kind: str) -> None:
    decided(room)
    with pytest.raises(error):
        ask(room, kind, by=name)


@pytest.mark.parametrize(
    "fields",
    [{"kind": "third"}, {"cause": "candidate"}, {"reason": " "}, {"reason": "长" * 501}, {"kind": ""}],
)
def test_what_is_asked_must_be_whole(room: Room, fields: dict[str, str]) -> None:
    decided(room)
    with pytest.raises(InvalidInput):
        ask(room, **fields)


def test_one_request_at_a_time_and_one_decision(room: Room) -> None:
    decided(room)
    reopening_id = ask(room)
    with pytest.raises(Conflict):
        ask(room, "second_defence")
    with pytest.raises(InvalidInput):
        decide(room, reopening_id, granted=False, reason=" ")
    decide(room, reopening_id, granted=False, reason="录像显示无故障")
    with pytest.raises(Conflict):
        decide(room, reopening_id)
    assert room.defence().state == "closed"
    (refused,) = room.details("reopening.refused")
    assert refused["reason"] == "录像显示无故障"
    # A refusal does not shut the door for good.
    decide(room, ask(room, by="staff"))
    assert room.defence().state == "discussing"


def test_nothing_undecided_is_reopened(room: Room) -> None:
    for kind in ("re_vote", "second_defence"):
        with pytest.raises(IllegalState):
            ask(room, kind)
    ballot_round_id = room.call_and_open()
    with pytest.raises(IllegalState):
        ask(room)
    room.vote_all(ballot_round_id, "pass")
    room.close(ballot_round_id)
    with pytest.raises(IllegalState):
        ask(room)


def test_no_vote_is_reopened_while_another_candidate_is_heard(room: Room) -> None:
    decided(room)
    reopening_id = ask(room)
    room.move(Move.CHECK_IN, 1)
    room.move(Move.CALL_IN, 1)
    with pytest.raises(IllegalState):
        decide(room, reopening_id)
    assert room.defence().state == "closed"
    room.move(Move.WAIVE, 1)
    decide(room, reopening_id)
    assert room.defence().state == "discussing"


def test_there_is_no_re_vote_on_an_absence_but_a_second_defence(room: Room) -> None:
    room.move(Move.MARK_ABSENT)
    with pytest.raises(IllegalState):
        ask(room, "re_vote")
    decide(room, ask(room, "second_defence"))
    assert (room.defence().state, room.defence().outcome) == ("absent", "absent")
    assert conclusion(room) == "pending"


def schedule_now(session: Session) -> tuple[Round, Schedule]:
    """The round and its newest schedule."""
    round_ = session.scalars(select(Round)).one()
    schedule = latest_schedule(session, round_)
    assert schedule is not None
    return round_, schedule


def seat_elsewhere(room: Room, tmp_path: Path, number: int = 0) -> int:
    """Find the candidate another time by hand and publish; the id of the schedule."""

    def plan(session: Session, account_id: int) -> int:
        _, schedule = schedule_now(session)
        application = application_of(room, session, number)
        place = list_legal_slots(session, schedule, application)[-1]
        moved = move_candidate(session, schedule, application, place.half_day.id, place.start_at, account_id)
        assert preview_changes(session, moved).added == (application.id,)
        publish(session, moved, make_settings(tmp_path), utc_now(), account_id)
        return moved.id

    return room.act("staff", lambda session, who: plan(session, who.account_id))


def test_a_second_defence_is_seated_by_the_next_plan_and_the_first_stays(room: Room, tmp_path: Path) -> None:
    first_round = decided(room, "veto", "pass", "pass")
    reopening_id = ask(room, "second_defence", cause="organiser")
    decide(room, reopening_id)
    assert (room.defence().state, room.defence().outcome, conclusion(room)) == ("closed", "failed", "pending")
    with room.sessions() as session:
        round_, schedule = schedule_now(session)
        application = application_of(room, session)
        assert [grant.id for grant in unspent_grants(session, round_)] == [reopening_id]
        assert seated_defence(application) is None
        assert application.id not in seated_defences(session, round_)
        told = next(
            c for c in build_instance(session, round_).candidates if c.id == candidate_key(application.id)
        )
        assert (told.pin, told.published) == (None, None)
        assert standing_of(session, round_, utc_now()).waiting == 1
        assert overview_of(session, round_).seated == len(seated_defences(session, round_))
        with pytest.raises(IllegalState):  # the old place is no place for it
            publish(session, schedule, make_settings(tmp_path), utc_now(), None)
        session.rollback()
    seat_elsewhere(room, tmp_path)
    with room.sessions() as session:
        round_, schedule = schedule_now(session)
        first, second = application_of(room, session).defences
        assert (first.attempt, first.state, first.outcome) == (1, "closed", "failed")
        assert (second.attempt, second.state, second.outcome) == (2, "waiting", None)
        assert (first.sitting_id, first.start_at) != (second.sitting_id, second.start_at)
        assert not session.get_one(Sitting, first.sitting_id).cancelled
        assert session.get_one(Reopening, reopening_id).spent_at is not None
        assert unspent_grants(session, round_) == []
        assert seated_defence(first.application) is second
        assert list_changes(session, schedule, utc_now()) == []
        assert preview_changes(session, schedule).added == ()
        invited = session.scalars(
            select(Invite.defence_id).where(Invite.defence_id.in_([first.id, second.id]))
        )
        assert set(invited) == {first.id, second.id}
        row = next(r for r in result_rows(session, round_) if r.application is first.application)
        assert (row.defence, row.ballot_round, row.conclusion) == (second, None, "pending")
        kept = session.get_one(BallotRound, first_round)
        assert kept.tally is not None
        assert kept.tally["verdict"] == "failed"
        assert verify_audit(session).whole
        second_id = second.id
    with pytest.raises(IllegalState):  # only the newest attempt is asked about
        ask(room, "re_vote")
    room.defence_ids.append(second_id)
    hold_second(room)
    assert conclusion(room) == "passed"


def hold_second(room: Room) -> None:
    """Decide the newest defence wherever it was seated, by staff and its own panel."""
    number = len(room.defence_ids) - 1
    with room.sessions() as session:
        session.get_one(Defence, room.defence_ids[number]).sitting_id = room.sitting_id
        session.commit()
    decided(room, number=number)


def test_who_was_postponed_is_seated_again_elsewhere(room: Room, tmp_path: Path) -> None:
    before = room.defence()
    room.move(Move.CHECK_IN)
    room.move(Move.CALL_IN)
    room.move(Move.INTERRUPT)
    room.move(Move.POSTPONE)
    seat_elsewhere(room, tmp_path)
    after = room.defence()
    assert (after.state, after.attempt, after.interrupted_state) == ("waiting", 1, None)
    assert (after.clock_started_at, after.clock_elapsed_ms) == (None, 0)
    assert (after.sitting_id, after.start_at) != (before.sitting_id, before.start_at)
    assert after.end_at - after.start_at == timedelta(seconds=(before.end_at - before.start_at).seconds)


def test_a_granted_second_defence_cannot_be_voted_on_again(room: Room) -> None:
    decided(room)
    decide(room, ask(room, "second_defence"))
    with pytest.raises(Conflict):
        ask(room, "re_vote")
    assert room.rows("SELECT count(*) FROM reopening") == [(1,)]


def seal(room: Room) -> None:
    """Seal the sitting as the supervisor's page does, but for the signature."""

    def write(session: Session, account_id: int) -> None:
        room.defence_in(session).state = next_state(DefenceState.CLOSED, Move.SEAL)
        session.flush()
        session.add(
            Seal(
                sitting_id=room.sitting_id,
                chain_seq=1,
                chain_digest="0" * 64,
                statement="{}",
                signature="0" * 128,
                public_key="0" * 64,
                sealed_by_id=account_id,
                sealed_at=utc_now(),
            )
        )

    room.act("supervisor", lambda session, who: write(session, who.account_id))


def test_nothing_of_a_sealed_day_moves_but_a_second_defence_can_be_had(room: Room) -> None:
    decided(room, "veto", "pass", "pass")
    for number in range(1, len(room.defence_ids)):
        room.move(Move.WAIVE, number)
    asked_before = ask(room)
    seal(room)
    entries = len(room.chain())
    with pytest.raises(IllegalState):
        decide(room, asked_before)
    with pytest.raises(IllegalState, match="封存"):
        room.move(Move.CHECK_IN, 1)
    with pytest.raises(IllegalState, match="封存"):
        room.act("secretary", lambda session, who: ring_bell(session, who, room.sitting_id).id)
    assert (room.defence().state, conclusion(room)) == ("sealed", "failed")
    decide(room, asked_before, granted=False, reason="已封存")
    with pytest.raises(IllegalState):
        ask(room, "re_vote")
    decide(room, ask(room, "second_defence"))
    assert conclusion(room) == "pending"
    with room.sessions() as session:
        _, schedule = schedule_now(session)
        sealed = session.get_one(Sitting, room.sitting_id).half_day_id
        places = list_legal_slots(session, schedule, application_of(room, session))
        assert sealed not in {place.half_day.id for place in places}
    assert len(room.chain()) == entries

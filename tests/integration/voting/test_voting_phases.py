"""The phases of a defence, their clock, and what breaks them, on both databases."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from defense.domain.errors import Conflict, DomainError, Forbidden, IllegalState, InvalidInput, NotFound
from defense.domain.lifecycle import Move
from defense.models import Application, Defence, Presence, RoomProcess, Round, SignIn, Voter
from defense.models.types import utc_now
from defense.services.audit_check import verify_audit
from defense.services.results import conclusion_of, seated_defence
from defense.services.room.ballot_rounds import NUDGE_PAUSE, nudge_members
from defense.services.room.conducting import go_on_with_clock, pause_clock, ring_bell
from defense.services.room.sittings import move_defence
from tests.rooms import TO_DISCUSSION, Room

CLOCK = {"pause": pause_clock, "go": go_on_with_clock}


def clock(room: Room, number: int = 0) -> dict[str, Any] | None:
    """The clock as every screen is told it."""
    return room.shared()["defences"][number]["clock"]  # type: ignore[no-any-return]


def turn(room: Room, change: str, by: str = "secretary") -> None:
    """Stop the clock, or let it go on."""
    room.act(by, lambda session, who: CLOCK[change](session, who, room.defence_ids[0]).id)


def pretend_passed(room: Room, seconds: int) -> None:
    """As if the running clock had been started so much earlier."""
    with room.sessions() as session:
        defence = session.get_one(Defence, room.defence_ids[0])
        assert defence.clock_started_at is not None
        defence.clock_started_at -= timedelta(seconds=seconds)
        session.commit()


def test_each_phase_has_its_limit_and_starts_anew(room: Room) -> None:
    with room.sessions() as session:
        level = session.get_one(Application, room.defence().application_id).level
        rules = session.scalars(select(Round)).one().rules.defence
        statement_s = 60 * rules.statement_min[level]  # type: ignore[index]
        whole_s = 60 * rules.duration_min[level]  # type: ignore[index]
    limits = []
    assert clock(room) is None
    for move in TO_DISCUSSION:
        room.move(move)
        shown = clock(room)
        if shown:
            assert (shown["elapsed_ms"], shown["running_since"] is None) == (0, False)
            limits.append(shown["limit_s"])
            pretend_passed(room, 70)
    assert limits == [statement_s, whole_s - statement_s, 60 * rules.discussion_min]
    room.open()
    assert clock(room) is None


def test_no_limit_of_the_discussion_still_counts(room: Room) -> None:
    room.change_rules(discussion_min=0)
    room.hear()
    shown = clock(room)
    assert shown is not None
    assert shown["limit_s"] is None
    assert shown["running_since"] is not None


def test_the_clock_pauses_and_goes_on_by_the_servers_time(room: Room) -> None:
    room.move(Move.CHECK_IN)
    with pytest.raises(IllegalState):
        turn(room, "pause")
    room.move(Move.CALL_IN)
    pretend_passed(room, 90)
    turn(room, "pause")
    standing = clock(room)
    assert standing is not None
    assert 90_000 <= standing["elapsed_ms"] < 95_000
    assert standing["running_since"] is None
    with pytest.raises(IllegalState):
        turn(room, "pause")
    time.sleep(0.05)
    assert clock(room) == standing
    turn(room, "go")
    running = clock(room)
    assert running is not None
    assert running["elapsed_ms"] == standing["elapsed_ms"]
    assert abs(running["running_since"] - utc_now().timestamp() * 1000) < 5_000
    with pytest.raises(IllegalState):
        turn(room, "go")


@pytest.mark.parametrize(
    ("name", "error"), [("supervisor", Forbidden), ("expert0", Forbidden), ("candidate0", NotFound)]
)
def test_clock_and_bell_are_the_conductors(room: Room, name: str, error: type[DomainError]) -> None:
    room.move(Move.CHECK_IN)
    room.move(Move.CALL_IN)
    before = room.seq()
    with pytest.raises(error):
        turn(room, "pause", by=name)
    with pytest.raises(error):
        room.act(name, lambda session, who: ring_bell(session, who, room.sitting_id).id)
    assert room.seq() == before


def test_the_bell_reaches_every_screen(room: Room) -> None:
    assert room.shared()["bell_at"] is None
    before = room.seq()
    room.act("staff", lambda session, who: ring_bell(session, who, room.sitting_id).id)
    assert abs(room.shared()["bell_at"] - utc_now().timestamp() * 1000) < 5_000
    assert room.seq() == before + 1


def test_a_step_back_after_a_mis_click_gives_the_time_back(room: Room) -> None:
    room.move(Move.CHECK_IN)
    room.move(Move.CALL_IN)
    pretend_passed(room, 100)
    room.move(Move.BEGIN_QUESTIONS)
    room.move(Move.STEP_BACK)
    shown = clock(room)
    assert shown is not None
    assert 100_000 <= shown["elapsed_ms"] < 105_000
    assert room.defence().state == "presenting"
    room.move(Move.STEP_BACK)
    room.move(Move.STEP_BACK)
    assert room.defence().state == "waiting"
    with pytest.raises(IllegalState):
        room.move(Move.STEP_BACK)
    assert [entry["state"] for entry in room.details("defence.step_back")] == [
        "presenting",
        "checked_in",
        "waiting",
    ]


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_break_stops_the_clock_and_goes_on_where_it_was(room: Room, at: int) -> None:
    for move in TO_DISCUSSION[: at + 1]:
        room.move(move)
    phase = room.defence().state
    pretend_passed(room, 30)
    room.move(Move.INTERRUPT)
    assert (room.defence().state, room.defence().interrupted_state) == ("interrupted", phase)
    assert clock(room) is None
    assert conclusion(room) == "pending"
    room.move(Move.RESUME)
    assert (room.defence().state, room.defence().interrupted_state) == (phase, None)
    shown = clock(room)
    assert shown is not None
    assert 30_000 <= shown["elapsed_ms"] < 35_000
    assert shown["running_since"] is not None


def conclusion(room: Room, number: int = 0) -> str:
    """What stands beside the application."""
    with room.sessions() as session:
        return conclusion_of(session.get_one(Application, room.defence(number).application_id)).value


@pytest.mark.parametrize(
    ("move", "decision"),
    [
        (Move.RESUME, "go_on"),
        (Move.POSTPONE, "other_time"),
        (Move.WAIVE, "give_up"),
        (Move.MARK_ABSENT, "absent"),
        (Move.CANCEL, "cancelled"),
    ],
)
def test_a_break_is_recorded_with_start_end_and_decision(room: Room, move: Move, decision: str) -> None:
    room.move(Move.CHECK_IN)
    room.move(Move.CALL_IN)
    room.move(Move.INTERRUPT)
    (begun,) = room.details("defence.interrupt")
    assert begun["reason"] == "线路中断"
    room.move(move)
    (ended,) = room.details(f"defence.{move}")
    assert ended["break_decision"] == decision
    assert ended["interrupted_at"]
    with room.sessions() as session:
        assert verify_audit(session).whole


@pytest.mark.parametrize("move", [Move.INTERRUPT, Move.POSTPONE, Move.WAIVE])
@pytest.mark.parametrize("reason", ["", "  ", "长" * 201])
def test_what_needs_a_reason_is_refused_without(room: Room, move: Move, reason: str) -> None:
    room.move(Move.CHECK_IN)
    room.move(Move.CALL_IN)
    with pytest.raises(InvalidInput):
        room.act(
            "secretary",
            lambda session, who: move_defence(session, who, room.defence_ids[0], move, reason).id,
        )
    assert room.defence().state == "presenting"


def test_another_candidate_is_heard_during_a_break(room: Room) -> None:
    room.move(Move.CHECK_IN)
    room.move(Move.CALL_IN)
    room.move(Move.INTERRUPT)
    room.move(Move.CHECK_IN, 1)
    room.move(Move.CALL_IN, 1)
    with pytest.raises(IllegalState):
        room.move(Move.RESUME)
    room.move(Move.WAIVE, 1)
    room.move(Move.RESUME)
    assert room.defence().state == "presenting"


def test_who_is_postponed_is_pending_and_without_a_place(room: Room) -> None:
    room.move(Move.POSTPONE)
    assert conclusion(room) == "pending"
    with room.sessions() as session:
        assert seated_defence(session.get_one(Application, room.defence().application_id)) is None


def watch(room: Room, *names: str) -> None:
    """As if these people's pages were open."""
    with room.sessions() as session:
        session.add(RoomProcess(id="p", beat_at=utc_now()))
        session.flush()
        for name in names:
            account_id = session.scalars(
                select(SignIn.account_id).where(SignIn.id == room.sign_ins[name])
            ).one()
            session.add(Presence(process_id="p", sitting_id=room.sitting_id, account_id=account_id))
        session.commit()


def test_a_round_knows_who_was_there_when_it_opened(room: Room) -> None:
    watch(room, "expert0", "expert2", "secretary")
    room.call_and_open()
    with room.sessions() as session:
        present = set(session.scalars(select(Voter.expert_id).where(Voter.present)))
    assert present == {room.expert_id("expert0"), room.expert_id("expert2")}
    (opened,) = room.details("ballot.opened")
    assert (opened["present"], opened["seats"]) == (2, len(room.experts))
    assert "follows" not in opened


def nudge(room: Room, ballot_round_id: str, expert_id: int | None = None, by: str = "secretary") -> set[int]:
    """Remind; the accounts to be told."""
    return room.act(
        by, lambda session, who: set(nudge_members(session, who, ballot_round_id, expert_id).account_ids)
    )


def test_only_who_has_not_voted_is_reminded_and_not_twice(room: Room) -> None:
    ballot_round_id = room.call_and_open()
    room.vote("expert0", ballot_round_id)
    first = room.expert_id("expert1")
    accounts = {name: room.account_id(name) for name in room.experts}
    assert nudge(room, ballot_round_id, room.expert_id("expert0")) == set()
    assert nudge(room, ballot_round_id, first) == {accounts["expert1"]}
    assert nudge(room, ballot_round_id, first) == set()
    assert nudge(room, ballot_round_id) == set(accounts.values()) - {accounts["expert0"], accounts["expert1"]}
    with room.sessions() as session:
        missing = update(Voter).where(Voter.receipt.is_(None))
        session.execute(missing.values(nudged_at=utc_now() - NUDGE_PAUSE))
        session.commit()
    assert nudge(room, ballot_round_id, first) == {accounts["expert1"]}
    own = room.desk.enter(room.sign_ins["expert1"], room.sitting_id).snapshot.own
    assert own["nudged_at"] is not None
    room.vote("expert1", ballot_round_id)
    room.vote("expert2", ballot_round_id)
    room.close(ballot_round_id)
    with pytest.raises(Conflict):
        nudge(room, ballot_round_id)

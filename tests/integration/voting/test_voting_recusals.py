"""Recusal before, during and after the vote, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from defense.domain.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound
from defense.domain.lifecycle import Move
from defense.models import Application, BallotRound, DeclaredRecusal, Disconnection, Expert, SittingMember
from defense.services.audit_check import verify_audit
from defense.services.results import deciding_round, named_ballots
from defense.services.room.recusals import declare_recusal, recuse_in_room
from tests.rooms import BALLOT_KEY, TO_DISCUSSION, Room


def cut(room: Room) -> list[int]:
    """The accounts whose sockets are to be cut."""
    with room.sessions() as session:
        return list(session.scalars(select(Disconnection.account_id)))


@pytest.mark.parametrize("moves", range(len(TO_DISCUSSION) + 1))
@pytest.mark.parametrize("by", ["secretary", "staff", "expert1"])
def test_a_member_recused_before_the_vote_has_none(room: Room, moves: int, by: str) -> None:
    for move in TO_DISCUSSION[:moves]:
        room.move(move)
    room.recuse("expert1", by=by)
    assert cut(room) == [room.account_id("expert1")]
    for move in TO_DISCUSSION[moves:]:
        room.move(move)
    ballot_round_id = room.open()
    with pytest.raises(Forbidden):
        room.vote("expert1", ballot_round_id)
    assert room.shared()["ballot"]["entitled"] == len(room.experts) - 1
    # Elsewhere in the same sitting the member votes as before.
    for name in room.experts[:1] + room.experts[2:]:
        room.vote(name, ballot_round_id)
    room.close(ballot_round_id)
    assert room.vote("expert1", room.call_and_open(1))


@pytest.mark.parametrize("secret", [True, False])
@pytest.mark.parametrize("voted", [0, 1, 4])
def test_a_recusal_during_the_vote_breaks_it_off(room: Room, voted: int, secret: bool) -> None:
    room.change_rules(secret_ballots=secret)
    first = room.call_and_open()
    room.vote_all(first, *["pass", "veto", "abstain", "pass"][:voted])
    room.recuse("expert0", by="expert0")
    assert (room.defence().state, room.defence().outcome) == ("discussing", None)
    with room.sessions() as session:
        broken = session.get_one(BallotRound, first)
        assert broken.tally == {"verdict": "invalid", "entitled": len(room.experts), "cast": voted}
        assert broken.closed_at is not None
        assert broken.void_reason
        expert = room.act("expert1", lambda _, who: who)
        assert named_ballots(session, expert, broken) == []
    # Not one envelope is left that a key could open, and the ballots name nobody when they are secret.
    assert room.rows("SELECT count(*) FROM ballot_envelope") == [(0,)]
    named = room.rows("SELECT count(*), count(expert_id) FROM ballot")
    assert [tuple(row) for row in named] == [(voted, 0 if secret else voted)]
    assert room.shared()["ballot"] is None
    with pytest.raises(Conflict):  # a ballot that was under way
        room.vote("expert4", first)
    second = room.open()
    with pytest.raises(Forbidden):
        room.vote("expert0", second)
    for name in room.experts[1:]:
        room.vote(name, second)
    assert room.close(second)["entitled"] == len(room.experts) - 1
    opened = [e for e in room.details("ballot.opened") if e["ballot_round"] == second]
    assert opened[0]["follows"] == first
    with room.sessions() as session:
        decided_by = deciding_round(room.defence_in(session))
        assert decided_by is not None
        assert decided_by.id == second
        assert verify_audit(session).whole


def test_what_breaks_off_a_vote_tells_no_choice(room: Room) -> None:
    first = room.call_and_open()
    room.vote_all(first, "veto", "pass")
    room.recuse("expert2")
    (broken,) = room.details("ballot.broken_off")
    assert broken["tally"] == {"verdict": "invalid", "entitled": len(room.experts), "cast": 2}
    assert set(broken) == {"ballot_round", "tally", "reason"}
    view = room.shared()["defences"][0]
    assert view["tally"] == broken["tally"]


def test_after_the_decision_it_is_refused(room: Room) -> None:
    ballot_round_id = room.call_and_open()
    room.vote_all(ballot_round_id, "pass", "pass", "pass")
    room.close(ballot_round_id)
    for by in ("secretary", "staff", "expert0"):
        with pytest.raises(Conflict):
            room.recuse("expert0", by=by)
    assert room.rows("SELECT count(*) FROM declared_recusal") == [(0,)]
    assert cut(room) == []


@pytest.mark.parametrize(
    ("name", "error"), [("supervisor", Forbidden), ("candidate0", NotFound), ("candidate1", NotFound)]
)
def test_who_may_not_declare_one(room: Room, name: str, error: type[DomainError]) -> None:
    with pytest.raises(error):
        room.recuse("expert0", by=name)


def test_an_expert_recuses_nobody_else(room: Room) -> None:
    room.recuse("expert1", by="expert0")
    with room.sessions() as session:
        recused = session.scalars(select(DeclaredRecusal.expert_id)).all()
    assert list(recused) == [room.expert_id("expert0")]


def test_only_members_are_recused_in_the_room_and_with_a_reason(room: Room) -> None:
    with room.sessions() as session:
        ours = select(SittingMember.expert_id).where(SittingMember.sitting_id == room.sitting_id)
        stranger = session.scalars(select(Expert.id).where(Expert.id.not_in(ours)).limit(1)).one()

    def recuse(expert_id: int, reason: str) -> None:
        room.act(
            "secretary",
            lambda session, who: (
                recuse_in_room(session, who, room.defence_ids[0], expert_id, reason, BALLOT_KEY).id
            ),
        )

    with pytest.raises(NotFound):
        recuse(stranger, "师生关系")
    for reason in ("", "  ", "长" * 201):
        with pytest.raises(InvalidInput):
            recuse(room.expert_id("expert0"), reason)
    assert room.rows("SELECT count(*) FROM declared_recusal") == [(0,)]


def test_staff_declare_it_on_the_application_too(room: Room) -> None:
    """One rule for both ways in: an open vote is broken off."""
    room.call_and_open()
    expert_id = room.expert_id("expert0")

    def declare(again: bool) -> int:
        return room.act(
            "staff",
            lambda session, who: (
                declare_recusal(
                    session,
                    session.get_one(Application, room.defence().application_id),
                    expert_id,
                    "师生" if again else "同门",
                    who,
                    BALLOT_KEY,
                ).id
            ),
        )

    assert declare(again=False) == declare(again=True)
    assert room.defence().state == "discussing"
    assert room.rows("SELECT count(*) FROM declared_recusal") == [(1,)]
    room.move(Move.INTERRUPT)

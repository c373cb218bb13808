"""From the first ballot to the conclusion, on both databases."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select, update

from defense.domain.errors import Conflict, DomainError, Forbidden, IllegalState, InvalidInput, NotFound
from defense.domain.lifecycle import Move
from defense.models import AccessLink, Application, Expert, Panel, SignIn, SittingMember
from defense.models.types import utc_now
from defense.services.access import Role, create_account, end_sign_in, expert_account, issue_link
from defense.services.results import conclusion_of, deciding_round
from tests.rooms import TO_DISCUSSION, Room

KEY = "0f" * 16
INSIDERS = ("staff", "supervisor", "secretary", "expert0", "candidate0")


@pytest.fixture
def ballot_round_id(room: Room) -> str:
    """A round of voting that is open on the first candidate."""
    return room.call_and_open()


def conclusion(room: Room, number: int = 0) -> str:
    """What stands beside the application."""
    with room.sessions() as session:
        application_id = room.defence(number).application_id
        return conclusion_of(session.get_one(Application, application_id)).value


def add_stranger(room: Room, role: Role) -> str:
    """A person of another panel, signed in; their name for the room."""
    with room.sessions() as session:
        account = create_account(session, role, "外人", "stranger", None)
        if role is Role.EXPERT:
            ours = select(SittingMember.expert_id).where(SittingMember.sitting_id == room.sitting_id)
            theirs = select(Expert).where(Expert.id.not_in(ours)).limit(1)
            account = expert_account(session, session.scalars(theirs).one())
        link = issue_link(session, account, utc_now() + timedelta(days=1))
        session.commit()
    room.sign_in({"stranger": link})
    return "stranger"


def test_a_ballot_is_stored_once_and_answered_each_time(room: Room, ballot_round_id: str) -> None:
    receipts = {room.vote("expert0", ballot_round_id, key=KEY) for _ in range(3)}
    assert len(receipts) == 1
    assert room.rows("SELECT count(*) FROM ballot_envelope") == [(1,)]
    assert room.rows("SELECT receipt FROM voter WHERE receipt IS NOT NULL") == [(receipts.pop(),)]
    assert room.rows("SELECT count(*) FROM audit_entry WHERE action = 'ballot.cast'") == [(1,)]


@pytest.mark.parametrize(
    "other", [{"choice": "veto", "key": KEY}, {"key": "1f" * 16}, {"comment": "x", "key": KEY}]
)
def test_another_ballot_is_refused_and_the_first_stands(
    room: Room, ballot_round_id: str, other: dict[str, str]
) -> None:
    room.vote("expert0", ballot_round_id, key=KEY)
    before = room.seq()
    with pytest.raises(Conflict):
        room.vote("expert0", ballot_round_id, **other)
    assert room.seq() == before
    for name in ("expert1", "expert2"):
        room.vote(name, ballot_round_id)
    room.close(ballot_round_id)
    assert room.rows("SELECT choice, comment FROM ballot") == 3 * [("pass", None)]


def test_after_closing_only_a_ballot_that_was_counted_is_answered(room: Room, ballot_round_id: str) -> None:
    receipt = room.vote("expert0", ballot_round_id, key=KEY)
    for name in ("expert1", "expert2"):
        room.vote(name, ballot_round_id)
    tally = room.close(ballot_round_id)
    assert room.vote("expert0", ballot_round_id, key=KEY) == receipt
    with pytest.raises(Conflict):
        room.vote("expert3", ballot_round_id)
    with pytest.raises(Conflict):
        room.close(ballot_round_id)
    assert room.rows("SELECT count(*) FROM ballot") == [(3,)]
    assert (tally["passes"], tally["unused"], tally["verdict"]) == (3, 2, "passed")


@pytest.mark.parametrize("name", ["staff", "supervisor", "secretary", "candidate0"])
def test_nobody_but_a_member_votes(room: Room, ballot_round_id: str, name: str) -> None:
    with pytest.raises(Forbidden):
        room.vote(name, ballot_round_id)
    assert room.rows("SELECT count(*) FROM ballot_envelope") == [(0,)]


def test_an_expert_of_another_panel_neither_sees_nor_votes(room: Room, ballot_round_id: str) -> None:
    stranger = add_stranger(room, Role.EXPERT)
    with pytest.raises(NotFound):
        room.desk.enter(room.sign_ins[stranger], room.sitting_id)
    with pytest.raises(Forbidden):
        room.vote(stranger, ballot_round_id)


def test_a_secretary_of_another_panel_neither_sees_nor_conducts(room: Room, ballot_round_id: str) -> None:
    stranger = add_stranger(room, Role.SECRETARY)
    with pytest.raises(NotFound):
        room.desk.enter(room.sign_ins[stranger], room.sitting_id)
    with pytest.raises(NotFound):
        room.close(ballot_round_id, by=stranger)
    with pytest.raises(NotFound):
        room.move(Move.CHECK_IN, 1, by=stranger)


@pytest.mark.parametrize(
    ("name", "error"), [("supervisor", Forbidden), ("expert0", Forbidden), ("candidate0", NotFound)]
)
def test_only_secretary_and_staff_conduct(room: Room, name: str, error: type[DomainError]) -> None:
    with pytest.raises(error):
        room.move(Move.CHECK_IN, by=name)
    room.hear()
    with pytest.raises(error):
        room.open(by=name)
    ballot_round_id = room.open()
    room.vote_all(ballot_round_id, "pass", "pass", "pass")
    with pytest.raises(error):
        room.close(ballot_round_id, by=name)
    assert room.defence().state == "voting"


def test_staff_stand_in_for_the_secretary(room: Room) -> None:
    for move in TO_DISCUSSION:
        room.move(move, by="staff")
    ballot_round_id = room.open(by="staff")
    room.vote_all(ballot_round_id, "pass", "pass", "pass")
    assert room.close(ballot_round_id, by="staff")["verdict"] == "passed"


@pytest.mark.parametrize("way", ["ended", "expired", "link revoked", "link expired", "account closed"])
def test_a_dead_sign_in_does_nothing(room: Room, ballot_round_id: str, way: str) -> None:
    long_ago = utc_now() - timedelta(seconds=1)
    with room.sessions() as session:
        sign_in = session.get_one(SignIn, room.sign_ins["expert0"])
        if way == "ended":
            end_sign_in(session, sign_in.id)
        elif way == "expired":
            sign_in.expires_at = long_ago
        elif way == "account closed":
            sign_in.account.active = False
        else:
            field = "revoked_at" if way == "link revoked" else "expires_at"
            session.execute(
                update(AccessLink).where(AccessLink.id == sign_in.link_id).values({field: long_ago})
            )
        session.commit()
    with pytest.raises(Forbidden):
        room.vote("expert0", ballot_round_id)
    with pytest.raises(Forbidden):
        room.desk.enter(room.sign_ins["expert0"], room.sitting_id)
    assert room.rows("SELECT count(*) FROM ballot_envelope") == [(0,)]


def test_a_recused_expert_has_no_vote_and_is_in_no_denominator(room: Room) -> None:
    room.recuse("expert0", by="staff")
    ballot_round_id = room.call_and_open()
    with pytest.raises(Forbidden):
        room.vote("expert0", ballot_round_id)
    assert not room.desk.enter(room.sign_ins["expert0"], room.sitting_id).snapshot.own["may_vote"]
    assert room.desk.enter(room.sign_ins["expert1"], room.sitting_id).snapshot.own["may_vote"]
    for name in room.experts[1:]:
        room.vote(name, ballot_round_id)
    assert room.close(ballot_round_id)["entitled"] == len(room.experts) - 1
    second = room.call_and_open(1)
    assert room.vote("expert0", second)


def test_too_few_left_after_recusal_opens_no_ballot(room: Room) -> None:
    room.change_rules(min_panel_size=len(room.experts) + 1)
    room.hear()
    with pytest.raises(IllegalState):
        room.open()
    assert room.defence().state == "discussing"
    assert room.rows("SELECT count(*) FROM ballot_round") == [(0,)]


@pytest.mark.parametrize("reason", [None, "不喜欢", "材料不实 "])
def test_a_veto_needs_a_reason_of_the_list(room: Room, ballot_round_id: str, reason: str | None) -> None:
    with pytest.raises(InvalidInput):
        room.vote("expert0", ballot_round_id, "veto", veto_reason=reason)
    assert room.rows("SELECT count(*) FROM ballot_envelope") == [(0,)]
    assert room.rows("SELECT count(*) FROM voter WHERE receipt IS NOT NULL") == [(0,)]


@pytest.mark.parametrize(("effect", "expected"), [("veto", "failed"), ("reference", "failed_for_reference")])
def test_one_veto_fails_the_defence_and_the_effect_decides_the_rest(
    room: Room, effect: str, expected: str
) -> None:
    room.change_rules(effect=effect)
    ballot_round_id = room.call_and_open()
    room.vote_all(ballot_round_id, "pass", "veto", "pass", "pass", "pass")
    assert conclusion(room) == "pending"
    tally = room.close(ballot_round_id)
    assert (tally["verdict"], tally["vetoes"], tally["veto_reasons"]) == ("failed", 1, [["材料不实", 1]])
    assert (room.defence().state, room.defence().outcome) == ("closed", "failed")
    assert conclusion(room) == expected
    # Frozen when the first ballot opened: no change of mind afterwards.
    with pytest.raises(IllegalState):
        room.change_rules(effect="reference" if effect == "veto" else "veto")
    assert conclusion(room) == expected


def test_an_invalid_round_is_kept_and_voted_again(room: Room, ballot_round_id: str) -> None:
    stale = room.vote_all(ballot_round_id, "abstain", "pass")
    tally = room.close(ballot_round_id)
    assert tally == {"verdict": "invalid", "entitled": len(room.experts), "cast": 2}
    assert (room.defence().state, room.defence().outcome, conclusion(room)) == ("discussing", None, "pending")
    second = room.open()
    with pytest.raises(Conflict):  # a ballot that was under way when the first round closed
        room.vote("expert2", ballot_round_id)
    room.vote_all(second, "pass", "pass", "pass")
    assert room.close(second)["verdict"] == "passed"
    rounds = room.rows("SELECT id, number, closed_at IS NOT NULL FROM ballot_round ORDER BY number")
    assert [tuple(row) for row in rounds] == [(ballot_round_id, 1, True), (second, 2, True)]
    kept = room.rows("SELECT receipt FROM voter WHERE ballot_round_id = :id", id=ballot_round_id)
    assert set(stale) <= {receipt for (receipt,) in kept}
    with room.sessions() as session:
        application = session.get_one(Application, room.defence().application_id)
        decided_by = deciding_round(application.defences[-1])
        assert decided_by is not None
        assert decided_by.id == second


def test_one_candidate_at_a_time(room: Room, ballot_round_id: str) -> None:
    room.move(Move.CHECK_IN, 1)
    with pytest.raises(IllegalState):
        room.move(Move.CALL_IN, 1)
    with pytest.raises(IllegalState):
        room.open()
    for move in (Move.INTERRUPT, Move.WAIVE, Move.MARK_ABSENT, Move.CANCEL, Move.CALL_IN):
        with pytest.raises(IllegalState):
            room.move(move)
    assert room.defence().state == "voting"
    assert room.rows("SELECT count(*) FROM ballot_round") == [(1,)]


@pytest.mark.parametrize(
    ("move", "outcome"),
    [(Move.MARK_ABSENT, "absent"), (Move.WAIVE, "waived"), (Move.CANCEL, "cancelled")],
)
def test_an_end_without_a_vote_fails_too(room: Room, move: Move, outcome: str) -> None:
    room.move(move)
    assert (room.defence().outcome, conclusion(room)) == (outcome, "failed")
    with pytest.raises(IllegalState):
        room.move(Move.CHECK_IN)


@pytest.mark.parametrize("identifier", [0, -1, 10**6, 2**31, 2**63, 10**30])
def test_an_unknown_number_is_not_found(room: Room, identifier: int) -> None:
    for name in INSIDERS:
        with pytest.raises(NotFound):
            room.desk.enter(room.sign_ins[name], identifier)
    room.defence_ids.append(identifier)
    with pytest.raises(NotFound):
        room.move(Move.CHECK_IN, -1)


def test_an_unknown_round_of_voting_is_not_found(room: Room) -> None:
    with pytest.raises(NotFound):
        room.vote("expert0", "0" * 32)
    with pytest.raises(NotFound):
        room.close("0" * 32)


def test_every_change_counts_up_and_none_is_counted_twice(room: Room) -> None:
    seen = [room.seq()]
    ballot_round_id = room.call_and_open()
    seen.append(room.seq())
    for name in room.experts[:3]:
        room.vote(name, ballot_round_id, key=KEY)
        room.vote(name, ballot_round_id, key=KEY)
        seen.append(room.seq())
    room.close(ballot_round_id)
    seen.append(room.seq())
    assert [b - a for a, b in pairwise(seen)] == [len(TO_DISCUSSION) + 1, 1, 1, 1, 1]


def test_the_panel_is_the_one_it_was_at_opening(room: Room, ballot_round_id: str) -> None:
    """Whoever joins the sitting while a ballot is open has no vote in it."""
    with room.sessions() as session:
        panel_members = select(SittingMember.expert_id).where(SittingMember.sitting_id == room.sitting_id)
        other = session.scalars(
            select(SittingMember.expert_id).where(SittingMember.expert_id.not_in(panel_members)).limit(1)
        ).one()
        session.add(SittingMember(sitting_id=room.sitting_id, expert_id=other))
        session.commit()
    entitled = room.rows("SELECT count(*) FROM voter WHERE ballot_round_id = :id", id=ballot_round_id)
    assert entitled == [(len(room.experts),)]
    shared = room.desk.news_of([room.sitting_id])[room.sitting_id]["shared"]
    assert (shared["ballot"]["entitled"], shared["ballot"]["voted"]) == (len(room.experts), 0)


def test_a_panel_without_a_secretary_is_conducted_by_staff_only(room: Room) -> None:
    with room.sessions() as session:
        session.execute(update(Panel).values(secretary_id=None))
        session.commit()
    with pytest.raises(NotFound):
        room.move(Move.CHECK_IN, by="secretary")
    room.move(Move.CHECK_IN, by="staff")

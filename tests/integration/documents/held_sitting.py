"""A sitting whose day is nearly over, with something of everything that its papers tell."""

from __future__ import annotations

from defense.domain.lifecycle import Move
from defense.services.room.conducting import go_on_with_clock, pause_clock
from defense.services.room.reopening import ask_reopening, decide_reopening
from tests.rooms import TO_DISCUSSION, Room

REMARK = "论文非本人完成"


def hold(room: Room) -> None:
    """Passed at the second vote; postponed; failed; absent; the fifth still waits."""
    for move in TO_DISCUSSION[:3]:
        room.move(move, 0)
    room.move(Move.INTERRUPT, 0)
    room.move(Move.RESUME, 0)
    room.act("secretary", lambda session, who: pause_clock(session, who, room.defence_ids[0]))
    room.act("secretary", lambda session, who: go_on_with_clock(session, who, room.defence_ids[0]))
    room.move(Move.BEGIN_DISCUSSION, 0)
    room.recuse("expert4", 0)
    count(room, 0, "abstain")
    count(room, 0, "veto", "pass", "pass")
    vote_again(room, 0)
    count(room, 0, "pass", "pass", "pass", "pass")
    room.move(Move.POSTPONE, 1)
    room.hear(2)
    count(room, 2, "veto", "pass", "abstain")
    room.move(Move.MARK_ABSENT, 3)


def count(room: Room, number: int, *choices: str) -> None:
    """Open a ballot, vote and close it."""
    ballot_round_id = room.open(number)
    for name, choice in zip(room.experts, choices, strict=False):
        room.vote(name, ballot_round_id, choice, comment=REMARK if choice == "veto" else None)
    room.close(ballot_round_id)


def vote_again(room: Room, number: int) -> None:
    """A re-vote is asked for and granted."""
    id_ = room.act(
        "secretary",
        lambda session, who: (
            ask_reopening(session, who, room.defence_ids[number], "re_vote", "technical", "计票时停电").id
        ),
    )
    room.act("supervisor", lambda session, who: decide_reopening(session, who, id_, True, "情况属实").id)

"""What the screens of a sitting are shown: everybody the same, each their own, and the conductors' console.

Until a round closes none of it differs with what anybody chose (`voting.room.Snapshot`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, exists, func, select
from sqlalchemy.orm import Session, joinedload

from defense.domain.lifecycle import DefenceState
from defense.models import (
    Account,
    Application,
    BallotRound,
    Defence,
    Expert,
    Round,
    Seal,
    Sitting,
    SittingMember,
    Voter,
)
from defense.services.access import Principal, Role
from defense.services.room.presence import accounts_present
from defense.services.room.sitting_clock import TIMED_STATES, clock_view

TOLD_LATER = ("veto_reasons", "comments")
"""Of a tally: on the record's page only, for those who may read it."""


# Built once, past the unit of work: the news of twenty rooms must not keep a ballot waiting.
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_SITTINGS = select(
    Sitting.id, Sitting.seq, Sitting.bell_at, exists().where(Seal.sitting_id == Sitting.id).label("sealed")
).where(Sitting.id.in_(_IDS))
_DEFENCES = (
    select(Defence.id, Defence.sitting_id, Defence.state, Defence.outcome)
    .where(Defence.sitting_id.in_(_IDS))
    .order_by(Defence.sitting_id, Defence.start_at, Defence.id)
)
_ROUNDS = (
    select(
        BallotRound.id,
        BallotRound.defence_id,
        BallotRound.number,
        BallotRound.tally,
        BallotRound.closed_at,
        Defence.sitting_id,
    )
    .join(Defence, Defence.id == BallotRound.defence_id)
    .where(Defence.sitting_id.in_(_IDS))
    .order_by(BallotRound.defence_id, BallotRound.number)
)
_TURNOUT = (
    select(
        BallotRound.id,
        func.count(Voter.expert_id).label("entitled"),
        func.count(Voter.receipt).label("voted"),
    )
    .join(Defence, Defence.id == BallotRound.defence_id)
    .join(Voter, Voter.ballot_round_id == BallotRound.id)
    .where(Defence.sitting_id.in_(_IDS), BallotRound.closed_at.is_(None))
    .group_by(BallotRound.id)
)

_VOTERS_OF_OPEN_ROUND = (
    select(Voter.expert_id, Voter.receipt, Voter.nudged_at)
    .join(BallotRound, BallotRound.id == Voter.ballot_round_id)
    .join(Defence, Defence.id == BallotRound.defence_id)
    .where(Defence.sitting_id == bindparam("sitting_id"), BallotRound.closed_at.is_(None))
)
_VOTER_OF_OPEN_ROUND = _VOTERS_OF_OPEN_ROUND.where(Voter.expert_id == bindparam("expert_id"))


def shared_views(session: Session, sitting_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """`{"seq", "shared"}` of each sitting: states, clocks, how many have voted, results of closed votes."""
    connection, of_these = session.connection(), {"ids": sorted(sitting_ids)}
    sittings = connection.execute(_SITTINGS, of_these).all()
    defences, rounds, timed = defaultdict(list), defaultdict(list), list[int]()
    for row in connection.execute(_DEFENCES, of_these):
        defences[row.sitting_id].append(row)
        if row.state in TIMED_STATES:
            timed.append(row.id)
    clocks = _clocks(session, timed)
    for row in connection.execute(_ROUNDS, of_these):
        rounds[row.sitting_id].append(row)
    voted = {row.id: row for row in connection.execute(_TURNOUT, of_these)}
    return {
        row.id: {
            "seq": row.seq,
            "shared": {
                "sitting_id": row.id,
                "sealed": row.sealed,
                "bell_at": epoch_ms(row.bell_at),
                "defences": _defence_views(defences[row.id], rounds[row.id], clocks),
                "ballot": _ballot_view(rounds[row.id], voted),
            },
        }
        for row in sittings
    }


def shared_view(session: Session, sitting: Sitting) -> dict[str, Any]:
    """What everyone in the room may see of one sitting."""
    view: dict[str, Any] = shared_views(session, [sitting.id])[sitting.id]["shared"]
    return view


def own_view(session: Session, sitting: Sitting, principal: Principal) -> dict[str, Any]:
    """What concerns this person only: whether they may vote now, that they did, and that they were nudged."""
    voter = None
    if principal.role is Role.EXPERT:
        who = {"sitting_id": sitting.id, "expert_id": principal.expert_id}
        voter = session.connection().execute(_VOTER_OF_OPEN_ROUND, who).first()
    return {
        "may_vote": voter is not None,
        "receipt": voter.receipt if voter else None,
        "nudged_at": epoch_ms(voter.nudged_at) if voter else None,
    }


def console_view(session: Session, sitting_id: int) -> dict[str, Any]:
    """Who is in the room, and who has not voted yet, for those who conduct the sitting or watch over it."""
    present = accounts_present(session, sitting_id)
    found = session.connection().execute(_VOTERS_OF_OPEN_ROUND, {"sitting_id": sitting_id})
    voters = {voter.expert_id: voter for voter in found}
    is_open = bool(voters)
    members = session.execute(
        select(Expert.id, Expert.name, SittingMember.is_head, Account.id)
        .join(SittingMember, SittingMember.expert_id == Expert.id)
        .outerjoin(Account, Account.expert_id == Expert.id)
        .where(SittingMember.sitting_id == sitting_id)
        .order_by(SittingMember.is_head.desc(), Expert.id)
    )
    return {
        "members": [
            {
                "expert_id": expert_id,
                "name": name,
                "is_head": is_head,
                "present": account_id in present,
                "entitled": expert_id in voters if is_open else None,
                "voted": voters[expert_id].receipt is not None if expert_id in voters else None,
                "nudged_at": epoch_ms(voters[expert_id].nudged_at) if expert_id in voters else None,
            }
            for expert_id, name, is_head, account_id in members
        ]
    }


def sees_console(principal: Principal) -> bool:
    """Who conducts sittings, and who watches over them; of the sittings they may enter."""
    return principal.role in (Role.SECRETARY, Role.STAFF, Role.SUPERVISOR)


def open_ballot_round(sitting: Sitting) -> BallotRound | None:
    """The round that is open in this sitting now."""
    voting = (defence for defence in sitting.defences if defence.state == DefenceState.VOTING)
    return next((defence.ballot_rounds[-1] for defence in voting), None)


def epoch_ms(at: datetime | None) -> int | None:
    """A moment as milliseconds since 1970, as scripts count."""
    return None if at is None else round(at.timestamp() * 1000)


def _clocks(session: Session, defence_ids: Sequence[int]) -> dict[int, dict[str, Any] | None]:
    """The clocks of these defences, which are being heard."""
    if not defence_ids:
        return {}
    timed = (
        select(Defence)
        .where(Defence.id.in_(defence_ids))
        .options(joinedload(Defence.application).load_only(Application.level))
        .execution_options(populate_existing=True)
    )
    views = {}
    for defence in session.scalars(timed):
        round_id = session.scalar(select(Sitting.round_id).where(Sitting.id == defence.sitting_id))
        views[defence.id] = clock_view(defence, session.get_one(Round, round_id).rules.defence)
    return views


def _defence_views(
    defences: Sequence[Any], rounds: Sequence[Any], clocks: Mapping[int, dict[str, Any] | None]
) -> list[dict[str, Any]]:
    numbers = {d.id: n for n, d in enumerate((d for d in defences if d.state != DefenceState.REMOVED), 1)}
    # The last one of each defence stays: rounds come in the order of their numbers.
    tallies = {round_.defence_id: round_.tally for round_ in rounds if round_.tally}
    return [
        {
            "id": defence.id,
            "number": numbers.get(defence.id),
            "state": defence.state,
            "outcome": defence.outcome,
            "tally": _without_words(tallies.get(defence.id)),
            "clock": clocks.get(defence.id),
        }
        for defence in defences
    ]


def _ballot_view(rounds: Sequence[Any], turnout: Mapping[str, Any]) -> dict[str, Any] | None:
    is_open = next((round_ for round_ in rounds if round_.closed_at is None), None)
    if is_open is None:
        return None
    return {
        "id": is_open.id,
        "defence_id": is_open.defence_id,
        "number": is_open.number,
        "entitled": turnout[is_open.id].entitled,
        "voted": turnout[is_open.id].voted,
    }


def _without_words(tally: dict[str, Any] | None) -> dict[str, Any] | None:
    return {k: v for k, v in tally.items() if k not in TOLD_LATER} if tally else None

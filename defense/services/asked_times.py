"""Rescheduling heeds who asked for another time.

Among the aims of a round wishes come last and moves first, so that nobody who is published would ever move
for a wish. Somebody who asked, and whom staff have not answered, is the exception.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.people import Period
from defense.models import Account, Invite, InviteReply, Round
from defense.services.replies import Answer, asked_spans
from defense.services.scheduler_keys import candidate_key, to_minutes
from scheduler.instance import Candidate, SchedulingInstance, Wish
from scheduler.objective import Goal, TermName, Tier


def heed_requests(session: Session, round_: Round, instance: SchedulingInstance) -> SchedulingInstance:
    """Let the candidates with an open request move to a time that they named, if nobody else has to.

    Who named none moves anywhere else. Everybody else's wishes still move nobody. Without open requests the
    instance stays as it is.

    Parameters
    ----------
    instance : its objective counts the moves.
    """
    asked = _open_requests(session, round_)
    known = {candidate.id for candidate in instance.candidates if candidate.published is not None}
    if not asked.keys() & known:
        return instance
    # One move costs more than all ordinary wishes of a candidate, a granted request gains more than one move,
    # and neither pays for two: 4u + u < 6u, and 6u + 2u = 8u with every sum of wishes below u.
    unit = 1 + max(sum(wish.weight for wish in c.wishes) for c in instance.candidates)
    candidates = tuple(
        _weighed(c, asked[c.id], 6 * unit) if c.id in asked else c for c in instance.candidates
    )
    return replace(instance, candidates=candidates, objective=_with_wishes(instance.objective, 4 * unit))


def _open_requests(session: Session, round_: Round) -> Mapping[str, Sequence[Period]]:
    """The times that candidates asked for, by the key of the candidate; empty for any other time."""
    rows = session.execute(
        select(Account.application_id, InviteReply)
        .join(Invite, Invite.account_id == Account.id)
        .join(InviteReply, InviteReply.invite_id == Invite.id)
        .where(
            Invite.round_id == round_.id,
            Invite.cancelled.is_(False),
            Account.application_id.is_not(None),
            InviteReply.answer == Answer.OTHER_TIME,
            InviteReply.settled_as.is_(None),
        )
    )
    return {candidate_key(id_ or 0): asked_spans(request) for id_, request in rows}


def _weighed(candidate: Candidate, spans: Sequence[Period], weight: int) -> Candidate:
    asked = {(to_minutes(span.start_at), to_minutes(span.end_at)) for span in spans}

    def is_asked(wish: Wish) -> bool:
        if asked:
            return not wish.is_avoided and (wish.start_min, wish.end_min) in asked
        return wish.is_avoided and _lies_in(candidate, wish)

    wishes = tuple(replace(wish, weight=weight) if is_asked(wish) else wish for wish in candidate.wishes)
    return replace(candidate, wishes=wishes)


def _lies_in(candidate: Candidate, wish: Wish) -> bool:
    """Whether the published slot lies in a time that does not suit."""
    slot = candidate.published
    return slot is not None and wish.start_min <= slot.start_min < wish.end_min


def _with_wishes(objective: Sequence[Tier], moved_weight: int) -> tuple[Tier, ...]:
    """The objective with the wishes counted beside the moves instead of where they stood."""
    tiers = []
    for tier in objective:
        others = tuple(goal for goal in tier if goal.term is not TermName.WISHES)
        if any(goal.term is TermName.MOVED for goal in tier):
            heavy = tuple(Goal(goal.term, goal.weight * moved_weight) for goal in others)
            tiers.append((*heavy, Goal(TermName.WISHES)))
        elif others:
            tiers.append(others)
    return tuple(tiers)

"""Rescheduling heeds who asked for another time.

Among the aims of a round wishes come last and moves first, so that nobody who is published would ever move
for a wish. Somebody who asked, and whom staff have not answered, is the exception: where a place at a time
they named is free at once, they get it, and everybody else is planned around it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.people import Period
from defense.models import Account, Invite, InviteReply, Round
from defense.services.invites.replies import Answer, asked_spans
from defense.services.timetable.instance_building import faulted_candidates
from defense.services.timetable.keys import candidate_key, to_minutes
from scheduler.instance import Candidate, Interval, SchedulingInstance, Slot
from scheduler.legal_slots import legal_slots
from scheduler.schedule import Assignment, Schedule

_FOREVER_MIN = 2**40


@dataclass(frozen=True)
class Notice:
    """Whom the notice binds.

    Parameters
    ----------
    now_min, until_min : now, and until when slots stay and nobody is newly called.
    may_move : keys of candidates whom staff may move and call all the same.
    """

    now_min: int
    until_min: int
    may_move: Collection[str]

    def binds_until(self, candidate: Candidate) -> int:
        """The minute before which a candidate's place stays and no other can be given."""
        return self.now_min if candidate.id in self.may_move else self.until_min


def heed_requests(
    session: Session, round_: Round, instance: SchedulingInstance, published: Schedule, notice: Notice
) -> SchedulingInstance:
    """Pin the candidates with an open request to a place that they asked for and that is free.

    Nobody else moves for it. A place in a half-day that is held anyway goes before others; who asked first
    chooses first. Who named no time gets another one; where nothing is free, the candidate stays.
    """
    candidates = {candidate.id: candidate for candidate in instance.candidates}
    faulted = faulted_candidates(instance, published.assignments)
    sittings = {sitting.id for sitting in instance.sittings}
    places = {
        place.candidate_id: place
        for place in published.assignments
        if place.candidate_id in candidates.keys() - faulted and place.sitting_id in sittings
    }
    for key, spans in _open_requests(session, round_).items():
        candidate = candidates.get(key)
        if candidate is None or key not in places or not _may_leave(candidate, places[key], notice):
            continue
        place = _free_place(instance, places, candidate, spans, notice)
        if place is not None:
            places[key] = place
            candidates[key] = replace(candidate, pin=Slot(place.sitting_id, place.start_min))
    return replace(instance, candidates=tuple(candidates.values()))


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
        .order_by(InviteReply.id)
    )
    return {candidate_key(id_ or 0): asked_spans(request) for id_, request in rows}


def _may_leave(candidate: Candidate, place: Assignment, notice: Notice) -> bool:
    return candidate.pin is None and place.start_min >= notice.binds_until(candidate)


def _free_place(
    instance: SchedulingInstance,
    places: Mapping[str, Assignment],
    candidate: Candidate,
    spans: Sequence[Period],
    notice: Notice,
) -> Assignment | None:
    own = places[candidate.id]
    away = [Interval(0, notice.binds_until(candidate)), *_outside(spans, own)]
    bound = replace(candidate, unavailable=(*candidate.unavailable, *(i for i in away if i.end_min > 0)))
    others = tuple(place for place in places.values() if place is not own)
    narrowed = replace(
        instance, candidates=tuple(bound if c.id == bound.id else c for c in instance.candidates)
    )
    held = {place.sitting_id for place in others}
    free = legal_slots(narrowed, Schedule(others), candidate.id)
    return min(free, key=lambda place: (place.sitting_id not in held, place.start_min), default=None)


def _outside(spans: Sequence[Period], own: Assignment) -> Iterable[Interval]:
    """The times that do not suit: all but those that were named, or the present place."""
    if not spans:
        yield Interval(own.start_min, own.end_min)
        return
    reached = 0
    for start_min, end_min in sorted((to_minutes(s.start_at), to_minutes(s.end_at)) for s in spans):
        if start_min > reached:
            yield Interval(reached, start_min)
        reached = max(reached, end_min)
    yield Interval(reached, _FOREVER_MIN)

"""Repair a published schedule: who moves from where to where, as few as can be, and with notice."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from scheduler.changes.case import build_case, ids_of
from scheduler.changes.keeping import choose_keepable
from scheduler.deadline import Deadline, OutOfTime, StopSwitch
from scheduler.errors import InstanceError
from scheduler.formats.codec import encode
from scheduler.instance import Candidate, Interval, SchedulingInstance, Slot
from scheduler.objective import Goal, TermName
from scheduler.progress import ProgressCallback
from scheduler.result import SolveParameters, SolveResult
from scheduler.schedule import Assignment, Schedule
from scheduler.solver import solve

PROMISES_SHARE = 0.3
"""Part of the time limit in which to find out which promised slots can be kept together."""


@dataclass(frozen=True)
class Move:
    """A candidate whose slot changes; None is no slot.

    `is_forced` says that the published slot no longer holds by itself, whatever the others do.
    """

    candidate_id: str
    before: Assignment | None
    after: Assignment | None
    is_forced: bool


@dataclass(frozen=True)
class Rescheduling:
    """A repaired schedule beside what was published.

    Parameters
    ----------
    result : SolveResult
        Bounds hold among the schedules that keep what was promised.
    moves : tuple of Move
        Everyone whose slot changes, in the order of the instance: moved, placed for the first time, or left
        without a slot.
    kept : int
        Candidates who keep their published slot.
    broken_promises : tuple of str
        Candidates who have begun or are due within the notice, and whose slot cannot be kept.
    """

    result: SolveResult
    moves: tuple[Move, ...]
    kept: int
    broken_promises: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the rescheduling as JSON values."""
        encoded: dict[str, Any] = encode(self)
        return encoded


def reschedule(
    instance: SchedulingInstance,
    published: Schedule,
    params: SolveParameters,
    now_min: int | None = None,
    notice_min: int = 0,
    may_move: frozenset[str] = frozenset(),
    on_progress: ProgressCallback | None = None,
    stop: StopSwitch | None = None,
) -> Rescheduling:
    """Schedule the candidates of `instance` anew with the fewest changes to what was published.

    Parameters
    ----------
    instance : SchedulingInstance
        As it is today, with what has happened. Its published slots are set from `published`. When its
        objective does not count the moves, they are counted before everything it names.
    published : Schedule
        What was announced. Candidates and sittings that no longer exist are passed over.
    now_min : int, optional
        The minute that it is now: what began before stays, and nobody gets a slot before. None: all lies
        ahead.
    notice_min : int
        Who is due within so many minutes from now stays, and nobody else is called within them.
    may_move : frozenset of str
        Candidates whom the notice does not protect: they may be moved, and called at once.

    Returns
    -------
    Rescheduling
        A slot that cannot be kept although it is protected is a broken promise. Its candidate gets another
        one after the notice. What has begun stays pinned all the same, and the result is infeasible, unless
        its sitting no longer exists or staff let the candidate move. An expert who leaves in the middle of a
        sitting takes back what was heard before: end the sitting at that minute instead.

    Raises
    ------
    InstanceError
        `notice_min` is negative, or someone in `may_move` does not exist.
    """
    _require(instance, notice_min, may_move)
    stop = stop or StopSwitch()
    deadline = Deadline(params.time_limit_s, stop)
    slots = {slot.candidate_id: slot for slot in published.assignments}
    announced = _announce(instance, slots)
    clock = _Clock(announced, now_min, notice_min, may_move)
    kept = _keep_promises(announced, clock, params, stop)
    promised = _bind(announced, clock, kept)
    left = replace(params, time_limit_s=max(0.0, params.time_limit_s - deadline.elapsed_s()))
    result = solve(promised, left, on_progress, stop)
    result = replace(result, parameters=params, wall_time_s=round(deadline.elapsed_s(), 3))
    moves = tuple(_list_moves(announced, slots, result.schedule))
    changed = {move.candidate_id for move in moves}
    return Rescheduling(
        result,
        moves,
        kept=sum(c.published is not None and c.id not in changed for c in announced.candidates),
        broken_promises=tuple(c.id for c in announced.candidates if clock.protects(c) and c.id not in kept),
    )


def _require(instance: SchedulingInstance, notice_min: int, may_move: frozenset[str]) -> None:
    if notice_min < 0:
        raise InstanceError("notice_min", f"must be at least 0, got {notice_min}")
    strangers = sorted(may_move - {candidate.id for candidate in instance.candidates})
    if strangers:
        raise InstanceError("may_move", f"{strangers[0]!r} does not exist")


def _announce(instance: SchedulingInstance, slots: Mapping[str, Assignment]) -> SchedulingInstance:
    """Return the instance with the published slots, and an objective that counts who leaves them."""
    candidates = tuple(
        replace(candidate, published=_slot_of(slots.get(candidate.id))) for candidate in instance.candidates
    )
    is_counted = any(goal.term is TermName.MOVED for tier in instance.objective for goal in tier)
    objective = instance.objective if is_counted else ((Goal(TermName.MOVED),), *instance.objective)
    return replace(instance, candidates=candidates, objective=objective)


def _slot_of(assignment: Assignment | None) -> Slot | None:
    return None if assignment is None else Slot(assignment.sitting_id, assignment.start_min)


class _Clock:
    """Whom the time protects from a change, and from when on the others can be called."""

    def __init__(
        self, instance: SchedulingInstance, now_min: int | None, notice_min: int, may_move: frozenset[str]
    ) -> None:
        self._now_min, self._may_move = now_min, may_move
        self._protected_until_min = None if now_min is None else now_min + notice_min
        self._sittings = {sitting.id for sitting in instance.sittings}
        self._first_min = min((sitting.start_min for sitting in instance.sittings), default=0)

    def has_begun(self, candidate: Candidate) -> bool:
        """Return whether the candidate's defence began in a sitting that still exists."""
        slot = candidate.published
        if slot is None or self._now_min is None or slot.sitting_id not in self._sittings:
            return False
        return slot.start_min < self._now_min

    def protects(self, candidate: Candidate) -> bool:
        """Return whether the candidate was promised the published slot; a pin elsewhere is staff's word."""
        slot = candidate.published
        if slot is None or self._protected_until_min is None or self.has_begun(candidate):
            return self.has_begun(candidate)
        if candidate.id in self._may_move or candidate.pin not in (None, slot):
            return False
        return slot.start_min < self._protected_until_min

    def must_stay(self, candidate: Candidate) -> bool:
        """Return whether the slot stays even when it breaks a rule: what was heard cannot be undone."""
        return self.has_begun(candidate) and candidate.id not in self._may_move

    def call_later(self, candidate: Candidate) -> Candidate:
        """Return the candidate without the times at which nobody could come any more."""
        is_ready = candidate.id in self._may_move
        until_min = self._now_min if is_ready else self._protected_until_min
        if until_min is None or until_min <= self._first_min:
            return candidate
        past = Interval(self._first_min, until_min)
        return replace(candidate, unavailable=(*candidate.unavailable, past))


def _keep_promises(
    instance: SchedulingInstance, clock: _Clock, params: SolveParameters, stop: StopSwitch
) -> frozenset[str]:
    """Return the protected candidates whose slots can be kept together, most of them if not all."""
    protected = tuple(_promise(candidate, clock) for candidate in instance.candidates)
    case = build_case(replace(instance, candidates=protected))
    begun = {candidate.id for candidate in instance.candidates if clock.has_begun(candidate)}
    pinned = {slot.candidate.id for slot in case.pinned} & begun
    share = params.deterministic_limit and PROMISES_SHARE * params.deterministic_limit
    deadline = Deadline(PROMISES_SHARE * params.time_limit_s, stop, share)
    held = case.held
    with suppress(OutOfTime):
        keepable = choose_keepable(case, params, deadline)
        held = keepable.slots if keepable.are_most else held
    return ids_of(held) | pinned


def _promise(candidate: Candidate, clock: _Clock) -> Candidate:
    """Return the candidate with a published slot only if it was promised, pinned if it has begun."""
    if clock.has_begun(candidate):
        return replace(candidate, pin=candidate.published)
    return candidate if clock.protects(candidate) else replace(candidate, published=None)


def _bind(instance: SchedulingInstance, clock: _Clock, kept: frozenset[str]) -> SchedulingInstance:
    """Return the instance in which promises are pins, and the others can be called with notice only."""

    def bind(candidate: Candidate) -> Candidate:
        if candidate.id in kept or clock.must_stay(candidate):
            return replace(candidate, pin=candidate.published)
        if candidate.pin is not None and not clock.has_begun(candidate):
            return candidate
        return clock.call_later(replace(candidate, pin=None))

    return replace(instance, candidates=tuple(bind(candidate) for candidate in instance.candidates))


def _list_moves(
    instance: SchedulingInstance, slots: Mapping[str, Assignment], schedule: Schedule
) -> Iterator[Move]:
    case = build_case(instance)
    standing = ids_of(case.held) | ids_of(case.pinned)
    given = {slot.candidate_id: slot for slot in schedule.assignments}
    for candidate in instance.candidates:
        before, after = slots.get(candidate.id), given.get(candidate.id)
        if _slot_of(before) != _slot_of(after):
            is_forced = before is not None and candidate.id not in standing
            yield Move(candidate.id, before, after, is_forced)

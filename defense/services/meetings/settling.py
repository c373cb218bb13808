"""What a provider's answer means for a meeting: held, gone, tried again later, or asked for elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.integrations.meetings.provider import FailureKind, HeldMeeting, ProviderFailure
from defense.models import Meeting, Round
from defense.services.audit import record_audit
from defense.services.meetings.rows import (
    MeetingState,
    Providers,
    add_meeting,
    held_of,
    keep_held,
    lock_meeting,
    providers_of,
    retire,
)
from defense.services.meetings.wishes import ROOM_OPENS_BEFORE
from defense.settings import Settings

RETRY_DELAYS_MIN = (1, 2, 5, 15, 60)
"""After the first, second … failure; the last one repeats."""
SWITCH_AFTER = 4
"""Failures after which a provider counts as down: eight minutes after the first."""
RETURN_AFTER = timedelta(hours=1)
"""A provider that had to give way is asked again no sooner."""
STRAY_WAITS = timedelta(minutes=20)
"""Longer than whoever may just be adopting the same meeting can take."""

_FINAL = (FailureKind.QUOTA, FailureKind.NEVER)


class Step(StrEnum):
    """One call."""

    CREATE = "created"
    FIND = "looked for"
    MOVE = "moved"
    CANCEL = "cancelled"


@dataclass(frozen=True)
class Answer:
    """What a call gave, or why it gave nothing."""

    held: HeldMeeting | None
    failure: ProviderFailure | None = None


def settle_answer(
    session: Session,
    providers: Providers,
    settings: Settings,
    claim: tuple[int, datetime, Step],
    answer: Answer,
    now: datetime,
) -> None:
    """Write down what became of a claimed meeting; the caller commits.

    Parameters
    ----------
    claim : id of the row, the end of the lease, and what was tried.
    """
    id_, until, step = claim
    meeting = lock_meeting(session, id_)
    if meeting is None:
        return
    if meeting.claimed_until != until:
        # The lease ran out and somebody else went on. What came about meanwhile must not be forgotten.
        if step is Step.CREATE and answer.held is not None:
            _note_stray(session, settings, meeting, answer.held, now)
        elif step is Step.MOVE and meeting.state == MeetingState.HELD:
            meeting.is_behind = True  # whose word came last at the provider, nobody knows
        return
    meeting.claimed_until, meeting.changed_at = None, now
    if answer.failure is not None and (step is Step.CREATE or answer.failure.kind is not FailureKind.ABSENT):
        _settle_failure(session, providers, meeting, step, answer.failure, now)
    else:
        _settle_success(settings, meeting, step, answer, now)


def _settle_success(settings: Settings, meeting: Meeting, step: Step, answer: Answer, now: datetime) -> None:
    """The call worked, or the provider says that there is nothing (any more)."""
    meeting.next_attempt_at = now
    if step is Step.CANCEL or answer.held is None:
        _settle_absence(meeting)  # and the failures that led here still count
        return
    meeting.attempts, meeting.last_words = 0, None
    keep_held(settings, meeting, answer.held)
    meeting.is_stuck = False
    if meeting.state == MeetingState.CREATING:
        meeting.state = MeetingState.HELD
    meeting.is_behind = meeting.state == MeetingState.HELD and meeting.told != meeting.wanted


def _settle_absence(meeting: Meeting) -> None:
    """The provider surely has nothing of it."""
    meeting.sealed = meeting.told = None
    meeting.is_behind = False
    if meeting.state in (MeetingState.CANCELLING, MeetingState.CANCELLED):
        meeting.state, meeting.last_words = MeetingState.CANCELLED, None
    else:
        meeting.state = MeetingState.PLANNED


def _settle_failure(
    session: Session,
    providers: Providers,
    meeting: Meeting,
    step: Step,
    failure: ProviderFailure,
    now: datetime,
) -> None:
    meeting.last_words = failure.words.to_json()
    meeting.attempts += 1
    meeting.next_attempt_at = now + _delay_after(meeting.attempts)
    if step is Step.CREATE and failure.kind is not FailureKind.UNKNOWN:
        _settle_absence(meeting)
    has_to_give_way = failure.kind in _FINAL or meeting.attempts >= SWITCH_AFTER
    if has_to_give_way and meeting.state != MeetingState.CANCELLED:
        give_way(session, providers, meeting, now)


def give_way(session: Session, providers: Providers, meeting: Meeting, now: datetime) -> None:
    """A provider cannot: ask the round's other one, or tell staff that there is none."""
    if meeting.state == MeetingState.CANCELLING:
        _tell_stuck(session, meeting)
        meeting.next_attempt_at = max(meeting.next_attempt_at, now + _delay_after(SWITCH_AFTER))
        return
    others = others_of(session, providers, meeting)
    if meeting.state == MeetingState.HELD and (_has_opened(meeting, now) or not others):
        _tell_stuck(session, meeting)
    elif others:
        switch_to(session, providers, meeting, others[0], now)
    else:
        _tell_stuck(session, meeting)
        meeting.next_attempt_at = max(meeting.next_attempt_at, now + _delay_after(SWITCH_AFTER))


def others_of(session: Session, providers: Providers, meeting: Meeting) -> list[str]:
    """The round's other providers that could hold this meeting."""
    round_ = session.get_one(Round, meeting.round_id)
    has_room = meeting.sitting is not None and meeting.sitting.panel.meeting_address is not None
    return [name for name in providers_of(round_, has_room, providers) if name != meeting.provider]


def switch_to(
    session: Session,
    providers: Providers,
    meeting: Meeting,
    other: str,
    now: datetime,
    account_id: int | None = None,
) -> Meeting | None:
    """Ask another provider for the same sitting's meeting, and take this one back.

    Parameters
    ----------
    account_id : of staff, who do not wait; None when the provider gave up.
    """
    sitting_id, wanted, by_hand = meeting.sitting_id, meeting.wanted, account_id is not None
    was_told = meeting.is_stuck
    retire(meeting, providers, now)
    if meeting.state == MeetingState.CANCELLED:
        meeting.state = MeetingState.FAILED
        meeting.next_attempt_at = now + RETURN_AFTER
    session.flush()
    if sitting_id is None:
        return None
    round_ = session.get_one(Round, meeting.round_id)
    taken_up = None if by_hand else _given_up_before(session, meeting, other)
    if taken_up is None:
        taken_up = add_meeting(
            session,
            providers,
            round_id=round_.id,
            sitting_id=sitting_id,
            provider=other,
            is_second=other != round_.meeting_provider,
            wanted=wanted,
            now=now,
        )
        detail = {"from_provider": meeting.provider, "to_provider": other}
        record_audit(session, "meeting.switched", f"sitting:{sitting_id}", detail, account_id)
    else:
        _take_up(providers, taken_up, wanted, now)
        taken_up.is_stuck = was_told  # once, and not at every turn to the other one
        _tell_stuck(session, taken_up)
    session.flush()
    return taken_up


def _given_up_before(session: Session, meeting: Meeting, provider: str) -> Meeting | None:
    """The row about an earlier try there, which is used again: two providers may be down for days."""
    return session.scalar(
        select(Meeting)
        .where(
            Meeting.sitting_id == meeting.sitting_id,
            Meeting.provider == provider,
            Meeting.state.in_((MeetingState.FAILED, MeetingState.CANCELLING)),
        )
        .order_by(Meeting.id.desc())
        .limit(1)
        .with_for_update()
    )


def _take_up(providers: Providers, meeting: Meeting, wanted: dict[str, Any], now: datetime) -> None:
    """Want a meeting again that was given up; what may exist of it is not to be made twice."""
    if meeting.state == MeetingState.FAILED:
        is_made_ahead = providers[meeting.provider].creates_ahead
        meeting.state = MeetingState.PLANNED if is_made_ahead else MeetingState.HELD
    elif meeting.sealed is None:
        meeting.state = MeetingState.CREATING
    else:
        # Its cancellation may have arrived: the move finds that out.
        meeting.state, meeting.is_behind = MeetingState.HELD, True
    meeting.wanted, meeting.attempts = wanted, 0
    meeting.next_attempt_at = max(meeting.next_attempt_at, now)


def _tell_stuck(session: Session, meeting: Meeting) -> None:
    if meeting.is_stuck:
        return
    meeting.is_stuck = True
    detail = {"provider": meeting.provider, "meeting_state": meeting.state}
    record_audit(session, "meeting.stuck", f"sitting:{meeting.sitting_id}", detail)


def _note_stray(
    session: Session, settings: Settings, meeting: Meeting, held: HeldMeeting, now: datetime
) -> None:
    """Two made the same meeting, one of them long after its turn: cancel its one, unless it is the one."""
    ours = held_of(settings, meeting)
    if ours is not None and ours.id == held.id:
        return
    stray = Meeting(
        round_id=meeting.round_id,
        sitting_id=meeting.sitting_id,
        provider=meeting.provider,
        is_second=meeting.is_second,
        tag=meeting.tag,
        state=MeetingState.CANCELLING,
        wanted=meeting.wanted,
        told=meeting.told or meeting.wanted,
        next_attempt_at=now + STRAY_WAITS,
        changed_at=now,
    )
    session.add(stray)
    session.flush()
    keep_held(settings, stray, held)


def _has_opened(meeting: Meeting, now: datetime) -> bool:
    return now >= datetime.fromisoformat(meeting.wanted["start_at"]) - ROOM_OPENS_BEFORE


def _delay_after(attempts: int) -> timedelta:
    return timedelta(minutes=RETRY_DELAYS_MIN[min(attempts, len(RETRY_DELAYS_MIN)) - 1])

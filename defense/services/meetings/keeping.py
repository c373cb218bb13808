"""Making the providers hold the meetings that the sittings want, crash-safely.

One step per claim: the claim is written first (a creation as such, with the plan that is told), the provider
is called with no transaction open, and its answer is written in another. A creation whose answer was lost is
looked for by its tag before anything is tried again, also when nobody wants the meeting any more: whatever
came about at a provider is either held or cancelled. A provider that stays down, has nothing left or refuses
gives way to the round's second one, and staff are told.

Source: invites.md "Meeting providers".
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from defense.domain.text import Text
from defense.integrations.meetings.provider import (
    FailureKind,
    HeldMeeting,
    MeetingPlan,
    MeetingProvider,
    ProviderFailure,
)
from defense.models import Meeting
from defense.services.meetings.rows import MeetingState, Providers, held_of, plan_of
from defense.services.meetings.settling import Answer, Step, settle_answer
from defense.services.meetings.wishes import plan_meetings
from defense.services.transaction import begin_write
from defense.settings import Settings

LEASE = timedelta(minutes=10)
"""Longer than one step's calls can take by their time-outs; a dead keeper's meetings wait so long."""
PASSES = 3
"""In one turn: what was looked for and not found is created in the next pass."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Claimed:
    id: int
    provider: str
    step: Step
    plan: MeetingPlan
    held: HeldMeeting | None
    until: datetime


def keep_meetings(
    sessions: Callable[[], Session],
    providers: Providers,
    settings: Settings,
    now_fn: Callable[[], datetime],
) -> Counter[str]:
    """Bring the providers up to date; how many steps of which kind worked, and `failed` for the others.

    Parameters
    ----------
    sessions : makes a new session for every short transaction; this function commits them.
    now_fn : the present moment, aware.
    """
    plan_meetings(sessions, providers, now_fn)
    counts: Counter[str] = Counter()
    resting: set[str] = set()
    for _ in range(PASSES):
        due = _due(sessions, providers, now_fn())
        if not due:
            break
        for id_ in due:
            claimed = _claim(sessions, providers, settings, id_, resting, now_fn())
            if claimed is None:
                continue
            answer = _carry_out(providers[claimed.provider], claimed)
            with sessions() as session:
                begin_write(session)
                settle_answer(
                    session, providers, settings, (claimed.id, claimed.until, claimed.step), answer, now_fn()
                )
                session.commit()
            counts["failed" if answer.failure else claimed.step] += 1
            if answer.failure and answer.failure.kind in (FailureKind.LATER, FailureKind.UNKNOWN):
                # It is down or wants fewer calls: its other meetings wait for the next turn.
                resting.add(claimed.provider)
    return counts


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(
        or_(
            Meeting.state.in_((MeetingState.PLANNED, MeetingState.CREATING, MeetingState.CANCELLING)),
            and_(Meeting.state == MeetingState.HELD, Meeting.is_behind),
        ),
        Meeting.next_attempt_at <= now,
        or_(Meeting.claimed_until.is_(None), Meeting.claimed_until <= now),
    )


def _due(sessions: Callable[[], Session], providers: Providers, now: datetime) -> Sequence[int]:
    with sessions() as session:
        of_ours = select(Meeting.id).where(_is_due(now), Meeting.provider.in_(list(providers)))
        return session.scalars(of_ours.order_by(Meeting.next_attempt_at, Meeting.id)).all()


def _claim(
    sessions: Callable[[], Session],
    providers: Providers,
    settings: Settings,
    id_: int,
    resting: set[str],
    now: datetime,
) -> _Claimed | None:
    """Take a meeting for this process alone, and write down what is about to be tried."""
    with sessions() as session:
        begin_write(session)
        query = select(Meeting).where(Meeting.id == id_, _is_due(now)).with_for_update()
        meeting = session.scalar(query)
        if meeting is None or meeting.provider in resting or meeting.provider not in providers:
            return None
        held, step = held_of(settings, meeting), _next_step(settings, meeting)
        if step is Step.CANCEL and _is_wanted_elsewhere(session, settings, meeting, held):
            meeting.state = MeetingState.CANCELLED
            session.commit()
            return None
        if step is Step.FIND and meeting.state == MeetingState.HELD:
            meeting.state = MeetingState.CREATING  # sealed with another key: only the provider knows it
        if step is Step.CREATE:
            meeting.state = MeetingState.CREATING
        if step in (Step.CREATE, Step.MOVE):
            meeting.told = meeting.wanted
        meeting.claimed_until = until = now + LEASE
        plan = plan_of(meeting.tag, meeting.told or meeting.wanted)
        claimed = _Claimed(meeting.id, meeting.provider, step, plan, held, until)
        session.commit()
        return claimed


def _next_step(settings: Settings, meeting: Meeting) -> Step:
    if meeting.state == MeetingState.PLANNED:
        return Step.CREATE
    if meeting.state == MeetingState.CREATING or held_of(settings, meeting) is None:
        return Step.FIND
    return Step.MOVE if meeting.state == MeetingState.HELD else Step.CANCEL


def _is_wanted_elsewhere(
    session: Session, settings: Settings, meeting: Meeting, held: HeldMeeting | None
) -> bool:
    """Whether what this row would cancel is what another row of the same tag holds."""
    same = select(Meeting).where(Meeting.tag == meeting.tag, Meeting.state == MeetingState.HELD)
    others = (held_of(settings, other) for other in session.scalars(same))
    return held is not None and any(other is not None and other.id == held.id for other in others)


def _carry_out(provider: MeetingProvider, claimed: _Claimed) -> Answer:
    try:
        if claimed.step is Step.CREATE:
            return Answer(provider.create(claimed.plan))
        if claimed.step is Step.FIND or claimed.held is None:
            return Answer(provider.find(claimed.plan))
        if claimed.step is Step.MOVE:
            return Answer(provider.move(claimed.held, claimed.plan))
        provider.cancel(claimed.held)
        return Answer(None)
    except ProviderFailure as failure:
        return Answer(None, failure)
    except Exception as error:
        # Its text may hold an address or a key: only its kind is told.
        _log.error("%s: %s of a meeting broke: %s", claimed.provider, claimed.step, type(error).__name__)
        words = Text("会议平台的答复无法识别（{name}）。", "The provider's answer makes no sense ({name}).")
        return Answer(None, ProviderFailure(FailureKind.UNKNOWN, words.format(name=type(error).__name__)))

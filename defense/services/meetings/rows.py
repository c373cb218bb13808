"""The rows about meetings at providers: their states, their plans, what is sealed in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState
from defense.integrations.meetings.provider import HeldMeeting, MeetingPlan, MeetingProvider, ProviderName
from defense.models import Meeting, Round, Sitting
from defense.services.keeping.at_rest import open_bytes, seal_bytes
from defense.settings import Settings

_PURPOSE = "meetings at providers"

Providers = Mapping[str, MeetingProvider]
"""The configured ones, by name."""


class MeetingState(StrEnum):
    """Where a meeting stands."""

    PLANNED = "planned"
    """To be created; the provider has nothing of it."""
    CREATING = "creating"
    """The provider was asked: it may exist."""
    HELD = "held"
    CANCELLING = "cancelling"
    """No longer wanted; it exists or may exist."""
    CANCELLED = "cancelled"
    FAILED = "failed"
    """Could not be had here, and surely does not exist; the other provider was asked."""


LIVE_STATES = (MeetingState.PLANNED, MeetingState.CREATING, MeetingState.HELD)


def plan_json(subject: str, start_at: datetime, end_at: datetime, waiting_room: bool) -> dict[str, Any]:
    """A plan as the table keeps it; equal plans are equal."""
    return {
        "subject": subject,
        "start_at": start_at.isoformat(),
        "end_at": end_at.isoformat(),
        "waiting_room": waiting_room,
    }


def plan_of(tag: str, plan: Mapping[str, Any]) -> MeetingPlan:
    """The plan that a provider is told."""
    return MeetingPlan(
        tag=tag,
        subject=plan["subject"],
        start_at=datetime.fromisoformat(plan["start_at"]),
        end_at=datetime.fromisoformat(plan["end_at"]),
        waiting_room=plan["waiting_room"],
    )


def keep_held(settings: Settings, meeting: Meeting, held: HeldMeeting | None) -> None:
    """Write down, sealed, what the provider answered; None: there is nothing any more."""
    if held is None:
        meeting.sealed = None
        return
    plain = json.dumps(asdict(held)).encode()
    meeting.sealed = seal_bytes(settings.secret_key, _PURPOSE, f"meeting:{meeting.id}", plain)


def held_of(settings: Settings, meeting: Meeting) -> HeldMeeting | None:
    """What the provider answered; None for nothing, or if it was sealed with another SECRET_KEY."""
    if meeting.sealed is None:
        return None
    try:
        plain = open_bytes(settings.secret_key, _PURPOSE, f"meeting:{meeting.id}", meeting.sealed)
    except IllegalState:
        return None
    return HeldMeeting(**json.loads(plain))


def providers_of(round_: Round, has_room: bool, providers: Providers) -> list[str]:
    """The names of the round's providers that can be used for a panel, the first one first.

    Parameters
    ----------
    has_room : the panel has a standing conference room.
    """
    chosen = dict.fromkeys(filter(None, (round_.meeting_provider, round_.second_meeting_provider)))
    return [name for name in chosen if name in providers and (has_room or name != ProviderName.FIXED)]


def lock_meeting(session: Session, meeting_id: int) -> Meeting | None:
    """The row as it is now, for this transaction alone.

    Its sitting is locked first, as whoever compares meetings with sittings does: so none waits for another.
    """
    of_meeting = select(Meeting.sitting_id).where(Meeting.id == meeting_id).scalar_subquery()
    session.execute(select(Sitting.id).where(Sitting.id == of_meeting).with_for_update(key_share=True))
    return session.get(Meeting, meeting_id, with_for_update=True, populate_existing=True)


def add_meeting(
    session: Session,
    providers: Providers,
    *,
    round_id: int,
    sitting_id: int,
    provider: str,
    is_second: bool,
    wanted: dict[str, Any],
    now: datetime,
) -> Meeting:
    """Plan a meeting. At a provider that makes its rooms at the click it is held from the beginning."""
    meeting = Meeting(
        round_id=round_id,
        sitting_id=sitting_id,
        provider=provider,
        is_second=is_second,
        wanted=wanted,
        state=MeetingState.PLANNED if providers[provider].creates_ahead else MeetingState.HELD,
        next_attempt_at=now,
        changed_at=now,
    )
    session.add(meeting)
    session.flush()
    return meeting


def retire(meeting: Meeting, providers: Providers, now: datetime) -> None:
    """It is not wanted any more: cancel it at the provider, if anything of it may be there."""
    provider = providers.get(meeting.provider)
    is_made_at_click = provider is not None and not provider.creates_ahead
    if is_made_at_click or (meeting.told is None and meeting.sealed is None):
        meeting.state = MeetingState.CANCELLED
    else:
        meeting.state = MeetingState.CANCELLING
    meeting.is_behind = meeting.is_stuck = False
    meeting.attempts, meeting.next_attempt_at, meeting.changed_at = 0, now, now

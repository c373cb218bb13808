"""Who may enter which meeting, and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from defense.domain.clocks import both_clocks, day_with_weekday
from defense.domain.errors import Forbidden
from defense.domain.people import Period
from defense.domain.text import Text
from defense.integrations.meetings.jitsi import provider_from
from defense.integrations.meetings.provider import HeldMeeting, MeetingPlan, Participant
from defense.models import Defence, Sitting
from defense.services.access import Principal
from defense.settings import Settings

ROOM_OPENS_BEFORE = timedelta(hours=1)
OVERRUN = timedelta(hours=2)


def room_window(sitting: Sitting) -> Period:
    """When a member of the room may enter its meeting; sittings overrun, so the end is late."""
    return Period(sitting.start_at - ROOM_OPENS_BEFORE, sitting.end_at + OVERRUN)


def candidate_window(defence: Defence) -> Period:
    """When a candidate may enter: from check-in on, until the panel has surely gone."""
    check_in = timedelta(minutes=defence.application.round.rules.defence.check_in_min)
    return Period(defence.start_at - check_in, defence.sitting.end_at + OVERRUN)


def meeting_address(
    settings: Settings, sitting: Sitting, principal: Principal, moderator: bool, window: Period, now: datetime
) -> str:
    """The provider's address for one person, made at the click and kept nowhere.

    Raises
    ------
    Forbidden
        It is too early or too late; the text says from when.
    """
    if now < window.start_at:
        raise Forbidden(
            Text(
                "会议室尚未开放，请于{day} {clocks}起进入。",
                "The meeting is not open yet; enter from {clocks} on {day}.",
            ).format(day=day_with_weekday(window.start_at), clocks=both_clocks(window.start_at))
        )
    if now >= window.end_at:
        raise Forbidden(
            Text(
                "本场会议已结束。如有疑问请致电评价中心。",
                "This meeting is over; telephone the centre if in doubt.",
            )
        )
    room = f"defence-{sitting.meeting_key}"
    return provider_from(settings).join_url(
        HeldMeeting(room, {}),
        MeetingPlan(room, room, sitting.start_at, sitting.end_at),
        Participant(principal.display_name, f"account-{principal.account_id}", moderator),
        now,
        window.end_at,
    )

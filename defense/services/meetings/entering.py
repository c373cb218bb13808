"""Who may enter which meeting, when, and by which address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.clocks import both_clocks, day_with_weekday
from defense.domain.errors import Forbidden, IllegalState
from defense.domain.people import Period
from defense.domain.text import Text
from defense.integrations.meetings.fixed import standing_room
from defense.integrations.meetings.provider import (
    FailureKind,
    HeldMeeting,
    MeetingPlan,
    Participant,
    ProviderFailure,
    ProviderName,
)
from defense.models import Defence, Meeting, Panel, Round, Sitting
from defense.services.access import Principal
from defense.services.meetings.rows import (
    LIVE_STATES,
    MeetingState,
    Providers,
    held_of,
    lock_meeting,
    plan_json,
    plan_of,
    providers_of,
)
from defense.services.meetings.settings import PanelRoom, panel_room_of
from defense.services.meetings.settling import others_of, switch_to
from defense.services.meetings.wishes import OVERRUN, ROOM_OPENS_BEFORE, refresh_meetings, subject_of
from defense.settings import Settings

_NO_MEETING_YET = Text(
    "视频会议尚未准备好，请过一分钟再点击进入；如仍不能进入，请立即致电评价中心：{telephones}。",
    "The video meeting is not ready yet. Try again in a minute; if it still does not open, telephone the"
    " centre at once: {telephones}.",
)


@dataclass(frozen=True)
class Door:
    """All that a person's address is made from, so that no transaction waits for the provider."""

    sitting_id: int
    provider: str
    held: HeldMeeting
    plan: MeetingPlan
    participant: Participant
    valid_until: datetime
    room: PanelRoom | None
    """What has to be typed in, where the provider is a standing conference room."""


@dataclass(frozen=True)
class Knock:
    """An address, or why there is none."""

    address: str | None
    failure: ProviderFailure | None = None


def room_window(sitting: Sitting) -> Period:
    """When a member of the room may enter its meeting; sittings overrun, so the end is late."""
    return Period(sitting.start_at - ROOM_OPENS_BEFORE, sitting.end_at + OVERRUN)


def candidate_window(defence: Defence) -> Period:
    """When a candidate may enter: from check-in on, until the panel has surely gone."""
    check_in = timedelta(minutes=defence.application.round.rules.defence.check_in_min)
    return Period(defence.start_at - check_in, defence.sitting.end_at + OVERRUN)


def find_door(
    session: Session,
    settings: Settings,
    providers: Providers,
    sitting: Sitting,
    principal: Principal,
    moderator: bool,
    window: Period,
    now: datetime,
) -> Door:
    """Where one person enters the sitting's meeting now.

    Raises
    ------
    Forbidden
        It is too early or too late; the text says from when.
    IllegalState
        There is no meeting yet; the text says what to do.
    """
    _require_open(window, now)
    name, meeting = _meeting_kept(session, providers, sitting)
    room = None
    if providers[name].creates_ahead:
        held = held_of(settings, meeting) if meeting else None
        if meeting is None or held is None:
            raise IllegalState(no_meeting_text(session, sitting.id))
        plan = plan_of(meeting.tag, meeting.told or meeting.wanted)
    else:
        held = HeldMeeting(_room_name(sitting), {})
        plan = _plan_at_click(session, sitting)
        if name == ProviderName.FIXED:
            room = panel_room_of(settings, sitting.panel)
            if room is None:
                raise IllegalState(no_meeting_text(session, sitting.id))
            held = standing_room(f"panel-{sitting.panel_id}", room.address, room.password)
    return Door(
        sitting_id=sitting.id,
        provider=name,
        held=held,
        plan=plan,
        participant=Participant(principal.display_name, f"account-{principal.account_id}", moderator),
        valid_until=window.end_at,
        room=room,
    )


def no_meeting_text(session: Session, sitting_id: int) -> Text:
    """What somebody reads who cannot be let in although it is time, and what they should do."""
    round_ = session.get_one(Round, session.get_one(Sitting, sitting_id).round_id)
    numbers = round_.rules.telephones
    return _NO_MEETING_YET.format(telephones=Text("、".join(numbers), ", ".join(numbers)))


def knock(providers: Providers, door: Door, now: datetime) -> Knock:
    """Have the address made; called with no transaction open, for some providers are asked at the click.

    Raises
    ------
    Forbidden
        It is too late.
    """
    try:
        return Knock(
            providers[door.provider].join_url(door.held, door.plan, door.participant, now, door.valid_until)
        )
    except ProviderFailure as failure:
        return Knock(None, failure)


def take_second_provider(
    session: Session, providers: Providers, door: Door, failure: ProviderFailure, now: datetime
) -> bool:
    """The first provider failed at the click: everybody who comes from now on goes to the second one.

    Whether there is one; staff find the first one's words on the page of the meetings.
    """
    refresh_meetings(session, providers, now)
    live = select(Meeting.id).where(Meeting.sitting_id == door.sitting_id, Meeting.state.in_(LIVE_STATES))
    id_ = session.scalar(live)
    meeting = lock_meeting(session, id_) if id_ is not None else None
    if meeting is None or meeting.state not in LIVE_STATES:
        return False
    if meeting.provider != door.provider:
        return True  # somebody else's click was first
    meeting.last_words, meeting.changed_at = failure.words.to_json(), now
    if providers[door.provider].creates_ahead:
        # One that somebody deleted at the provider: the keeper finds that out and makes it anew.
        if failure.kind is FailureKind.ABSENT:
            meeting.is_behind, meeting.next_attempt_at = True, now
        return False
    meeting.attempts += 1
    others = others_of(session, providers, meeting)
    if meeting.is_second or not others:
        return False
    switch_to(session, providers, meeting, others[0], now)
    return True


def _meeting_kept(session: Session, providers: Providers, sitting: Sitting) -> tuple[str, Meeting | None]:
    """The provider of this sitting's meeting and, if it is kept in the table, its row."""
    meeting = session.scalar(
        select(Meeting).where(Meeting.sitting_id == sitting.id, Meeting.state == MeetingState.HELD)
    )
    if meeting is not None and meeting.provider in providers:
        return meeting.provider, meeting
    under_way = session.scalar(
        select(Meeting.id).where(Meeting.sitting_id == sitting.id, Meeting.state.in_(LIVE_STATES))
    )
    round_ = session.get_one(Round, sitting.round_id)
    usable = providers_of(round_, sitting.panel.meeting_address is not None, providers)
    if under_way is not None or not usable:
        raise IllegalState(no_meeting_text(session, sitting.id))
    return usable[0], None


def _plan_at_click(session: Session, sitting: Sitting) -> MeetingPlan:
    """For rooms that are made at the click: they are named after the sitting, however it is moved."""
    round_, panel = session.get_one(Round, sitting.round_id), session.get_one(Panel, sitting.panel_id)
    plan = plan_json(subject_of(panel.name), sitting.start_at, sitting.end_at, round_.meeting_waiting_room)
    return plan_of(_room_name(sitting), plan)


def _room_name(sitting: Sitting) -> str:
    return f"defence-{sitting.meeting_key}"


def _require_open(window: Period, now: datetime) -> None:
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

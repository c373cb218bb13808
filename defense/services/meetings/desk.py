"""The meetings of a round as staff see them: no address, no secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from defense.domain.errors import IllegalState
from defense.domain.text import Text
from defense.models import Meeting, Round, Sitting
from defense.services.audit import record_audit
from defense.services.meetings.rows import LIVE_STATES, MeetingState, Providers, providers_of
from defense.services.meetings.settling import others_of, switch_to

_UNSETTLED = (*LIVE_STATES, MeetingState.CANCELLING)


@dataclass(frozen=True)
class MeetingLine:
    """One half-day of a panel. `meeting` is None before the first look after publishing; `others` are rows of
    other providers that are still to be settled, or that say why they could not."""

    sitting: Sitting
    meeting: Meeting | None
    others: Sequence[Meeting]
    second: str | None
    """The provider that staff can change to."""
    is_made_at_click: bool
    lacks_provider: bool
    """None of the round's providers can be used for this panel."""

    @property
    def is_stuck(self) -> bool:
        """Whether staff have to look at it."""
        return self.lacks_provider or any(
            m.is_stuck for m in (self.meeting, *self.others) if m and m.state in _UNSETTLED
        )


def list_meetings(session: Session, round_: Round, providers: Providers) -> list[MeetingLine]:
    """Every half-day that is published or that still has something at a provider, in order of time."""
    rows = session.scalars(
        select(Meeting)
        .where(Meeting.round_id == round_.id, Meeting.state != MeetingState.CANCELLED)
        .order_by(Meeting.id)
    ).all()
    sittings = session.scalars(
        select(Sitting)
        .where(Sitting.round_id == round_.id)
        .options(joinedload(Sitting.panel))
        .order_by(Sitting.start_at, Sitting.id)
    )
    lines = []
    for sitting in sittings:
        of_sitting = [m for m in rows if m.sitting_id == sitting.id]
        live = next((m for m in of_sitting if m.state in LIVE_STATES), None)
        if sitting.cancelled and not of_sitting:
            continue
        others = [m for m in of_sitting if m is not live]
        lines.append(_line(session, round_, providers, sitting, live, others))
    return lines


def _line(
    session: Session,
    round_: Round,
    providers: Providers,
    sitting: Sitting,
    live: Meeting | None,
    others: Sequence[Meeting],
) -> MeetingLine:
    usable = providers_of(round_, sitting.panel.meeting_address is not None, providers)
    if live is not None:
        usable = others_of(session, providers, live)
    lacks_provider = live is None and not usable and not sitting.cancelled
    name = live.provider if live is not None else next(iter(usable), None)
    provider = providers.get(name) if name else None
    return MeetingLine(
        sitting=sitting,
        meeting=live,
        others=others,
        second=usable[0] if live is not None and usable else None,
        is_made_at_click=provider is not None and not provider.creates_ahead,
        lacks_provider=lacks_provider,
    )


def count_stuck(session: Session, round_: Round) -> int:
    """Meetings that staff have to look at."""
    query = select(func.count()).select_from(Meeting).where(Meeting.round_id == round_.id)
    return session.scalar(query.where(Meeting.is_stuck, Meeting.state.in_(_UNSETTLED))) or 0


def count_on_second(session: Session, round_: Round) -> int:
    """Meetings for which the second provider stands in."""
    query = select(func.count()).select_from(Meeting).where(Meeting.round_id == round_.id)
    return session.scalar(query.where(Meeting.is_second, Meeting.state.in_(LIVE_STATES))) or 0


def try_again(session: Session, meeting: Meeting, now: datetime, account_id: int) -> None:
    """Let the next look call the provider at once.

    Raises
    ------
    IllegalState
        There is nothing left to try.
    """
    if meeting.state not in _UNSETTLED:
        raise IllegalState(
            Text(
                "该会议已取消或已改用其他平台，无需重试。",
                "This meeting is cancelled or elsewhere; there is nothing to try.",
            )
        )
    meeting.attempts, meeting.next_attempt_at = 0, now
    detail = {"provider": meeting.provider}
    record_audit(session, "meeting.tried_again", f"sitting:{meeting.sitting_id}", detail, account_id)


def use_other_provider(
    session: Session, providers: Providers, meeting: Meeting, now: datetime, account_id: int
) -> str:
    """Have the round's other provider hold the meeting, and this one cancelled; the other one's name.

    Raises
    ------
    IllegalState
        There is no other one, or it was changed already.
    """
    others = others_of(session, providers, meeting) if meeting.state in LIVE_STATES else []
    if not others:
        raise IllegalState(
            Text(
                "没有可用的备用会议平台，请先在批次设置中选择。",
                "There is no other provider to use; choose one in the settings of the round.",
            )
        )
    switch_to(session, providers, meeting, others[0], now, account_id)
    return others[0]
